use datalog::{PassCache, PassRefusal, RevocationId};
use verifier::ports::Trust;

use super::*;

impl App {
    fn trusted(&self) -> Arc<datalog::RootKeys> {
        Trust::root_keys(self)
    }
}

#[tokio::test]
async fn a_minted_pass_is_verified_and_on_record() {
    let world = World::new().await;
    let app = world.connected().await;
    let minted = app.mint(mint_args()).await.unwrap();
    assert!(minted.pass.starts_with("hallpass_"));
    let pass = PassCache::new(1).verify(&minted.pass, &app.trusted(), &|_| false, START).unwrap();
    assert_eq!(pass.task(), "triage my inbox");
    let listed = app.passes(PassFilter::default()).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, minted.info.id);
    assert_eq!(listed[0].status, PassStatus::Live);
    assert_eq!(listed[0].expires, START + Duration::minutes(30));
}

#[tokio::test]
async fn the_text_of_a_pass_is_not_kept() {
    let world = World::new().await;
    let app = world.connected().await;
    let minted = app.mint(mint_args()).await.unwrap();
    app.close().await;
    drop(app);
    let tail = &minted.pass.as_bytes()[minted.pass.len() - 40..];
    for file in std::fs::read_dir(world.home().dir()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(tail.len()).any(|window| window == tail));
    }
}

#[tokio::test]
async fn a_revocation_is_in_force_at_once_and_after_a_restart() {
    let world = World::new().await;
    let app = world.connected().await;
    let minted = app.mint(mint_args()).await.unwrap();
    let id = RevocationId::from(&minted.info.id);
    assert!(!app.is_revoked(&id));
    let args = RevokeArgs { ids: vec![id.clone()], because: Some("lost".into()), even_unknown: false };
    let report = app.revoke(args.clone()).await.unwrap();
    assert_eq!(report.revoked, std::slice::from_ref(&id));
    assert!(app.is_revoked(&id));
    assert_eq!(app.revoke(args).await.unwrap().already, std::slice::from_ref(&id));
    drop(app);
    let app = world.open();
    assert!(app.is_revoked(&id));
    let refusal = PassCache::new(1).verify(&minted.pass, &app.trusted(), &|id| app.is_revoked(id), START);
    assert!(matches!(refusal, Err(PassRefusal::Revoked(_))), "{refusal:?}");
    let revoked = app.passes(PassFilter { status: Some(PassStatus::Revoked), ..PassFilter::default() }).await;
    assert_eq!(revoked.unwrap().len(), 1);
}

#[tokio::test]
async fn an_id_that_was_never_minted_is_refused_and_revoked_where_it_is_asked_for_all_the_same() {
    let world = World::new().await;
    let app = world.connected().await;
    let stray: RevocationId = "p_AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let block: RevocationId = "ab".repeat(64).parse().unwrap();
    let of = |ids: &[&RevocationId], even_unknown| RevokeArgs {
        ids: ids.iter().map(|id| (*id).clone()).collect(),
        because: None,
        even_unknown,
    };
    let error = app.revoke(of(&[&stray], false)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let report = app.revoke(of(&[&stray, &block], false)).await.unwrap();
    assert_eq!((report.unknown, report.revoked), (vec![stray.clone()], vec![block.clone()]));
    assert!(!app.is_revoked(&stray) && app.is_revoked(&block));
    // A person can end a pass that an older database does not know, if the person has its text.
    assert_eq!(app.revoke(of(&[&stray], true)).await.unwrap().unknown, vec![stray.clone()]);
    assert!(app.is_revoked(&stray) && app.is_revoked(&block));
}

#[tokio::test]
async fn the_emergency_stop_outlasts_a_restart_and_is_ended_by_resume() {
    let world = World::new().await;
    let app = world.open();
    assert!(app.stop(None).await.unwrap().stopped);
    assert!(app.is_stopped());
    drop(app);
    let app = world.open();
    assert!(app.is_stopped());
    assert!(!app.resume().await.unwrap().stopped);
    assert!(!app.is_stopped());
}

#[tokio::test]
async fn whoever_stops_is_told_of_what_could_not_be_called_back() {
    let world = World::new().await;
    let app = world.connected().await;
    // This request is under way and never checks its pass again.
    let under_way = app.in_flight().begin();
    let ids = vec!["ab".repeat(64).parse().unwrap()];
    let args = RevokeArgs { ids, because: None, even_unknown: false };
    let one = StopOneArgs { target: StopTarget::Task("tidy up".into()), because: None };
    let (stopped, revoked, task) = tokio::join!(app.stop(None), app.revoke(args), app.stop_one(one));
    assert_eq!(stopped.unwrap().hit.not_recalled, 1);
    assert_eq!(revoked.unwrap().not_recalled, 1);
    assert_eq!(task.unwrap().hit.not_recalled, 1);
    assert_eq!(app.disconnect(&gmail()).await.unwrap().not_recalled, 1);
    drop(under_way);
    assert_eq!(app.stop(None).await.unwrap().hit.not_recalled, 0);
}

#[tokio::test]
async fn an_old_root_key_is_trusted_until_it_is_retired() {
    let world = World::new().await;
    let app = world.connected().await;
    let old = app.mint(mint_args()).await.unwrap();
    let error = app.retire_root(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "the key that mints is not retired");
    assert_eq!(app.rotate_root().await.unwrap().id, 2);
    let new = app.mint(mint_args()).await.unwrap();
    assert_eq!((old.info.root_key, new.info.root_key), (1, 2));
    let verify = |app: &App, pass: &str| PassCache::new(4).verify(pass, &app.trusted(), &|_| false, START);
    assert!(verify(&app, &old.pass).is_ok() && verify(&app, &new.pass).is_ok());
    assert_eq!(app.retire_root(1).await.unwrap().status, RootKeyStatus::Retired);
    assert!(verify(&app, &old.pass).is_err());
    assert!(verify(&app, &new.pass).is_ok());
    let live = PassFilter { status: Some(PassStatus::Live), ..PassFilter::default() };
    let live: Vec<u32> = app.passes(live).await.unwrap().iter().map(|pass| pass.root_key).collect();
    assert_eq!(live, [2]);
    drop(app);
    let app = world.open();
    assert!(verify(&app, &old.pass).is_err());
    assert_eq!(App::root_keys(&app).len(), 2);
}

#[tokio::test]
async fn a_public_key_that_was_written_into_the_database_is_not_trusted() {
    let world = World::new().await;
    let forged = datalog::RootKeyPair::from_seed(1, [7; 32]).public().1;
    world.behind().run(&format!("UPDATE root_key SET public = {}", blob(&forged)));
    let opened = world.open_with(world.config());
    assert!(matches!(opened, Err(OpenError::Key(_))));
}
