//! Addresses in the fields of a JSON body: who is invited, who gets access.
//!
//! A missing field names nobody, unless the operation needs it. A value that is not exactly an address is an error. So
//! is an address beside arguments that could add more people.

use std::sync::Arc;

use crate::catalog::Decode;
use crate::request::argument::Scalar;
use crate::request::canonical::{Body, Request};
use crate::request::decode::Address;
use crate::request::decode::error::DecodeError;
use crate::words::json::Json;

/// Adds every address in the fields, each once.
pub(super) fn addresses(
    decode: &Decode,
    request: &Request,
    found: &mut Vec<Address>,
) -> Result<(), DecodeError> {
    let given = |name: &Arc<str>| request.arguments.iter().any(|argument| argument.is_within(name));
    let present = decode.or_absent.iter().filter(|(name, _)| given(name));
    decode.only.iter().chain(present).try_for_each(|(name, values)| only(request, name, values))?;
    if let Some(name) = decode.without.iter().find(|name| given(name)) {
        return Err(DecodeError::Field(name.to_string()));
    }
    let json = match &request.body {
        Body::Json(json) | Body::Related { metadata: json, .. } => Some(json),
        Body::Empty | Body::Form(_) | Body::Media { .. } => None,
    };
    for path in &decode.fields {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        match json.and_then(|json| json.field(first)) {
            Some(value) => collect(value, rest, path, found)?,
            None if decode.required => return Err(DecodeError::Field(path.to_string())),
            None => {}
        }
    }
    Ok(())
}

/// The argument must be there, with none but these values.
fn only(request: &Request, name: &Arc<str>, values: &[Box<str>]) -> Result<(), DecodeError> {
    let mut given = request.arguments.iter().filter(|argument| argument.name == *name).peekable();
    let known = |value: &Scalar| match value {
        Scalar::String(text) => values.iter().any(|value| **value == **text),
        Scalar::Bool(flag) => values.iter().any(|value| **value == *flag.to_string()),
        Scalar::Int(_) | Scalar::Other(_) => false,
    };
    match given.peek().is_some() && given.all(|argument| known(&argument.value)) {
        true => Ok(()),
        false => Err(DecodeError::Field(name.to_string())),
    }
}

/// The addresses at the end of `path`, through lists. Every member must have one.
fn collect(value: &Json, path: &str, whole: &str, found: &mut Vec<Address>) -> Result<(), DecodeError> {
    let unknown = || DecodeError::Field(whole.to_owned());
    match value {
        Json::Array(items) => items.iter().try_for_each(|item| collect(item, path, whole, found)),
        Json::Object(_) if !path.is_empty() => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            collect(value.field(first).ok_or_else(unknown)?, rest, whole, found)
        }
        Json::String(text) if path.is_empty() => {
            let address: Address = text.parse()?;
            if !found.contains(&address) {
                found.push(address);
            }
            Ok(())
        }
        _ => Err(unknown()),
    }
}
