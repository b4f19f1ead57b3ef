//! Imports a service: turns the bytes of a provider's description into a facts file.
//!
//! It reads Google Discovery documents, OpenAPI 3 and Swagger 2, in JSON or YAML. It keeps everything that a request
//! can be matched and checked against, and drops all prose. It judges nothing. If it cannot express something, that
//! becomes `any` or is left out, and the report says so. It is pure: the caller fetches and writes files.
//!
//! - Invariant: An imported operation counts as reading only on evidence
//!   (`every_method_of_every_discovery_document_is_classified_or_left_out_with_a_reason`,
//!   `every_method_of_every_foreign_description_is_classified_or_left_out_with_a_reason`).
//! - Invariant: A service from any description works like a built-in one. A request outside its description does not
//!   leave (`a_service_of_a_foreign_description_is_connected_and_used`, `the_services_own_sdk_works_unmodified`,
//!   `what_no_description_has_does_not_leave`).

pub(crate) mod discovery;
pub(crate) mod draft;
pub(crate) mod json;
pub(crate) mod openapi;
pub(crate) mod schema;
pub(crate) mod sign_in;
pub(crate) mod size;
pub(crate) mod swagger;
pub(crate) mod yaml;

use serde_json::Value;

pub use crate::catalog::import::draft::{Bearer, ImportError, ImportReport, Imported, Options};

/// Reads a description.
pub fn import(bytes: &[u8], options: Options) -> Result<Imported, ImportError> {
    let document = &yaml::value_of(bytes)?;
    if document.get("discoveryVersion").is_some()
        || document.get("kind").and_then(Value::as_str) == Some("discovery#restDescription")
    {
        return discovery::import(document, options.name);
    }
    // An unquoted value is a number in YAML.
    let version = |key| match document.get(key) {
        Some(Value::Number(number)) => Some(number.to_string()),
        other => other.and_then(Value::as_str).map(str::to_owned),
    };
    match (version("openapi"), version("swagger").as_deref()) {
        (Some(version), _) if version.starts_with("3.") => openapi::import(document, options),
        (Some(version), _) => Err(ImportError::UnknownKind(format!("OpenAPI `{}`", version.escape_debug()))),
        (None, Some("2.0")) => openapi::import(&swagger::converted(document), options),
        (None, Some(version)) => {
            Err(ImportError::UnknownKind(format!("Swagger `{}`", version.escape_debug())))
        }
        (None, None) => Err(ImportError::UnknownKind("something else".into())),
    }
}

#[cfg(test)]
mod tests;
