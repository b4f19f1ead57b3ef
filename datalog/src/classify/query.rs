//! Turns a query string into typed arguments, by the operation's own names and no others.
//!
//! It reads `application/x-www-form-urlencoded` strictly: every pair has a name and a `=`, escapes are well formed, and
//! a name repeats only if it may. The query is written back with one kind of escapes.

use std::collections::HashSet;

use crate::catalog::operation::{Operation, QueryParameter};
use crate::catalog::path::{decode, push_escaped};
use crate::catalog::service::Service;
use crate::catalog::types::{Type, TypeText, Types};
use crate::classify::brackets::Brackets;
use crate::classify::misfit::{ClassifyError, Misfit, shown};
use crate::classify::pairs::{BREAKS, Breaks, ambiguous, repeated, scalar};
use crate::request::argument::{Argument, Location, Scalar};
use crate::request::asked::MASKS;
use crate::request::mask::Mask;
use crate::request::wire::push_pair;

/// Query parameters that carry a credential, or a second caller's identity.
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

/// Query parameters from which some servers take another method or encoding.
const SWITCH_NAMES: [&str; 7] = [
    "$method",
    "_method",
    "_httpmethod",
    "callback",
    "http_method",
    "x-http-method",
    "x-http-method-override",
];

pub(crate) const MAX_PAIRS: usize = 2_000;

/// A query as it was understood.
#[derive(Debug, Default)]
pub(crate) struct RequestQuery {
    /// Written back, without `?`.
    pub(crate) text: String,
    pub(crate) arguments: Vec<Argument>,
    /// The packing of an upload variant's body.
    pub(crate) upload_type: Option<String>,
    /// The requested part of the answer, by a parameter common to all operations.
    pub(crate) mask: Option<Mask>,
}

/// Reads a query for an operation. `upload`: at its upload variant, which needs `uploadType`.
pub(crate) fn read(
    service: &Service,
    operation: &Operation,
    raw: Option<&str>,
    form: crate::catalog::matcher::Form,
) -> Result<RequestQuery, ClassifyError> {
    let mut query = RequestQuery::default();
    let mut brackets = Brackets::default();
    let mut seen = HashSet::new();
    for (count, pair) in
        raw.filter(|raw| !raw.is_empty()).into_iter().flat_map(|raw| raw.split('&')).enumerate()
    {
        if count >= MAX_PAIRS {
            return Err(ambiguous("at most 2000 query parameters", "more", None));
        }
        let (name, value) = read_pair(pair, Breaks::Refused)?;
        if name == "uploadType" && form == crate::catalog::matcher::Form::Upload {
            if query.upload_type.replace(value.clone()).is_some() {
                return Err(repeated(&name));
            }
            push_pair(&mut query.text, &name, &value);
            continue;
        }
        if brackets.take(&operation.query, &name, &value)? {
            continue;
        }
        may_be_sent(service, &name)?;
        let own = operation.query.iter().find(|parameter| *parameter.name == *name);
        let common = || service.common_query.iter().find(|parameter| *parameter.name == *name);
        let Some(parameter) = own.or_else(common) else {
            return Err(unknown(operation, &name));
        };
        if !seen.insert(parameter.name.clone()) && !parameter.repeated {
            return Err(repeated(&name));
        }
        let unfit = || {
            let expected = format!("`{name}` to be {}", TypeText(&parameter.ty, &service.types));
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
                let got = format!("`{}`", shown(&text));
                return Err(ambiguous(&format!("`{name}` to be `{word}`"), &got, None));
            }
            continue;
        }
        if own.is_none() && MASKS.contains(&name.as_str()) {
            query.mask = Some(Mask::read(&text));
        }
        // A parameter that every operation takes is no argument if the description lists its values (the encoding of
        // the answer, its layout). It is one if it holds any text.
        if own.is_some() || !is_of_few_words(&service.types, &parameter.ty) {
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

/// Refuses a parameter that no request of the service may have.
fn may_be_sent(service: &Service, name: &str) -> Result<(), ClassifyError> {
    match service.refused.get(name) {
        None => Ok(()),
        Some(because) => {
            let expected = format!("no `{}`: {because}", shown(name));
            Err(ambiguous(&expected, "one", None))
        }
    }
}

/// Whether the description lists every value.
fn is_of_few_words(types: &Types, ty: &Type) -> bool {
    match types.resolve(ty) {
        Type::Literal(_) | Type::Bool | Type::Null => true,
        Type::OneOf(options) => options.iter().all(|option| is_of_few_words(types, option)),
        _ => false,
    }
}

pub(crate) fn require(
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

pub(crate) fn read_pair(pair: &str, breaks: Breaks) -> Result<(String, String), ClassifyError> {
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
        Breaks::InValues => &BREAKS,
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

/// The values of a list written as one value with commas. An empty value is none.
fn items(types: &Types, ty: &Type, text: &str) -> Option<Vec<(Scalar, String)>> {
    text.split(',').map(|item| scalar(types, ty, item).filter(|_| !item.is_empty())).collect()
}

/// Adds a list. Its commas stay plain, so that a reader that splits before it decodes finds the same values.
fn push_list(text: &mut String, name: &str, values: &[(Scalar, String)]) {
    push_pair(text, name, "");
    for (place, (_, value)) in values.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        push_escaped(text, value);
    }
}

/// The refusal of an argument that the operation lacks.
pub(crate) fn unknown(operation: &Operation, name: &str) -> ClassifyError {
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
