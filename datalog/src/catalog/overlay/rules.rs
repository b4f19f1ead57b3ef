//! The rules of an overlay as the file has them, each for some operations.
//!
//! They are only read here. `build` applies them to operations.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::which::Which;
use crate::catalog::finds::Finds;
use crate::words::effect::Effect;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EffectRule {
    pub(crate) effects: Vec<Effect>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// Effects that count only if an argument is there, or has certain values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionLine {
    pub(crate) effects: Vec<Effect>,
    /// The name of an argument, or of several that are alternatives.
    pub(crate) argument: OneOrMore,
    /// If it is `Met`, the absence of the argument causes the effects: without the argument the service does something
    /// that has them.
    #[serde(default)]
    pub(crate) absent: Absent,
    /// Values, as text. If these six lists are empty, the presence of the argument, or of anything below it, causes the
    /// effects.
    #[serde(default)]
    pub(crate) any_of: Vec<String>,
    #[serde(default)]
    pub(crate) starts_with: Vec<String>,
    #[serde(default)]
    pub(crate) ends_with: Vec<String>,
    #[serde(default)]
    pub(crate) contains: Vec<String>,
    #[serde(default)]
    pub(crate) none_of: Vec<String>,
    /// Paths. The value is one of them, above one or below one.
    #[serde(default)]
    pub(crate) around: Vec<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// What the absence of an argument means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// The condition is not met.
    #[default]
    Unmet,
    /// The condition is met, and only by absence.
    Met,
}

/// One name or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    Several(Vec<String>),
}

impl OneOrMore {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// The scopes of operations, if the description does not say. A grant must have one of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopesLine {
    pub(crate) any: Vec<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// The request that restores what operations remove.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoLine {
    /// The id of the operation that restores it, or its method at the same address.
    pub(crate) by: String,
    #[serde(default)]
    pub(crate) note: Option<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// How to name a thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceLine {
    pub(crate) kind: String,
    /// The id, such as `{owner}/{repo}`. The rule is for every operation with these arguments. If `which` names
    /// operations, it is only for those.
    pub(crate) id: String,
    /// Paths. The rule holds only if the last argument of the id is one of them, above one or below one.
    #[serde(default)]
    pub(crate) around: Vec<String>,
    /// Prefixes that are removed from the last argument: longer spellings of one name.
    #[serde(default)]
    pub(crate) strip: Vec<String>,
    /// The rule holds only if the last argument is one of these, or begins with one of `letters`.
    #[serde(default)]
    pub(crate) values: Vec<String>,
    #[serde(default)]
    pub(crate) letters: String,
    /// Only the text before this counts in the last argument.
    #[serde(default)]
    pub(crate) cut: Option<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// Things that a request refers to without their id, or touches because it touches another thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnnamedLine {
    pub(crate) kinds: Vec<String>,
    /// The argument that names the thing, such as `{sub_issue_id}`. A text without arguments always holds. An empty
    /// text means that the thing has no name.
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) values: Vec<String>,
    #[serde(default)]
    pub(crate) letters: String,
    /// The rule holds only if one of these arguments is there, and none of `unless`.
    #[serde(default)]
    pub(crate) when: Vec<String>,
    #[serde(default)]
    pub(crate) unless: Vec<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// The operations that may touch things of a kind without naming them. Without such a line, every operation may.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindLine {
    pub(crate) names: Vec<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// Arguments that name points in the history of a repository.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevisionLine {
    pub(crate) argument: String,
    #[serde(default)]
    pub(crate) repository: Option<String>,
    #[serde(default)]
    pub(crate) defaults: bool,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// The part of the body that must equal an argument of the path. Even without a rule, an `id` at the top of the body
/// must be the id of the thing at the end of the path, except in `other_ids`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SameLine {
    pub(crate) argument: String,
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) begins: bool,
    #[serde(flatten)]
    pub(crate) which: Which,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecodeLine {
    pub(crate) format: Format,
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    #[serde(default)]
    pub(crate) media: bool,
    #[serde(default)]
    pub(crate) required: bool,
    /// Argument to the values for which the fields say everything.
    #[serde(default)]
    pub(crate) only: BTreeMap<String, Vec<String>>,
    /// Like `only`, for arguments that may be absent.
    #[serde(default)]
    pub(crate) or_absent: BTreeMap<String, Vec<String>>,
    /// If one of these arguments is there, the fields do not say everything.
    #[serde(default)]
    pub(crate) without: Vec<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// Who reads what operations change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadersLine {
    pub(crate) are: Readers,
    /// The reason, for people. A rule without a reason does not load.
    pub(crate) because: String,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// Things that operations refer to by an id, and how to fetch them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookLine {
    pub(crate) finds: Finds,
    /// Path and query: `/threads/{threadId}?format=metadata`. Braces hold arguments or fields of the body; `{}` is
    /// an id that an earlier look-up found.
    pub(crate) get: String,
    /// Values that mean the account's own thing.
    #[serde(default)]
    pub(crate) own: Vec<String>,
    /// The look-up is for values that begin with one of these letters.
    #[serde(default)]
    pub(crate) letters: String,
    /// Arguments that make the look-up unnecessary.
    #[serde(default)]
    pub(crate) without: Vec<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// Path parameters that may hold an escaped slash.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlashLine {
    pub(crate) parameter: String,
    #[serde(flatten)]
    pub(crate) which: Which,
}

/// A format inside a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An e-mail message (RFC 822 and its successors).
    Rfc822,
    /// One address, or a list of them, as they are.
    Addresses,
}

/// Who reads what an operation changes, beside the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readers {
    /// Nobody, unless something is sent or shared.
    Own,
    /// The people that the request names, and those that look-ups find.
    Told,
    /// Other people, whom neither the request nor a look-up names.
    Untold,
}
