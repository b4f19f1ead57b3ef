use super::provider::Fault;
use super::*;

/// Some minutes before the end of a token that lives an hour, whatever the jitter.
const EARLY: Duration = Duration::minutes(59);

#[tokio::test]
async fn a_good_token_is_lent_without_a_call() {
    let world = World::new().await;
    let app = world.connected().await;
    world.clock.advance(Duration::minutes(50));
    for _ in 0..100 {
        assert_eq!(token(&app).await, "access-2");
    }
    assert_eq!(world.provider.refreshes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_leases_on_an_expired_token_cause_one_refresh() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    let mut leases = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let app = app.clone();
        leases.spawn(async move { token(&app).await });
    }
    let tokens = leases.join_all().await;
    assert!(tokens.iter().all(|token| token == "access-3"));
    assert_eq!(world.provider.refreshes(), 1);
}

/// Callers come at every moment of a refresh: before it, during it and after it. None of them starts another refresh
/// for a token that the first one has replaced.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_every_moment_of_a_refresh_cause_one() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    for round in 1..=40_usize {
        world.clock.advance(HOUR);
        let live = app.live()[&gmail()].clone();
        let spent = live.known().unwrap().generation;
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..64 {
            let (app, live) = (app.clone(), live.clone());
            callers.spawn(async move {
                if number % 4 == 0 {
                    app.refresher.rejected(&live, spent);
                }
                token(&app).await
            });
        }
        let tokens = callers.join_all().await;
        let expected = format!("access-{}", round + 2);
        assert!(tokens.iter().all(|token| *token == expected), "round {round}: {tokens:?}");
        assert_eq!(world.provider.refreshes(), round);
    }
}

#[tokio::test]
async fn a_token_is_replaced_before_its_end_while_it_is_lent() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.clock.advance(EARLY);
    assert_eq!(token(&app).await, "access-2");
    eventually("the refresh ends", || world.provider.refreshes() == 1 && !flying(&app)).await;
    assert_eq!(token(&app).await, "access-3");
}

fn flying(app: &App) -> bool {
    app.live()[&gmail()].is_refreshing()
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_cancel_the_refresh() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    world.provider.next(Fault::Held);
    let gone = tokio::time::timeout(std::time::Duration::from_millis(50), lease(&app)).await;
    assert!(gone.is_err());
    world.provider.release();
    eventually("the refresh ends", || !flying(&app)).await;
    assert_eq!(token(&app).await, "access-3");
    assert_eq!(world.provider.refreshes(), 1);
}

#[tokio::test]
async fn a_new_token_outlasts_the_process_that_got_it() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    for _ in 0..5 {
        world.clock.advance(HOUR);
        token(&app).await;
    }
    app.close().await;
    drop(app);
    let app = world.open();
    assert_eq!(token(&app).await, "access-7");
    world.clock.advance(HOUR);
    assert_eq!(token(&app).await, "access-8");
}

#[tokio::test]
async fn errors_that_say_nothing_of_the_grant_leave_it_as_it_is() {
    let faults = [
        (500, "{}"),
        (502, "bad gateway"),
        (503, r#"{"error":"invalid_grant"}"#),
        (429, ""),
        (200, "<html>"),
        (200, "{}"),
        (302, ""),
        (403, r#"{"error":"access_denied"}"#),
        (400, r#"{"error":"server_error"}"#),
        (400, "nonsense"),
    ];
    let world = World::new().await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    for (status, body) in faults {
        world.provider.next(Fault::Answer(status, body));
        let error = lease(&app).await.err();
        assert!(matches!(error, Some(LeaseError::Unavailable(_))), "{status} {body}: {error:?}");
        assert_eq!(app.connections()[0].status, ConnectionStatus::Healthy, "{status} {body}");
        world.clock.advance(Duration::minutes(2));
    }
    assert_eq!(token(&app).await, "access-3");
}

#[tokio::test]
async fn a_failing_provider_is_not_asked_by_every_caller() {
    let world = World::new().await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    world.provider.next(Fault::Answer(503, ""));
    for _ in 0..100 {
        assert!(lease(&app).await.is_err());
    }
    assert_eq!(world.provider.refreshes(), 1);
    world.clock.advance(Duration::minutes(1));
    assert_eq!(token(&app).await, "access-3");
}

#[tokio::test]
async fn a_failed_early_refresh_leaves_the_good_token_in_use() {
    let world = World::new().await;
    let app = world.connected().await;
    world.clock.advance(EARLY);
    world.provider.next(Fault::Answer(500, ""));
    assert_eq!(token(&app).await, "access-2");
    eventually("the refresh ends", || world.provider.refreshes() == 1 && !flying(&app)).await;
    assert_eq!(token(&app).await, "access-2");
}

#[tokio::test]
async fn a_refused_grant_needs_a_reconnect_and_nothing_is_deleted() {
    let world = World::new().await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    world.provider.next(Fault::Answer(400, r#"{"error":"invalid_grant"}"#));
    assert!(matches!(lease(&app).await, Err(LeaseError::NeedsReconnect(_))));
    assert!(matches!(lease(&app).await, Err(LeaseError::NeedsReconnect(_))));
    assert_eq!(world.provider.refreshes(), 1);
    app.close().await;
    drop(app);
    assert_eq!(world.behind().count("credential WHERE refresh IS NOT NULL"), 1);
    let app = world.open();
    assert_eq!(app.connections()[0].status, ConnectionStatus::NeedsReconnect);
    connect(&app, &world.provider, None).await.unwrap();
    assert_eq!(app.connections()[0].status, ConnectionStatus::Healthy);
    lease(&app).await.unwrap();
}

#[tokio::test]
async fn a_grant_that_another_process_refreshed_first_is_taken_over() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    // Another process is first. It shares the store with this one, but not the memory.
    let live = app.live()[&gmail()].clone();
    let row = app.store.known_connection(live.id).await.unwrap().unwrap();
    let other = Arc::new(connections::revive(&app.config, &app.catalog(), &app.vault, row));
    let first = app.refresher.lease(&other).await.unwrap();
    assert_eq!(first.generation, 2);
    let second = app.refresher.lease(&live).await.unwrap();
    assert_eq!((second.generation, world.provider.refreshes()), (2, 1));
}

#[tokio::test]
async fn a_death_between_intent_and_call_loses_no_grant() {
    for rotation in [Rotation::Keeps, Rotation::Strict] {
        let world = World::with(rotation, "").await;
        let app = world.connected().await;
        world.clock.advance(HOUR);
        let live = app.live()[&gmail()].clone();
        app.store.begin_refresh(live.id, 1, app.clock.now()).await.unwrap();
        drop((live, app));
        let app = world.open();
        assert_eq!(token(&app).await, "access-3", "{rotation:?}");
    }
}

#[tokio::test]
async fn a_death_between_call_and_commit_loses_no_grant_that_is_kept() {
    let world = World::with(Rotation::Keeps, "refresh = \"keeps\"").await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    world.provider.next(Fault::DoneBut(200, "cut o"));
    assert!(lease(&app).await.is_err());
    drop(app);
    let app = world.open();
    assert_eq!(token(&app).await, "access-4");
}

#[tokio::test]
async fn an_unknown_outcome_of_a_strict_provider_does_not_spend_the_living_token() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.clock.advance(EARLY);
    // The new pair of tokens is lost on its way. A second try would be reuse, and would end the old access token too.
    world.provider.next(Fault::DoneBut(500, ""));
    assert_eq!(token(&app).await, "access-2");
    eventually("the refresh ends", || world.provider.refreshes() == 1 && !flying(&app)).await;
    drop(app);
    let app = world.open();
    assert_eq!(token(&app).await, "access-2");
    eventually("nothing flies", || !flying(&app)).await;
    assert_eq!(world.provider.refreshes(), 1);
    assert!(world.provider.book(|book| book.live_access.contains("access-2")));
    // After the end of that token there is nothing to lose.
    world.clock.advance(Duration::minutes(2));
    assert!(matches!(lease(&app).await, Err(LeaseError::NeedsReconnect(_))));
    assert_eq!(world.provider.refreshes(), 2);
}

#[tokio::test]
async fn a_disconnect_during_a_refresh_wins() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    world.provider.next(Fault::Held);
    let waiting = tokio::spawn({
        let app = app.clone();
        async move { lease(&app).await }
    });
    eventually("the refresh is under way", || world.provider.refreshes() == 1).await;
    // Whether or not the provider still has the grant, nothing is lent.
    let disconnecting = app.store.begin_disconnect(
        app.live()[&gmail()].id,
        crate::audit::EventEntry::on_connection(crate::audit::Event::Disconnecting, &gmail()).at(START),
    );
    disconnecting.await.unwrap();
    world.provider.release();
    assert!(waiting.await.unwrap().is_err());
    app.close().await;
    assert_eq!(world.provider.book(|book| book.revoked.clone()), ["refresh-3"]);
}

#[tokio::test]
async fn a_token_that_the_upstream_rejects_is_replaced_once() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    let live = app.live()[&gmail()].clone();
    let old = lease(&app).await.unwrap();
    for _ in 0..10 {
        app.refresher.rejected(&live, old.generation);
    }
    assert_eq!(token(&app).await, "access-3");
    assert_eq!(world.provider.refreshes(), 1);
}

#[tokio::test]
async fn an_upstream_that_rejects_whatever_it_is_given_does_not_make_us_ask_for_ever() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    let live = app.live()[&gmail()].clone();
    for _ in 0..50 {
        let lent = lease(&app).await.unwrap();
        app.refresher.rejected(&live, lent.generation);
    }
    assert_eq!(world.provider.refreshes(), 10);
    world.clock.advance(Duration::minutes(1));
    let lent = lease(&app).await.unwrap();
    app.refresher.rejected(&live, lent.generation);
    lease(&app).await.unwrap();
    assert_eq!(world.provider.refreshes(), 11);
}

#[tokio::test]
async fn an_unknown_outcome_is_tried_again_when_the_upstream_takes_the_old_token_no_more() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    let live = app.live()[&gmail()].clone();
    app.store.begin_refresh(live.id, 1, app.clock.now()).await.unwrap();
    app.refresher.rejected(&live, 1);
    assert_eq!(token(&app).await, "access-3");
}

#[tokio::test]
async fn a_rejected_token_without_a_refresh_token_is_shown_to_the_provider() {
    let world = World::new().await;
    world.provider.book(|book| (book.gives_refresh, book.expires_in) = (Some(false), None));
    let app = world.connected().await;
    let live = app.live()[&gmail()].clone();
    // The upstream refused only the one operation.
    app.refresher.rejected(&live, 1);
    app.refresher.drain().await;
    assert_eq!(token(&app).await, "access-2");
    // The person took the grant back at the provider.
    world.clock.advance(Duration::minutes(2));
    world.provider.book(|book| book.live_access.clear());
    app.refresher.rejected(&live, 1);
    app.refresher.drain().await;
    assert!(matches!(lease(&app).await, Err(LeaseError::NeedsReconnect(_))));
}

#[tokio::test]
async fn a_provider_that_nobody_answers_at_is_unavailable() {
    let world = World::new().await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    let mut config = world.config();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    config.services.get_mut(&"gmail".parse().unwrap()).unwrap().token_url =
        Some(format!("http://{closed}/token"));
    drop(app);
    let app = world.open_with(config).unwrap();
    assert!(matches!(lease(&app).await, Err(LeaseError::Unavailable(_))));
    assert_eq!(app.connections()[0].status, ConnectionStatus::Healthy);
    // The call was surely not sent, so no intent stays open.
    drop(app);
    assert_eq!(world.behind().count("refresh_intent"), 0);
}

#[tokio::test]
async fn tokens_that_were_moved_in_the_database_do_not_open() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.clock.advance(HOUR);
    token(&app).await;
    app.close().await;
    drop(app);
    let swaps = [
        // The token of the old generation stands in the place of the new one.
        "UPDATE credential SET access = (SELECT access FROM credential WHERE generation = 1) WHERE generation = 2",
        "UPDATE credential SET refresh = access WHERE generation = 2",
    ];
    for swap in swaps {
        let backup = std::fs::read(world.home().database()).unwrap();
        world.behind().run(swap);
        let app = world.open();
        assert!(matches!(lease(&app).await, Err(LeaseError::NeedsReconnect(_))), "{swap}");
        let error = app.connections()[0].last_error.clone().unwrap();
        assert!(error.contains("does not open"), "{error}");
        drop(app);
        std::fs::write(world.home().database(), backup).unwrap();
    }
    assert_eq!(token(&world.open()).await, "access-3");
}
