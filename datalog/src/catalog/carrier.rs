//! Services that take an argument wherever it stands: in the query, a form or a JSON body, of GET or POST.
//!
//! All of them are read, as one set: a name in two carriers is refused even where both say the same. What is
//! sent is the form of a POST, so that a request is one request however it was written.

use crate::json::Json;
use crate::request::{Argument, Body};

use super::body::{essence_of, is_form, is_json};
use super::classify::{ClassifyError, Effective, Misfit, shown};
use super::form::{self, Fields};
use super::operation::{Method, Operation};
use super::query::ambiguous;
use super::service::Service;

/// The query that is sent, which is empty, and the form.
pub(super) fn read(
    service: &Service,
    operation: &Operation,
    effective: &Effective<'_>,
    arguments: &mut Vec<Argument>,
) -> Result<(String, Body), ClassifyError> {
    let mut fields = Fields::new(service, operation);
    fields.add_pairs(effective.query.unwrap_or_default())?;
    fields.next_carrier();
    if !effective.body.is_empty() {
        if effective.method == Method::Get {
            return Err(ambiguous("a GET without a body", "one with a body", None));
        }
        let essence = effective.content_type.map(essence_of).transpose()?;
        match essence.as_deref() {
            Some(essence) if is_form(essence) => fields.add_pairs(form::text_of(effective.body)?)?,
            Some(essence) if is_json(essence) => add_json(&mut fields, effective.body)?,
            other => return Err(unsupported(other)),
        }
    }
    Ok((String::new(), Body::Form(fields.finish(arguments)?)))
}

fn add_json(fields: &mut Fields<'_>, bytes: &[u8]) -> Result<(), ClassifyError> {
    let json = Json::parse(bytes)
        .map_err(|error| ambiguous("JSON that every reader reads alike", &error.to_string(), None))?;
    let Json::Object(entries) = json else {
        return Err(ambiguous("a body that is an object of arguments", "another kind of JSON", None));
    };
    entries.into_iter().try_for_each(|(name, value)| fields.add(&name, &value.into()))
}

fn unsupported(essence: Option<&str>) -> ClassifyError {
    let is_multipart = essence.is_some_and(|essence| essence.starts_with("multipart/"));
    let hint = "a file is not sent as an argument: ask for an upload URL instead".to_owned();
    ClassifyError::UnsupportedMediaType(Box::new(Misfit {
        expected: "application/x-www-form-urlencoded or application/json".into(),
        got: essence.map_or_else(|| "no content type".into(), |got| format!("`{}`", shown(got))),
        hint: is_multipart.then_some(hint),
    }))
}
