//! Services that take an argument anywhere: in the query, a form or a JSON body, with GET or POST.
//!
//! All carriers are read as one set. A name in two of them is refused, even if both say the same. The request is sent
//! as a POST form, so that it is the same request however it was written.

use crate::catalog::method::Method;
use crate::catalog::operation::Operation;
use crate::catalog::service::Service;
use crate::classify::body::{essence_of, is_form, is_json};
use crate::classify::form::{self, FormFields};
use crate::classify::misfit::{ClassifyError, Misfit, shown};
use crate::classify::pairs::ambiguous;
use crate::classify::raw::Effective;
use crate::request::argument::Argument;
use crate::request::canonical::Body;
use crate::words::json::Json;

/// Reads all carriers. Returns the query to send, which is empty, and the form.
pub(crate) fn read(
    service: &Service,
    operation: &Operation,
    effective: &Effective<'_>,
    arguments: &mut Vec<Argument>,
) -> Result<(String, Body), ClassifyError> {
    let mut fields = FormFields::new(service, operation);
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

fn add_json(fields: &mut FormFields<'_>, bytes: &[u8]) -> Result<(), ClassifyError> {
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
