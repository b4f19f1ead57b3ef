//! Facts sorted by predicate, so that a pattern finds its candidates at once.
//!
//! A pass's facts are sorted once, when it is read; a request's once for each decision. For people, facts appear in the
//! order in which they were written, which is kept elsewhere.

use std::ops::Deref;

use crate::engine::caveat::{Fact, Predicate};

/// Facts by predicate, and within one predicate in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ordered {
    facts: Vec<Fact>,
    present: u64,
}

/// No facts at all.
pub(crate) static NONE: Ordered = Ordered { facts: Vec::new(), present: 0 };

impl Ordered {
    pub(crate) fn of(mut facts: Vec<Fact>) -> Self {
        facts.sort_by_key(|fact| fact.predicate);
        let present = facts.iter().fold(0, |bits, fact| bits | fact.predicate.mark());
        Self { facts, present }
    }

    /// The facts of one predicate.
    pub(crate) fn with(&self, predicate: Predicate) -> &[Fact] {
        if self.present & predicate.mark() == 0 {
            return &[];
        }
        let from = self.facts.partition_point(|fact| fact.predicate < predicate);
        let rest = self.facts.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|fact| fact.predicate == predicate).count();
        rest.get(..count).unwrap_or_default()
    }

    /// The marks of the predicates that it has facts of.
    pub(crate) fn present(&self) -> u64 {
        self.present
    }
}

impl Deref for Ordered {
    type Target = [Fact];

    fn deref(&self) -> &[Fact] {
        &self.facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::value::{Text, Value};

    #[test]
    fn a_predicate_has_its_own_facts_and_no_others() {
        let fact = |name: &'static str, value| {
            let predicate = Predicate::of(name).unwrap();
            Fact { predicate, name: Text::Word(name), terms: [Value::Int(value)].into() }
        };
        let all = vec![fact("time", 1), fact("item_shows", 2), fact("connection", 3), fact("time", 4)];
        let ordered = Ordered::of(all);
        let values = |name: &str| -> Vec<i64> {
            let facts = ordered.with(Predicate::of(name).unwrap());
            facts.iter().filter_map(|fact| fact.terms.first()?.as_int()).collect()
        };
        assert_eq!((values("time"), values("connection")), (vec![1, 4], vec![3]));
        assert_eq!((values("item_shows"), values("clock")), (vec![2], vec![]));
    }
}
