//! One operation of a service: how it is addressed, what it takes, what it does.

use std::fmt;
use std::sync::Arc;

use crate::effect::Effects;
use crate::lookup::Finds;
use crate::names::OperationId;

use super::answer::AnswerRule;
use super::derive::Basis;
use super::matcher::Form;
use super::template::Template;
use super::types::Type;

/// The HTTP methods that an operation can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of exactly this spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A parameter of a query or a form.
#[derive(Debug, Clone)]
pub struct QueryParameter {
    pub name: Arc<str>,
    pub ty: Type,
    pub repeated: bool,
    pub required: bool,
    /// Written with its keys in brackets: `name[key]`, `name[0]`, `name[]`.
    pub brackets: bool,
}

/// What an operation takes as its body.
#[derive(Debug, Clone)]
pub struct BodyFacts {
    /// The type of a JSON body.
    pub json: Option<Type>,
    pub required: bool,
    /// The names that a form has (`application/x-www-form-urlencoded`), where one is taken.
    pub form: Vec<QueryParameter>,
    /// Media types that are taken as they are: at the upload twin where there is one, else in place of JSON.
    pub media: Vec<Box<str>>,
}

/// A part of the body that holds more than its type says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decode {
    pub format: Format,
    /// Where it stands, by dotted path of the JSON body; its content is base64url where it is a message.
    pub fields: Vec<Arc<str>>,
    /// Whether an uploaded body is in that format too.
    pub media: bool,
    /// The fields have to be there: without them nobody knows whom the operation reaches.
    pub required: bool,
    /// Arguments, each with the values with which the fields say everything. With any other, nobody knows.
    pub only: Vec<(Arc<str>, Vec<Box<str>>)>,
    /// The same of arguments that may be absent.
    pub or_absent: Vec<(Arc<str>, Vec<Box<str>>)>,
    /// Arguments with which the fields do not say everything.
    pub without: Vec<Arc<str>>,
}

/// A format inside a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An e-mail message (RFC 822 and its successors).
    Rfc822,
    /// One address, or a list of them, each as it is.
    Addresses,
}

/// What an operation refers to and does not say, and the path and query of the operation that fetches it: once for each
/// value of the arguments in it. An argument without a name stands for what an earlier look-up pointed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub finds: Finds,
    pub get: Vec<IdPart>,
    /// Values that name what is the account's alone: for them nothing is fetched.
    pub own: Vec<Box<str>>,
    /// The letters that a value begins with for which it is meant; empty for all.
    pub letters: Box<str>,
    /// Arguments with which nothing is fetched.
    pub without: Vec<Arc<str>>,
}

/// How to name one thing that an operation touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRule {
    pub kind: Arc<str>,
    pub id: Vec<IdPart>,
    /// Paths: only where the last argument is around one of them. Without any: always.
    pub around: Vec<Box<str>>,
    /// Taken off the last argument where it begins with one of them.
    pub strip: Vec<Box<str>>,
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
    /// Any of these values, prefixes and suffixes, in any case, brings them about. With no values named at all, that the argument or anything
    /// below it is there does.
    pub values: Vec<Box<str>>,
    pub prefixes: Vec<Box<str>>,
    pub suffixes: Vec<Box<str>>,
    /// Any value but these brings them about.
    pub others_than: Vec<Box<str>>,
    /// Paths: a value that is one of them, lies below it or has it below itself brings them about.
    pub around: Vec<Box<str>>,
}

/// One method of a service.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: OperationId,
    pub method: Method,
    /// Every effect that it can have. A request has those that its arguments bring about (`Request::effects`).
    pub effects: Effects,
    /// Why it has each of them.
    pub derived: Vec<Basis>,
    pub conditions: Vec<Condition>,
    /// The upstream's host; empty where the service names none.
    pub host: Arc<str>,
    pub template: Template,
    pub query: Vec<QueryParameter>,
    pub body: Option<BodyFacts>,
    /// The path of the upload twin.
    pub upload: Option<Template>,
    /// The path without its last parameter, where that may be missing.
    pub shorter: Option<Template>,
    pub resources: Vec<ResourceRule>,
    pub decode: Vec<Decode>,
    /// In the order in which they can be fetched.
    pub looks: Vec<Look>,
    /// The service reaches people by addresses: an operation that reaches some, and holds no message that is
    /// decoded, is one whose recipients nobody knows.
    pub addressed: bool,
    /// The answer may send the caller to another URL.
    pub redirects: bool,
    /// What its answers show; none where they cannot be judged.
    pub answer: Option<Arc<AnswerRule>>,
    /// Fields of the service's answers that repeat what other fields say.
    pub repeats: Arc<[Box<str>]>,
    /// Names of path parameters that may differ from the body's field of the same name: a rename.
    pub renames: Vec<Arc<str>>,
}

impl Operation {
    /// How it is addressed: `GET /repos/{owner}/{repo}`.
    pub fn address(&self) -> String {
        format!("{} {}", self.method, self.template.shown())
    }

    /// The names that a form body has.
    pub fn form(&self) -> &[QueryParameter] {
        self.body.as_ref().map(|body| body.form.as_slice()).unwrap_or_default()
    }

    pub(super) fn template_of(&self, form: Form) -> &Template {
        match form {
            Form::Plain => &self.template,
            Form::Upload => self.upload.as_ref().unwrap_or(&self.template),
            Form::Shorter => self.shorter.as_ref().unwrap_or(&self.template),
        }
    }
}
