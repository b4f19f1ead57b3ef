//! Requests that are sent once: an identical one is not sent while the first is on its way or open.

use datalog::RevocationId;
use time::Duration;
use verifier::ports::{Fate, RecordId, Repeat, Same};

use super::*;
use crate::store::once::LeftOpen;

fn key(digest: u8, question: u8) -> OnceKey {
    let hex = |byte: u8| format!("{byte:02x}").repeat(32);
    OnceKey {
        lineage: lineage(),
        same: Same { digest: hex(digest).parse().unwrap(), question: hex(question).parse().unwrap() },
        repeat: Repeat::Nothing,
        now: NOW,
        until: NOW + Duration::minutes(10),
    }
}

fn lineage() -> RevocationId {
    (&datalog::PassId::from_random([1; 16])).into()
}

fn line() -> Line {
    Line { text: "{}".into(), beside: None }
}

async fn sent(store: &dyn Store, key: &OnceKey) -> u64 {
    match store.intended(line(), Vec::new(), None, Some(key.clone())).await.unwrap() {
        Intended::Written(seq) => seq,
        other => panic!("{other:?}"),
    }
}

/// Stores the outcome of a request, and waits until it is durable.
async fn settled(store: &dyn Store, of: u64, open: Option<LeftOpen>) {
    let (done, came) = tokio::sync::oneshot::channel();
    let then = Box::new(move || {
        let _ = done.send(());
    });
    store.settled_once_later(line(), of, open, then);
    came.await.unwrap();
}

pub(super) async fn tell(store: &dyn Store) {
    let first = key(1, 2);
    assert!(store.sent_before(&first).await.unwrap().is_none());
    let seq = sent(store, &first).await;
    let before = store.sent_before(&first).await.unwrap().unwrap();
    assert_eq!((before.record, before.at, before.fate), (RecordId(seq), NOW, Fate::OnItsWay));
    assert_eq!(before.free_at, first.until);
    let again = store.intended(line(), Vec::new(), None, Some(first.clone())).await.unwrap();
    assert_eq!(again, Intended::SentBefore(before));
    assert_eq!(records(store).await, 1, "and nothing was written");
    assert!(store.sent_before(&key(3, 2)).await.unwrap().is_some(), "built anew it is the same question");
    assert!(store.sent_before(&key(3, 4)).await.unwrap().is_none());
    let under_its_key = OnceKey { repeat: Repeat::UnderItsKey, ..first.clone() };
    assert!(store.sent_before(&under_its_key).await.unwrap().is_none(), "the service does it once");
    let of_another = OnceKey { lineage: (&datalog::PassId::from_random([2; 16])).into(), ..first.clone() };
    assert!(store.sent_before(&of_another).await.unwrap().is_none());
    ends(store, &first, seq).await;
}

async fn ends(store: &dyn Store, first: &OnceKey, seq: u64) {
    settled(store, seq, Some((Fate::CarriedOut, NOW + Duration::minutes(2)))).await;
    let left = store.sent_before(first).await.unwrap().unwrap();
    assert_eq!((left.fate, left.free_at), (Fate::CarriedOut, NOW + Duration::minutes(2)));
    let later =
        OnceKey { now: NOW + Duration::minutes(2), until: NOW + Duration::minutes(12), ..first.clone() };
    assert!(store.sent_before(&later).await.unwrap().is_none(), "from then on it is free");
    let seq = sent(store, &later).await;
    settled(store, seq, None).await;
    assert!(store.sent_before(&later).await.unwrap().is_none(), "its agent knows");

    let lost = key(5, 6);
    sent(store, &lost).await;
    store.left_behind().await.unwrap();
    assert_eq!(store.sent_before(&lost).await.unwrap().unwrap().fate, Fate::Unknown);
}
