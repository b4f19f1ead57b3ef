//! The form of answer that a request asks for: the whole or a part, the API's own JSON or the content of a file.
//!
//! Common parameters and headers set this form, and are no arguments. Code that judges, rewrites or masks an answer
//! goes by this form and the operation, never by the media type of the answer, because a file can be JSON too.

use crate::catalog::content_rule::ContentRule;
use crate::catalog::operation::Operation;
use crate::catalog::overlay::glob;
use crate::request::argument::{Argument, Location, Scalar};
use crate::request::mask::Mask;

/// The form of answer that a request asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// None if the request asks for the whole answer.
    pub mask: Option<Mask>,
    pub form: AnswerForm,
}

/// The kind of text in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AnswerForm {
    /// The API's own JSON, as its description says.
    #[default]
    Described,
    /// The API's own JSON with other fields, of this media type.
    Other(String),
    /// The content of a file, byte by byte.
    Content,
}

/// Names under which a query asks for a part of an answer, wherever an API has one.
pub(crate) const MASKS: [&str; 2] = ["fields", "$fields"];

impl Asked {
    /// `mask`: as the query has it, where it is a parameter that is common to all operations.
    pub(crate) fn of(
        operation: &Operation,
        mask: Option<Mask>,
        headers: &[(std::sync::Arc<str>, String)],
        arguments: &[Argument],
    ) -> Self {
        let accept = headers.iter().find(|(name, _)| **name == *"accept").map(|(_, value)| value.as_str());
        Self {
            mask: mask.or_else(|| own_mask(arguments)),
            form: form(operation, accept.unwrap_or_default(), arguments),
        }
    }
}

/// A mask among the operation's own arguments.
fn own_mask(arguments: &[Argument]) -> Option<Mask> {
    let is_mask =
        |one: &&Argument| one.location == Location::Query && MASKS.iter().any(|name| *one.name == **name);
    let mut own = arguments.iter().filter(is_mask);
    match (own.next()?, own.next()) {
        (Argument { value: Scalar::String(text), .. }, None) => Some(Mask::read(text)),
        // Several masks, or one of another kind, are not understood here: then no field counts as kept.
        _ => Some(Mask::read("")),
    }
}

fn form(operation: &Operation, accept: &str, arguments: &[Argument]) -> AnswerForm {
    let wanted: Vec<String> = accept
        .split(',')
        .map(|one| one.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .filter(|one| !one.is_empty())
        .collect();
    let asks = |rule: &ContentRule| {
        rule.accept.is_empty() || wanted.iter().any(|one| rule.accept.iter().any(|known| glob(known, one)))
    };
    let is_media = |one: &Argument| *one.name == *"alt" && one.value == Scalar::String("media".into());
    if operation.content.iter().any(asks) || arguments.iter().any(is_media) {
        return AnswerForm::Content;
    }
    let plain = |one: &&String| {
        !one.starts_with("application/vnd.") && !one.contains('+')
            || operation.all.plain.iter().any(|known| glob(known, one))
    };
    match wanted.iter().find(|one| !plain(one)) {
        Some(other) => AnswerForm::Other(other.clone()),
        None => AnswerForm::Described,
    }
}
