use datalog::{Counts, Reservation, Window};
use verifier::ports::{Audit, IntentError, Ledger, Record, RecordId};

use super::*;

pub(super) fn of(budget: &str, cost: u64, max: u64) -> Reservation {
    Reservation {
        budget: budget.into(),
        max,
        cost,
        counts: Counts::Each,
        window: None,
        at: 0,
        ends: u64::MAX,
    }
}

/// Returns a reservation at this minute, of a budget that slides over an hour.
fn hourly(budget: &str, cost: u64, max: u64, minute: u64) -> Reservation {
    Reservation { window: Some(Window::Hour), at: minute * 60_000, ..of(budget, cost, max) }
}

/// Returns a reservation of these things. Each of them counts once.
fn once(budget: &str, things: &[&str], max: u64) -> Reservation {
    let items: Vec<String> = things.iter().map(ToString::to_string).collect();
    Reservation { counts: Counts::Once(items), ..of(budget, things.len() as u64, max) }
}

async fn used(app: &App, budgets: &[&str]) -> Vec<u64> {
    let asked: Vec<Reservation> = budgets.iter().map(|budget| of(budget, 0, 0)).collect();
    app.used(&asked).await.unwrap().into_iter().map(|spent| spent.used).collect()
}

/// Writes an intent that takes these reservations.
async fn take(app: &App, reservations: &[Reservation]) -> Result<RecordId, IntentError> {
    let record = Record { reservations: reservations.to_vec(), ..audit::record("/x", "allow") };
    app.intent(record).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_a_thousand_race_for_is_not_overdrawn() {
    let world = World::new().await;
    let app = world.open();
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let app = app.clone();
        racers.spawn(async move { take(&app, &[of("send", 1, 37)]).await.is_ok() });
    }
    let won = racers.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 37);
    assert_eq!(used(&app, &["send"]).await, [37]);
}

#[tokio::test]
async fn a_reservation_takes_from_all_budgets_or_from_none() {
    let world = World::new().await;
    let app = world.open();
    take(&app, &[of("narrow", 1, 1)]).await.unwrap();
    let refused = take(&app, &[of("wide", 1, 100), of("narrow", 1, 1)]).await.unwrap_err();
    assert!(matches!(refused, IntentError::Exhausted(budget) if budget == "narrow"));
    assert_eq!(used(&app, &["wide", "narrow", "never"]).await, [0, 1, 0]);
}

#[tokio::test]
async fn what_is_released_can_be_taken_again_and_never_more() {
    let world = World::new().await;
    let app = world.open();
    let all = [of("send", 3, 3)];
    take(&app, &all).await.unwrap();
    app.release(&all).await.unwrap();
    app.release(&all).await.unwrap();
    take(&app, &all).await.unwrap();
    assert!(take(&app, &[of("send", 1, 3)]).await.is_err());
}

#[tokio::test]
async fn counts_past_every_limit_are_refused() {
    let world = World::new().await;
    let app = world.open();
    assert!(take(&app, &[of("a", 2, 1)]).await.is_err());
    assert!(take(&app, &[of("b", u64::MAX, u64::MAX - 1)]).await.is_err());
    take(&app, &[of("c", 1, u64::MAX)]).await.unwrap();
    assert!(take(&app, &[of("c", u64::MAX, u64::MAX)]).await.is_err());
    assert!(take(&app, &[of("d", 1, 0)]).await.is_err());
}

#[tokio::test]
async fn what_was_used_outlasts_a_restart() {
    let world = World::new().await;
    let app = world.open();
    take(&app, &[of("send", 2, 3)]).await.unwrap();
    drop(app);
    let app = world.open();
    assert!(take(&app, &[of("send", 2, 3)]).await.is_err());
    take(&app, &[of("send", 1, 3)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_and_recipients_that_a_thousand_race_for_are_not_overdrawn() {
    let world = World::new().await;
    let app = world.open();
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..1000u64 {
        let app = app.clone();
        racers.spawn(async move {
            let slides = hourly("send/h", 1, 37, 90 + racer % 60);
            let sent = take(&app, &[slides]).await.is_ok();
            // Ten racers reach each address.
            let reached = take(&app, &[once("recipients", &[&format!("a{}", racer % 100)], 5)]).await.is_ok();
            (sent, reached)
        });
    }
    let won = racers.join_all().await;
    assert_eq!(won.iter().filter(|(sent, _)| *sent).count(), 37);
    assert_eq!(won.iter().filter(|(_, reached)| *reached).count(), 50, "five addresses, ten times each");
}

#[tokio::test]
async fn a_window_slides_and_never_holds_more_than_its_size() {
    let world = World::new().await;
    let app = world.open();
    for minute in [0, 30, 59] {
        take(&app, &[hourly("send/h", 1, 3, minute)]).await.unwrap();
    }
    let next = hourly("send/h", 1, 3, 60);
    assert!(take(&app, std::slice::from_ref(&next)).await.is_err(), "the first still counts in its hour");
    let stands = app.used(std::slice::from_ref(&next)).await.unwrap()[0];
    assert_eq!(
        (stands.used, stands.wait),
        (3, Some(60_000)),
        "there is room when the first use leaves the window"
    );
    take(&app, &[hourly("send/h", 1, 3, 61)]).await.unwrap();
    assert!(take(&app, &[hourly("send/h", 1, 3, 62)]).await.is_err());
    let never = app.used(&[hourly("send/h", 4, 3, 62)]).await.unwrap()[0];
    assert_eq!(never.wait, None, "waiting does not help if the budget is too small");
}

#[tokio::test]
async fn a_recipient_counts_once_until_nobody_holds_it() {
    let world = World::new().await;
    let app = world.open();
    take(&app, &[once("recipients", &["a", "b"], 2)]).await.unwrap();
    take(&app, &[once("recipients", &["b"], 2)]).await.unwrap();
    assert!(take(&app, &[once("recipients", &["b", "c"], 2)]).await.is_err());
    let stands = app.used(&[once("recipients", &["b", "c"], 2)]).await.unwrap()[0];
    assert_eq!((stands.used, stands.cost), (2, Some(1)));
    app.release(&[once("recipients", &["b"], 2)]).await.unwrap();
    assert!(
        take(&app, &[once("recipients", &["c"], 2)]).await.is_err(),
        "the first request still counts `b`"
    );
    app.release(&[once("recipients", &["a", "b"], 2)]).await.unwrap();
    take(&app, &[once("recipients", &["c", "d"], 2)]).await.unwrap();
}

#[tokio::test]
async fn what_an_answer_did_not_need_is_given_back_and_no_more_is_taken_than_there_is() {
    let world = World::new().await;
    let app = world.open();
    let bytes = |cost| Reservation { counts: Counts::Stream, ..of("bytes", cost, 100) };
    take(&app, &[bytes(60)]).await.unwrap();
    app.take(vec![bytes(40)]).await.unwrap();
    assert!(matches!(app.take(vec![bytes(1)]).await, Err(IntentError::Exhausted(_))));
    app.settle(vec![bytes(25)]);
    app.close().await;
    assert_eq!(used(&app, &["bytes"]).await, [75]);
}

#[tokio::test]
async fn counts_are_dropped_once_their_pass_has_ended() {
    let world = World::new().await;
    let app = world.connected().await;
    let soon = u64::try_from(START.unix_timestamp()).unwrap() + 60;
    let ending = |reservation| Reservation { ends: soon, ..reservation };
    let taken = [ending(of("a", 1, 9)), ending(hourly("b", 1, 9, 0)), ending(once("c", &["x"], 9))];
    take(&app, &taken).await.unwrap();
    let asked = || async { app.used(&taken).await.unwrap().iter().map(|one| one.used).collect::<Vec<_>>() };
    app.mint(mint_args()).await.unwrap();
    assert_eq!(asked().await, [1, 1, 1]);
    world.clock.advance(Duration::days(2));
    app.mint(mint_args()).await.unwrap();
    assert_eq!(asked().await, [0, 0, 0]);
}
