//! The outline of a request that a record may keep: its operation, its things, and the names of its arguments, never a
//! value.
//!
//! The audit log keeps it, and `replay` judges by it. A replay does not know what the outline leaves out (values and
//! recipients), and says so. A decision uses the whole request instead.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::request::canonical::Request;
use crate::words::effect::Effects;
use crate::words::visible::misleads;

/// Beyond these limits the rest is left out, and the outline says so.
const MAX_RESOURCES: usize = 16;
const MAX_ARGUMENTS: usize = 64;
const MAX_ID: usize = 128;

/// A request without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSummary {
    pub account: String,
    pub effects: Effects,
    /// Kind and id, as in the facts `resource`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<(String, String)>,
    /// Name and type, as in the facts `arg_type`. The names are the provider's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<(String, String)>,
    /// Kind and name of each thing that the request touches under another name than its id. None for a record that was
    /// made before these were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unnamed: Option<Vec<(String, String)>>,
    /// Whether the lists are complete.
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
    /// The part of the request that a record may keep.
    pub fn outline(&self) -> RequestSummary {
        let fits = |text: &str| text.len() <= MAX_ID && !text.chars().any(misleads);
        let resources: BTreeSet<(&str, &str)> =
            self.resources.iter().map(|one| (&*one.kind, one.id.as_str())).collect();
        let arguments: BTreeSet<(&str, &str)> =
            self.arguments.iter().map(|one| (&*one.name, one.value.kind().as_str())).collect();
        let unnamed: BTreeSet<(&str, &str)> =
            self.unnamed.iter().map(|one| (&*one.kind, one.name.as_str())).collect();
        let owned = |(left, right): &(&str, &str)| ((*left).to_owned(), (*right).to_owned());
        let kept = |pair: &&(&str, &str)| fits(pair.0) && fits(pair.1);
        let of = |all: &BTreeSet<(&str, &str)>, most: usize| -> Vec<(String, String)> {
            all.iter().filter(kept).take(most).map(owned).collect()
        };
        let outline = RequestSummary {
            account: self.account.to_string(),
            effects: self.effects,
            resources: of(&resources, MAX_RESOURCES),
            arguments: of(&arguments, MAX_ARGUMENTS),
            unnamed: Some(of(&unnamed, MAX_RESOURCES)),
            extent: Extent::Whole,
        };
        let whole = outline.resources.len() == resources.len()
            && outline.arguments.len() == arguments.len()
            && outline.unnamed.as_ref().is_some_and(|kept| kept.len() == unnamed.len());
        RequestSummary { extent: if whole { Extent::Whole } else { Extent::Cut }, ..outline }
    }
}
