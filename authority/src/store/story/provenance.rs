//! The ids that answers have shown to lineages.

use datalog::{ConnectionName, PassId, Resource, RevocationId};
use time::Duration;
use verifier::ports::Learned;

use super::*;
use crate::store::provenance::KEPT_FOR_A_LINEAGE;

fn thing(id: &str) -> Resource {
    Resource { kind: "message".into(), id: id.into() }
}

fn lineage(byte: u8) -> RevocationId {
    (&PassId::from_random([byte; 16])).into()
}

fn learned(lineage: RevocationId, seen: &[&str], created: &[&str]) -> Learned {
    let things = |ids: &[&str]| ids.iter().map(|id| thing(id)).collect::<Vec<_>>();
    Learned {
        lineage,
        ends: NOW + Duration::hours(1),
        connection: "gmail".parse().unwrap(),
        seen: things(seen),
        created: things(created),
    }
}

/// Returns the ids that the lineage was shown, and those that it created.
async fn known(store: &dyn Store, lineage: &RevocationId, on: &str) -> (Vec<String>, Vec<String>) {
    let on: ConnectionName = on.parse().unwrap();
    let asked = [thing("m1"), thing("m2"), thing("m3")];
    let known = store.known(lineage, &on, &asked).await.unwrap();
    let ids = |things: &mut dyn Iterator<Item = &Resource>| things.map(|one| one.id.clone()).collect();
    (ids(&mut known.seen.iter()), ids(&mut known.created.iter()))
}

pub(super) async fn tell(store: &dyn Store) {
    let (one, other) = (lineage(1), lineage(2));
    store.shown(learned(one.clone(), &["m1", "m2"], &["m2"]), NOW).await.unwrap();
    let none = || (Vec::<String>::new(), Vec::<String>::new());
    assert_eq!(known(store, &one, "gmail").await, (vec!["m1".into(), "m2".into()], vec!["m2".into()]));
    assert_eq!(known(store, &other, "gmail").await, none(), "of another lineage nothing");
    assert_eq!(known(store, &one, "gmail-work").await, none(), "on another connection nothing");
    // A thing that was created and is seen again still counts as created. A thing that was seen first and is created
    // later counts as created too.
    store.shown(learned(one.clone(), &["m2"], &[]), NOW).await.unwrap();
    store.shown(learned(one.clone(), &["m1"], &["m1"]), NOW).await.unwrap();
    assert_eq!(known(store, &one, "gmail").await.1, ["m1", "m2"]);
    // The lineage has ended by the time when another one is shown something.
    store.shown(learned(other.clone(), &["m3"], &[]), NOW + Duration::hours(2)).await.unwrap();
    assert_eq!(known(store, &one, "gmail").await, none(), "what ended is forgotten");
    assert_eq!(known(store, &other, "gmail").await.0, ["m3"]);
    bounded(store).await;
}

async fn bounded(store: &dyn Store) {
    let lineage = lineage(3);
    let ids: Vec<String> = (0..=KEPT_FOR_A_LINEAGE).map(|n| n.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    store.shown(learned(lineage.clone(), &ids, &[]), NOW).await.unwrap();
    store.shown(learned(lineage.clone(), &["m1"], &[]), NOW).await.unwrap();
    assert_eq!(
        known(store, &lineage, "gmail").await,
        (Vec::new(), Vec::new()),
        "past the bound nothing is kept"
    );
}
