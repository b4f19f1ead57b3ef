//! Connections, their generations of tokens, and the concerns that people are told of.

use time::Duration;

use super::*;
use crate::vault::Sealed;

fn credential(generation: u64) -> CredentialRow {
    CredentialRow {
        generation,
        access: Sealed(vec![1, u8::try_from(generation).unwrap()]),
        refresh: Some(Sealed(vec![2, u8::try_from(generation).unwrap()])),
        obtained: NOW,
        expires: Some(NOW + Duration::hours(1)),
        scopes: vec!["a".into(), "b".into()],
        grant: (generation == 2).then_some(GrantEnd { began: NOW, ends: NOW + Duration::days(7) }),
    }
}

fn concern(kind: &'static str, at: OffsetDateTime) -> ConcernRow {
    ConcernRow { kind, says: format!("{{\"kind\":\"{kind}\"}}"), at }
}

fn connection(id: i64) -> NewConnection {
    NewConnection {
        id: ConnectionId(id),
        name: "gmail".parse().unwrap(),
        service: "gmail".parse().unwrap(),
        account: "alice@example.com".parse().unwrap(),
        asked: vec!["a".into(), "b".into(), "c".into()],
        client_id: "client".into(),
        client_secret: Some(Sealed(vec![3])),
        connected: NOW,
        credential: credential(1),
    }
}

pub(super) async fn tell(store: &dyn Store) {
    linked(store).await;
    refreshes(store).await;
}

async fn linked(store: &dyn Store) {
    store.connected(connection(10), event(Event::Connected)).await.unwrap();
    store.connected(connection(11), event(Event::Connected)).await.unwrap();
    let known = store.known_connections().await.unwrap();
    assert_eq!(known.iter().map(|row| row.id.0).collect::<Vec<_>>(), [11], "a name is one connection's");
    assert!(store.known_connection(ConnectionId(10)).await.unwrap().is_none());
    assert_eq!(known[0].credential.scopes, ["a", "b"]);
    assert_eq!(known[0].asked.as_deref().unwrap(), ["a", "b", "c"]);
    assert_eq!(known[0].status, RowStatus::Healthy);
}

async fn refreshes(store: &dyn Store) {
    let id = ConnectionId(11);
    assert_eq!(store.begin_refresh(id, 2, NOW).await.unwrap(), RefreshBegun::Moved);
    assert_eq!(store.begin_refresh(id, 1, NOW).await.unwrap(), RefreshBegun::First);
    let later = NOW + Duration::minutes(1);
    assert_eq!(store.begin_refresh(id, 1, later).await.unwrap(), RefreshBegun::Again { since: NOW });
    store.refresh_came_to_nothing(id, 1).await.unwrap();
    assert_eq!(store.begin_refresh(id, 1, NOW).await.unwrap(), RefreshBegun::First);

    // Two writers come, and one of them wins.
    let refreshed = || store.refreshed(id, 1, credential(2), event(Event::Refreshed));
    assert_eq!(refreshed().await.unwrap(), Moved::Done);
    assert_eq!(refreshed().await.unwrap(), Moved::Superseded);
    let row = store.known_connection(id).await.unwrap().unwrap();
    assert_eq!(row.credential.generation, 2);
    assert_eq!(store.begin_refresh(id, 2, later).await.unwrap(), RefreshBegun::First, "the last one ended");
    store.refresh_came_to_nothing(id, 2).await.unwrap();
    assert_eq!(row.credential.grant.unwrap().ends, NOW + Duration::days(7));
    concerns(store, id).await;
    let refused = |generation| {
        store.needs_reconnect(id, generation, concern("needs-reconnect", NOW), event(Event::NeedsReconnect))
    };
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

/// People are told of a concern once, until it is over.
async fn concerns(store: &dyn Store, id: ConnectionId) {
    let told = || async { store.chain_after(0, 1000).await.unwrap().len() };
    let before = told().await;
    let began =
        |at, again| store.concern_began(id, concern("sign-on", at), again, event(Event::SignOnWanted));
    began(NOW, NOW).await.unwrap();
    began(NOW, NOW).await.unwrap();
    assert_eq!(told().await, before + 1);
    assert_eq!(store.known_connection(id).await.unwrap().unwrap().concerns, [r#"{"kind":"sign-on"}"#]);
    let later = NOW + Duration::days(2);
    began(later, NOW + Duration::days(1)).await.unwrap();
    assert_eq!(told().await, before + 2, "what was told long ago is told again");
    store.concerns_over(id, &["sign-on"]).await.unwrap();
    assert!(store.known_connection(id).await.unwrap().unwrap().concerns.is_empty());
    let gone = ConnectionId(10);
    store.concern_began(gone, concern("sign-on", NOW), NOW, event(Event::SignOnWanted)).await.unwrap();
    assert_eq!(told().await, before + 2, "a connection that is gone tells nobody");
}
