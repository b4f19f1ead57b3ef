//! One predicate of the vocabulary: its name, its terms, and how to tell its facts.

use serde::Serialize;

use crate::words::telling::Telling;

/// The type of one term. Each place of a predicate has exactly one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TermType {
    String,
    Integer,
    Boolean,
    Date,
    /// A set of strings.
    Set,
}

/// How many facts of a predicate one request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    One,
    /// None or several: use it under `check all`, or if one match is meant.
    Several,
    /// One for each zone, budget or kind that the pass names. A check must write which one it reads, because a later
    /// block may name more of them, and those must not answer an earlier block's check.
    Named,
    /// One for each item of an answer. There is none while the request is judged.
    Item,
    /// Reserved. The verifier does not state it yet, so a check on it could never pass.
    NotYet,
}

/// The operations whose requests may have a fact of a predicate. A count of such facts is 0 for every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactsOf {
    AnyOperation,
    /// Those that may reach somebody.
    WhatReaches,
    /// Those that carry a message, or find one.
    WhatHasMessage,
    /// Those that may touch a thing of the kind in the first term.
    WhatTouches,
}

/// One predicate.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Word {
    pub name: &'static str,
    pub terms: &'static [TermType],
    pub count: Count,
    pub meaning: &'static str,
    pub example: &'static str,
    /// How a refusal tells its facts.
    #[serde(skip)]
    pub(crate) telling: Telling,
    #[serde(skip)]
    pub(crate) facts_of: FactsOf,
}

impl Word {
    pub(crate) const fn told(self, telling: Telling) -> Self {
        Self { telling, ..self }
    }

    pub(crate) const fn of(self, facts_of: FactsOf) -> Self {
        Self { facts_of, ..self }
    }
}

pub(crate) const fn word(
    name: &'static str,
    terms: &'static [TermType],
    count: Count,
    meaning: &'static str,
    example: &'static str,
) -> Word {
    Word { name, terms, count, meaning, example, telling: Telling::DATALOG, facts_of: FactsOf::AnyOperation }
}
