//! One operation of a service: its address, its arguments, its effects.

use std::sync::Arc;

use crate::catalog::answer::AnswerRule;
use crate::catalog::answers::Answers;
use crate::catalog::content_rule::ContentRule;
use crate::catalog::derive::Basis;
use crate::catalog::finds::Finds;
use crate::catalog::matcher::Form;
use crate::catalog::method::Method;
use crate::catalog::overlay::rules::{Format, Readers};
use crate::catalog::template::Template;
use crate::catalog::title::Title;
use crate::catalog::types::Type;
use crate::catalog::undo::Undo;
use crate::words::effect::Effects;
use crate::words::names::OperationId;

pub(crate) use crate::catalog::overlay::Absent;

/// A parameter of a query or a form.
#[derive(Debug, Clone)]
pub struct QueryParameter {
    pub name: Arc<str>,
    pub ty: Type,
    pub repeated: bool,
    pub required: bool,
    /// Whether its keys are written in brackets: `name[key]`, `name[0]`, `name[]`.
    pub brackets: bool,
}

/// The bodies that an operation takes.
#[derive(Debug, Clone)]
pub struct BodyFacts {
    /// The type of a JSON body.
    pub json: Option<Type>,
    pub required: bool,
    /// The names of a form (`application/x-www-form-urlencoded`), if it takes one.
    pub form: Vec<QueryParameter>,
    /// Media types that pass unchanged: at the upload variant if there is one, else instead of JSON.
    pub media: Vec<Box<str>>,
}

/// A part of the body that means more than its type says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decode {
    pub format: Format,
    /// Its fields, as dotted paths of the JSON body. A message there is base64url.
    pub fields: Vec<Arc<str>>,
    /// Whether an uploaded body has this format too.
    pub media: bool,
    /// Whether the fields must be there. Without them nobody knows whom the operation reaches.
    pub required: bool,
    /// Arguments, each with the values for which the fields say everything. With any other value, nobody knows whom the
    /// operation reaches.
    pub only: Vec<(Arc<str>, Vec<Box<str>>)>,
    /// Like `only`, for arguments that may be absent.
    pub or_absent: Vec<(Arc<str>, Vec<Box<str>>)>,
    /// If one of these arguments is there, the fields do not say everything.
    pub without: Vec<Arc<str>>,
}

/// A look-up: it fetches something that the operation only refers to. `get` is the path and query of the fetching
/// operation. It is called once for each value of its arguments. An argument without a name stands for an id that an
/// earlier look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub finds: Finds,
    pub get: Vec<IdPart>,
    /// Values that mean the account's own thing. For them nothing is fetched.
    pub own: Vec<Box<str>>,
    /// The look-up is for values that begin with one of these letters; empty for all values.
    pub letters: Box<str>,
    /// Arguments that make the look-up unnecessary.
    pub without: Vec<Arc<str>>,
}

/// How to name one thing that an operation touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRule {
    pub kind: Arc<str>,
    pub id: Vec<IdPart>,
    /// Paths. The rule holds only if the last argument is one of them, above one or below one. Without any, it always
    /// holds.
    pub around: Vec<Box<str>>,
    /// Prefixes that are removed from the last argument.
    pub strip: Vec<Box<str>>,
    /// The last argument must be one of these, or begin with one of the letters; empty for any.
    pub values: Vec<Box<str>>,
    pub letters: Box<str>,
    /// Whether facts have the id in lower case, however the request writes it.
    pub folds: Folds,
    /// Only the text before this counts in the last argument.
    pub cut: Option<Box<str>>,
    /// If this lists arguments, the rule needs one of them. With an argument of `unless`, the rule names nothing.
    pub when: Vec<Arc<str>>,
    pub unless: Vec<Arc<str>>,
}

/// An argument that names a point in a repository's history: a branch, a tag, a commit, two of them, or one of
/// another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub argument: Arc<str>,
    /// The argument that names the repository, if the path does not.
    pub repository: Option<Arc<str>>,
    /// Whether a request without the argument means the default branch.
    pub defaults: bool,
}

/// An argument of the path, and the part of the body that must equal it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Same {
    pub argument: Arc<str>,
    pub body: Vec<IdPart>,
    /// Whether the argument may continue behind a `_`.
    pub begins: bool,
}

/// Whether a service's ids are case-sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folds {
    ToLower,
    Nothing,
}

/// A piece of a resource's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdPart {
    Text(Box<str>),
    /// The value of the argument of this name.
    Argument(Arc<str>),
}

/// Effects that an operation has only with certain arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub effects: Effects,
    pub argument: Arc<str>,
    /// One of these values, prefixes, suffixes or contained texts causes the effects. If all lists are empty, the
    /// presence of the argument, or of anything below it, causes them.
    pub values: Vec<Box<str>>,
    pub prefixes: Vec<Box<str>>,
    pub suffixes: Vec<Box<str>>,
    pub parts: Vec<Box<str>>,
    /// Any value but these causes the effects.
    pub others_than: Vec<Box<str>>,
    /// Paths. A value that is one of them, above one or below one causes the effects.
    pub around: Vec<Box<str>>,
    /// If it is `Met`, only the absence of the argument causes the effects.
    pub absent: Absent,
}

/// One method of a service.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: OperationId,
    pub method: Method,
    /// Every effect that it can have. `Request::effects` has only those that a request's arguments cause.
    pub effects: Effects,
    /// The reason for each effect.
    pub derived: Vec<Basis>,
    pub conditions: Vec<Condition>,
    /// The host that its requests go to; empty if the description names none.
    pub host: Arc<str>,
    pub template: Template,
    pub query: Vec<QueryParameter>,
    pub body: Option<BodyFacts>,
    /// The path of the upload variant.
    pub upload: Option<Template>,
    /// The path without its last parameter, if that parameter is optional.
    pub shorter: Option<Template>,
    pub resources: Vec<ResourceRule>,
    /// How it refers to things without their ids.
    pub unnamed: Vec<ResourceRule>,
    pub revisions: Vec<Revision>,
    /// The kinds of things that it may touch without naming them.
    pub touched: Vec<Arc<str>>,
    /// Pairs of kinds. One thing may be of both.
    pub twins: Arc<[[Arc<str>; 2]]>,
    pub same: Vec<Same>,
    pub decode: Vec<Decode>,
    /// Arguments that clients invent each time, and that no recipient notices.
    pub nonces: Vec<Arc<str>>,
    /// What it does, in words for a person.
    pub title: Title,
    /// The request that restores what it removes, if there is one.
    pub undo: Option<Undo>,
    /// Its look-ups, in the order in which they can be fetched.
    pub looks: Vec<Look>,
    /// Who reads what it changes.
    pub readers: Readers,
    /// Whether the answer may send the caller to another URL.
    pub redirects: bool,
    /// Scopes of which a grant must have one; empty if neither the description nor the overlay names any.
    pub scopes: Box<[Box<str>]>,
    /// What its answers show; none if nobody can judge them.
    pub answer: Option<Arc<AnswerRule>>,
    /// Which of its answers are the content of a file.
    pub content: Vec<ContentRule>,
    /// The rules for all answers of the service.
    pub all: Arc<Answers>,
    /// Path parameters that may differ from the body's field of the same name: a rename.
    pub renames: Vec<Arc<str>>,
}

impl Operation {
    /// Its address: `GET /repos/{owner}/{repo}`.
    pub fn address(&self) -> String {
        format!("{} {}", self.method, self.template.shown())
    }

    /// Whether its requests can name a thing of this kind by its id.
    pub fn names(&self, kind: &str) -> bool {
        let by_revision = || !self.revisions.is_empty() && KINDS.contains(&kind);
        self.resources.iter().any(|rule| *rule.kind == *kind) || by_revision()
    }

    /// Whether its requests can touch a thing of this kind, named or not.
    pub fn may_touch(&self, kind: &str) -> bool {
        self.names(kind)
            || self.unnamed.iter().any(|rule| *rule.kind == *kind)
            || self.touched.iter().any(|touched| **touched == *kind)
    }

    /// Its id without the service.
    pub fn own_id(&self) -> &str {
        let own = self.id.as_str().strip_prefix(self.id.service()).and_then(|rest| rest.strip_prefix('.'));
        own.unwrap_or(self.id.as_str())
    }

    /// The names that a form body has.
    pub fn form(&self) -> &[QueryParameter] {
        self.body.as_ref().map(|body| body.form.as_slice()).unwrap_or_default()
    }

    pub(crate) fn template_of(&self, form: Form) -> &Template {
        match form {
            Form::Plain => &self.template,
            Form::Upload => self.upload.as_ref().unwrap_or(&self.template),
            Form::Shorter => self.shorter.as_ref().unwrap_or(&self.template),
        }
    }
}

/// The kinds of things that a point in history can name.
pub(crate) const KINDS: [&str; 6] = ["branch", "commit", "issue", "pull", "repo", "tag"];
