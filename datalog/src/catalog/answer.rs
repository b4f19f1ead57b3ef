//! What an operation's answer shows: its items, how old each of them is, and the ids that are in it.
//!
//! Reviewed data of the overlay; an operation without it is one whose answers cannot be judged. A path is dotted
//! names, and lists on its way are passed through. Nothing here reads an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::facts::FactsError;
use super::overlay::Which;

/// Names to go down by, from the outside.
pub type Path = Box<[Box<str>]>;

/// How a field tells a time.
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

/// What can be told of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Showing {
    /// Where its items stand, and from when they are.
    #[default]
    Items,
    /// It shows nothing that a condition could be about.
    Nothing,
    /// Nobody can tell.
    Untold,
}

/// What the answers of one operation show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRule {
    pub shows: Showing,
    /// Where the items stand; empty where the answer is one, or a list of them.
    pub items: Path,
    /// The field of an item that tells its time.
    pub time: Option<(Path, TimeFormat)>,
    /// The field of an item that lists its labels.
    pub labels: Option<Path>,
    /// What may be shown of an item whatever its time: ids and what else has no content; empty where nothing may.
    pub bare: Box<[Path]>,
    /// Fields beside the items that say nothing of them.
    pub beside: Box<[Box<str>]>,
    /// The ids in it.
    pub shown: Box<[ShownId]>,
    /// Where its content would stand in the thing that it is a part of.
    pub stands_at: Path,
}

/// Where an answer holds the id of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownId {
    pub kind: Arc<str>,
    pub id: Box<[ShownPart]>,
    /// The operation made it.
    pub created: bool,
    /// The service compares it ignoring case: facts have it in lower case.
    pub folded: bool,
}

/// A piece of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownPart {
    Text(Box<str>),
    /// The request's argument of this name.
    Argument(Arc<str>),
    /// The field of the answer, from its outside.
    Field(Path),
}

/// As the overlay writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerLine {
    #[serde(default)]
    shows: Showing,
    #[serde(default)]
    items: String,
    time: Option<String>,
    #[serde(default)]
    clock: TimeFormat,
    labels: Option<String>,
    #[serde(default)]
    bare: Vec<String>,
    #[serde(default)]
    beside: Vec<String>,
    /// Kind to id: `[field]` stands for a field of the answer, `{name}` for an argument of the request.
    #[serde(default)]
    seen: BTreeMap<String, Ids>,
    #[serde(default)]
    created: BTreeMap<String, Ids>,
    /// Kinds of things whose ids the service compares ignoring case.
    #[serde(default)]
    folded: Vec<String>,
    /// Where the content would stand in the thing that it is a part of.
    #[serde(default)]
    stands_at: String,
    #[serde(flatten)]
    pub(super) which: Which,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Ids {
    One(String),
    Several(Vec<String>),
}

impl Ids {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Several(ids) => ids,
        }
    }
}

impl AnswerLine {
    /// The rule, checked against the kinds of things that operations of the service touch.
    pub(super) fn rule(&self, kinds: &BTreeSet<&str>) -> Result<AnswerRule, FactsError> {
        let told =
            !self.items.is_empty() || self.time.is_some() || !self.bare.is_empty() || !self.beside.is_empty();
        if self.shows != Showing::Items && told {
            return Err(FactsError::new("an answer that shows no items has no times and no lists of them"));
        }
        let mut shown = Vec::new();
        for (created, ids) in [(false, &self.seen), (true, &self.created)] {
            for (kind, id) in
                ids.iter().flat_map(|(kind, ids)| ids.as_slice().iter().map(move |id| (kind, id)))
            {
                if !kinds.contains(kind.as_str()) {
                    return Err(FactsError::new(format!(
                        "answers show `{kind}`, which no operation touches"
                    )));
                }
                let folded = self.folded.contains(kind);
                shown.push(ShownId { kind: kind.as_str().into(), id: shown_parts(id)?, created, folded });
            }
        }
        Ok(AnswerRule {
            shows: self.shows,
            items: path(&self.items),
            time: self.time.as_deref().map(|field| (path(field), self.clock)),
            labels: self.labels.as_deref().map(path),
            bare: self.bare.iter().map(|field| path(field)).collect(),
            beside: self.beside.iter().map(|field| field.as_str().into()).collect(),
            shown: shown.into(),
            stands_at: path(&self.stands_at),
        })
    }
}

impl ShownId {
    /// Down to where the fields of the id part ways: the whole path of one that is alone.
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
    /// Every path that it names, from the outside of an answer.
    pub fn paths(&self) -> Vec<Vec<&str>> {
        let inside = self.time.iter().map(|(path, _)| path).chain(&self.labels).chain(&self.bare);
        let mut paths: Vec<Vec<&str>> =
            inside.map(|path| [names(&self.items), names(path)].concat()).collect();
        paths.extend(self.beside.iter().map(|name| vec![&**name]));
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

/// `payload.body` as its names.
pub(crate) fn path(text: &str) -> Path {
    text.split('.').filter(|name| !name.is_empty()).map(Box::from).collect()
}

/// `{owner}/{repo}#[number]` as its pieces, with a field of the answer in it, or several of one object.
fn shown_parts(text: &str) -> Result<Box<[ShownPart]>, FactsError> {
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
