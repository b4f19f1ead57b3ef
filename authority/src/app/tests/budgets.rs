use datalog::Reservation;
use verifier::ports::{Audit, IntentError, Ledger, Record, RecordId};

use super::*;

fn of(budget: &str, cost: u64, max: u64) -> Reservation {
    Reservation { budget: budget.into(), max, cost }
}

/// An intent that takes these.
async fn take(app: &App, reservations: &[Reservation]) -> Result<RecordId, IntentError> {
    let record = Record { reservations: reservations.to_vec(), ..super::audit::record("/x", "allow") };
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
    assert_eq!(app.used(&["send".into()]).await.unwrap(), [37]);
}

#[tokio::test]
async fn a_reservation_takes_from_all_budgets_or_from_none() {
    let world = World::new().await;
    let app = world.open();
    take(&app, &[of("narrow", 1, 1)]).await.unwrap();
    let refused = take(&app, &[of("wide", 1, 100), of("narrow", 1, 1)]).await.unwrap_err();
    assert!(matches!(refused, IntentError::Exhausted(budget) if budget == "narrow"));
    let keys = ["wide".to_owned(), "narrow".to_owned(), "never".to_owned()];
    assert_eq!(app.used(&keys).await.unwrap(), [0, 1, 0]);
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
