//! Turns an agent's request into exactly one operation with typed arguments, or refuses it.
//!
//! The resulting request is built from what was understood: path, query and body are written anew, and hold nothing
//! else. Whether it is permitted is decided elsewhere.
//!
//! - Invariant: An id in the body equals the one in the path, whatever the body calls it
//!   (`what_a_body_calls_by_another_name_says_the_same_as_the_path`).

use std::sync::Arc;

use crate::catalog::matcher::{End, Form, Match, MatchOutcome};
use crate::catalog::method::Method;
use crate::catalog::operation::Operation;
use crate::catalog::overlay::Carriers;
use crate::catalog::path::{self, Segment};
use crate::catalog::service::Service;
use crate::catalog::template::{Span, Template};
use crate::catalog::types::TypeText;
use crate::classify::body::{self, RawBody};
use crate::classify::misfit::{ClassifyError, ambiguous, shown, unknown};
use crate::classify::pairs::scalar;
use crate::classify::raw::{Effective, RawRequest};
use crate::classify::things::Things;
use crate::classify::{carrier, hint, meaning, naming, query};
use crate::request::argument::{Argument, Location};
use crate::request::asked::Asked;
use crate::request::canonical::{Body, Request};
use crate::request::mask::Mask;
use crate::words::names::{Account, ConnectionName};

/// The operation, its form of address, and the values of its path.
struct Matched<'s> {
    operation: &'s Arc<Operation>,
    form: Form,
    values: Vec<String>,
}

impl Service {
    /// The one operation of this request, as a request to be decided on.
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
        let (query, mask, body) = match self.carriers {
            Carriers::Described => self.as_described(operation, &effective, matched.form, &mut arguments)?,
            Carriers::Any => {
                let (query, body) = carrier::read(self, operation, &effective, &mut arguments)?;
                (query, None, body)
            }
        };
        naming::spell(self, operation, account, &mut arguments);
        let misnamed = meaning::misnamed(&self.ids, &arguments);
        if let Some((expected, got)) = misnamed.or_else(|| meaning::no_uuid(&self.uuids, &arguments)) {
            return Err(ambiguous(expected, format!("`{}`", shown(got)), None));
        }
        if let Some(name) = meaning::contradiction(operation, &arguments) {
            let expected = format!("`{name}` to say the same everywhere it stands");
            return Err(ambiguous(expected, "two different values".into(), None));
        }
        let Things { resources, unnamed } = naming::things(operation, &arguments);
        let effects = meaning::effects(operation, &arguments);
        let headers = self.headers(raw.headers)?;
        let asked = Asked::of(operation, mask, &headers, &arguments);
        Ok(Request {
            connection: connection.clone(),
            account: account.clone(),
            operation: operation.clone(),
            effects,
            catalog: self.digest.clone(),
            path: template.fill(&values),
            query,
            headers,
            asked,
            arguments,
            resources,
            unnamed,
            body,
        })
    }

    /// The query to send and the body, each read if the description says that arguments are there.
    fn as_described(
        &self,
        operation: &Operation,
        effective: &Effective<'_>,
        form: Form,
        arguments: &mut Vec<Argument>,
    ) -> Result<(String, Option<Mask>, Body), ClassifyError> {
        let query = query::read(self, operation, effective.query, form)?;
        arguments.extend(query.arguments);
        let body = RawBody {
            content_type: effective.content_type,
            bytes: effective.body,
            form,
            upload_type: query.upload_type.as_deref(),
        };
        Ok((query.text, query.mask, body::read(self, operation, &body, arguments)?))
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
        let mut segments = path::segments(raw.path)
            .map_err(|problem| ambiguous(problem.0.into(), format!("`{}`", shown(raw.path)), None))?;
        if method == Method::Get && self.is_directory(&segments) {
            segments.pop();
        }
        let best = match self.matcher.find(&segments) {
            MatchOutcome::Best(best) => best,
            MatchOutcome::Nothing if segments.iter().any(|segment| segment.slashed) => return Err(slashed()),
            MatchOutcome::Nothing if segments.last().is_some_and(|segment| segment.text.is_empty()) => {
                let got = format!("`{}`", shown(raw.path));
                return Err(ambiguous("a path without `/` at its end".into(), got, None));
            }
            MatchOutcome::Nothing => return Err(hint::no_operation(self, method, &segments)),
            MatchOutcome::Several => return Err(several()),
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

    /// Whether the path ends in a slash behind a directory parameter, like `/contents/` and `/contents/src/`. Such a
    /// path means the same without the slash. Any other path with a trailing slash is another path.
    fn is_directory(&self, segments: &[Segment<'_>]) -> bool {
        let Some((_, shorter)) = segments.split_last().filter(|(last, _)| last.text.is_empty()) else {
            return false;
        };
        let (MatchOutcome::Nothing, MatchOutcome::Best(best)) =
            (self.matcher.find(segments), self.matcher.find(shorter))
        else {
            return false;
        };
        let mut ends = best.iter().flat_map(|found| found.ends).filter(|end| end.method == Method::Get);
        ends.all(|end| {
            let operation = self.operations.get(end.operation);
            let last = operation.and_then(|operation| operation.template.last_parameter());
            end.form != Form::Upload
                && last.is_some_and(|last| self.directories.iter().any(|name| **name == *last.name))
        })
    }

    /// Whether the values have the types of this operation's path.
    fn takes(&self, end: &End, found: &Match<'_>) -> bool {
        let template = self.operations.get(end.operation).map(|operation| operation.template_of(end.form));
        template.is_some_and(|template| {
            let mut pairs = template.parameters.iter().zip(&found.values);
            pairs.all(|(parameter, value)| scalar(&self.types, &parameter.ty, value).is_some())
        })
    }

    /// The refusal of a path with a known template, but another method or other values.
    fn none_fits(
        &self,
        best: &[Match<'_>],
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
                format!("`{}` to be {}", parameter.name, TypeText(&parameter.ty, &self.types)),
                format!("`{}`", shown(value)),
                None,
            ),
            None => hint::no_operation(self, method, segments),
        }
    }

    /// An escaped slash may be only inside a parameter that allows one, and a reader that decodes before it splits
    /// must not find another operation.
    fn check_slashes(
        &self,
        found: &Match<'_>,
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
            MatchOutcome::Best(others) => !has_escaped && others.iter().any(|other| found.same_as(other)),
            MatchOutcome::Nothing => has_escaped,
            MatchOutcome::Several => false,
        };
        if allowed && safe { Ok(()) } else { Err(slashed()) }
    }

    /// Gives the values of the path their types. A pinned parameter has one value, so it is no argument.
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
                    return Err(ambiguous(expected, format!("`{}`", shown(&value)), None));
                }
                sent.push(word.clone());
                continue;
            }
            let Some((scalar, text)) = scalar(&self.types, &parameter.ty, &value) else {
                let expected = format!("`{}` to be {}", parameter.name, TypeText(&parameter.ty, &self.types));
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
}

fn slashed() -> ClassifyError {
    let hint = "an escaped slash is understood only in parameters that may hold one".to_owned();
    ambiguous("a path without escaped slashes".into(), "`%2F`".into(), Some(hint))
}

fn several() -> ClassifyError {
    ambiguous("a path of one operation".into(), "a path that fits several".into(), None)
}
