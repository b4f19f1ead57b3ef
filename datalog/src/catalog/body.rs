//! A body to its model, held against the operation's closed schema, with its values as arguments.
//!
//! Which kinds of body an operation takes, and how an upload is packed; `conform` holds JSON against its
//! type. What a field holds inside itself (a message in `raw`) is not opened here.

use crate::json::Json;
use crate::request::{Argument, Body};

use super::classify::{ClassifyError, Misfit, shown};
use super::conform::{self, Mismatch};
use super::form;
use super::matcher::Form;
use super::operation::{BodyFacts, Operation};
use super::related;
use super::service::Service;
use super::types::Type;

/// The body as it came, and what it is packed as.
pub(super) struct RawBody<'a> {
    pub(super) content_type: Option<&'a str>,
    pub(super) bytes: &'a [u8],
    pub(super) form: Form,
    /// `uploadType`, at an upload twin.
    pub(super) upload_type: Option<&'a str>,
}

/// Reads a body for an operation, adding its values to `arguments`.
pub(super) fn read(
    service: &Service,
    operation: &Operation,
    raw: &RawBody<'_>,
    arguments: &mut Vec<Argument>,
) -> Result<Body, ClassifyError> {
    let essence = raw.content_type.map(essence_of).transpose()?;
    if raw.form == Form::Upload {
        return upload(service, operation, raw, essence.as_deref(), arguments);
    }
    let Some(facts) = &operation.body else {
        return no_body(operation, raw, essence.as_deref());
    };
    if raw.bytes.is_empty() {
        return match facts.required {
            false => Ok(Body::Empty),
            true => Err(ambiguous("a body", "none")),
        };
    }
    let takes_media = operation.upload.is_none() && accepts(&facts.media, essence.as_deref());
    match &facts.json {
        Some(ty) if essence.as_deref().is_none_or(is_json) => {
            json(service, ty, raw.bytes, arguments).map(Body::Json)
        }
        _ if essence.as_deref().is_some_and(is_form) && !facts.form.is_empty() => {
            form::body(service, operation, raw.bytes, arguments).map(Body::Form)
        }
        _ if takes_media => media(raw, raw.content_type),
        _ => Err(unsupported(facts, operation.upload.is_none(), essence.as_deref())),
    }
}

/// `{}` says nothing, and some clients send it where there is nothing to say.
fn no_body(operation: &Operation, raw: &RawBody<'_>, essence: Option<&str>) -> Result<Body, ClassifyError> {
    let says_nothing = raw.bytes.is_empty() || (raw.bytes == b"{}" && essence.is_none_or(is_json));
    match says_nothing {
        true => Ok(Body::Empty),
        false => Err(ambiguous(&format!("no body: `{}` takes none", operation.id), "a body")),
    }
}

fn upload(
    service: &Service,
    operation: &Operation,
    raw: &RawBody<'_>,
    essence: Option<&str>,
    arguments: &mut Vec<Argument>,
) -> Result<Body, ClassifyError> {
    let Some(facts) = &operation.body else { return Err(ambiguous("an operation with a body", "an upload")) };
    match raw.upload_type {
        Some("media") if accepts(&facts.media, essence) => media(raw, raw.content_type),
        Some("media") => Err(unsupported(facts, true, essence)),
        Some("multipart") => {
            let parts = related::parse(raw.content_type.unwrap_or_default(), raw.bytes)
                .map_err(|error| ambiguous("a `multipart/related` body of JSON and content", &error.to_string()))?;
            let kind = essence_of(&parts.content_type)?;
            if !accepts(&facts.media, Some(&kind)) {
                return Err(unsupported(facts, true, Some(&kind)));
            }
            let ty = facts.json.as_ref().unwrap_or(&Type::Null);
            let metadata = json(service, ty, parts.metadata, arguments)?;
            Ok(Body::Related { metadata, content_type: parts.content_type, bytes: parts.content.to_vec() })
        }
        Some("resumable") => Err(ClassifyError::Ambiguous(Box::new(Misfit {
            expected: "the whole content in one request".into(),
            got: "`uploadType=resumable`, whose content comes after it was judged".into(),
            hint: Some("send it with `uploadType=multipart` or `uploadType=media` (in Google's clients: resumable=False)".into()),
        }))),
        other => Err(ambiguous("`uploadType=media` or `uploadType=multipart`", other.map_or("none", |_| "another"))),
    }
}

fn media(raw: &RawBody<'_>, content_type: Option<&str>) -> Result<Body, ClassifyError> {
    let content_type = content_type.unwrap_or("application/octet-stream").to_owned();
    Ok(Body::Media { content_type, bytes: raw.bytes.to_vec() })
}

/// The type and subtype, lower case. Only harmless parameters may follow: JSON is UTF-8 and no other.
pub(super) fn essence_of(content_type: &str) -> Result<String, ClassifyError> {
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let essence = essence.trim().to_ascii_lowercase();
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-*".contains(&b))
    };
    let well_formed =
        essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
            && content_type.len() <= 200
            && content_type.bytes().all(|b| (0x20..=0x7e).contains(&b));
    if !well_formed {
        return Err(ambiguous(
            "a content type such as `application/json`",
            &format!("`{}`", shown(content_type)),
        ));
    }
    let charset = parameters.split(';').map(str::trim).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    match charset {
        Some(charset) if (is_json(&essence) || is_form(&essence)) && charset != "utf-8" => {
            Err(ambiguous("a body in UTF-8", &format!("the charset `{}`", shown(&charset))))
        }
        _ => Ok(essence),
    }
}

pub(super) fn is_form(essence: &str) -> bool {
    essence == "application/x-www-form-urlencoded"
}

pub(super) fn is_json(essence: &str) -> bool {
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn accepts(media: &[Box<str>], essence: Option<&str>) -> bool {
    let Some(essence) = essence else { return false };
    media.iter().any(|known| match known.strip_suffix('*') {
        Some("*/") => true,
        Some(family) => essence.starts_with(family),
        None => known.as_ref() == essence,
    })
}

fn unsupported(facts: &BodyFacts, media: bool, got: Option<&str>) -> ClassifyError {
    let json = facts.json.is_some().then_some("application/json");
    let form = (!facts.form.is_empty()).then_some("application/x-www-form-urlencoded");
    let others = facts.media.iter().filter(|_| media).map(AsRef::as_ref);
    let expected: Vec<&str> = json.into_iter().chain(form).chain(others).collect();
    ClassifyError::UnsupportedMediaType(Box::new(Misfit {
        expected: expected.join(" or "),
        got: got.map_or_else(|| "no content type".into(), |got| format!("`{}`", shown(got))),
        hint: None,
    }))
}

fn json(
    service: &Service,
    ty: &Type,
    bytes: &[u8],
    arguments: &mut Vec<Argument>,
) -> Result<Json, ClassifyError> {
    let json = Json::parse(bytes)
        .map_err(|error| ambiguous("JSON that every reader reads alike", &error.to_string()))?;
    match conform::check(&service.types, ty, &json, arguments) {
        Ok(()) => Ok(json),
        Err(Mismatch { expected, got }) => Err(ambiguous(&expected, &got)),
    }
}

fn ambiguous(expected: &str, got: &str) -> ClassifyError {
    ClassifyError::Ambiguous(Box::new(Misfit { expected: expected.into(), got: got.into(), hint: None }))
}

/// The content type and bytes of a body as it is sent.
pub(crate) fn wire_body(body: &Body) -> Option<(String, Vec<u8>)> {
    match body {
        Body::Empty => None,
        Body::Json(json) => Some(("application/json".into(), json.to_text().into_bytes())),
        Body::Form(pairs) => {
            Some(("application/x-www-form-urlencoded".into(), form::to_text(pairs).into_bytes()))
        }
        Body::Media { content_type, bytes } => Some((content_type.clone(), bytes.clone())),
        Body::Related { metadata, content_type, bytes } => {
            Some(related::to_bytes(&metadata.to_text(), content_type, bytes))
        }
    }
}
