//! One story that every backend has to tell the same way, written against the traits alone.

use datalog::{Counts, PassId, Reservation, Window};
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::app::LogQuery;
use crate::audit::{Event, EventEntry};
use crate::vault::Sealed;

const NOW: time::OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn event(event: Event) -> Line {
    EventEntry::on_everything(event).at(NOW)
}

fn credential(generation: u64) -> CredentialRow {
    CredentialRow {
        generation,
        access: Sealed(vec![1, u8::try_from(generation).unwrap()]),
        refresh: Some(Sealed(vec![2, u8::try_from(generation).unwrap()])),
        obtained: NOW,
        expires: Some(NOW + Duration::hours(1)),
    }
}

fn connection(id: i64) -> NewConnection {
    NewConnection {
        id: ConnectionId(id),
        name: "gmail".parse().unwrap(),
        service: "gmail".parse().unwrap(),
        account: "alice@example.com".parse().unwrap(),
        scopes: vec!["a".into(), "b".into()],
        client_id: "client".into(),
        client_secret: Some(Sealed(vec![3])),
        connected: NOW,
        credential: credential(1),
    }
}

/// Tells it to an empty store.
pub(crate) async fn tell(store: &dyn Store) {
    keys(store).await;
    connections(store).await;
    refreshes(store).await;
    passes(store).await;
    budgets(store).await;
    let log = store.records(LogQuery { limit: Some(1000), ..LogQuery::default() }).await.unwrap();
    let chain = store.chain_after(0, 1000).await.unwrap();
    assert_eq!(log.len(), chain.len());
    assert_eq!(*store.head().borrow(), chain.len() as u64);
}

async fn keys(store: &dyn Store) {
    let key =
        |id| RootKeyRow { id, public: [1; 32], seed: Some(Sealed(vec![9])), created: NOW, is_retired: false };
    store.root_created(key(1), event(Event::RootCreated)).await.unwrap();
    assert!(store.root_created(key(1), event(Event::RootCreated)).await.is_err(), "an id is given once");
    store.root_created(key(2), event(Event::RootCreated)).await.unwrap();
    store.root_retired(1, event(Event::RootRetired)).await.unwrap();
    let keys = store.root_keys().await.unwrap();
    assert_eq!(keys.iter().map(|key| (key.id, key.is_retired)).collect::<Vec<_>>(), [(1, true), (2, false)]);
    assert!(keys[0].seed.is_none() && keys[1].seed.is_some());
    // A change that failed is not in the log.
    assert_eq!(store.chain_after(0, 10).await.unwrap().len(), 3);

    let first = store.vault_check(Sealed(vec![5])).await.unwrap();
    assert!(store.vault_check(Sealed(vec![6])).await.unwrap() == first, "the first one stays");
}

async fn connections(store: &dyn Store) {
    store.connected(connection(10), event(Event::Connected)).await.unwrap();
    store.connected(connection(11), event(Event::Connected)).await.unwrap();
    let known = store.known_connections().await.unwrap();
    assert_eq!(known.iter().map(|row| row.id.0).collect::<Vec<_>>(), [11], "a name is one connection's");
    assert!(store.known_connection(ConnectionId(10)).await.unwrap().is_none());
    assert_eq!(known[0].scopes, ["a", "b"]);
    assert_eq!(known[0].status, RowStatus::Healthy);
}

async fn refreshes(store: &dyn Store) {
    let id = ConnectionId(11);
    assert_eq!(store.begin_refresh(id, 2, NOW).await.unwrap(), RefreshBegun::Moved);
    assert_eq!(store.begin_refresh(id, 1, NOW).await.unwrap(), RefreshBegun::First);
    let later = NOW + Duration::minutes(1);
    assert_eq!(store.begin_refresh(id, 1, later).await.unwrap(), RefreshBegun::Again { since: NOW });
    assert_eq!(store.known_connection(id).await.unwrap().unwrap().open_refresh, Some(NOW));
    store.refresh_came_to_nothing(id, 1).await.unwrap();
    assert_eq!(store.begin_refresh(id, 1, NOW).await.unwrap(), RefreshBegun::First);

    // Of two writers one wins.
    let refreshed = || store.refreshed(id, 1, credential(2), event(Event::Refreshed));
    assert_eq!(refreshed().await.unwrap(), Moved::Done);
    assert_eq!(refreshed().await.unwrap(), Moved::Superseded);
    let row = store.known_connection(id).await.unwrap().unwrap();
    assert_eq!((row.credential.generation, row.open_refresh), (2, None));

    let refused = |generation| store.needs_reconnect(id, generation, event(Event::NeedsReconnect));
    assert_eq!(refused(1).await.unwrap(), Moved::Superseded, "an old generation says nothing of the new one");
    assert_eq!(refused(2).await.unwrap(), Moved::Done);
    assert_eq!(store.begin_refresh(id, 2, NOW).await.unwrap(), RefreshBegun::Moved);

    assert_eq!(store.begin_disconnect(id, event(Event::Disconnecting)).await.unwrap(), Moved::Done);
    let late = store.refreshed(id, 2, credential(3), event(Event::Refreshed)).await.unwrap();
    assert_eq!(late, Moved::Superseded, "a disconnect wins");
    store.forgotten(id, event(Event::Disconnected)).await.unwrap();
    assert!(store.known_connections().await.unwrap().is_empty());
    assert_eq!(store.begin_disconnect(id, event(Event::Disconnecting)).await.unwrap(), Moved::Superseded);
}

async fn passes(store: &dyn Store) {
    let pass = |byte, minutes| PassRow {
        id: PassId::from_random([byte; 16]),
        task: "a task".into(),
        created: NOW + Duration::seconds(i64::from(byte)),
        expires: NOW + Duration::minutes(minutes),
        connections: vec!["gmail".parse().unwrap(), "gmail-work".parse().unwrap()],
        root_key: 2,
        is_revoked: false,
    };
    let says = |byte: u8| Said(format!("what {byte} says"));
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

    assert!(!store.is_stopped().await.unwrap());
    store.stopped(event(Event::Stopped)).await.unwrap();
    assert!(store.is_stopped().await.unwrap());
    store.resumed(event(Event::Resumed)).await.unwrap();
    assert!(!store.is_stopped().await.unwrap());
}

async fn budgets(store: &dyn Store) {
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
    let taken = store.intended(line(), vec![of("a", 2), of("b", 1)], None).await.unwrap();
    assert!(matches!(taken, Intended::Written(_)), "{taken:?}");
    let refused = store.intended(line(), vec![of("b", 1), of("a", 2)], None).await.unwrap();
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
