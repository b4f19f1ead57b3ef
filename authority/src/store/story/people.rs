//! The single things that people stopped, where people are signed in, and how much of the log they were told.

use datalog::PassId;
use time::Duration;

use super::*;
use crate::stopped::{Stop, StopTarget};
use crate::vault::Sealed;

pub(super) async fn tell(store: &dyn Store) {
    single_stops(store).await;
    sessions(store).await;
    notices(store).await;
}

async fn single_stops(store: &dyn Store) {
    let all = [
        StopTarget::Task("a task".into()),
        StopTarget::Connection("gmail".parse().unwrap()),
        StopTarget::Pass((&PassId::from_random([1; 16])).into()),
    ];
    for (place, target) in (0..).zip(&all) {
        let at = NOW + Duration::seconds(place);
        let row = Stop { target: target.clone(), because: Some("looking".into()), since: at };
        store.stopped_one(row, event(Event::Stopped)).await.unwrap();
    }
    let again = Stop { target: all[0].clone(), because: None, since: NOW + Duration::hours(1) };
    store.stopped_one(again, event(Event::Stopped)).await.unwrap();
    let held = store.single_stops().await.unwrap();
    assert_eq!(held.iter().map(|row| row.target.clone()).collect::<Vec<_>>(), all, "in order of time");
    assert_eq!((held[0].because.as_deref(), held[0].since), (Some("looking"), NOW), "the first one holds");
    store.resumed_one(all[1].clone(), event(Event::Resumed)).await.unwrap();
    let held = store.single_stops().await.unwrap();
    assert_eq!(held.iter().map(|row| &row.target).collect::<Vec<_>>(), [&all[0], &all[2]]);
    assert_eq!(records(store).await, 5, "each of it is in the log");
}

async fn sessions(store: &dyn Store) {
    let row = |id: &str, began| SessionRow { id: id.into(), sealed: Sealed(vec![7]), began, seen: began };
    let long_ago = NOW - Duration::days(1);
    store.session_kept(row("a", long_ago), long_ago).await.unwrap();
    store.session_kept(row("b", NOW), long_ago).await.unwrap();
    let ids =
        async || -> Vec<String> { store.sessions().await.unwrap().into_iter().map(|row| row.id).collect() };
    assert_eq!(ids().await, ["a", "b"]);
    let later = NOW + Duration::minutes(1);
    store.session_seen("b".into(), later).await.unwrap();
    store.session_kept(row("c", later), NOW).await.unwrap();
    assert_eq!(ids().await, ["b", "c"], "what began too long ago is forgotten");
    let b = store.sessions().await.unwrap().remove(0);
    assert_eq!((b.began, b.seen, b.sealed.0), (NOW, later, vec![7]));
    store.session_ended("b".into()).await.unwrap();
    assert_eq!(ids().await, ["c"]);
}

async fn notices(store: &dyn Store) {
    assert_eq!(store.told("webhook").await.unwrap(), None);
    store.has_told("webhook", 3).await.unwrap();
    store.has_told("command", 1).await.unwrap();
    store.has_told("webhook", 5).await.unwrap();
    assert_eq!(store.told("webhook").await.unwrap(), Some(5));
    assert_eq!(store.told("command").await.unwrap(), Some(1));
}
