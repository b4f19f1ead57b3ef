//! Opposite verbs, both halfway: somebody else holds the store while both have begun.

use super::*;

/// Lets the spawned work run until it waits for the store.
async fn begun() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Begins both, in this order, while the store is held, and then lets them end.
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
