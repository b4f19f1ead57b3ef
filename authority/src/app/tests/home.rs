use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::clock::Clock;
use crate::home::HomeError;

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_home_is_for_its_owner_alone() {
    let world = World::new().await;
    let app = world.connected().await;
    app.mint(mint_args()).await.unwrap();
    assert_eq!(mode(world.home().dir()), 0o700);
    for file in std::fs::read_dir(world.home().dir()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_home_is_open_in_one_process_at_a_time() {
    let world = World::new().await;
    let app = world.open();
    let second = world.open_with(world.config());
    assert!(matches!(second, Err(OpenError::InUse(_))));
    drop(app);
    world.open();
}

#[tokio::test]
async fn a_second_init_changes_nothing() {
    let world = World::new().await;
    let key = std::fs::read(world.home().vault_key()).unwrap();
    let report = App::init(&world.home(), &Config::default(), &Clock::System).unwrap();
    assert_eq!((report.outcome, report.root_key), (InitOutcome::AlreadyThere, 1));
    assert_eq!(std::fs::read(world.home().vault_key()).unwrap(), key);
}

#[tokio::test]
async fn a_folder_without_an_authority_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let opened = App::open(&Home::at(dir.path()), Config::default(), Clock::System);
    let error = in_full(opened.err().unwrap());
    assert!(error.contains("hint: run `hallpass init`"), "{error}");
}

#[tokio::test]
async fn another_vault_key_is_noticed_at_once() {
    let world = World::new().await;
    let elsewhere = world.dir.path().join("other.key");
    Vault::create_key(&elsewhere).unwrap();
    let home = world.home().with_vault_key(&elsewhere);
    let opened = App::open(&home, world.config(), Clock::System);
    assert!(matches!(opened, Err(OpenError::OtherVaultKey)));
}

#[tokio::test]
async fn a_home_without_its_vault_key_is_not_given_a_new_one() {
    let world = World::new().await;
    std::fs::remove_file(world.home().vault_key()).unwrap();
    assert!(matches!(
        App::init(&world.home(), &Config::default(), &Clock::System),
        Err(OpenError::NoVaultKey(_))
    ));
    assert!(!world.home().vault_key().exists());
}

/// Returns the files of the home's database.
fn database_files(world: &World) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(world.home().dir()).unwrap().map(|file| file.unwrap().path());
    let database =
        files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("hallpass.db"));
    database.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[tokio::test]
async fn an_older_database_that_is_put_back_is_noticed() {
    let world = World::new().await;
    let app = world.connected().await;
    let minted = app.mint(mint_args()).await.unwrap();
    app.close().await;
    drop(app);
    let older = database_files(&world);
    let app = world.open();
    app.revoke(RevokeArgs { ids: vec![(&minted.info.id).into()], because: None, even_unknown: false })
        .await
        .unwrap();
    drop(app);
    for (path, bytes) in older {
        std::fs::write(path, bytes).unwrap();
    }
    let opened = world.open_with(world.config());
    let error = in_full(opened.err().unwrap());
    assert!(error.contains("the database is an older one") && error.contains("hint:"), "{error}");
    std::fs::remove_file(world.home().checkpoint()).unwrap();
    assert!(matches!(world.open_with(world.config()), Err(OpenError::Unwitnessed(_))));
}

#[tokio::test]
async fn a_log_that_was_cut_at_its_end_is_noticed() {
    let world = World::new().await;
    let app = world.open();
    app.stop(None).await.unwrap();
    world.behind().run("DROP TRIGGER audit_is_not_cut; DELETE FROM audit WHERE seq = 2");
    let bad = app.verify_log().await.unwrap().first_bad.unwrap();
    assert_eq!(
        (bad.seq, bad.because.as_str()),
        (2, "it was removed: there is a signed checkpoint of a later one")
    );
}

#[tokio::test]
async fn a_checkpoint_that_was_written_by_another_is_refused() {
    let world = World::new().await;
    let app = world.open();
    app.stop(None).await.unwrap();
    drop(app);
    let mut bytes = std::fs::read(world.home().checkpoint()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(world.home().checkpoint(), bytes).unwrap();
    assert!(matches!(world.open_with(world.config()), Err(OpenError::Checkpoint(_))));
}

#[tokio::test]
async fn an_older_database_beside_a_newer_write_ahead_log_is_noticed() {
    let world = World::new().await;
    let app = world.connected().await;
    let minted = app.mint(mint_args()).await.unwrap();
    app.close().await;
    drop(app);
    let older = std::fs::read(world.home().database()).unwrap();
    let app = world.open();
    app.revoke(RevokeArgs { ids: vec![(&minted.info.id).into()], because: None, even_unknown: false })
        .await
        .unwrap();
    // This is as after a kill: only the write-ahead log has the newest records.
    let newer = database_files(&world);
    drop(app);
    for (path, bytes) in newer {
        std::fs::write(path, bytes).unwrap();
    }
    std::fs::write(world.home().database(), older).unwrap();
    match world.open_with(world.config()) {
        Err(OpenError::Older { .. } | OpenError::Store(_)) => {}
        Err(error) => panic!("{error}"),
        // The write-ahead log beside the older database held everything that it lacked.
        Ok(app) => assert!(verifier::ports::Trust::is_revoked(&*app, &(&minted.info.id).into())),
    }
}

/// The checkpoint's file belongs to the database. Here only the database and the key are restored, as from a backup or
/// on a new machine.
#[tokio::test]
async fn a_database_without_the_file_that_witnesses_it_is_not_opened() {
    let world = World::new().await;
    let app = world.connected().await;
    let minted = app.mint(mint_args()).await.unwrap();
    app.close().await;
    drop(app);
    let older = std::fs::read(world.home().database()).unwrap();
    let app = world.open();
    app.revoke(RevokeArgs { ids: vec![(&minted.info.id).into()], because: None, even_unknown: false })
        .await
        .unwrap();
    app.close().await;
    drop(app);
    for (path, _) in database_files(&world) {
        std::fs::remove_file(path).unwrap();
    }
    std::fs::write(world.home().database(), older).unwrap();
    std::fs::remove_file(world.home().checkpoint()).unwrap();
    let Err(refused) = world.open_with(world.config()) else { panic!("it was opened") };
    assert!(matches!(refused, OpenError::Unwitnessed(_)), "{refused}");
    assert!(in_full(&refused).contains("hallpass log accept-restored"), "{refused}");
}

#[tokio::test]
async fn whoever_accepts_an_older_database_ends_every_pass_and_keeps_the_connections() {
    let world = World::new().await;
    let app = world.connected().await;
    let minted = app.mint(mint_args()).await.unwrap();
    app.rotate_root().await.unwrap();
    let later = app.mint(mint_args()).await.unwrap();
    app.close().await;
    drop(app);
    std::fs::remove_file(world.home().checkpoint()).unwrap();
    let clock = Clock::Fixed(world.clock.clone());
    let report = App::accept_restored(&world.home(), world.config(), clock).await.unwrap();
    assert_eq!((report.root_key, report.retired), (3, vec![1, 2]));
    let app = world.open();
    let roots = verifier::ports::Trust::root_keys(&*app);
    let never = |_: &RevocationId| false;
    for pass in [&minted.pass, &later.pass] {
        assert!(datalog::PassCache::new(1).verify(pass, &roots, &never, START).is_err());
    }
    let new = app.mint(mint_args()).await.unwrap();
    assert!(datalog::PassCache::new(1).verify(&new.pass, &roots, &never, START).is_ok());
    assert_eq!(app.connections().len(), 1);
    assert!(app.verify_log().await.unwrap().first_bad.is_none());
}

#[test]
fn a_home_of_somebody_else_or_that_others_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("home"));
    App::init(&home, &Config::default(), &Clock::System).unwrap();
    assert!(home.check(Some(&home.database())).is_ok());
    for (path, mode) in
        [(home.dir().to_owned(), 0o770), (home.config_file(), 0o666), (home.database(), 0o602)]
    {
        let before = std::fs::metadata(&path).unwrap().permissions();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(
            matches!(home.check(Some(&home.database())), Err(HomeError::Exposed { .. })),
            "{}",
            path.display()
        );
        std::fs::set_permissions(&path, before).unwrap();
    }
    // Only root can give a file away.
    if rustix::process::geteuid().is_root() {
        for path in [home.database(), home.config_file(), home.dir().to_owned()] {
            std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
            assert!(
                matches!(home.check(Some(&home.database())), Err(HomeError::Foreign { owner: 12_345, .. })),
                "{}",
                path.display()
            );
            std::os::unix::fs::chown(&path, Some(0), None).unwrap();
        }
        std::os::unix::fs::chown(home.dir(), Some(12_345), None).unwrap();
        assert!(matches!(
            App::init(&home, &Config::default(), &Clock::System),
            Err(OpenError::Home(HomeError::Foreign { .. }))
        ));
    }
}
