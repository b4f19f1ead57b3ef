//! One story that every backend must tell in the same way, written against the traits alone. Each chapter is about one
//! subject, and is told to a store of its own.
//!
//! Every method of every trait is called in it (`the_story_calls_every_method_of_the_store`), so that a backend that tells
//! it to its end does all of what the authority asks of one.

mod approvals;
mod approvers;
mod budgets;
mod connections;
mod keys;
mod log;
mod once;
mod passes;
mod people;
mod provenance;

use std::sync::Arc;

use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::app::LogQuery;
use crate::audit::{Event, EventEntry};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// Tells the story to a backend. `fresh` opens an empty store.
pub(crate) async fn tell(fresh: impl AsyncFn() -> Arc<dyn Store>) {
    keys::tell(&*fresh().await).await;
    connections::tell(&*fresh().await).await;
    passes::tell(&*fresh().await).await;
    budgets::tell(&*fresh().await).await;
    once::tell(&*fresh().await).await;
    approvers::tell(&*fresh().await).await;
    approvals::tell(&*fresh().await).await;
    people::tell(&*fresh().await).await;
    provenance::tell(&*fresh().await).await;
    log::tell(&*fresh().await).await;
}

fn event(event: Event) -> Line {
    EventEntry::on_everything(event).at(NOW)
}

/// Returns how many records there are. All of them are chained.
async fn records(store: &dyn Store) -> usize {
    let chain = store.chain_after(0, 1_000).await.unwrap();
    let log = store.records(LogQuery { limit: Some(1_000), ..LogQuery::default() }).await.unwrap();
    assert_eq!(log.len(), chain.len());
    assert_eq!(*store.head().borrow(), chain.len() as u64);
    chain.len()
}
