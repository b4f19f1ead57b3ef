//! Sets of vocabulary words: to their names and back.

use crate::engine::caveat::Predicate;
use crate::words::vocabulary;

/// The names of words of the request vocabulary.
pub(crate) fn names_of(words: u64) -> impl Iterator<Item = &'static str> {
    vocabulary::REQUEST.iter().enumerate().filter(move |(at, _)| words & (1 << at) != 0).map(|(_, w)| w.name)
}

/// The words of these names.
pub(crate) fn words_of<'a>(names: impl IntoIterator<Item = &'a str>) -> u64 {
    names.into_iter().filter_map(Predicate::of).fold(0, |bits, one| bits | one.request_bit())
}
