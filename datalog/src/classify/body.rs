//! Turns a body into its model, checks it against the operation's closed schema, and makes arguments of its values.
//!
//! It knows which kinds of body an operation takes and how an upload is packed. `conform` checks JSON against its type.
//! It does not open a field that holds another format (a message in `raw`).

use crate::catalog::matcher::Form;
use crate::catalog::operation::{BodyFacts, Operation};
use crate::catalog::service::Service;
use crate::catalog::types::Type;
use crate::classify::conform::{self, Mismatch};
use crate::classify::misfit::{ClassifyError, Misfit, shown};
use crate::classify::{form, related};
use crate::request::argument::Argument;
use crate::request::canonical::Body;
use crate::words::json::Json;

/// The body as it came, and its packing.
pub(crate) struct RawBody<'a> {
    pub(crate) content_type: Option<&'a str>,
    pub(crate) bytes: &'a [u8],
    pub(crate) form: Form,
    /// `uploadType`, at an upload variant.
    pub(crate) upload_type: Option<&'a str>,
}

/// Reads a body for an operation, adding its values to `arguments`.
pub(crate) fn read(
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
        _ => {
            let media = if operation.upload.is_none() { &*facts.media } else { &[] };
            Err(unsupported(facts, media, essence.as_deref()))
        }
    }
}

/// Reads the body for an operation that takes none. `{}` says nothing, and some clients send it instead of no body.
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
        Some("media") => Err(unsupported(facts, &facts.media, essence)),
        Some("multipart") => {
            let parts = related::parse(raw.content_type.unwrap_or_default(), raw.bytes)
                .map_err(|error| ambiguous("a `multipart/related` body of JSON and content", &error.to_string()))?;
            let kind = essence_of(&parts.content_type)?;
            if !accepts(&facts.media, Some(&kind)) {
                return Err(unsupported(facts, &facts.media, Some(&kind)));
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

/// The type and subtype, in lower case. Only harmless parameters may follow: JSON is always UTF-8.
pub(crate) fn essence_of(content_type: &str) -> Result<String, ClassifyError> {
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

pub(crate) fn is_form(essence: &str) -> bool {
    essence == "application/x-www-form-urlencoded"
}

pub(crate) fn is_json(essence: &str) -> bool {
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

/// The refusal of a body whose kind the operation does not take: it takes JSON, a form, or one of these.
fn unsupported(facts: &BodyFacts, media: &[Box<str>], got: Option<&str>) -> ClassifyError {
    let json = facts.json.is_some().then_some("application/json");
    let form = (!facts.form.is_empty()).then_some("application/x-www-form-urlencoded");
    let others = media.iter().map(AsRef::as_ref);
    let expected: Vec<&str> = json.into_iter().chain(form).chain(others).collect();
    ClassifyError::UnsupportedMediaType(Box::new(Misfit {
        expected: expected.join(" or "),
        got: got.map_or_else(|| "no content type".into(), |got| format!("`{}`", shown(got))),
        hint: None,
    }))
}

pub(crate) fn json(
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
