//! What a stop affects and says, and what a resume lifts.

use super::*;
use datalog::flags;

fn stop(target: StopTarget) -> StopOneArgs {
    StopOneArgs { target, because: None }
}

fn task(text: &str) -> StopTarget {
    StopTarget::Task(text.into())
}

async fn minted(app: &App, task: &str) -> PassInfo {
    app.mint(MintArgs { task: task.into(), ..mint_args() }).await.unwrap().info
}

#[tokio::test]
async fn what_is_not_there_is_not_stopped() {
    let world = World::new().await;
    let app = world.connected().await;
    for target in [
        StopTarget::Connection("gmial".parse().unwrap()),
        StopTarget::Pass("p_AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap()),
    ] {
        let error = app.stop_one(stop(target.clone())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(in_full(&error).contains("hint: "), "{error}");
    }
    let error = app.stop_one(stop(StopTarget::Connection("gmial".parse().unwrap()))).await.unwrap_err();
    assert!(in_full(&error).contains("did you mean `gmail`?"), "{error}");
    assert_eq!(app.stops(), AllStops::default());
}

#[tokio::test]
async fn a_task_that_no_live_pass_has_is_stopped_and_said_to_be_none() {
    let world = World::new().await;
    let app = world.connected().await;
    assert!(app.stop_one(stop(task("x"))).await.unwrap().warnings[0].contains("there is no live pass"));
    minted(&app, "triage my inbox").await;
    minted(&app, "tidy up").await;
    let report = app.stop_one(stop(task("triage my inbx"))).await.unwrap();
    let warning = &report.warnings[0];
    assert!(warning.contains("2 live tasks: `tidy up`, `triage my inbox`"), "{warning}");
    assert!(warning.contains("did you mean `triage my inbox`?"), "{warning}");
    assert_eq!(report.hit.passes, 0);
    assert_eq!(app.stop_one(stop(task("tidy up"))).await.unwrap().warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_stop_says_how_many_passes_it_hits() {
    let world = World::new().await;
    let app = world.connected().await;
    let (one, two) = (minted(&app, "one").await, minted(&app, "two").await);
    minted(&app, "two").await;
    let ids = vec![RevocationId::from(&one.id)];
    app.revoke(RevokeArgs { ids, because: None, even_unknown: false }).await.unwrap();
    let hits = |target| {
        let app = &app;
        async move { app.stop_one(stop(target)).await.unwrap().hit.passes }
    };
    assert_eq!(hits(StopTarget::Connection(gmail())).await, 2);
    assert_eq!(hits(task("two")).await, 2);
    assert_eq!(hits(StopTarget::Pass(RevocationId::from(&two.id))).await, 1);
    let report = app.stop_one(stop(StopTarget::Pass(RevocationId::from(&one.id)))).await.unwrap();
    assert!(report.warnings[0].contains("has ended, or was revoked"), "{report:?}");
    assert_eq!(app.stop(None).await.unwrap().hit.passes, 2);
}

#[tokio::test]
async fn resuming_everything_leaves_what_was_stopped_by_its_name_and_says_so() {
    let world = World::new().await;
    let app = world.connected().await;
    app.stop_one(stop(StopTarget::Connection(gmail()))).await.unwrap();
    let idle = app.resume().await.unwrap();
    assert!(!idle.changed && idle.stops.len() == 1, "the emergency stop did not hold: {idle:?}");
    app.stop(Some("looking".into())).await.unwrap();
    let everything = app.stops().everything.unwrap();
    assert_eq!((everything.since, everything.because.as_deref()), (Some(START), Some("looking")));
    world.clock.advance(HOUR);
    app.stop(Some("again".into())).await.unwrap();
    assert_eq!(app.stops().everything.unwrap().since, Some(START), "it is stopped since the first time");
    let report = app.resume().await.unwrap();
    assert!(report.changed && !report.stopped);
    assert_eq!(report.stops[0].target, StopTarget::Connection(gmail()));
    app.stop_one(stop(task("x"))).await.unwrap();
    app.stop(None).await.unwrap();
    let all = app.resume_all().await.unwrap();
    assert_eq!(all.resumed.len(), 2);
    assert_eq!(app.stops(), AllStops::default());
    assert!(!app.resume_all().await.unwrap().changed);
}

#[tokio::test]
async fn a_stop_of_everything_outlasts_a_restart_with_its_reason() {
    let world = World::new().await;
    let app = world.open();
    app.stop(Some("looking".into())).await.unwrap();
    drop(app);
    let app = world.open();
    let stop = app.stops().everything.unwrap();
    assert_eq!((stop.since, stop.because.as_deref()), (Some(START), Some("looking")));
}

#[tokio::test]
async fn what_was_stopped_by_an_older_program_is_stopped() {
    let world = World::new().await;
    drop(world.open());
    world.behind().run("INSERT INTO setting (name, value) VALUES ('stopped', x'01')");
    let app = world.open();
    assert!(app.stop_report().stopped);
    assert_eq!(app.stops().everything, Some(EmergencyStop { since: None, because: None }));
}

#[tokio::test]
async fn what_is_not_stopped_is_not_resumed_and_the_stopped_are_named() {
    let world = World::new().await;
    let app = world.connected().await;
    app.stop_one(stop(task("x"))).await.unwrap();
    let error = in_full(app.resume_one(StopTarget::Connection(gmail())).await.unwrap_err());
    assert_eq!(error, "connection gmail is not stopped\nhint: stopped: task `x`");
    app.disconnect(&gmail()).await.unwrap();
    let resumed = app.resume_one(task("x")).await.unwrap();
    assert_eq!(resumed.still, AllStops::default());
}

#[tokio::test]
async fn a_pass_and_a_connection_tell_by_what_they_are_stopped() {
    let world = World::new().await;
    let app = world.connected().await;
    let pass = minted(&app, "triage").await;
    let shown = || async {
        let pass = app.pass(&pass.id).await.unwrap().info;
        let connection = app.connections().remove(0);
        let words = |stopped: Option<Stopped>| stopped.map(|stopped| stopped.to_string()).unwrap_or_default();
        (pass.status, words(pass.stopped), connection.status, words(connection.stopped))
    };
    let running = || (PassStatus::Live, String::new(), ConnectionStatus::Healthy, String::new());
    assert_eq!(shown().await, running());
    app.stop(Some("looking".into())).await.unwrap();
    let words = "everything is stopped: looking".to_owned();
    assert_eq!(shown().await, (PassStatus::Live, words.clone(), ConnectionStatus::Stopped, words));
    app.resume().await.unwrap();
    app.stop_one(stop(StopTarget::Connection(gmail()))).await.unwrap();
    let words = "the connection gmail is stopped".to_owned();
    assert_eq!(shown().await, (PassStatus::Live, words.clone(), ConnectionStatus::Stopped, words));
    app.resume_all().await.unwrap();
    app.stop_one(stop(task("triage"))).await.unwrap();
    let words = "its task is stopped".to_owned();
    assert_eq!(shown().await, (PassStatus::Stopped, words, ConnectionStatus::Healthy, String::new()));
    app.resume_all().await.unwrap();
    assert_eq!(shown().await, running());
}

#[tokio::test]
async fn a_pass_that_does_not_hold_yet_is_not_live() {
    let world = World::new().await;
    let app = world.connected().await;
    let narrow = datalog::Narrowing::default().with(&flags::NOT_BEFORE, ["2026-11-22T13:00:00Z"]);
    let minted = app.mint(MintArgs { narrow, ..mint_args() }).await.unwrap();
    assert_eq!((minted.info.status, minted.info.begins), (PassStatus::NotYet, Some(START + HOUR)));
    let listed = |status| {
        let app = &app;
        async move { app.passes(PassFilter { status: Some(status), ..PassFilter::default() }).await.unwrap() }
    };
    assert_eq!(listed(PassStatus::NotYet).await.len(), 1);
    world.clock.advance(HOUR);
    assert_eq!(listed(PassStatus::NotYet).await.len(), 0);
    assert_eq!(listed(PassStatus::Live).await[0].status, PassStatus::Live);
    world.clock.advance(HOUR);
    assert_eq!(listed(PassStatus::Expired).await.len(), 1);
}

#[tokio::test]
async fn a_pass_is_found_by_how_its_id_begins_where_only_one_does() {
    let world = World::new().await;
    let app = world.connected().await;
    let (one, two) = (minted(&app, "one").await, minted(&app, "two").await);
    assert_eq!(app.pass_named(one.id.as_str()).await.unwrap().info.task, "one");
    assert_eq!(app.pass_named(&two.id.as_str()[..12]).await.unwrap().info.task, "two");
    let several = app.pass_named("p_").await.unwrap_err();
    assert_eq!(several.kind(), ErrorKind::Invalid, "{several}");
    for (name, kind) in
        [("p_nope", ErrorKind::NotFound), ("nope", ErrorKind::Invalid), ("p_%", ErrorKind::Invalid)]
    {
        let error = app.pass_named(name).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(in_full(&error).contains("hallpass passes"), "{error}");
    }
}

#[tokio::test]
async fn a_session_of_the_console_outlives_a_restart_sealed() {
    use secrecy::ExposeSecret as _;
    let world = World::new().await;
    let app = world.open();
    let code = async |app: &App| {
        let link = app.sign_in_link(SignInArgs::default()).await.unwrap();
        link.url.split_once("code=").unwrap().1.to_owned()
    };
    let signed_in = app.sign_in(&code(&app).await).await.unwrap();
    let other = app.sign_in(&code(&app).await).await.unwrap();
    app.sign_out(&other.session).await;
    let is_open = |app: &App, of: &SignedIn| {
        app.session(of.id.expose_secret(), &of.session.place, Presence::Person).is_some()
    };
    world.clock.advance(Duration::minutes(50));
    assert!(is_open(&app, &signed_in));
    app.keep_presence(&signed_in.session).await;
    drop(app);
    let file = std::fs::read(world.home().database()).unwrap();
    let text = String::from_utf8_lossy(&file);
    for secret in [signed_in.id.expose_secret(), &signed_in.session.place, signed_in.session.csrf()] {
        assert!(!text.contains(secret), "a secret that opens a session is on disk");
    }
    world.clock.advance(Duration::minutes(50));
    let app = world.open();
    assert!(is_open(&app, &signed_in), "its person was there less than an hour ago");
    assert!(!is_open(&app, &other), "a person who signed out stays out");
    world.clock.advance(HOUR);
    drop(app);
    assert!(!is_open(&world.open(), &signed_in), "nobody was there for an hour");
}

#[tokio::test]
async fn a_pass_that_nobody_could_approve_is_not_minted() {
    let world = World::new().await;
    let app = world.connected().await;
    let asks = |approvers, by: &[&str]| MintArgs {
        ask: vec!["gmail:send".into()],
        approvers,
        approve_by: by.iter().map(|name| name.parse().unwrap()).collect(),
        ..mint_args()
    };
    let refused = |args: MintArgs| {
        let app = &app;
        async move {
            let error = app.mint(args.clone()).await.unwrap_err();
            assert_eq!(in_full(app.preview(&args).unwrap_err()), in_full(&error));
            in_full(error)
        }
    };
    assert!(refused(asks(None, &["bob"])).await.contains("no approver is called `bob`"));
    assert!(refused(asks(Some(2), &[])).await.contains("asks 2 approvers, and there is 1: owner"));
    assert!(app.mint(asks(None, &["owner"])).await.is_ok(), "the owner's key is made when it is needed");
    app.add_approver(&"bob".parse().unwrap()).await.unwrap();
    assert!(app.mint(asks(Some(2), &[])).await.is_ok());
    assert!(app.mint(asks(Some(2), &["bob", "owner"])).await.is_ok());
    assert!(refused(asks(None, &["bobb"])).await.contains("did you mean `bob`?"));
    app.retire_approver(&"bob".parse().unwrap()).await.unwrap();
    assert!(refused(asks(None, &["bob"])).await.contains("no approver is called `bob`"));
}

#[tokio::test]
async fn what_an_account_did_not_grant_is_said() {
    let world = World::new().await;
    let app = world.connected().await;
    let scopes = app.connections().remove(0).scopes;
    assert_eq!(scopes, ["https://www.googleapis.com/auth/gmail.modify"]);
    let of = |what: &str| MintArgs { allow: vec![what.into()], ..mint_args() };
    let minted = app.mint(of("gmail.users.messages.delete")).await.unwrap();
    assert!(
        minted.warnings.iter().any(|one| one.says.contains("did not grant `gmail.users.messages.delete`")),
        "{minted:?}"
    );
    assert_eq!(app.mint(of("gmail.users.messages.trash")).await.unwrap().warnings, []);
}
