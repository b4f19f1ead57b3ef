//! Rules for every answer of a service, whatever the operation.
//!
//! This is reviewed data from the overlay, beside the names and effects of the operations. Nothing here reads an
//! answer.
//!
//! - Invariant: Every rule on answers names fields that the provider describes. Every answer that lists ids has a rule
//!   or a reason (`no_rule_on_answers_names_a_field_that_answers_do_not_have`,
//!   `every_operation_whose_answer_lists_ids_has_a_rule_or_a_reason`).

use std::sync::OnceLock;

use serde::Deserialize;

use crate::catalog::answer::{Dated, Path, TimeLine};
use crate::catalog::content_rule::ContentRule;
use crate::catalog::description::FactsError;
use crate::catalog::overlay::Which;
use crate::catalog::selector::Selector;
use crate::catalog::shapes::Shapes;
use crate::words::effect::{Effect, Effects};
use crate::words::json::Json;
use crate::words::names::OperationId;

/// The rules for all answers of a service.
#[derive(Debug, Default)]
pub struct Answers {
    /// The media types of described answers.
    pub plain: Vec<Box<str>>,
    /// Groups of fields that repeat each other.
    pub same: Vec<Vec<Path>>,
    /// Things with their own time wherever they appear. The first rule that fits counts.
    pub nested: Vec<Nested>,
    /// Every operation of the service, with its effects.
    pub operations: Vec<(OperationId, Effects)>,
    pub(crate) described: Described,
}

/// The types of answers. They are read only on demand, because most passes redact nothing.
#[derive(Debug, Default)]
pub(crate) struct Described {
    pub(crate) text: &'static str,
    pub(crate) things: Vec<Vec<String>>,
    pub(crate) shapes: OnceLock<Shapes>,
}

/// A thing inside another.
#[derive(Debug)]
pub struct Nested {
    /// The fields that may hold the thing; empty if any field may.
    pub under: Vec<Box<str>>,
    /// How the thing states its time. None for a thing without a time: it only says which thing another one belongs to.
    pub dated: Option<Dated>,
}

impl Answers {
    /// The types of answers; empty where they are not described.
    pub fn shapes(&self) -> &Shapes {
        let Described { text, things, shapes } = &self.described;
        shapes.get_or_init(|| Shapes::read(text, things))
    }

    /// Fields that repeat one of these fields, in whole or in part.
    pub(crate) fn same(&self, fields: &[Path]) -> Vec<Path> {
        let mut found: Vec<Path> = Vec::new();
        for (field, group) in
            fields.iter().flat_map(|field| self.same.iter().map(move |group| (field, group)))
        {
            let is_every = |name: &Path| name.len() == 1 && name.iter().all(|name| **name == *"*");
            let own = group.iter().find(|name| is_every(name) || field.ends_with(name));
            let Some(own) = own else { continue };
            let before =
                if is_every(own) { &[] } else { field.get(..field.len() - own.len()).unwrap_or_default() };
            let others = group.iter().filter(|name| !is_every(name));
            found.extend(others.map(|name| [before, &**name].concat().into()));
        }
        found.sort();
        found.dedup();
        found.retain(|one| !fields.contains(one));
        found
    }

    /// Whether a grant of this selector allows more than reading.
    pub(crate) fn changes_by(&self, selector: &Selector) -> bool {
        let harmless = Effects::NONE.with(Effect::Read).with(Effect::Secret);
        match selector {
            // A grant of this effect alone does not cover an operation with more effects.
            Selector::Effect(effect) => !harmless.contains(*effect),
            Selector::Operation(_) | Selector::Glob { .. } => {
                let meant = |(id, effects): &&(OperationId, Effects)| selector.means(id, *effects);
                self.operations.iter().filter(meant).any(|(_, effects)| !effects.is_subset(harmless))
            }
        }
    }

    /// How the thing under this name states its time; none if it is part of the thing around it.
    pub(crate) fn dated(&self, name: &str, thing: &Json) -> Option<&Dated> {
        let has = |path: &Path| path.iter().try_fold(thing, |json, name| json.field(name)).is_some();
        let fits = |one: &&Nested| {
            (one.under.is_empty() || one.under.iter().any(|known| **known == *name))
                && one.dated.as_ref().is_none_or(|dated| dated.fields().any(has))
        };
        self.nested.iter().find(fits)?.dated.as_ref()
    }
}

/// A thing inside another, as the overlay writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NestedLine {
    #[serde(default)]
    under: Vec<String>,
    #[serde(flatten)]
    time: TimeLine,
}

impl NestedLine {
    pub(crate) fn rule(&self) -> Result<Nested, FactsError> {
        let dated = self.time.dated()?;
        if dated.is_none() && self.under.is_empty() {
            return Err(FactsError::new("a nested thing has a `time`, or names that it stands `under`"));
        }
        Ok(Nested { under: self.under.iter().map(|name| name.as_str().into()).collect(), dated })
    }
}

/// Answers that are the content of a file, as the overlay writes them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentLine {
    #[serde(default)]
    accept: Vec<String>,
    #[serde(flatten)]
    pub(crate) which: Which,
}

impl ContentLine {
    pub(crate) fn rule(&self) -> ContentRule {
        ContentRule { accept: self.accept.iter().map(|kind| kind.as_str().into()).collect() }
    }
}
