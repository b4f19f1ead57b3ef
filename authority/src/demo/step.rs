//! One line of the story: who did what, the expected outcome, and the real one.
//!
//! It is data only: the command line draws it, and `--json` prints it.

use serde::Serialize;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Who {
    /// The person whose account it is.
    You,
    Agent,
    SubAgent,
    /// Nobody: the demo checks what the others left.
    Check,
}

/// The result of a step. If it was refused, this is the gateway's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct CameTo(pub(crate) String);

impl CameTo {
    pub(crate) const DONE: &str = "done";

    pub(crate) fn done() -> Self {
        Self(Self::DONE.to_owned())
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0 == Self::DONE
    }
}

/// One line of the story, after it happened.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    pub(crate) who: Who,
    pub(crate) what: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) observed: CameTo,
    /// A note in one line.
    pub(crate) detail: String,
}

impl Step {
    pub(crate) fn held(&self) -> bool {
        self.observed.0 == self.expected
    }
}

/// The whole story.
#[derive(Debug, Serialize)]
pub(crate) struct StoryReport {
    pub(crate) steps: Vec<Step>,
    /// Steps that were not reached, because an earlier one broke.
    pub(crate) not_reached: Vec<&'static str>,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// Everything ended as expected.
    AsTold,
    NotAsTold,
}

impl StoryReport {
    pub(crate) fn of(steps: Vec<Step>, not_reached: Vec<&'static str>) -> Self {
        let as_told = not_reached.is_empty() && steps.iter().all(Step::held);
        let outcome = if as_told { Outcome::AsTold } else { Outcome::NotAsTold };
        Self { steps, not_reached, outcome }
    }
}
