//! The reviewed overlay of a service: what its description cannot say.
//!
//! Hand-written TOML beside the facts: effects, resources, OAuth endpoints, what may be sent beyond the
//! facts. Every pattern must match something, so that a new revision cannot silently leave a rule behind.
//! A service without an overlay is taken at its worst (`Overlay::unreviewed`).

mod provider;
mod rules;
mod which;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::effect::Effect;

use super::answer::AnswerLine;
use super::derive::{self, Basis, Because};
use super::facts::{FactsError, OperationLine};
use rules::EffectRule;
use which::Index;

pub use provider::{Carriers, Dialect, OAuth, Refreshing, TokenShape};
pub(super) use rules::{ConditionLine, DecodeLine, LookLine, ResourceLine, SlashLine};
pub(super) use which::Which;

/// What an operation that no rule names gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Unlisted {
    /// The service does not load: every operation is listed.
    #[default]
    Refused,
    /// GET reads, DELETE deletes, the others write.
    ByMethod,
    /// The strongest that its method, name, address and answer allow (`derive`).
    AtWorst,
}

/// An overlay file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overlay {
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    #[serde(default)]
    pub(super) dialect: Dialect,
    /// POST with `X-HTTP-Method-Override: GET` and a form body is the GET that it stands for.
    #[serde(default)]
    pub(super) get_over_post: bool,
    #[serde(default)]
    pub(super) carriers: Carriers,
    /// Argument to the letters that an id there begins with: nothing but such an id is taken, so that a thing has
    /// one name.
    #[serde(default)]
    pub(super) ids: BTreeMap<String, String>,
    /// Arguments that are names which the service compares ignoring case: facts have them in lower case.
    #[serde(default)]
    pub(super) folded: BTreeSet<String>,
    /// What reaches people reaches some that the request does not name by address.
    #[serde(default)]
    pub(super) addressed: bool,
    /// Paths under which several requests travel in one.
    #[serde(default)]
    pub(super) batch_paths: Vec<String>,
    /// Request headers that may be sent beside the common ones, lower case.
    #[serde(default)]
    pub(super) request_headers: Vec<String>,
    /// Response headers that may be passed on beside the common ones, lower case; a `*` may end one.
    #[serde(default)]
    pub(super) response_headers: Vec<String>,
    /// Fields of answers, anywhere in them, that hold a credential beside what was asked for.
    #[serde(default)]
    pub(super) masked: Vec<String>,
    pub(super) oauth: Option<OAuth>,
    /// Parameters that say whose data it is: only this word, or, in the path, the connection's own account.
    #[serde(default)]
    pub(super) pinned: BTreeMap<String, String>,
    #[serde(default)]
    unlisted: Unlisted,
    /// Operation id to its effects, all of them.
    #[serde(default)]
    effects: BTreeMap<String, Vec<Effect>>,
    /// Adds effects to what the method gives.
    #[serde(default, rename = "effect")]
    added: Vec<EffectRule>,
    /// Takes effects away again where the request does not have what brings them about.
    #[serde(default, rename = "only_when")]
    pub(super) conditions: Vec<ConditionLine>,
    #[serde(default, rename = "resource")]
    pub(super) resources: Vec<ResourceLine>,
    #[serde(default, rename = "decode")]
    pub(super) decodes: Vec<DecodeLine>,
    #[serde(default, rename = "look")]
    pub(super) looks: Vec<LookLine>,
    /// What answers show.
    #[serde(default, rename = "answer")]
    pub(super) answers: Vec<AnswerLine>,
    /// Fields of answers that repeat what other fields say.
    #[serde(default)]
    pub(super) repeats: Vec<String>,
    #[serde(default, rename = "slash")]
    pub(super) slashes: Vec<SlashLine>,
    /// Path parameter to the operations whose body renames it.
    #[serde(default)]
    pub(super) renames: BTreeMap<String, Vec<String>>,
    /// Operations whose last path parameter may be missing.
    #[serde(default)]
    pub(super) shorter: Which,
    /// Operation id to another type that its JSON body may have.
    #[serde(default)]
    pub(super) bodies: BTreeMap<String, String>,
    /// Operation id to the media types that its body may have.
    #[serde(default)]
    pub(super) media: BTreeMap<String, Vec<String>>,
}

impl Overlay {
    pub(super) fn parse(text: &str) -> Result<Self, FactsError> {
        toml::from_str(text).map_err(|error| FactsError::new(format!("the overlay: {error}")))
    }

    /// For a service that nobody reviewed.
    pub(super) fn unreviewed() -> Self {
        Self { unlisted: Unlisted::AtWorst, ..Self::default() }
    }

    /// The effects of one operation and what they rest on: as listed, else as is derived, together with every rule
    /// that names it.
    pub(super) fn effects_of(&self, line: &OperationLine) -> Result<Vec<Basis>, FactsError> {
        if let Some(listed) = self.effects.get(&line.op) {
            let basis = |effect: &Effect| Basis { effect: *effect, because: Because::Listed };
            return Ok(listed.iter().map(basis).collect());
        }
        let mut found = match self.unlisted {
            Unlisted::Refused => {
                return Err(FactsError::new(format!(
                    "the overlay lists no effects for `{}`\nhint: list them under [effects], or write \
                     `unlisted = \"at-worst\"` at the top to have those that are not listed assumed",
                    line.op
                )));
            }
            Unlisted::ByMethod => derive::by_method(line),
            Unlisted::AtWorst => derive::at_worst(line),
        };
        for rule in self.added.iter().filter(|rule| rule.which.names(&line.op)) {
            rule.effects.iter().for_each(|effect| derive::add(&mut found, *effect, Because::Rule));
        }
        Ok(found)
    }

    /// Whether a person judged every operation.
    pub(super) fn is_review(&self) -> bool {
        self.unlisted != Unlisted::AtWorst
    }

    /// Finds the operations that every rule names, once. A rule that names none is a mistake, or left over from
    /// an earlier revision.
    pub(super) fn settle(&mut self, operations: &[OperationLine]) -> Result<(), FactsError> {
        let index = Index::new(operations);
        let dead = |rule: &str| {
            FactsError::new(format!(
                "the overlay's `{rule}` names no operation\nhint: `hallpass services show NAME` lists the operations; ids stand without the service's name"
            ))
        };
        let ids = self
            .effects
            .keys()
            .chain(self.media.keys())
            .chain(self.bodies.keys())
            .chain(self.renames.values().flatten());
        for id in ids {
            if index.by_id(id).next().is_none() {
                return Err(dead(id));
            }
        }
        let all = (self.added.iter_mut().map(|rule| &mut rule.which))
            .chain(self.resources.iter_mut().map(|line| &mut line.which))
            .chain(self.conditions.iter_mut().map(|line| &mut line.which))
            .chain(self.decodes.iter_mut().map(|line| &mut line.which))
            .chain(self.looks.iter_mut().map(|line| &mut line.which))
            .chain(self.answers.iter_mut().map(|line| &mut line.which))
            .chain(self.slashes.iter_mut().map(|line| &mut line.which))
            .chain([&mut self.shorter]);
        for which in all {
            which.settle(&index).map_err(|pattern| dead(&pattern))?;
        }
        // A rule that only names operations whose effects are listed says nothing either.
        let says = |rule: &&EffectRule| rule.which.chosen.iter().any(|op| !self.effects.contains_key(op));
        match self.added.iter().find(|rule| !says(rule)) {
            Some(rule) => Err(dead(&rule.which.operations.join(", "))),
            None => Ok(()),
        }
    }
}
