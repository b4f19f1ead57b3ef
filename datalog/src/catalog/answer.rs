//! What the answer of an operation shows: its items, the age of each item, and the ids in it.
//!
//! This is reviewed data from the overlay. Without it nobody can judge the operation's answers. A path is dotted names,
//! and passes through lists. Nothing here reads an answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::description::FactsError;
use crate::catalog::overlay::Which;

/// The names on the way to a value, from the outside.
pub type Path = Box<[Box<str>]>;

/// How a field states a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeFormat {
    #[default]
    Rfc3339,
    /// Since 1970, in a number or a string of digits.
    Milliseconds,
    /// The same, with a fraction or without.
    Seconds,
}

/// Whether a pass could change the data that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    Never,
    Possible,
}

/// How a thing states its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// The field with the time.
    pub field: Path,
    pub format: TimeFormat,
    /// The field with the time at which the thing was made. Nothing changes this time.
    pub made: Option<Path>,
    /// Whether the time in `field` never changes either.
    pub lasting: bool,
}

impl Dated {
    /// The field whose time counts; none if the pass could change every time of the thing.
    pub fn by(&self, writing: Writing) -> Option<&Path> {
        match writing {
            Writing::Never => Some(&self.field),
            Writing::Possible if self.lasting => Some(&self.field),
            Writing::Possible => self.made.as_ref(),
        }
    }

    /// Every field with a time of the thing.
    pub fn fields(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.field).chain(&self.made)
    }
}

/// What is known about an operation's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Showing {
    /// The places of the items, and their times.
    #[default]
    Items,
    /// The answers show nothing that a condition could be about.
    Nothing,
    /// Nobody knows what the answers show.
    Untold,
}

/// What one operation's answers show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRule {
    pub shows: Showing,
    /// The place of the items; empty if the answer itself is one item, or a list of items.
    pub items: Path,
    /// How an item states its time.
    pub time: Option<Dated>,
    /// The field of an item that lists its labels.
    pub labels: Option<Path>,
    /// Fields of an item that may be shown whatever its time: ids and other fields without content. Empty if no field
    /// may be shown.
    pub bare: Box<[Path]>,
    /// Fields beside the items that tell nothing about them.
    pub beside: Box<[Path]>,
    /// The ids in the answer.
    pub shown: Box<[ShownId]>,
    /// The place of the answer's content in the larger thing that it is part of.
    pub stands_at: Path,
}

/// The place of an id in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownId {
    pub kind: Arc<str>,
    pub id: Box<[ShownPart]>,
    /// Whether the operation made the thing.
    pub created: bool,
    /// Whether the service ignores the case of the id. Facts have such an id in lower case.
    pub folded: bool,
    /// The word that means the account's own address.
    pub own: Option<Box<str>>,
}

/// A piece of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownPart {
    Text(Box<str>),
    /// The request's argument of this name.
    Argument(Arc<str>),
    /// The path of a field, from the outside of the answer.
    Field(Path),
}

/// How a thing states its time, as the overlay writes it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TimeLine {
    pub(crate) time: Option<String>,
    #[serde(default)]
    clock: TimeFormat,
    made: Option<String>,
    #[serde(default)]
    lasting: bool,
}

impl TimeLine {
    pub(crate) fn dated(&self) -> Result<Option<Dated>, FactsError> {
        let Some(field) = &self.time else {
            return match (&self.made, self.lasting) {
                (None, false) => Ok(None),
                _ => {
                    Err(FactsError::new("`made` and `lasting` say something of a `time`, and there is none"))
                }
            };
        };
        let made = self.made.as_deref().map(path);
        Ok(Some(Dated { field: path(field), format: self.clock, made, lasting: self.lasting }))
    }
}

/// A rule on answers, as the overlay writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerLine {
    #[serde(default)]
    pub(crate) shows: Showing,
    #[serde(default)]
    pub(crate) items: String,
    #[serde(flatten)]
    pub(crate) time: TimeLine,
    pub(crate) labels: Option<String>,
    #[serde(default)]
    pub(crate) bare: Vec<String>,
    #[serde(default)]
    pub(crate) beside: Vec<String>,
    /// Kind to id: `[field]` stands for a field of the answer, `{name}` for an argument of the request.
    #[serde(default)]
    pub(crate) seen: BTreeMap<String, Ids>,
    #[serde(default)]
    pub(crate) created: BTreeMap<String, Ids>,
    /// Kinds of things whose ids ignore case.
    #[serde(default)]
    pub(crate) folded: Vec<String>,
    /// The place of the answer's content in the larger thing that it is part of.
    #[serde(default)]
    pub(crate) stands_at: String,
    #[serde(flatten)]
    pub(crate) which: Which,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Ids {
    One(String),
    Several(Vec<String>),
}

impl Ids {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Several(ids) => ids,
        }
    }
}

impl ShownId {
    /// The part of the path that all fields of the id share; the whole path, if the id has one field.
    pub fn shared(&self) -> &[Box<str>] {
        let mut fields = self.id.iter().filter_map(|part| match part {
            ShownPart::Field(path) => Some(&**path),
            ShownPart::Text(_) | ShownPart::Argument(_) => None,
        });
        let first = fields.next().unwrap_or_default();
        let same = |other: &[Box<str>]| first.iter().zip(other).take_while(|(one, two)| one == two).count();
        let depth = fields.map(same).min().unwrap_or(first.len());
        first.get(..depth).unwrap_or_default()
    }
}

impl AnswerRule {
    /// Every path that the rule names, from the outside of an answer.
    pub fn paths(&self) -> Vec<Vec<&str>> {
        let inside = self.time.iter().flat_map(Dated::fields).chain(&self.labels).chain(&self.bare);
        let mut paths: Vec<Vec<&str>> =
            inside.map(|path| [names(&self.items), names(path)].concat()).collect();
        paths.extend(self.beside.iter().map(names));
        paths.extend(self.shown.iter().flat_map(|one| &one.id).filter_map(|part| match part {
            ShownPart::Field(path) => Some(names(path)),
            ShownPart::Text(_) | ShownPart::Argument(_) => None,
        }));
        paths
    }
}

fn names(path: &Path) -> Vec<&str> {
    path.iter().map(|name| &**name).collect()
}

/// Splits a dotted path such as `payload.body` into its names.
pub(crate) fn path(text: &str) -> Path {
    text.split('.').filter(|name| !name.is_empty()).map(Box::from).collect()
}

/// Splits an id such as `{owner}/{repo}#[number]` into its pieces. It must name at least one field of the answer.
pub(crate) fn shown_parts(text: &str) -> Result<Box<[ShownPart]>, FactsError> {
    let wrong = || FactsError::new(format!("`{text}` does not say which field of the answer holds an id"));
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[']) {
        let (before, opened) = rest.split_at(at);
        if !before.is_empty() {
            parts.push(ShownPart::Text(before.into()));
        }
        let close = if opened.starts_with('{') { '}' } else { ']' };
        let (name, after) = opened.get(1..).and_then(|inside| inside.split_once(close)).ok_or_else(wrong)?;
        parts.push(if close == '}' {
            ShownPart::Argument(name.into())
        } else {
            ShownPart::Field(path(name))
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(ShownPart::Text(rest.into()));
    }
    let fields = parts.iter().filter_map(|part| match part {
        ShownPart::Field(path) => Some(path),
        ShownPart::Text(_) | ShownPart::Argument(_) => None,
    });
    let paths: Vec<&Path> = fields.collect();
    if paths.is_empty() || paths.iter().any(|path| path.is_empty()) { Err(wrong()) } else { Ok(parts.into()) }
}
