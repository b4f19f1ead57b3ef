//! Two opposite verbs, both halfway: both have begun while somebody else holds the store.

use datalog::ServiceName;

use super::*;
use crate::catalog;

/// Lets the spawned work run until it waits for the store.
async fn begun() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Begins both verbs in this order while the store is held, and then lets them end.
async fn both<A: Send + 'static, B: Send + 'static>(
    world: &World,
    first: impl Future<Output = A> + Send + 'static,
    second: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let held = world.behind().hold();
    let first = tokio::spawn(first);
    begun().await;
    let second = tokio::spawn(second);
    begun().await;
    drop(held);
    (first.await.unwrap(), second.await.unwrap())
}

/// Begins both as `both` does. But the second begins only after the first, which is a connect, has learned its account
/// and waits for the store.
async fn connect_and<A: Send + 'static, B: Send + 'static>(
    world: &World,
    connect: impl Future<Output = A> + Send + 'static,
    second: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let before = world.provider.book(|book| book.asked_account);
    let held = world.behind().hold();
    let connect = tokio::spawn(connect);
    eventually("it asks for the account", || world.provider.book(|book| book.asked_account) > before).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let second = tokio::spawn(second);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    drop(held);
    (connect.await.unwrap(), second.await.unwrap())
}

fn owned<T>(app: &Arc<App>, work: impl FnOnce(Arc<App>) -> T) -> T {
    work(app.clone())
}

#[tokio::test]
async fn a_stop_that_comes_during_a_resume_stands() {
    let world = World::new().await;
    let app = world.open();
    app.stop(None).await.unwrap();
    let resume = owned(&app, |app| async move { app.resume().await.unwrap() });
    let stop = owned(&app, |app| async move { app.stop(None).await.unwrap() });
    both(&world, resume, stop).await;
    assert!(app.stop_report().stopped);
    drop(app);
    assert!(world.open().stop_report().stopped, "and over a restart");
}

#[tokio::test]
async fn a_stop_of_one_thing_that_comes_while_it_is_resumed_stands() {
    let targets: [fn(&PassInfo) -> StopTarget; 3] = [
        |pass| StopTarget::Task(pass.task.clone()),
        |_| StopTarget::Connection(gmail()),
        |pass| StopTarget::Pass(RevocationId::from(&pass.id)),
    ];
    for target in targets {
        let world = World::new().await;
        let app = world.connected().await;
        let target = target(&app.mint(mint_args()).await.unwrap().info);
        let args = StopOneArgs { target: target.clone(), because: None };
        app.stop_one(args.clone()).await.unwrap();
        let lifted = target.clone();
        let lift = owned(&app, |app| async move { app.resume_one(lifted).await.unwrap() });
        let stop = owned(&app, |app| async move { app.stop_one(args).await.unwrap() });
        both(&world, lift, stop).await;
        assert_eq!(app.single_stops().len(), 1, "{target:?}");
        drop(app);
        assert_eq!(world.open().single_stops().len(), 1, "{target:?}, and over a restart");
    }
}

#[tokio::test]
async fn two_who_rotate_the_root_key_make_two() {
    let world = World::new().await;
    let app = world.open();
    let rotate = |app: Arc<App>| async move { app.rotate_root().await.map(|key| key.id) };
    let (one, other) = both(&world, owned(&app, rotate), owned(&app, rotate)).await;
    assert_eq!((one.unwrap(), other.unwrap()), (2, 3));
}

#[tokio::test]
async fn a_key_that_is_retired_while_the_next_is_made_is_retired_and_the_next_mints() {
    let world = World::new().await;
    let app = world.open();
    let rotate = owned(&app, |app| async move { app.rotate_root().await.map(|key| key.id) });
    let retire = owned(&app, |app| async move { app.retire_root(1).await.map(|key| key.status) });
    let (made, retired) = both(&world, rotate, retire).await;
    assert_eq!((made.unwrap(), retired.unwrap()), (2, RootKeyStatus::Retired));
    drop(app);
    let status: Vec<_> = world.open().root_keys().into_iter().map(|key| (key.id, key.status)).collect();
    assert_eq!(status, [(1, RootKeyStatus::Retired), (2, RootKeyStatus::Minting)], "and over a restart");
}

#[tokio::test]
async fn of_two_who_move_the_same_beginning_of_the_log_one_does_and_it_is_whole() {
    let world = audit::filled().await;
    let app = world.open();
    let rotate = |app: Arc<App>| async move { app.rotate_log(6).await };
    let (one, other) = both(&world, owned(&app, rotate), owned(&app, rotate)).await;
    assert_eq!(one.unwrap().removed, 6);
    let error = other.unwrap_err().to_string();
    assert!(error.contains("expected the number of a record from 7"), "{error}");
    assert_eq!(app.verify_log().await.unwrap().first_bad, None);
}

/// Returns a service that a person imported, at the world's provider.
async fn imported(world: &World, app: &Arc<App>) -> ServiceName {
    let own: ServiceName = "own".parse().unwrap();
    catalog::add(&world.home(), &own, &facts("own.example"), None).unwrap();
    app.reload_services().await.unwrap();
    own
}

fn facts(host: &str) -> String {
    format!(
        "{{\"hallpass_facts\":1,\"service\":\"own\",\"title\":\"Own\",\"source\":\"openapi\",\"revision\":\"1\",\
         \"hosts\":[\"{host}\"]}}\n{{\"op\":\"things.list\",\"at\":\"GET /things\"}}\n"
    )
}

/// Begins a connect, and the person says yes at the provider. Returns what the browser comes back with.
async fn consented(world: &World, app: &Arc<App>, service: &str) -> ConnectFinish {
    let begun = app.begin_connect(ConnectStart { service: service.parse().unwrap(), ..start(None) }).await;
    let (state, code) = world.provider.consent(&begun.unwrap().authorize_url);
    ConnectFinish { state, code: Some(code), ..ConnectFinish::default() }
}

async fn with_own() -> (World, Arc<App>, ServiceName) {
    let mut world = World::new().await;
    world.settings = world.provider.settings_of("own");
    let app = world.open();
    let own = imported(&world, &app).await;
    (world, app, own)
}

#[tokio::test]
async fn a_service_that_changes_or_goes_while_a_person_signs_in_gets_no_connection() {
    type Change = fn(&World, &ServiceName);
    let changes: [Change; 2] = [
        |world, own| catalog::remove(&world.home(), own).unwrap(),
        |world, own| drop(catalog::replace(&world.home(), own, &facts("elsewhere.example"), None).unwrap()),
    ];
    for change in changes {
        let (world, app, own) = with_own().await;
        let finish = consented(&world, &app, "own").await;
        change(&world, &own);
        app.reload_services().await.unwrap();
        let error = in_full(app.finish_connect(finish).await.unwrap_err());
        assert!(
            error.contains("changed while you signed in") && error.contains("hallpass connect own"),
            "{error}"
        );
        assert!(world.provider.book(|book| book.revoked.len()) > 0, "its tokens are given back");
        assert!(app.connections().is_empty());
        drop(app);
        assert!(world.open().connections().is_empty(), "and over a restart");
    }
}

#[tokio::test]
async fn of_a_removal_and_a_connect_of_the_same_service_one_is_told_of_the_other() {
    let (world, app, own) = with_own().await;
    let finish = consented(&world, &app, "own").await;
    let connect = owned(&app, |app| async move { app.finish_connect(finish).await });
    let remove = owned(&app, |app| async move { app.remove_service(&own).await });
    let (connected, removed) = connect_and(&world, connect, remove).await;
    assert_ne!(connected.is_ok(), removed.is_ok(), "{connected:?} {removed:?}");
    let names = |app: &Arc<App>| app.connections().into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(&app).len(), usize::from(connected.is_ok()));
    assert_eq!(app.catalog().service(&"own".parse().unwrap()).is_none(), removed.is_ok());
    let before = names(&app);
    drop(app);
    assert_eq!(names(&world.open()), before, "and over a restart");
}

#[tokio::test]
async fn what_disconnecting_and_connecting_again_leave_is_the_same_in_memory_and_in_the_store() {
    for order in ["disconnect first", "connect first"] {
        let world = World::new().await;
        let app = world.connected().await;
        let finish = consented(&world, &app, "gmail").await;
        let connect = owned(&app, |app| async move { app.finish_connect(finish).await.map(drop) });
        let disconnect = owned(&app, |app| async move { app.disconnect(&gmail()).await.map(drop) });
        match order {
            "disconnect first" => drop(both(&world, disconnect, connect).await),
            _ => drop(connect_and(&world, connect, disconnect).await),
        }
        let left = app.live().get(&gmail()).map(|live| live.id);
        let stored = app.store.known_connections().await.unwrap();
        assert_eq!(stored.iter().map(|row| row.id).collect::<Vec<_>>(), Vec::from_iter(left), "{order}");
        drop(app);
        assert_eq!(world.open().live().get(&gmail()).map(|live| live.id), left, "{order}, over a restart");
    }
}
