//! Passes, revocations, the stop of everything, and how ended things are forgotten.

use datalog::{Counts, PassId, Reservation, RevocationId};
use time::Duration;

use super::*;
use crate::stopped::EmergencyStop;

const BLOCK: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(super) async fn tell(store: &dyn Store) {
    let pass = |byte, minutes| PassRow {
        id: PassId::from_random([byte; 16]),
        task: "a task".into(),
        created: NOW + Duration::seconds(i64::from(byte)),
        expires: NOW + Duration::minutes(minutes),
        connections: vec!["gmail".parse().unwrap(), "gmail-work".parse().unwrap()],
        root_key: 2,
        is_revoked: false,
    };
    let says = |byte: u8| PassWords(format!("what {byte} says"));
    store.minted(pass(1, 10), says(1), event(Event::Minted)).await.unwrap();
    store.minted(pass(2, 30), says(2), event(Event::Minted)).await.unwrap();
    let (row, said) = store.pass(&pass(1, 0).id).await.unwrap().unwrap();
    assert_eq!((row.task.as_str(), said.unwrap().0), ("a task", says(1).0));
    assert!(store.pass(&pass(3, 0).id).await.unwrap().is_none());
    let revocation = RevocationRow { id: (&pass(1, 0).id).into(), at: NOW, because: Some("lost".into()) };
    let again = (revocation, event(Event::Revoked));
    store.revoked(vec![again.clone()]).await.unwrap();
    store.revoked(vec![again]).await.unwrap();
    assert_eq!(store.revocations().await.unwrap().len(), 1);

    let all = PassQuery { connection: None, revoked: None, ends_after: None, ends_before: None, limit: 10 };
    let found = async |query: PassQuery| {
        let rows = store.passes(query).await.unwrap();
        rows.iter().map(|row| (row.root_key, row.is_revoked)).collect::<Vec<_>>()
    };
    assert_eq!(found(all.clone()).await, [(2, false), (2, true)], "the newest first");
    assert_eq!(found(PassQuery { revoked: Some(true), ..all.clone() }).await, [(2, true)]);
    assert_eq!(found(PassQuery { connection: Some("work".parse().unwrap()), ..all.clone() }).await, []);
    assert_eq!(
        found(PassQuery { connection: Some("gmail-work".parse().unwrap()), ..all.clone() }).await.len(),
        2
    );
    let ended = PassQuery { ends_before: Some(NOW + Duration::minutes(20)), ..all };
    assert_eq!(found(ended).await, [(2, true)]);

    let first = pass(1, 0).id.to_string();
    assert_eq!(store.passes_that_begin(&first).await.unwrap(), [pass(1, 0).id]);
    assert_eq!(store.passes_that_begin("p_").await.unwrap().len(), 2);
    assert!(store.passes_that_begin("p_%").await.unwrap().is_empty(), "a beginning is no pattern");
    assert!(store.passes_that_begin("p__").await.unwrap().is_empty(), "nor a wild letter");
    let asked = [first.clone(), pass(3, 0).id.to_string()];
    assert_eq!(store.known_passes(&asked).await.unwrap(), [first]);
    stops(store).await;
    prune(store).await;
}

async fn stops(store: &dyn Store) {
    assert_eq!(store.emergency_stop().await.unwrap(), None);
    let stop = EmergencyStop { since: Some(NOW), because: Some("looking".into()) };
    store.stopped(stop.clone(), event(Event::Stopped)).await.unwrap();
    let later = EmergencyStop { since: Some(NOW + Duration::minutes(1)), because: None };
    store.stopped(later, event(Event::Stopped)).await.unwrap();
    assert_eq!(store.emergency_stop().await.unwrap(), Some(stop), "the first one holds");
    store.resumed(event(Event::Resumed)).await.unwrap();
    assert_eq!(store.emergency_stop().await.unwrap(), None);
}

/// Ended passes are forgotten, with everything that belongs to them. A block's revocation stays while an older pass
/// lives.
async fn prune(store: &dyn Store) {
    let block: RevocationId = BLOCK.parse().unwrap();
    let revocation = RevocationRow { id: block.clone(), at: NOW + Duration::minutes(5), because: None };
    store.revoked(vec![(revocation, event(Event::Revoked))]).await.unwrap();
    let of = |byte: u8| format!("{}/reads", PassId::from_random([byte; 16]));
    let budget = |byte| Reservation {
        budget: of(byte),
        max: 3,
        cost: 1,
        counts: Counts::Each,
        window: None,
        at: 0,
        ends: 0,
    };
    store.taken(vec![budget(1), budget(2)]).await.unwrap();
    let pruned = store.pruned(NOW + Duration::minutes(20), 10).await.unwrap();
    assert_eq!(pruned, Pruned { passes: 1, revocations: 1, budgets: 1, facts: 0 });
    assert_eq!(store.revocations().await.unwrap(), [block]);
    let left: Vec<u64> =
        store.used(&[budget(1), budget(2)]).await.unwrap().iter().map(|one| one.used).collect();
    assert_eq!(left, [0, 1], "another pass's budget stays");
    let pruned = store.pruned(NOW + Duration::hours(1), 10).await.unwrap();
    assert_eq!(pruned, Pruned { passes: 1, revocations: 1, budgets: 1, facts: 0 });
    assert_eq!(store.pruned(NOW + Duration::hours(1), 10).await.unwrap(), Pruned::default());
}
