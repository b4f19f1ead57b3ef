//! One block of a pass as it was read, and why a pass cannot be read.

use crate::engine::admission::{AdmissionError, MAX_TEXT};
use crate::engine::caveat::{Caveat, CompileError, Fact};
use crate::engine::ordered::Ordered;
use crate::words::message::Hinted;
use crate::words::names::RevocationId;

/// Why a text is not a pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("it has {0} characters; a pass has at most {MAX_TEXT}")]
    TooLong(usize),
    #[error("it is not base64url")]
    Encoding,
    #[error("it is not a Biscuit")]
    Format,
    #[error(
        "it is not written as a Biscuit is: it holds fields that no Biscuit has, or some twice or out of order"
    )]
    Spelling,
    #[error("it uses a signature algorithm other than Ed25519")]
    Algorithm,
    #[error("it has no `{0}` in its authority block, or more than one")]
    Missing(&'static str),
    #[error("its budget `{0}` is set more than once")]
    BudgetTwice(String),
    #[error("a caveat asks for the budget `{0}`, which no block up to its own sets")]
    NoBudget(String),
    #[error("it names something that cannot be: {0}")]
    Name(String),
    #[error("it has no end: an authority block needs `check if time($t), $t <= DATE`")]
    Endless,
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    #[error(transparent)]
    Compile(#[from] CompileError),
}

impl Hinted for ReadError {}

/// One block.
#[derive(Debug)]
pub struct Block {
    pub revocation: RevocationId,
    /// In the order in which they were written.
    pub facts: Vec<Fact>,
    pub caveats: Vec<Caveat>,
    /// The same facts, as they are evaluated.
    pub(crate) ordered: Ordered,
}

impl Block {
    /// The same block with other caveats.
    pub(crate) fn with(&self, caveats: Vec<Caveat>) -> Self {
        let (facts, ordered) = (self.facts.clone(), self.ordered.clone());
        Self { revocation: self.revocation.clone(), facts, caveats, ordered }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands on")]
pub(crate) fn name_error(error: crate::words::names::NameError) -> ReadError {
    ReadError::Name(error.to_string())
}

pub(crate) fn one_string<'a>(facts: &'a [Fact], name: &'static str) -> Result<&'a str, ReadError> {
    let mut found = facts.iter().filter(|fact| &*fact.name == name).map(|fact| fact.str(0));
    match (found.next(), found.next()) {
        (Some(Some(text)), None) => Ok(text),
        _ => Err(ReadError::Missing(name)),
    }
}
