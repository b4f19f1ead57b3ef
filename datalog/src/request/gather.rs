//! Gathers the facts of a request, as far as something reads them.

use crate::engine::caveat::{Fact, Predicate};
use crate::words::value::{Terms, Text, Value};

/// The word of that name; a wrong name does not compile.
macro_rules! word {
    ($name:literal) => {
        const { crate::request::gather::RequestWord::of($name) }
    };
}
pub(crate) use word;

/// A word of the request vocabulary, looked up when it is compiled.
#[derive(Clone, Copy)]
pub(crate) struct RequestWord {
    predicate: Predicate,
    name: &'static str,
}

impl RequestWord {
    pub(crate) const fn of(name: &'static str) -> Self {
        Self { predicate: Predicate::of_request(name), name }
    }
}

/// Gathers facts of the predicates that `reads` names.
pub(crate) struct Gather {
    reads: u64,
    facts: Vec<Fact>,
}

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Request,
    /// Its answer, item by item.
    Response,
}

impl Gather {
    pub(crate) fn new(reads: u64) -> Self {
        Self { reads, facts: Vec::new() }
    }

    pub(crate) fn with_room(reads: u64, room: usize) -> Self {
        Self { reads, facts: Vec::with_capacity(room) }
    }

    pub(crate) fn into_facts(self) -> Vec<Fact> {
        self.facts
    }

    /// Adds a fact of each list of terms, if anything reads the predicate.
    pub(crate) fn say<T: Into<Terms>, I: IntoIterator<Item = T>>(
        &mut self,
        word: RequestWord,
        terms: impl FnOnce() -> I,
    ) {
        let RequestWord { predicate, name } = word;
        if self.reads & predicate.request_bit() != 0 {
            let fact = |terms: T| Fact { predicate, name: Text::Word(name), terms: terms.into() };
            self.facts.extend(terms().into_iter().map(fact));
        }
    }

    pub(crate) fn say_one(&mut self, word: RequestWord, value: impl FnOnce() -> Value) {
        self.say(word, || [[value()]]);
    }
}
