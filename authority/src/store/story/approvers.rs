//! The keys that approvers sign with.

use time::Duration;

use super::*;
use crate::vault::Sealed;

pub(super) fn approver(name: &str) -> ApproverRow {
    ApproverRow { name: name.parse().unwrap(), public: [1; 32], seed: Some(Sealed(vec![4])), created: NOW }
}

/// Returns the record that shows a retirement.
pub(super) fn retired(name: &str) -> Line {
    EventEntry::on_approver(Event::ApproverRetired, &name.parse().unwrap()).at(NOW)
}

pub(super) async fn tell(store: &dyn Store) {
    let created = || event(Event::ApproverCreated);
    store.approver_created(approver("bob"), created()).await.unwrap();
    store.approver_created(approver("anna"), created()).await.unwrap();
    assert!(store.approver_created(approver("anna"), created()).await.is_err(), "a name is taken once");
    assert_eq!(records(store).await, 2, "a change that failed is not in the log");
    assert!(store.retired_approvers().await.unwrap().is_empty());
    let until = NOW + Duration::hours(1);
    store.approver_retired("bob".parse().unwrap(), until, retired("bob")).await.unwrap();
    let all = store.approvers().await.unwrap();
    let names: Vec<_> = all.iter().map(|row| (row.name.as_str(), row.seed.is_some())).collect();
    assert_eq!(names, [("anna", true), ("bob", false)]);
    assert_eq!((all[0].public, all[0].created), ([1; 32], NOW));
    assert_eq!(store.retired_approvers().await.unwrap(), ["bob".parse().unwrap()]);
}
