//! What lineages use of their budgets.

use datalog::{Counts, Reservation, Window};

use super::*;

pub(super) async fn tell(store: &dyn Store) {
    let of = |budget: &str, cost| Reservation {
        budget: budget.into(),
        max: 3,
        cost,
        counts: Counts::Each,
        window: None,
        at: 0,
        ends: 0,
    };
    let line = || Line { text: "{}".into(), beside: None };
    let taken = store.intended(line(), vec![of("a", 2), of("b", 1)], None, None).await.unwrap();
    assert!(matches!(taken, Intended::Written(_)), "{taken:?}");
    let refused = store.intended(line(), vec![of("b", 1), of("a", 2)], None, None).await.unwrap();
    assert_eq!(refused, Intended::Exhausted { budget: "a".into() });
    let keys = [of("a", 0), of("b", 0), of("c", 0)];
    let used = async || -> Vec<u64> { store.used(&keys).await.unwrap().iter().map(|one| one.used).collect() };
    assert_eq!(used().await, [2, 1, 0]);
    store.release(vec![of("a", 2), of("b", 5)]).await.unwrap();
    assert_eq!(used().await, [0, 0, 0]);
    let hour = |cost, at| Reservation { window: Some(Window::Hour), at, ..of("h", cost) };
    let things = |items: &[&str]| {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        Reservation { counts: Counts::Once(items), ..of("t", 1) }
    };
    store.taken(vec![hour(3, 0), things(&["x", "y"])]).await.unwrap();
    let full = store.taken(vec![things(&["z"]), hour(1, 60_000)]).await.unwrap();
    assert_eq!(full, Taken::Exhausted { budget: "h".into() });
    let stands = store.used(&[hour(1, 3_700_000), things(&["y", "z"])]).await.unwrap();
    assert_eq!(stands.iter().map(|one| (one.used, one.cost)).collect::<Vec<_>>(), [(0, None), (2, Some(1))]);
    store.settled_later(vec![hour(3, 0)]);
    store.settle().await.unwrap();
    assert_eq!(store.used(&[hour(0, 0)]).await.unwrap()[0].used, 0);
}
