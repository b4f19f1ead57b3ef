//! A body to its model, held against the operation's closed schema, with its values as arguments.
//!
//! A field that the schema does not have, or a value of another type, is refused by name. Free-form parts
//! (`any`) are kept whole as one argument. What a field holds inside itself (a message in `raw`) is not
//! opened here.

use std::sync::Arc;

use crate::json::Json;
use crate::request::{Argument, Body, Location, Scalar};

use super::classify::{ClassifyError, Misfit, shown};
use super::matcher::Form;
use super::operation::{BodyFacts, Operation};
use super::related;
use super::service::Service;
use super::types::{Field, Named, Shown, Type, Types};

/// More values than any operation takes.
const MAX_ARGUMENTS: usize = 20_000;

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
fn essence_of(content_type: &str) -> Result<String, ClassifyError> {
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
        Some(charset) if is_json(&essence) && charset != "utf-8" => {
            Err(ambiguous("JSON in UTF-8", &format!("the charset `{}`", shown(&charset))))
        }
        _ => Ok(essence),
    }
}

fn is_json(essence: &str) -> bool {
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
    let others = facts.media.iter().filter(|_| media).map(AsRef::as_ref);
    let expected: Vec<&str> = json.into_iter().chain(others).collect();
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
    let mut check = Check { types: &service.types, path: String::new(), arguments };
    match check.value(ty, &json) {
        Ok(()) => Ok(json),
        Err(Mismatch { expected, got }) => Err(ambiguous(&expected, &got)),
    }
}

struct Mismatch {
    expected: String,
    got: String,
}

struct Check<'a> {
    types: &'a Types,
    /// The dotted path of the value that is looked at; names come from the schema, never from the agent.
    path: String,
    arguments: &'a mut Vec<Argument>,
}

impl Check<'_> {
    fn value(&mut self, ty: &Type, value: &Json) -> Result<(), Mismatch> {
        match (self.types.resolve(ty), value) {
            (Type::OneOf(options), value) => self.one_of(ty, options, value),
            (Type::Null, Json::Null) => self.other(value),
            (Type::String, Json::String(text)) => self.push(Scalar::String(text.clone())),
            (Type::Literal(known), Json::String(text)) if known.as_ref() == text => {
                self.push(Scalar::String(text.clone()))
            }
            (Type::Int | Type::Number, Json::Int(number)) => self.push(Scalar::Int(*number)),
            (Type::Number, Json::Float(_)) => self.other(value),
            (Type::Bool, Json::Bool(flag)) => self.push(Scalar::Bool(*flag)),
            (Type::List(item), Json::Array(items)) => {
                if items.is_empty() {
                    return self.other(value);
                }
                items.iter().try_for_each(|value| self.value(item, value))
            }
            (Type::Map(inner), Json::Object(entries)) => self.map(inner, entries),
            (Type::Named(at), Json::Object(entries)) => self.object(*at, entries),
            (Type::Any, value) => self.any(value),
            (ty, value) => Err(Mismatch {
                expected: format!("`{}` to be {}", self.place(), Shown(ty, self.types)),
                got: kind_of(value).into(),
            }),
        }
    }

    fn one_of(&mut self, whole: &Type, options: &[Type], value: &Json) -> Result<(), Mismatch> {
        let (arguments, path) = (self.arguments.len(), self.path.len());
        let mut objects = Vec::new();
        for option in options {
            match self.value(option, value) {
                Ok(()) => return Ok(()),
                Err(mismatch)
                    if matches!((self.types.resolve(option), value), (Type::Named(_), Json::Object(_))) =>
                {
                    objects.push(mismatch);
                }
                Err(_) => {}
            }
            self.arguments.truncate(arguments);
            self.path.truncate(path);
        }
        // One object among the alternatives: say what is wrong inside it.
        match (objects.pop(), objects.is_empty()) {
            (Some(mismatch), true) => Err(mismatch),
            _ => Err(Mismatch {
                expected: format!("`{}` to be {}", self.place(), Shown(whole, self.types)),
                got: kind_of(value).into(),
            }),
        }
    }

    fn object(&mut self, at: usize, entries: &[(String, Json)]) -> Result<(), Mismatch> {
        let Some(Named::Object { fields, rest }) = self.types.entry(at) else {
            return Err(Mismatch {
                expected: format!("`{}` to have a type", self.place()),
                got: "an object".into(),
            });
        };
        if let Some(missing) = fields
            .iter()
            .find(|field| field.required && !entries.iter().any(|(name, _)| *name == *field.name))
        {
            let place = self.joined(&missing.name);
            return Err(Mismatch {
                expected: format!("the field `{place}`"),
                got: "a body without it".into(),
            });
        }
        if entries.is_empty() && !self.path.is_empty() {
            return self.push(Scalar::Other("{}".into()));
        }
        for (name, value) in entries {
            match (fields.iter().find(|field| *field.name == **name), rest) {
                (Some(field), _) => self.inside(&field.name, |check| check.value(&field.ty, value))?,
                (None, Some(rest)) => self.entry(name, rest, value)?,
                (None, None) => return Err(self.unknown(fields, name)),
            }
        }
        Ok(())
    }

    fn map(&mut self, inner: &Type, entries: &[(String, Json)]) -> Result<(), Mismatch> {
        if entries.is_empty() {
            return self.push(Scalar::Other("{}".into()));
        }
        entries.iter().try_for_each(|(name, value)| self.entry(name, inner, value))
    }

    /// A field whose name is data: the name is a value of `path.*`, and what it holds stands there too.
    fn entry(&mut self, name: &str, ty: &Type, value: &Json) -> Result<(), Mismatch> {
        self.inside("*", |check| {
            check.push(Scalar::String(name.to_owned()))?;
            check.inside("value", |check| check.value(ty, value))
        })
    }

    fn any(&mut self, value: &Json) -> Result<(), Mismatch> {
        match value {
            Json::String(text) => self.push(Scalar::String(text.clone())),
            Json::Int(number) => self.push(Scalar::Int(*number)),
            Json::Bool(flag) => self.push(Scalar::Bool(*flag)),
            other => self.other(other),
        }
    }

    fn other(&mut self, value: &Json) -> Result<(), Mismatch> {
        self.push(Scalar::Other(value.to_text()))
    }

    fn push(&mut self, value: Scalar) -> Result<(), Mismatch> {
        if self.arguments.len() >= MAX_ARGUMENTS {
            return Err(Mismatch { expected: format!("at most {MAX_ARGUMENTS} values"), got: "more".into() });
        }
        let name: Arc<str> = if self.path.is_empty() { "*".into() } else { self.path.as_str().into() };
        self.arguments.push(Argument { name, location: Location::Body, value });
        Ok(())
    }

    fn inside(
        &mut self,
        name: &str,
        check: impl FnOnce(&mut Self) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let result = check(self);
        self.path.truncate(length);
        result
    }

    fn unknown(&self, fields: &[Field], name: &str) -> Mismatch {
        let names: Vec<&str> = fields.iter().take(12).map(|field| field.name.as_ref()).collect();
        let more = if fields.len() > names.len() { ", …" } else { "" };
        let place = if self.path.is_empty() { "the body".to_owned() } else { format!("`{}`", self.path) };
        Mismatch {
            expected: format!("only known fields in {place} ({}{more})", names.join(", ")),
            got: format!("`{}`", shown(name)),
        }
    }

    fn joined(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn place(&self) -> &str {
        if self.path.is_empty() { "the body" } else { &self.path }
    }
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Int(_) => "an integer",
        Json::Float(_) => "a fraction",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
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
        Body::Media { content_type, bytes } => Some((content_type.clone(), bytes.clone())),
        Body::Related { metadata, content_type, bytes } => {
            Some(related::to_bytes(&metadata.to_text(), content_type, bytes))
        }
    }
}
