//! A value of a query or a form, as the type that the operation declares.

use crate::catalog::types::{Type, Types};
use crate::classify::misfit::{ClassifyError, Misfit, shown};
use crate::request::argument::Scalar;

/// The control characters that a value of several lines may hold.
pub(crate) const BREAKS: [char; 3] = ['\n', '\r', '\t'];

/// Whether a value may have several lines.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Breaks {
    Refused,
    InValues,
}

/// A value in a URL, read as its type says, and its spelling.
pub(crate) fn scalar(types: &Types, ty: &Type, text: &str) -> Option<(Scalar, String)> {
    let as_string = || Some((Scalar::String(text.to_owned()), text.to_owned()));
    match types.resolve(ty) {
        Type::String | Type::Any => as_string(),
        Type::Literal(value) => (value.as_ref() == text).then(as_string)?,
        Type::Int => integer(text),
        Type::Number => {
            // A number without a fraction compares as an integer, as in a body.
            if let Some(whole) = integer(text) {
                return Some(whole);
            }
            let number: f64 = text.parse().ok()?;
            let is_plain =
                number.is_finite() && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
            is_plain.then(|| (Scalar::Other(text.to_owned()), text.to_owned()))
        }
        // Python's spelling of the two words is common. It is understood, and sent as JSON's.
        Type::Bool => match text {
            "true" | "True" => Some((Scalar::Bool(true), "true".into())),
            "false" | "False" => Some((Scalar::Bool(false), "false".into())),
            _ => None,
        },
        Type::OneOf(options) => options.iter().find_map(|option| scalar(types, option, text)),
        Type::Null | Type::List(_) | Type::Map(_) | Type::Named(_) => None,
    }
}

pub(crate) fn integer(text: &str) -> Option<(Scalar, String)> {
    let number: i64 = text.parse().ok()?;
    let is_plain = number.to_string() == text
        && number.unsigned_abs() <= crate::words::json::MAX_SAFE_INTEGER.unsigned_abs();
    is_plain.then(|| (Scalar::Int(number), text.to_owned()))
}

pub(crate) fn repeated(name: &str) -> ClassifyError {
    ambiguous(&format!("`{}` once", shown(name)), "it twice", None)
}

pub(crate) fn ambiguous(expected: &str, got: &str, hint: Option<String>) -> ClassifyError {
    ClassifyError::Ambiguous(Box::new(Misfit { expected: expected.into(), got: got.into(), hint }))
}
