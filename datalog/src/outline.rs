//! What may be kept of a request: what it is and touches, and which arguments it has. Never a value of one.
//!
//! The audit log keeps it, and `replay` judges by it. What it leaves out (what arguments hold, whom a message
//! reaches) a replay does not know, and says so. It is not what a decision is made of: that is the request.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::effect::Effects;
use crate::request::Request;
use crate::value::is_invisible;

/// Past these the rest is left out, and the outline says that it is cut.
const MAX_RESOURCES: usize = 16;
const MAX_ARGUMENTS: usize = 64;
const MAX_ID: usize = 128;

/// A request without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    pub account: String,
    pub effects: Effects,
    /// Kind and id, as the facts `resource` have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<(String, String)>,
    /// Name and type, as the facts `arg_type` have them. The names are the provider's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<(String, String)>,
    /// Whether the two lists are whole.
    #[serde(default, skip_serializing_if = "Extent::is_whole")]
    pub extent: Extent,
}

/// Whether something was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    #[default]
    Whole,
    Cut,
}

impl Extent {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "it is what serde calls it with")]
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

impl Request {
    /// What may be kept of it.
    pub fn outline(&self) -> Outline {
        let fits =
            |text: &str| text.len() <= MAX_ID && !text.chars().any(|c| c.is_control() || is_invisible(c));
        let resources: BTreeSet<(&str, &str)> =
            self.resources.iter().map(|one| (&*one.kind, one.id.as_str())).collect();
        let arguments: BTreeSet<(&str, &str)> =
            self.arguments.iter().map(|one| (&*one.name, one.value.kind().as_str())).collect();
        let owned = |(left, right): &(&str, &str)| ((*left).to_owned(), (*right).to_owned());
        let kept = |pair: &&(&str, &str)| fits(pair.0) && fits(pair.1);
        let of = |all: &BTreeSet<(&str, &str)>, most: usize| -> Vec<(String, String)> {
            all.iter().filter(kept).take(most).map(owned).collect()
        };
        let outline = Outline {
            account: self.account.to_string(),
            effects: self.effects,
            resources: of(&resources, MAX_RESOURCES),
            arguments: of(&arguments, MAX_ARGUMENTS),
            extent: Extent::Whole,
        };
        let whole = outline.resources.len() == resources.len() && outline.arguments.len() == arguments.len();
        Outline { extent: if whole { Extent::Whole } else { Extent::Cut }, ..outline }
    }
}
