//! What an agent sent to exactly one operation and its typed arguments, or a refusal.
//!
//! The request that comes out is built from what was understood: path, query and body are written anew, and
//! nothing that was not understood is in it. Whether it is permitted is decided elsewhere.

use std::sync::Arc;

use crate::names::{Account, ConnectionName};
use crate::request::{Argument, Body, Location, Request};

use super::body::{self, RawBody};
use super::carrier;
use super::hint;
use super::matcher::{End, Form, Found, Search};
use super::meaning;
use super::operation::{Method, Operation};
use super::overlay::Carriers;
use super::path::{self, Segment};
use super::query::{self, scalar};
use super::service::Service;
use super::template::{Span, Template};
use super::types::Shown;

/// A request as it came in, after the pass was taken out and framing was checked.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'a> {
    /// As sent; only the exact spelling of a method is one.
    pub method: &'a str,
    /// The value of `X-HTTP-Method-Override`, where there is one.
    pub method_override: Option<&'a str>,
    /// The upstream host that the agent meant, where the mode shows one; base-URL modes do not.
    pub host: Option<&'a str>,
    /// Escaped as received, the connection's prefix taken off; starts with `/`.
    pub path: &'a str,
    pub query: Option<&'a str>,
    /// Lower-case names. Those that the service does not allow are left out of the request.
    pub headers: &'a [(&'a str, &'a str)],
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

impl<'a> RawRequest<'a> {
    /// One that has nothing but these.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            method_override: None,
            host: None,
            path,
            query: None,
            headers: &[],
            content_type: None,
            body: &[],
        }
    }
}

/// What was expected in place of what came. Says nothing about accounts or what exists upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub expected: String,
    pub got: String,
    pub hint: Option<String>,
}

/// Why a request is not exactly one operation. Boxed, because most requests are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassifyError {
    #[error("{0}")]
    UnknownOperation(Box<Misfit>),
    #[error("{0}")]
    Ambiguous(Box<Misfit>),
    #[error("{0}")]
    ForeignCredential(Box<Misfit>),
    #[error("{0}")]
    UnsupportedMediaType(Box<Misfit>),
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expected {}, got {}", self.expected, self.got)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl ClassifyError {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownOperation(_) => "unknown-operation",
            Self::Ambiguous(_) => "ambiguous-request",
            Self::ForeignCredential(_) => "foreign-credential",
            Self::UnsupportedMediaType(_) => "unsupported-media-type",
        }
    }

    pub fn misfit(&self) -> &Misfit {
        match self {
            Self::UnknownOperation(misfit)
            | Self::Ambiguous(misfit)
            | Self::ForeignCredential(misfit)
            | Self::UnsupportedMediaType(misfit) => misfit,
        }
    }
}

/// The method, query and body that count, after an override was resolved.
pub(super) struct Effective<'a> {
    pub(super) method: Method,
    pub(super) query: Option<&'a str>,
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// The operation, the form it was addressed in and the values of its path.
struct Matched<'s> {
    operation: &'s Arc<Operation>,
    form: Form,
    values: Vec<String>,
}

impl Service {
    /// The one operation that this is, as a request to be decided on.
    pub fn classify(
        &self,
        connection: &ConnectionName,
        account: &Account,
        raw: &RawRequest<'_>,
    ) -> Result<Request, ClassifyError> {
        let effective = self.effective(raw)?;
        let matched = self.matched(raw, effective.method)?;
        let operation = matched.operation;
        if raw.host.is_some_and(|host| !host.eq_ignore_ascii_case(&operation.host)) {
            return Err(unknown(format!("`{}` at its own host", operation.id), "another host".into(), None));
        }
        let template = operation.template_of(matched.form);
        let mut arguments = Vec::new();
        let values = self.path_values(template, matched.values, account, &mut arguments)?;
        let (query, body) = match self.carriers {
            Carriers::Described => self.as_described(operation, &effective, matched.form, &mut arguments)?,
            Carriers::Any => carrier::read(self, operation, &effective, &mut arguments)?,
        };
        meaning::fold(&self.folded, &mut arguments);
        if let Some((expected, got)) = meaning::misnamed(&self.ids, &arguments) {
            return Err(ambiguous(expected, format!("`{}`", shown(got)), None));
        }
        if let Some(name) = meaning::contradiction(operation, &arguments) {
            let expected = format!("`{name}` to say the same everywhere it stands");
            return Err(ambiguous(expected, "two different values".into(), None));
        }
        let resources = meaning::resources(&operation.resources, &arguments);
        let effects = meaning::effects(operation, &arguments);
        Ok(Request {
            connection: connection.clone(),
            account: account.clone(),
            operation: operation.clone(),
            effects,
            catalog: self.digest.clone(),
            path: template.fill(&values),
            query,
            headers: self.headers(raw.headers)?,
            arguments,
            resources,
            body,
        })
    }

    /// The query as it is sent, and the body, each read where the description says that arguments stand.
    fn as_described(
        &self,
        operation: &Operation,
        effective: &Effective<'_>,
        form: Form,
        arguments: &mut Vec<Argument>,
    ) -> Result<(String, Body), ClassifyError> {
        let query = query::read(self, operation, effective.query, form)?;
        arguments.extend(query.arguments);
        let body = RawBody {
            content_type: effective.content_type,
            bytes: effective.body,
            form,
            upload_type: query.upload_type.as_deref(),
        };
        Ok((query.text, body::read(self, operation, &body, arguments)?))
    }

    fn effective<'a>(&self, raw: &RawRequest<'a>) -> Result<Effective<'a>, ClassifyError> {
        let Some(method) = Method::parse(raw.method) else {
            let got = format!("the method `{}`", shown(raw.method));
            return Err(unknown("GET, POST, PUT, PATCH or DELETE".into(), got, None));
        };
        let plain = Effective { method, query: raw.query, content_type: raw.content_type, body: raw.body };
        let Some(wanted) = raw.method_override else { return Ok(plain) };
        let is_form = raw.content_type.is_some_and(|kind| {
            kind.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        let body = std::str::from_utf8(raw.body).ok();
        let is_long_get = self.get_over_post && method == Method::Post && wanted == "GET" && is_form;
        match (is_long_get, raw.query.unwrap_or_default(), body) {
            (true, "", Some(body)) => {
                Ok(Effective { method: Method::Get, query: Some(body), content_type: None, body: &[] })
            }
            _ => Err(ambiguous(
                "a method that is the method meant".into(),
                format!("{method} with `X-HTTP-Method-Override: {}`", shown(wanted)),
                None,
            )),
        }
    }

    fn matched(&self, raw: &RawRequest<'_>, method: Method) -> Result<Matched<'_>, ClassifyError> {
        let segments = path::segments(raw.path)
            .map_err(|problem| ambiguous(problem.0.into(), format!("`{}`", shown(raw.path)), None))?;
        let best = match self.matcher.find(&segments) {
            Search::Best(best) => best,
            Search::Nothing if segments.iter().any(|segment| segment.slashed) => return Err(slashed()),
            Search::Nothing if segments.last().is_some_and(|segment| segment.text.is_empty()) => {
                let got = format!("`{}`", shown(raw.path));
                return Err(ambiguous("a path without `/` at its end".into(), got, None));
            }
            Search::Nothing => return Err(hint::no_operation(self, method, &segments)),
            Search::Several => return Err(several()),
        };
        let ends =
            best.iter().enumerate().flat_map(|(at, found)| found.ends.iter().map(move |end| (at, end)));
        let ends: Vec<(usize, &End)> = ends.filter(|(_, end)| end.method == method).collect();
        let mut fitting =
            ends.iter().filter(|(at, end)| best.get(*at).is_some_and(|found| self.takes(end, found)));
        let (at, end) = match (fitting.next(), fitting.next()) {
            (Some(one), None) => *one,
            (Some(_), Some(_)) => return Err(several()),
            (None, _) => return Err(self.none_fits(&best, &ends, method, &segments)),
        };
        let (Some(operation), Some(found)) = (self.operations.get(end.operation), best.into_iter().nth(at))
        else {
            return Err(hint::no_operation(self, method, &segments));
        };
        if segments.iter().any(|segment| segment.slashed) {
            self.check_slashes(&found, operation, end.form, &segments)?;
        }
        Ok(Matched { operation, form: end.form, values: found.values })
    }

    /// Whether the values are of the types that this operation's path has.
    fn takes(&self, end: &End, found: &Found<'_>) -> bool {
        let template = self.operations.get(end.operation).map(|operation| operation.template_of(end.form));
        template.is_some_and(|template| {
            let mut pairs = template.parameters.iter().zip(&found.values);
            pairs.all(|(parameter, value)| scalar(&self.types, &parameter.ty, value).is_some())
        })
    }

    /// The refusal of a path whose template is there, but not with this method or these values.
    fn none_fits(
        &self,
        best: &[Found<'_>],
        ends: &[(usize, &End)],
        method: Method,
        segments: &[Segment<'_>],
    ) -> ClassifyError {
        let Some((at, end)) = ends.first() else {
            let all: Vec<End> = best.iter().flat_map(|found| found.ends.iter().copied()).collect();
            return hint::other_methods(self, &all, method);
        };
        let (operation, found) = (self.operations.get(end.operation), best.get(*at));
        let template = operation.map(|operation| operation.template_of(end.form));
        let parameters = template.map(|template| template.parameters.as_slice()).unwrap_or_default();
        let mut pairs = parameters.iter().zip(found.map(|found| found.values.as_slice()).unwrap_or_default());
        match pairs.find(|(parameter, value)| scalar(&self.types, &parameter.ty, value).is_none()) {
            Some((parameter, value)) => unknown(
                format!("`{}` to be {}", parameter.name, Shown(&parameter.ty, &self.types)),
                format!("`{}`", shown(value)),
                None,
            ),
            None => hint::no_operation(self, method, segments),
        }
    }

    /// An escaped slash stands only inside a parameter that may hold one, and a reader that decodes before it
    /// splits must not find another operation.
    fn check_slashes(
        &self,
        found: &Found<'_>,
        operation: &Operation,
        form: Form,
        segments: &[Segment<'_>],
    ) -> Result<(), ClassifyError> {
        let template = operation.template_of(form);
        let pairs = template.parameters.iter().zip(&found.values);
        let allowed =
            pairs.clone().all(|(parameter, value)| parameter.span != Span::One || !value.contains('/'));
        let has_escaped = pairs
            .into_iter()
            .any(|(parameter, value)| parameter.span == Span::Escaped && value.contains('/'));
        let split = path::split_further(segments);
        let safe = match self.matcher.find(&split) {
            Search::Best(others) => !has_escaped && others.iter().any(|other| found.same_as(other)),
            Search::Nothing => has_escaped,
            Search::Several => false,
        };
        if allowed && safe { Ok(()) } else { Err(slashed()) }
    }

    /// Types the values of the path. A pinned one is not an argument: it has one value.
    fn path_values(
        &self,
        template: &Template,
        values: Vec<String>,
        account: &Account,
        arguments: &mut Vec<Argument>,
    ) -> Result<Vec<String>, ClassifyError> {
        let mut sent = Vec::with_capacity(values.len());
        for (parameter, value) in template.parameters.iter().zip(values) {
            if let Some(word) = self.pinned.get(parameter.name.as_ref()) {
                if value != *word && !value.eq_ignore_ascii_case(account.as_str()) {
                    let expected =
                        format!("`{}` to be `{word}` or the connection's own account", parameter.name);
                    return Err(ambiguous(expected, "something else".into(), None));
                }
                sent.push(word.clone());
                continue;
            }
            let Some((scalar, text)) = scalar(&self.types, &parameter.ty, &value) else {
                let expected = format!("`{}` to be {}", parameter.name, Shown(&parameter.ty, &self.types));
                return Err(unknown(expected, format!("`{}`", shown(&value)), None));
            };
            arguments.push(Argument {
                name: parameter.name.clone(),
                location: Location::Path,
                value: scalar,
            });
            sent.push(text);
        }
        Ok(sent)
    }

    fn headers(&self, raw: &[(&str, &str)]) -> Result<Vec<(Arc<str>, String)>, ClassifyError> {
        let mut headers: Vec<(Arc<str>, String)> = Vec::new();
        for (name, value) in raw.iter().filter(|(name, _)| self.allows_request_header(name)) {
            let is_plain = value.len() <= 1_000 && value.bytes().all(|b| (0x20..=0x7e).contains(&b));
            if !is_plain || headers.iter().any(|(known, _)| known.as_ref() == *name) {
                let expected = format!("the header `{}` once, in printable ASCII", shown(name));
                return Err(ambiguous(expected, "something else".into(), None));
            }
            headers.push(((*name).into(), (*value).to_owned()));
        }
        headers.sort();
        Ok(headers)
    }
}

fn slashed() -> ClassifyError {
    let hint = "an escaped slash is understood only in parameters that may hold one".to_owned();
    ambiguous("a path without escaped slashes".into(), "`%2F`".into(), Some(hint))
}

fn several() -> ClassifyError {
    ambiguous("a path of one operation".into(), "a path that fits several".into(), None)
}

/// What the agent wrote, cut and escaped so that it can stand in a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(120).flat_map(char::escape_debug).collect()
}

pub(super) fn unknown(expected: String, got: String, hint: Option<String>) -> ClassifyError {
    ClassifyError::UnknownOperation(Box::new(Misfit { expected, got, hint }))
}

fn ambiguous(expected: String, got: String, hint: Option<String>) -> ClassifyError {
    ClassifyError::Ambiguous(Box::new(Misfit { expected, got, hint }))
}
