//! Fields of a form (`application/x-www-form-urlencoded`): the operation's own names, with values of their types. They
//! are written back in one way, in the order of their names.
//!
//! A list is a JSON list, or words joined by commas. A field of any type is JSON as text, read as strictly as a JSON
//! body. `brackets` reads fields with bracketed keys. `multipart/form-data` is not read here.
//!
//! - Invariant: A request means the same in a query, a form or JSON. An argument in two of them is refused, even if
//!   both agree (`a_request_is_one_request_whatever_carries_its_arguments`,
//!   `an_argument_in_two_carriers_is_refused_even_where_both_agree`).

use std::collections::HashSet;
use std::sync::Arc;

use crate::catalog::operation::Operation;
use crate::catalog::service::Service;
use crate::catalog::types::{Type, TypeText, Types};
use crate::classify::brackets::Brackets;
use crate::classify::misfit::{ClassifyError, shown};
use crate::classify::pairs::{BREAKS, Breaks, ambiguous, repeated, scalar};
use crate::classify::query::{self, MAX_PAIRS};
use crate::request::argument::{Argument, Location, Scalar};
use crate::words::json::Json;

/// A value as it came.
#[derive(Debug, Clone)]
pub(crate) enum GivenValue {
    Text(String),
    /// Any JSON value except a string. A string is `Text`.
    Json(Json),
}

impl From<Json> for GivenValue {
    fn from(json: Json) -> Self {
        match json {
            Json::String(text) => Self::Text(text),
            other => Self::Json(other),
        }
    }
}

/// One field as it was understood.
struct FormField {
    name: Arc<str>,
    /// The value as it is sent.
    text: String,
    values: Vec<Scalar>,
}

/// The fields of one request, gathered from its carriers in turn.
pub(crate) struct FormFields<'a> {
    service: &'a Service,
    operation: &'a Operation,
    fields: Vec<FormField>,
    brackets: Brackets<'a>,
    /// Names from earlier carriers.
    earlier: HashSet<Arc<str>>,
}

impl<'a> FormFields<'a> {
    pub(crate) fn new(service: &'a Service, operation: &'a Operation) -> Self {
        let (fields, brackets) = (Vec::new(), Brackets::default());
        Self { service, operation, fields, brackets, earlier: HashSet::new() }
    }

    /// Begins with the next carrier. A name that an earlier carrier had is now a repetition.
    pub(crate) fn next_carrier(&mut self) {
        self.earlier = self.names();
    }

    fn names(&self) -> HashSet<Arc<str>> {
        self.fields.iter().map(|field| field.name.clone()).chain(self.brackets.names()).collect()
    }

    /// Adds escaped `name=value` pairs.
    pub(crate) fn add_pairs(&mut self, text: &str) -> Result<(), ClassifyError> {
        for (count, pair) in text.split('&').filter(|_| !text.is_empty()).enumerate() {
            if count >= MAX_PAIRS {
                return Err(ambiguous("at most 2000 arguments", "more", None));
            }
            let (name, value) = query::read_pair(pair, Breaks::InValues)?;
            self.add(&name, &GivenValue::Text(value))?;
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, name: &str, given: &GivenValue) -> Result<(), ClassifyError> {
        if let GivenValue::Text(text) = given
            && self.brackets.take(self.operation.form(), name, text)?
        {
            let is_second = self.earlier.iter().any(|known| name.split('[').next() == Some(known));
            return if is_second { Err(repeated(name)) } else { Ok(()) };
        }
        let Some(parameter) = self.operation.form().iter().find(|one| *one.name == *name) else {
            return Err(query::unknown(self.operation, name));
        };
        let is_second = self.fields.iter().any(|field| field.name == parameter.name);
        if self.earlier.contains(&parameter.name) || (is_second && !parameter.repeated) {
            return Err(repeated(name));
        }
        let types = &self.service.types;
        let Some((values, text)) = typed(types, &parameter.ty, given) else {
            let expected = match types.resolve(&parameter.ty) {
                Type::Any => format!("`{name}` to be JSON that every reader reads alike"),
                Type::List(item) => format!("`{name}` to be a list, each {}", TypeText(item, types)),
                ty => format!("`{name}` to be {}", TypeText(ty, types)),
            };
            let got = match given {
                GivenValue::Text(text) => format!("`{}`", shown(text)),
                GivenValue::Json(json) => format!("`{}`", shown(&json.to_text())),
            };
            return Err(ambiguous(&expected, &got, None));
        };
        // A body of JSON can hold what a form cannot, and the request is sent as a form.
        if text.chars().any(|c| c.is_control() && !BREAKS.contains(&c)) {
            let expected = format!("`{name}` without control characters");
            return Err(ambiguous(&expected, "one of them", None));
        }
        self.fields.push(FormField { name: parameter.name.clone(), text, values });
        Ok(())
    }

    /// The form to send. Its values become arguments.
    pub(crate) fn finish(
        mut self,
        arguments: &mut Vec<Argument>,
    ) -> Result<Vec<(Arc<str>, String)>, ClassifyError> {
        query::require(self.operation.form(), &self.names())?;
        self.fields.sort_by(|a, b| a.name.cmp(&b.name));
        let mut pairs = Vec::with_capacity(self.fields.len());
        for FormField { name, text, values } in self.fields {
            let argument = |value| Argument { name: name.clone(), location: Location::Body, value };
            arguments.extend(values.into_iter().map(argument));
            pairs.push((name, text));
        }
        let more = self.brackets.finish(&self.service.types, Location::Body, arguments)?;
        pairs.extend(more.into_iter().map(|(name, text)| (name.into(), text)));
        Ok(pairs)
    }
}

/// Reads a form body for an operation that takes one, adding its values to `arguments`.
pub(crate) fn body(
    service: &Service,
    operation: &Operation,
    bytes: &[u8],
    arguments: &mut Vec<Argument>,
) -> Result<Vec<(Arc<str>, String)>, ClassifyError> {
    let mut fields = FormFields::new(service, operation);
    fields.add_pairs(text_of(bytes)?)?;
    fields.finish(arguments)
}

/// The text of a form.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, ClassifyError> {
    std::str::from_utf8(bytes).map_err(|_| ambiguous("a form of escaped text", "bytes that are none", None))
}

/// The values of a field, and their spelling.
fn typed(types: &Types, ty: &Type, given: &GivenValue) -> Option<(Vec<Scalar>, String)> {
    match (types.resolve(ty), given) {
        (Type::Any, given) => {
            let text = match given {
                GivenValue::Text(text) => Json::parse(text.as_bytes()).ok()?.to_text(),
                GivenValue::Json(json) => json.to_text(),
            };
            Some((vec![Scalar::Other(text.clone())], text))
        }
        (Type::List(item), given) => list(types, item, given),
        (Type::Bool, GivenValue::Text(text)) if text == "1" => {
            Some((vec![Scalar::Bool(true)], "true".into()))
        }
        (Type::Bool, GivenValue::Text(text)) if text == "0" => {
            Some((vec![Scalar::Bool(false)], "false".into()))
        }
        (ty, GivenValue::Text(text)) => one_value(types, ty, text),
        // A number instead of text could be written in several ways.
        (Type::String | Type::Literal(_), GivenValue::Json(_)) => None,
        (ty, GivenValue::Json(Json::Int(number))) => one_value(types, ty, &number.to_string()),
        (ty, GivenValue::Json(Json::Bool(flag))) => one_value(types, ty, &flag.to_string()),
        (_, GivenValue::Json(_)) => None,
    }
}

fn one_value(types: &Types, ty: &Type, text: &str) -> Option<(Vec<Scalar>, String)> {
    scalar(types, ty, text).map(|(value, text)| (vec![value], text))
}

/// Words joined by commas, or a JSON list of words. A word with a comma could be read as two.
fn list(types: &Types, item: &Type, given: &GivenValue) -> Option<(Vec<Scalar>, String)> {
    let parsed;
    let items = match given {
        GivenValue::Text(text) if text.starts_with('[') => {
            parsed = Json::parse(text.as_bytes()).ok()?;
            &parsed
        }
        GivenValue::Text(text) if text.is_empty() => {
            return Some((vec![Scalar::Other("[]".into())], String::new()));
        }
        GivenValue::Text(text) => {
            let words: Vec<&str> = text.split(',').map(str::trim).collect();
            let values = words.iter().map(|word| word_of(types, item, word)).collect::<Option<_>>()?;
            return Some((values, words.join(",")));
        }
        GivenValue::Json(json) => json,
    };
    let Json::Array(items) = items else { return None };
    if items.is_empty() {
        return Some((vec![Scalar::Other("[]".into())], "[]".into()));
    }
    let values = items.iter().map(|value| word_of(types, item, value.as_str()?)).collect::<Option<_>>()?;
    Some((values, Json::Array(items.clone()).to_text()))
}

fn word_of(types: &Types, ty: &Type, word: &str) -> Option<Scalar> {
    let is_word = !word.is_empty() && !word.contains(',') && word.trim() == word;
    is_word.then(|| scalar(types, ty, word)).flatten().map(|(value, _)| value)
}
