//! The rules of an overlay as they stand in the file, each for some operations.
//!
//! What they do is built into operations by `build`; here they are only read.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::which::Which;
use crate::catalog::operation::Format;
use crate::effect::Effect;
use crate::lookup::Finds;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EffectRule {
    pub(super) effects: Vec<Effect>,
    #[serde(flatten)]
    pub(super) which: Which,
}

/// Effects that count only when an argument is there, or has one of some values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ConditionLine {
    pub(in crate::catalog) effects: Vec<Effect>,
    /// The name of an argument, or of several that are alternatives.
    pub(in crate::catalog) argument: Names,
    /// Values, as text. Without any of the five: that the argument, or anything below it, is there.
    #[serde(default)]
    pub(in crate::catalog) any_of: Vec<String>,
    #[serde(default)]
    pub(in crate::catalog) starts_with: Vec<String>,
    #[serde(default)]
    pub(in crate::catalog) ends_with: Vec<String>,
    #[serde(default)]
    pub(in crate::catalog) none_of: Vec<String>,
    /// Paths: that the value is one of them, lies below it, or has it below itself.
    #[serde(default)]
    pub(in crate::catalog) around: Vec<String>,
    #[serde(flatten)]
    pub(in crate::catalog) which: Which,
}

/// One name or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::catalog) enum Names {
    One(String),
    Several(Vec<String>),
}

impl Names {
    pub(in crate::catalog) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// How to name a thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ResourceLine {
    pub(in crate::catalog) kind: String,
    /// `{owner}/{repo}`: every operation that has these arguments, of those that `which` names, if any.
    pub(in crate::catalog) id: String,
    /// Paths: only where the last argument of the id is around one of them (as in a condition).
    #[serde(default)]
    pub(in crate::catalog) around: Vec<String>,
    /// Taken off the last argument where it begins with one of them: the longer spelling of one name.
    #[serde(default)]
    pub(in crate::catalog) strip: Vec<String>,
    #[serde(flatten)]
    pub(in crate::catalog) which: Which,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct DecodeLine {
    pub(in crate::catalog) format: Format,
    #[serde(default)]
    pub(in crate::catalog) fields: Vec<String>,
    #[serde(default)]
    pub(in crate::catalog) media: bool,
    #[serde(default)]
    pub(in crate::catalog) required: bool,
    /// Argument to the values with which the fields say everything.
    #[serde(default)]
    pub(in crate::catalog) only: BTreeMap<String, Vec<String>>,
    /// The same of arguments that may be absent.
    #[serde(default)]
    pub(in crate::catalog) or_absent: BTreeMap<String, Vec<String>>,
    /// Arguments with which they do not.
    #[serde(default)]
    pub(in crate::catalog) without: Vec<String>,
    #[serde(flatten)]
    pub(in crate::catalog) which: Which,
}

/// What operations refer to by an id, and how it is fetched.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct LookLine {
    pub(in crate::catalog) finds: Finds,
    /// Path and query: `/threads/{threadId}?format=metadata`. Arguments, or fields of the body, in braces; `{}` is what
    /// an earlier look-up pointed to.
    pub(in crate::catalog) get: String,
    /// Values that name what is the account's alone.
    #[serde(default)]
    pub(in crate::catalog) own: Vec<String>,
    /// The letters that a value begins with for which it is meant.
    #[serde(default)]
    pub(in crate::catalog) letters: String,
    /// Arguments with which nothing is fetched.
    #[serde(default)]
    pub(in crate::catalog) without: Vec<String>,
    #[serde(flatten)]
    pub(in crate::catalog) which: Which,
}

/// Path parameters that may hold an escaped slash.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct SlashLine {
    pub(in crate::catalog) parameter: String,
    #[serde(flatten)]
    pub(in crate::catalog) which: Which,
}
