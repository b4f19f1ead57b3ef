//! The static test of every block, before any of it is evaluated.
//!
//! It checks size, rules, reserved words and joins, and refuses a block that could make a decision expensive,
//! ambiguous or self-serving. Evaluation counts its steps too; this test stops hostile passes before that.
//!
//! - Invariant: The work that a hostile pass could cause has a bound before any of it is done
//!   (`work_is_bounded_before_it_is_done`).

use crate::engine::caveat::{Caveat, Fact, Op, Query, Slot};
use crate::words::value::Value;
use crate::words::vocabulary::{self, Count, TermType};

/// Characters of a pass's text without its prefix.
pub(crate) const MAX_TEXT: usize = 8_000;
/// The authority block and the blocks attenuated from it.
pub(crate) const MAX_BLOCKS: usize = 16;
const MAX_FACTS: usize = 128;
const MAX_CAVEATS: usize = 64;
const MAX_QUERIES: usize = 16;
const MAX_PATTERNS: usize = 4;
const MAX_OPERATORS: usize = 96;
const MAX_STRING: usize = 512;
/// The estimate of a caveat's work assumes this many facts for a predicate of several.
const SEVERAL: u64 = 32;
const MAX_WORK: u64 = 200_000;

/// Why a block is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    #[error("the pass has more than {max} {what}")]
    TooMany { what: &'static str, max: usize },
    #[error("`{0}` is a word of the verifier: a pass cannot state it")]
    Reserved(String),
    #[error("`{0}` may stand only in the authority block")]
    AuthorityOnly(String),
    #[error("`{name}` takes {expected}")]
    Shape { name: String, expected: String },
    #[error("`{0}` is reserved, and no request has it yet: a check on it could never pass")]
    NotYet(String),
    #[error("`{name}` needs a name from the pass: write which one, as in `{example}`")]
    Unnamed { name: String, example: &'static str },
    #[error("a pass may not hold rules")]
    Rules,
    #[error("a pass may not hold scopes (`trusting`)")]
    Scopes,
    #[error("a caveat could take too much work to evaluate")]
    Work,
    #[error("closures are nested in a caveat")]
    Nested,
}

/// Whether a block's facts and caveats may be part of a pass. `authority` is the first block.
pub(crate) fn admit(facts: &[Fact], caveats: &[Caveat], place: BlockPlace) -> Result<(), AdmissionError> {
    at_most("facts in a block", facts.len(), MAX_FACTS)?;
    at_most("caveats in a block", caveats.len(), MAX_CAVEATS)?;
    for fact in facts {
        admit_fact(fact, place)?;
    }
    let mut work = 0u64;
    for caveat in caveats {
        at_most("alternatives in a caveat", caveat.queries.len(), MAX_QUERIES)?;
        for query in &caveat.queries {
            work = work.saturating_add(admit_query(query, facts)?);
        }
    }
    if work > MAX_WORK { Err(AdmissionError::Work) } else { Ok(()) }
}

/// Which block it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockPlace {
    Authority,
    Delegated,
}

fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), AdmissionError> {
    if count > max { Err(AdmissionError::TooMany { what, max }) } else { Ok(()) }
}

fn admit_fact(fact: &Fact, place: BlockPlace) -> Result<(), AdmissionError> {
    let name = &*fact.name;
    if vocabulary::is_reserved(name) {
        return Err(AdmissionError::Reserved(name.to_owned()));
    }
    if place == BlockPlace::Delegated && vocabulary::PASS.iter().any(|word| word.name == name) {
        return Err(AdmissionError::AuthorityOnly(name.to_owned()));
    }
    if let Some(word) = vocabulary::find(name) {
        let fits = fact.terms.len() == word.terms.len()
            && fact.terms.iter().zip(word.terms).all(|(value, kind)| type_of(value) == Some(*kind));
        if !fits {
            return Err(shape(name, word.terms));
        }
    }
    fact.terms.iter().try_for_each(admit_value)
}

fn shape(name: &str, terms: &[TermType]) -> AdmissionError {
    let expected = terms.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect::<Vec<_>>().join(", ");
    AdmissionError::Shape { name: name.to_owned(), expected }
}

fn type_of(value: &Value) -> Option<TermType> {
    Some(match value {
        Value::Str(_) => TermType::String,
        Value::Int(_) => TermType::Integer,
        Value::Bool(_) => TermType::Boolean,
        Value::Date(_) => TermType::Date,
        Value::Set(items) if items.iter().all(|item| item.as_str().is_some()) => TermType::Set,
        Value::Bytes(_) | Value::Set(_) => return None,
    })
}

fn admit_value(value: &Value) -> Result<(), AdmissionError> {
    match value {
        Value::Str(text) => at_most("bytes in a string", text.len(), MAX_STRING),
        Value::Bytes(bytes) => at_most("bytes in a value", bytes.len(), MAX_STRING),
        Value::Set(items) => items.iter().try_for_each(admit_value),
        Value::Int(_) | Value::Date(_) | Value::Bool(_) => Ok(()),
    }
}

/// The most work that a query could cause, if it is allowed at all: every combination of facts, times the operators.
fn admit_query(query: &Query, own: &[Fact]) -> Result<u64, AdmissionError> {
    at_most("predicates in a query", query.patterns.len(), MAX_PATTERNS)?;
    let mut combinations = 1u64;
    for pattern in &query.patterns {
        let count = match vocabulary::find(&pattern.name) {
            Some(word) if word.terms.len() != pattern.slots.len() => {
                return Err(shape(&pattern.name, word.terms));
            }
            Some(word) => match word.count {
                Count::Named if !matches!(pattern.slots.first(), Some(Slot::Value(_))) => {
                    return Err(AdmissionError::Unnamed {
                        name: pattern.name.to_string(),
                        example: word.example,
                    });
                }
                Count::One | Count::Named | Count::Item => 1,
                Count::Several => SEVERAL,
                Count::NotYet => return Err(AdmissionError::NotYet(pattern.name.to_string())),
            },
            None => own.iter().filter(|fact| fact.predicate == pattern.predicate).count() as u64,
        };
        combinations = combinations.saturating_mul(count.max(1));
    }
    let mut operators = 0u64;
    for expression in &query.expressions {
        operators = operators.saturating_add(cost(expression, Quantified::No, 0)?);
    }
    Ok(combinations.saturating_mul(operators.saturating_add(1)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantified {
    No,
    Yes,
}

fn cost(ops: &[Op], quantified: Quantified, depth: usize) -> Result<u64, AdmissionError> {
    at_most("operators in an expression", ops.len(), MAX_OPERATORS)?;
    at_most("levels in an expression", depth, 8)?;
    let mut total = 0u64;
    for op in ops {
        total = total.saturating_add(match op {
            Op::Closure(Some(_), _) if quantified == Quantified::Yes => return Err(AdmissionError::Nested),
            Op::Closure(Some(_), body) => cost(body, Quantified::Yes, depth + 1)?.saturating_mul(SEVERAL),
            Op::Closure(None, body) => cost(body, quantified, depth + 1)?,
            Op::Value(value) => {
                admit_value(value)?;
                1
            }
            Op::Variable(_) | Op::Unary(_) | Op::Binary(_) => 1,
        });
    }
    Ok(total)
}
