//! A query string to typed arguments, by the names that the operation has and no others.
//!
//! `application/x-www-form-urlencoded`, strictly: every pair has a name and a `=`, escapes are well formed,
//! a name stands twice only where it may repeat. What is written back is escaped in one way.

use std::collections::HashSet;

use crate::request::{Argument, Location, Scalar};

use super::brackets::Brackets;
use super::classify::{ClassifyError, Misfit, shown};
use super::operation::{Operation, QueryParameter};
use super::path::{decode, push_escaped};
use super::service::Service;
use super::types::{Shown, Type, Types};

/// Names under which a credential or a second caller's identity travels in a query.
const CREDENTIAL_NAMES: [&str; 22] = [
    "access_key",
    "access_token",
    "api_key",
    "apikey",
    "assertion",
    "auth",
    "auth_token",
    "authorization",
    "bearer",
    "bearer_token",
    "client_assertion",
    "client_id",
    "client_secret",
    "id_token",
    "jwt",
    "key",
    "oauth_token",
    "password",
    "refresh_token",
    "sig",
    "signature",
    "token",
];

/// Names by which some servers take another method or another encoding from the query.
const SWITCH_NAMES: [&str; 7] = [
    "$method",
    "_method",
    "_httpmethod",
    "callback",
    "http_method",
    "x-http-method",
    "x-http-method-override",
];

pub(super) const MAX_PAIRS: usize = 2_000;

/// Whether a value may have several lines.
#[derive(Debug, Clone, Copy)]
pub(super) enum Breaks {
    Refused,
    InValues,
}

/// A query as it was understood.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// Written back, without `?`.
    pub(super) text: String,
    pub(super) arguments: Vec<Argument>,
    /// How the body of an upload twin is packed.
    pub(super) upload_type: Option<String>,
}

/// Reads a query for an operation. `upload`: at its upload twin, where `uploadType` is said.
pub(super) fn read(
    service: &Service,
    operation: &Operation,
    raw: Option<&str>,
    form: super::matcher::Form,
) -> Result<Query, ClassifyError> {
    let mut query = Query::default();
    let mut brackets = Brackets::default();
    let mut seen = HashSet::new();
    for (count, pair) in
        raw.filter(|raw| !raw.is_empty()).into_iter().flat_map(|raw| raw.split('&')).enumerate()
    {
        if count >= MAX_PAIRS {
            return Err(ambiguous("at most 2000 query parameters", "more", None));
        }
        let (name, value) = read_pair(pair, Breaks::Refused)?;
        if name == "uploadType" && form == super::matcher::Form::Upload {
            if query.upload_type.replace(value.clone()).is_some() {
                return Err(repeated(&name));
            }
            push_pair(&mut query.text, &name, &value);
            continue;
        }
        if brackets.take(&operation.query, &name, &value)? {
            continue;
        }
        let own = operation.query.iter().find(|parameter| *parameter.name == *name);
        let common = || service.common_query.iter().find(|parameter| *parameter.name == *name);
        let Some(parameter) = own.or_else(common) else {
            return Err(unknown(operation, &name));
        };
        if !seen.insert(parameter.name.clone()) && !parameter.repeated {
            return Err(repeated(&name));
        }
        let unfit = || {
            let expected = format!("`{name}` to be {}", Shown(&parameter.ty, &service.types));
            ambiguous(&expected, &format!("`{}`", shown(&value)), None)
        };
        if let Type::List(item) = service.types.resolve(&parameter.ty) {
            let values = items(&service.types, item, &value).ok_or_else(unfit)?;
            push_list(&mut query.text, &name, &values);
            let argument =
                |(value, _)| Argument { name: parameter.name.clone(), location: Location::Query, value };
            query.arguments.extend(values.into_iter().map(argument));
            continue;
        }
        let Some((scalar, text)) = scalar(&service.types, &parameter.ty, &value) else {
            return Err(unfit());
        };
        push_pair(&mut query.text, &name, &text);
        if let Some(word) = service.pinned.get(name.as_str()) {
            if text != *word {
                return Err(ambiguous(&format!("`{name}` to be `{word}`"), "something else", None));
            }
            continue;
        }
        // What every operation of the service takes shapes the answer, and is no argument of this one.
        if own.is_some() {
            query.arguments.push(Argument {
                name: parameter.name.clone(),
                location: Location::Query,
                value: scalar,
            });
        }
    }
    seen.extend(brackets.names());
    require(&operation.query, &seen)?;
    for (name, text) in brackets.finish(&service.types, Location::Query, &mut query.arguments)? {
        push_pair(&mut query.text, &name, &text);
    }
    Ok(query)
}

pub(super) fn require(
    parameters: &[QueryParameter],
    seen: &HashSet<std::sync::Arc<str>>,
) -> Result<(), ClassifyError> {
    match parameters.iter().find(|parameter| parameter.required && !seen.contains(&parameter.name)) {
        None => Ok(()),
        Some(missing) => {
            Err(ambiguous(&format!("the argument `{}`", missing.name), "a request without it", None))
        }
    }
}

pub(super) fn read_pair(pair: &str, breaks: Breaks) -> Result<(String, String), ClassifyError> {
    let raw_problem =
        |byte: u8| !(0x21..=0x7e).contains(&byte) || matches!(byte, b'#' | b';' | b'\\' | b'"' | b'<' | b'>');
    if pair.bytes().any(raw_problem) {
        return Err(ambiguous(
            "a query of escaped `name=value` pairs joined by `&`",
            "a raw character that has to be escaped",
            None,
        ));
    }
    let Some((name, value)) = pair.split_once('=') else {
        return Err(ambiguous("a query of `name=value` pairs", &format!("`{}`", shown(pair)), None));
    };
    let read = |raw: &str, allowed: &[char]| {
        let spaced = raw.replace('+', " ");
        let refused = |c: char| c.is_control() && !allowed.contains(&c);
        decode(&spaced).map(std::borrow::Cow::into_owned).filter(|text| !text.chars().any(refused))
    };
    let allowed: &[char] = match breaks {
        Breaks::Refused => &[],
        Breaks::InValues => &['\n', '\r', '\t'],
    };
    match (read(name, &[]), read(value, allowed)) {
        (Some(name), Some(value)) if !name.is_empty() => Ok((name, value)),
        _ => Err(ambiguous(
            "names and values that are escaped UTF-8 without control characters",
            "something else",
            None,
        )),
    }
}

pub(super) fn push_pair(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push('&');
    }
    push_escaped(text, name);
    text.push('=');
    push_escaped(text, value);
}

/// The values of a list that is written in one, with commas between them. A value without text is none.
fn items(types: &Types, ty: &Type, text: &str) -> Option<Vec<(Scalar, String)>> {
    text.split(',').map(|item| scalar(types, ty, item).filter(|_| !item.is_empty())).collect()
}

/// The commas stand as they are, so that a reader that splits before it decodes finds the same values.
fn push_list(text: &mut String, name: &str, values: &[(Scalar, String)]) {
    push_pair(text, name, "");
    for (place, (_, value)) in values.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        push_escaped(text, value);
    }
}

/// A value that stands in a URL as its type says, and how it is written.
pub(super) fn scalar(types: &Types, ty: &Type, text: &str) -> Option<(Scalar, String)> {
    let as_string = || Some((Scalar::String(text.to_owned()), text.to_owned()));
    match types.resolve(ty) {
        Type::String | Type::Any => as_string(),
        Type::Literal(value) => (value.as_ref() == text).then(as_string)?,
        Type::Int => integer(text),
        Type::Number => {
            // As in a body: a whole number compares as one.
            if let Some(whole) = integer(text) {
                return Some(whole);
            }
            let number: f64 = text.parse().ok()?;
            let is_plain =
                number.is_finite() && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
            is_plain.then(|| (Scalar::Other(text.to_owned()), text.to_owned()))
        }
        // Python's spelling of the two words is common enough to be understood, and is sent as JSON's.
        Type::Bool => match text {
            "true" | "True" => Some((Scalar::Bool(true), "true".into())),
            "false" | "False" => Some((Scalar::Bool(false), "false".into())),
            _ => None,
        },
        Type::OneOf(options) => options.iter().find_map(|option| scalar(types, option, text)),
        Type::Null | Type::List(_) | Type::Map(_) | Type::Named(_) => None,
    }
}

fn integer(text: &str) -> Option<(Scalar, String)> {
    let number: i64 = text.parse().ok()?;
    let is_plain =
        number.to_string() == text && number.unsigned_abs() <= crate::json::MAX_SAFE_INTEGER.unsigned_abs();
    is_plain.then(|| (Scalar::Int(number), text.to_owned()))
}

/// The refusal of an argument that the operation does not have.
pub(super) fn unknown(operation: &Operation, name: &str) -> ClassifyError {
    let lower = name.to_ascii_lowercase();
    if CREDENTIAL_NAMES.contains(&lower.as_str()) {
        return ClassifyError::ForeignCredential(Box::new(Misfit {
            expected: "no credential beside the pass".into(),
            got: format!("the argument `{lower}`"),
            hint: Some("the gateway adds the account's own credential; leave this one out".into()),
        }));
    }
    if SWITCH_NAMES.contains(&lower.as_str()) {
        return ambiguous(
            "arguments that change neither the method nor the kind of answer",
            &format!("`{}`", shown(name)),
            None,
        );
    }
    let hint = match (name, name.strip_suffix("[]")) {
        ("uploadType" | "upload_protocol", _) => {
            Some("`uploadType` belongs to paths under /upload/".to_owned())
        }
        (_, Some(plain)) => Some(format!("repeat `{plain}` without brackets")),
        _ => nearest(operation, name),
    };
    let expected = format!("query parameters that `{}` has", operation.id);
    ambiguous(&expected, &format!("`{}`", shown(name)), hint)
}

fn nearest(operation: &Operation, name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase().replace('_', "");
    let mut known = operation.query.iter().chain(operation.form());
    let same = known.find(|known| known.name.to_ascii_lowercase().replace('_', "") == lower);
    match same {
        Some(known) => Some(format!("did you mean `{}`?", known.name)),
        None if operation.query.is_empty() && operation.form().is_empty() => {
            Some("it has none of its own".into())
        }
        None => {
            let all = operation.query.iter().chain(operation.form());
            let names: Vec<&str> = all.map(|known| known.name.as_ref()).collect();
            Some(format!("it has {}", names.join(", ")))
        }
    }
}

pub(super) fn repeated(name: &str) -> ClassifyError {
    ambiguous(&format!("`{}` once", shown(name)), "it twice", None)
}

pub(super) fn ambiguous(expected: &str, got: &str, hint: Option<String>) -> ClassifyError {
    ClassifyError::Ambiguous(Box::new(Misfit { expected: expected.into(), got: got.into(), hint }))
}
