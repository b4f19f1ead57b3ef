//! The members of an answer as received: JSON or a form, in any encoding, with nothing thrown away.
//!
//! If two members have one name, serde_json's maps keep the last one. But with two access tokens, either choice would
//! be a guess.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// One value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FieldValue {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<FieldValue>),
    Object(AnswerFields),
}

/// Names and values in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct AnswerFields(Vec<(String, FieldValue)>);

/// One name appears twice, with two different values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twice;

impl FieldValue {
    /// Returns the kind of the value, as words for a sentence.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl AnswerFields {
    /// Returns the members of a JSON object or of a form. None if the body is neither.
    pub(super) fn read(content_type: Option<&str>, body: &[u8]) -> Option<Self> {
        let text = text(content_type, body)?;
        let text = text.trim();
        if text.starts_with(['{', '[', '"']) {
            return match serde_json::from_str(text).ok()? {
                FieldValue::Object(fields) => Some(fields),
                _ => None,
            };
        }
        let (essence, _) = content_type.unwrap_or_default().split_once(';').unwrap_or((content_type?, ""));
        let essence = essence.trim().to_ascii_lowercase();
        let is_form = matches!(essence.as_str(), "application/x-www-form-urlencoded" | "text/plain");
        (is_form && text.contains('=')).then(|| Self::of_form(text))
    }

    fn of_form(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), FieldValue::Text(value.into_owned()))).collect())
    }

    /// Returns the value of this name. If it is null, it counts as missing.
    pub(super) fn get(&self, name: &str) -> Result<Option<&FieldValue>, Twice> {
        let mut found = None;
        for (_, node) in self.0.iter().filter(|(known, node)| known == name && *node != FieldValue::Null) {
            if found.is_some_and(|before| before != node) {
                return Err(Twice);
            }
            found = Some(node);
        }
        Ok(found)
    }

    /// Returns the value of this name if it is text and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Ok(Some(FieldValue::Text(text))) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }
}

/// Returns the text of a body: UTF-8 with or without a byte order mark, UTF-16 with one, Latin-1 if the content type
/// says so.
fn text(content_type: Option<&str>, body: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        rest.is_empty()
            .then(|| String::from_utf16(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>()).ok())?
    };
    if let Some(rest) = body.strip_prefix(&[0xff, 0xfe]) {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = body.strip_prefix(&[0xfe, 0xff]) {
        return utf16(rest, u16::from_be_bytes);
    }
    let body = body.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(body);
    if let Ok(text) = std::str::from_utf8(body) {
        return Some(text.to_owned());
    }
    let is_latin = |name: &str| matches!(name, "iso-8859-1" | "latin1" | "windows-1252");
    charset(content_type?)
        .filter(|name| is_latin(name))
        .map(|_| body.iter().map(|byte| char::from(*byte)).collect())
}

fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    })
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = FieldValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<FieldValue, E> {
        Ok(FieldValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<FieldValue, E> {
        Ok(FieldValue::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<FieldValue, E> {
        Ok(FieldValue::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<FieldValue, E> {
        Ok(FieldValue::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<FieldValue, E> {
        Ok(FieldValue::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<FieldValue, E> {
        Ok(FieldValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<FieldValue, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(FieldValue::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldValue, A::Error> {
        let mut fields = Vec::new();
        while let Some(pair) = map.next_entry()? {
            fields.push(pair);
        }
        Ok(FieldValue::Object(AnswerFields(fields)))
    }
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NodeVisitor)
    }
}
