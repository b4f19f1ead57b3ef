//! The facts that a pass's caveats need beyond the request itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::caveat::{Caveat, Pattern, Slot};
use crate::pass::known::ProvenanceKind;
use crate::words::value::Value;
use crate::words::vocabulary::bit;

pub(crate) const TIME: u64 = bit("item_time") | bit("item_age");

pub(crate) const LABELS: u64 = bit("item_label");

pub(crate) const COUNT: u64 = bit("item_count");

pub(crate) const OF_ITEMS: u64 = TIME | LABELS | COUNT | bit("item_shows");

/// Whether any of these words can have another answer for an item of an answer than for the request.
pub(crate) fn mentions_answers(reads: u64) -> bool {
    reads & (OF_ITEMS | bit("stage")) != 0
}

/// The words with facts only for an item of an answer.
pub(crate) fn of_items() -> u64 {
    OF_ITEMS
}

/// Whether the word counts unknown things, with one count for each kind.
pub(crate) fn counts(word: &str) -> bool {
    [ProvenanceKind::Seen, ProvenanceKind::Created].into_iter().any(|one| one.word() == word)
}

/// Whether any of the words needs the ids that earlier answers have shown.
pub(crate) fn is_asked_by<'a>(mut caveats: impl Iterator<Item = &'a Caveat>) -> bool {
    let asks = |name: &str| counts(name) || matches!(name, "seen" | "created");
    caveats.any(|caveat| caveat.patterns().any(|pattern| asks(&pattern.name)))
}

/// The kinds that caveats name. Each has its count.
pub(crate) fn kinds<'a>(caveats: impl Iterator<Item = &'a Caveat>) -> Vec<Arc<str>> {
    let patterns = caveats.flat_map(Caveat::patterns).filter(|pattern| counts(&pattern.name));
    let kinds: BTreeSet<Arc<str>> = patterns.filter_map(kind_of).collect();
    kinds.into_iter().collect()
}

pub(crate) fn kind_of(pattern: &Pattern) -> Option<Arc<str>> {
    match pattern.slots.first() {
        Some(Slot::Value(Value::Str(kind))) => Some(Arc::from(&**kind)),
        _ => None,
    }
}
