//! What clap says of a command line that it did not understand, in the words and the shape of every other failure:
//! what was expected, what came, and what was probably meant.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::failure::Failure;

/// The failure that `error` is.
pub(super) fn failure(error: &clap::Error) -> Failure {
    let message = message(error).unwrap_or_else(|| as_clap_says_it(error));
    Failure::usage(message).or_hint(hint(error))
}

fn message(error: &clap::Error) -> Option<String> {
    let argument = || one(error, ContextKind::InvalidArg);
    let value = || one(error, ContextKind::InvalidValue);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("unexpected argument `{}`", argument()?),
        ErrorKind::InvalidSubcommand => {
            format!("there is no command `{}`", one(error, ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::MissingRequiredArgument => format!("expected {}, got nothing", argument()?),
        ErrorKind::ArgumentConflict => {
            format!("`{}` cannot be used with `{}`", argument()?, one(error, ContextKind::PriorArg)?)
        }
        ErrorKind::InvalidValue => match (one(error, ContextKind::ValidValue), value()?) {
            (None, _) => return None,
            (Some(_), got) if got.is_empty() => format!("expected a value for `{}`, got none", argument()?),
            (Some(valid), got) => format!("expected one of {valid} for `{}`, got `{got}`", argument()?),
        },
        ErrorKind::ValueValidation => {
            let why = error.source()?.to_string();
            if why.contains("expected") {
                return Some(why);
            }
            // What is left are numbers: out of a range that the reason names, or none at all.
            let wanted = match why.split_once(" is not in ").and_then(|(_, range)| range.split_once("..=")) {
                Some((from, to)) => format!("{from} to {to}"),
                None => "a whole number".into(),
            };
            format!("expected {wanted} for `{}`, got `{}`", argument()?, value()?)
        }
        _ => return None,
    })
}

fn hint(error: &clap::Error) -> String {
    let meant = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(meant) = meant.into_iter().find_map(|kind| one(error, kind)) {
        return format!("did you mean `{}`?", meant.replace(", ", "` or `"));
    }
    if error.kind() == ErrorKind::InvalidSubcommand {
        return "`--help` lists the commands that there are".into();
    }
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => {
            let usage = usage.to_string();
            let lines: Vec<_> = usage.trim_start_matches("Usage:").lines().map(str::trim).collect();
            format!("the usage is `{}`", lines.join("`, or `"))
        }
        _ => "`--help` says what is expected".into(),
    }
}

/// What clap knows under `kind`, in one line.
fn one(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The rare kinds: the first line of clap's own text.
fn as_clap_says_it(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").replace('\'', "`")
}
