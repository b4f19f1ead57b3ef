//! Why a request is denied or needs an approval, and who can lift that.

use serde::Serialize;

use crate::request::decode::error::DecodeError;

/// Who could lift a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LiftableBy {
    /// A person's answer to an ask.
    Approval,
    /// The maker of the pass, by making another.
    Parent,
    Nobody,
}

/// One reason of a decision, in words for the agent and the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The block of the pass that the caveat stands in; none for the fixed policy.
    pub block: Option<usize>,
    /// The caveat or policy, as Datalog.
    pub caveat: String,
    pub expected: String,
    /// In the agent's own words: its arguments' values, and whom it would reach.
    pub got: String,
    /// `got` in the form that a record may keep, if it holds values.
    #[serde(skip)]
    pub kept: Option<String>,
    pub liftable_by: LiftableBy,
}

impl Reason {
    /// `got` without argument values, recipients, and the text of letters.
    pub fn recorded(&self) -> &str {
        self.kept.as_deref().unwrap_or(&self.got)
    }

    pub(crate) fn uncounted(hidden: &DecodeError) -> Self {
        Self {
            block: None,
            caveat: "budget_counts".into(),
            expected: "a request that shows with certainty how much it takes from each budget".into(),
            got: hidden.without_values(),
            kept: None,
            liftable_by: LiftableBy::Parent,
        }
    }
}

/// Why a request is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// A caveat or a grant stands against it.
    Denied,
    /// Only a used-up budget stands against it.
    Exhausted,
    /// Something in the pass cannot be evaluated for this request.
    Unevaluable,
    /// A person has to be asked.
    Ask,
}
