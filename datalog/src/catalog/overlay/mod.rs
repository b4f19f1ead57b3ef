//! The reviewed overlay of a service: facts that its description does not have.
//!
//! It is hand-written TOML beside the facts: effects, resources, OAuth endpoints, and what a request may contain
//! beyond the facts. Every pattern must match something, so that a new revision cannot silently leave a rule behind.
//! A service without an overlay is judged at its worst (`Overlay::unreviewed`).

pub(crate) mod known_by;
pub(crate) mod manners;
pub(crate) mod provider;
pub(crate) mod rules;
pub(crate) mod which;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::catalog::answer::AnswerLine;
use crate::catalog::answers::{ContentLine, NestedLine};
use crate::catalog::derive::{self, Basis, Because};
use crate::catalog::description::{FactsError, OperationLine};
use crate::catalog::title::Titles;
use crate::words::effect::Effect;
use crate::words::message::Message;
use rules::EffectRule;
use which::Index;

pub use known_by::{ClientMarks, CredentialMarks, Discovery};
pub use manners::{BodySign, Manners, OwnerHeader, OwnerSign, ScopeHeaders};
pub use provider::{
    AlsoUserinfo, AskBy, Carriers, ClientAuth, Dialect, OAuth, OldAccess, Refreshing, RevokeBy, TokenShape,
};
pub(crate) use rules::Absent;
pub(crate) use rules::{
    ConditionLine, DecodeLine, KindLine, LookLine, ReadersLine, ResourceLine, RevisionLine, SameLine,
    ScopesLine, SlashLine, UndoLine, UnnamedLine,
};
pub(crate) use which::{Which, glob};

/// The effects of an operation that no rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Unlisted {
    /// The service does not load. Every operation must be listed.
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
pub(crate) struct Overlay {
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    #[serde(default)]
    pub(crate) dialect: Dialect,
    /// How to tell a credential of the service from a pass.
    #[serde(default)]
    pub(crate) credential: CredentialMarks,
    /// How to recognize the service's own clients.
    #[serde(default)]
    pub(crate) clients: ClientMarks,
    /// The description that the service's clients ask for, if they build themselves from one.
    pub(crate) discovery: Option<Discovery>,
    /// POST with `X-HTTP-Method-Override: GET` and a form body counts as that GET.
    #[serde(default)]
    pub(crate) get_over_post: bool,
    #[serde(default)]
    pub(crate) carriers: Carriers,
    /// Argument to the letters with which its ids begin. Any other id is refused, so that a thing has one name.
    #[serde(default)]
    pub(crate) ids: BTreeMap<String, String>,
    /// Arguments that are UUIDs. The service takes them with and without dashes. Anything else is refused. Facts have
    /// them as answers do: with dashes, in lower case.
    #[serde(default)]
    pub(crate) uuids: BTreeSet<String>,
    /// Arguments that are names and that the service compares ignoring case. Facts have them in lower case.
    #[serde(default)]
    pub(crate) folded: BTreeSet<String>,
    /// Kinds of things whose ids the service compares ignoring case.
    #[serde(default)]
    pub(crate) folded_kinds: BTreeSet<String>,
    /// Arguments that are names, to a suffix that may follow the name without being part of it.
    #[serde(default)]
    pub(crate) suffixes: BTreeMap<String, String>,
    /// `ARGUMENT` or `OPERATION ARGUMENT` to the word that there means the account's own address. Addresses are
    /// compared ignoring case.
    #[serde(default)]
    pub(crate) own: BTreeMap<String, String>,
    /// Like `own`, for ids of things that answers show, by their kind.
    #[serde(default)]
    pub(crate) own_kinds: BTreeMap<String, String>,
    /// Parameters common to all operations that are always refused, with the reason.
    #[serde(default)]
    pub(crate) refused: BTreeMap<String, String>,
    /// Paths that take several requests in one.
    #[serde(default)]
    pub(crate) batch_paths: Vec<String>,
    /// Path parameters of several segments that name a directory. A slash at the end means nothing.
    #[serde(default)]
    pub(crate) directories: Vec<String>,
    /// Request headers that may be sent in addition to the common ones, in lower case.
    #[serde(default)]
    pub(crate) request_headers: Vec<String>,
    /// Response headers that may be passed on in addition to the common ones, in lower case. A name may end with `*`.
    #[serde(default)]
    pub(crate) response_headers: Vec<String>,
    /// Fields, anywhere in answers, that hold a credential nobody asked for.
    #[serde(default)]
    pub(crate) masked: Vec<String>,
    pub(crate) oauth: Option<OAuth>,
    /// What answers say about the connection itself.
    #[serde(default)]
    pub(crate) provider: Manners,
    /// Parameters that say whose data a request is about. A request may give only the word listed here or, in the path,
    /// the connection's own account.
    #[serde(default)]
    pub(crate) pinned: BTreeMap<String, String>,
    #[serde(default)]
    unlisted: Unlisted,
    /// Operation id to all its effects.
    #[serde(default)]
    effects: BTreeMap<String, Vec<Effect>>,
    /// Adds effects to those of the method.
    #[serde(default, rename = "effect")]
    added: Vec<EffectRule>,
    /// Rules that remove effects if the request lacks the arguments that cause them.
    #[serde(default, rename = "only_when")]
    pub(crate) conditions: Vec<ConditionLine>,
    #[serde(default, rename = "resource")]
    pub(crate) resources: Vec<ResourceLine>,
    #[serde(default, rename = "unnamed")]
    pub(crate) unnamed: Vec<UnnamedLine>,
    #[serde(default, rename = "kind")]
    pub(crate) kinds: Vec<KindLine>,
    #[serde(default, rename = "revision")]
    pub(crate) revisions: Vec<RevisionLine>,
    #[serde(default, rename = "same")]
    pub(crate) same: Vec<SameLine>,
    /// Operations where an `id` at the top of the body is not the id of the thing at the end of the path.
    #[serde(default)]
    pub(crate) other_ids: Vec<String>,
    /// Pairs of kinds. One thing may be of both.
    #[serde(default)]
    pub(crate) twins: Vec<[String; 2]>,
    #[serde(default, rename = "decode")]
    pub(crate) decodes: Vec<DecodeLine>,
    /// Who reads what operations change. The first rule that names an operation counts.
    #[serde(default)]
    pub(crate) readers: Vec<ReadersLine>,
    /// Arguments that clients invent for each request (such as a number that marks a repeat) and that no recipient
    /// notices. They do not make a request a different question. Body fields by dotted path.
    #[serde(default)]
    pub(crate) nonces: Vec<String>,
    /// Titles for operations and for the things they are about.
    #[serde(default)]
    pub(crate) titles: Titles,
    /// Scopes that operations certainly accept. The first rule that names an operation counts. If no rule names it,
    /// nobody knows its scopes.
    #[serde(default)]
    pub(crate) scopes: Vec<ScopesLine>,
    #[serde(default)]
    pub(crate) undo: Vec<UndoLine>,
    #[serde(default, rename = "look")]
    pub(crate) looks: Vec<LookLine>,
    /// What answers show.
    #[serde(default, rename = "answer")]
    pub(crate) answers: Vec<AnswerLine>,
    /// Groups of fields of answers that repeat each other, in whole or in part. `*` stands for every field.
    #[serde(default)]
    pub(crate) repeats: Vec<Vec<String>>,
    /// Fields that identify a kind of thing: an object with all of them is of that kind, whatever the name of its
    /// type.
    #[serde(default)]
    pub(crate) things: Vec<Vec<String>>,
    /// Things in answers that have a time of their own, wherever they stand. The first rule that fits counts.
    #[serde(default)]
    pub(crate) nested: Vec<NestedLine>,
    /// Answers that are the content of a file.
    #[serde(default)]
    pub(crate) content: Vec<ContentLine>,
    /// Media types of the answers that the description has, in lower case. `*` stands for anything.
    #[serde(default)]
    pub(crate) plain: Vec<String>,
    #[serde(default, rename = "slash")]
    pub(crate) slashes: Vec<SlashLine>,
    /// Path parameter to the operations with a body that renames it.
    #[serde(default)]
    pub(crate) renames: BTreeMap<String, Vec<String>>,
    /// Operations whose last path parameter may be missing.
    #[serde(default)]
    pub(crate) shorter: Which,
    /// Operation id to another type that its JSON body may be of.
    #[serde(default)]
    pub(crate) bodies: BTreeMap<String, String>,
    /// Operation id to the media types of its body.
    #[serde(default)]
    pub(crate) media: BTreeMap<String, Vec<String>>,
}

impl Overlay {
    pub(crate) fn parse(text: &str) -> Result<Self, FactsError> {
        let overlay: Self =
            toml::from_str(text).map_err(|error| FactsError::new(format!("the overlay: {error}")))?;
        overlay.credential.check()?;
        overlay.clients.check()?;
        if let Some(oauth) = &overlay.oauth {
            oauth.check()?;
        }
        Ok(overlay)
    }

    /// The overlay of a service that nobody reviewed.
    pub(crate) fn unreviewed() -> Self {
        Self { unlisted: Unlisted::AtWorst, ..Self::default() }
    }

    /// The effects of one operation and their basis: the list or, without one, the derived effects, and every rule
    /// that names it.
    pub(crate) fn effects_of(&self, line: &OperationLine) -> Result<Vec<Basis>, FactsError> {
        if let Some(listed) = self.effects.get(&line.op) {
            let basis = |effect: &Effect| Basis { effect: *effect, because: Because::Listed };
            return Ok(listed.iter().map(basis).collect());
        }
        let mut found = match self.unlisted {
            Unlisted::Refused => {
                let message = Message::new(format!("the overlay lists no effects for `{}`", line.op));
                return Err(FactsError::new(message.hint(
                    "list them under [effects], or write `unlisted = \"at-worst\"` at the top to have those that are \
                     not listed assumed",
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

    /// The kinds of things that its rules mention without naming a thing.
    pub(crate) fn kinds_named(&self) -> impl Iterator<Item = &str> {
        let unnamed = self.unnamed.iter().flat_map(|line| &line.kinds);
        let restricted = self.kinds.iter().flat_map(|line| &line.names);
        unnamed.chain(restricted).chain(self.twins.iter().flatten()).map(String::as_str)
    }

    /// Whether a person judged every operation.
    pub(crate) fn is_review(&self) -> bool {
        self.unlisted != Unlisted::AtWorst
    }

    /// Finds the operations of every rule, once. A rule that names no operation is a mistake, or left over from an
    /// earlier revision.
    pub(crate) fn settle(&mut self, operations: &[OperationLine]) -> Result<(), FactsError> {
        let index = Index::new(operations);
        let dead = |rule: &str| {
            FactsError::new(Message::new(format!("the overlay's `{rule}` names no operation")).hint(
                "`hallpass services show NAME` lists the operations; ids stand without the service's name",
            ))
        };
        let ids = self
            .effects
            .keys()
            .chain(self.media.keys())
            .chain(self.bodies.keys())
            .chain(self.titles.operations.keys())
            .chain(self.renames.values().flatten())
            .chain(&self.other_ids);
        for id in ids {
            if index.by_id(id).next().is_none() {
                return Err(dead(id));
            }
        }
        let all = (self.added.iter_mut().map(|rule| &mut rule.which))
            .chain(self.resources.iter_mut().map(|line| &mut line.which))
            .chain(self.unnamed.iter_mut().map(|line| &mut line.which))
            .chain(self.kinds.iter_mut().map(|line| &mut line.which))
            .chain(self.revisions.iter_mut().map(|line| &mut line.which))
            .chain(self.same.iter_mut().map(|line| &mut line.which))
            .chain(self.conditions.iter_mut().map(|line| &mut line.which))
            .chain(self.decodes.iter_mut().map(|line| &mut line.which))
            .chain(self.looks.iter_mut().map(|line| &mut line.which))
            .chain(self.scopes.iter_mut().map(|line| &mut line.which))
            .chain(self.undo.iter_mut().map(|line| &mut line.which))
            .chain(self.readers.iter_mut().map(|line| &mut line.which))
            .chain(self.answers.iter_mut().map(|line| &mut line.which))
            .chain(self.content.iter_mut().map(|line| &mut line.which))
            .chain(self.slashes.iter_mut().map(|line| &mut line.which))
            .chain([&mut self.shorter]);
        for which in all {
            which.settle(&index).map_err(|pattern| dead(&pattern))?;
        }
        if let Some(oauth) = &mut self.oauth {
            oauth.settle(&index).map_err(|pattern| dead(&pattern))?;
        }
        if self.readers.iter().any(|line| line.because.trim().is_empty()) {
            return Err(FactsError::new("a rule of the overlay on readers does not say why"));
        }
        // A rule is useless too if it names only operations with listed effects.
        let says = |rule: &&EffectRule| rule.which.chosen.iter().any(|op| !self.effects.contains_key(op));
        match self.added.iter().find(|rule| !says(rule)) {
            Some(rule) => Err(dead(&rule.which.operations.join(", "))),
            None => Ok(()),
        }
    }
}
