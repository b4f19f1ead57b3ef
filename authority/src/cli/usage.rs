//! Clap's errors on a command line that it did not understand, in the shape of every other failure: what was expected,
//! what came, and what was probably meant.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use datalog::{Message, flags};

use super::failure::Failure;
use super::number::NotWithin;
use crate::nearest::nearest;

/// Returns the failure for clap's `error`. `command` is the command of the line, if it is known.
pub(super) fn failure(error: &clap::Error, definitions: &clap::Command, command: Option<&str>) -> Failure {
    let message = message(error).unwrap_or_else(|| as_clap_says_it(error).into());
    let failure = Failure::usage(message);
    match hint(error, definitions, command) {
        Some(hint) => failure.or_hint(hint),
        None => failure,
    }
}

fn message(error: &clap::Error) -> Option<Message> {
    let argument = || one(error, ContextKind::InvalidArg);
    let value = || one(error, ContextKind::InvalidValue);
    let says = match error.kind() {
        ErrorKind::UnknownArgument => format!("unexpected argument `{}`", argument()?),
        ErrorKind::InvalidSubcommand => {
            format!("there is no command `{}`", one(error, ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::MissingRequiredArgument => format!("expected {}, got nothing", argument()?),
        ErrorKind::ArgumentConflict => match (argument()?, one(error, ContextKind::PriorArg)?) {
            (own, prior) if own == prior => format!("`{own}` is given twice, and takes one value"),
            (own, prior) => format!("`{own}` cannot be used with `{prior}`"),
        },
        ErrorKind::InvalidValue => match (one(error, ContextKind::ValidValue), value()?) {
            (None, _) => return None,
            (Some(_), got) if got.is_empty() => format!("expected a value for `{}`, got none", argument()?),
            (Some(valid), got) => format!("expected one of {valid} for `{}`, got `{got}`", argument()?),
        },
        ErrorKind::ValueValidation => {
            let why = error.source()?;
            match why.downcast_ref::<NotWithin>() {
                Some(not) => format!("expected {} for `{}`, got `{}`", not.wanted(), argument()?, value()?),
                None => {
                    return Some(
                        why.downcast_ref::<Message>().cloned().unwrap_or_else(|| why.to_string().into()),
                    );
                }
            }
        }
        _ => return None,
    };
    Some(says.into())
}

fn hint(error: &clap::Error, definitions: &clap::Command, command: Option<&str>) -> Option<String> {
    let meant = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(meant) = meant.into_iter().find_map(|kind| one(error, kind)) {
        return Some(format!("did you mean `{}`?", meant.replace(", ", "` or `")));
    }
    if error.kind() == ErrorKind::InvalidSubcommand {
        let got = one(error, ContextKind::InvalidSubcommand).unwrap_or_default();
        let near = nearest(&got, definitions.get_subcommands().map(clap::Command::get_name));
        return Some(match near {
            Some(near) if near == got => format!("`hallpass {near}` is a command by itself"),
            Some(near) => format!("did you mean `{near}`?"),
            None => "`hallpass --help` lists the commands that there are".into(),
        });
    }
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(hint) = one(error, ContextKind::InvalidArg).and_then(|got| word_too_many(&got, command?))
    {
        return Some(hint);
    }
    if error.kind() == ErrorKind::InvalidValue
        && one(error, ContextKind::InvalidValue).is_some_and(|got| got.is_empty())
    {
        return Some(value_of(&one(error, ContextKind::InvalidArg)?, command));
    }
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => return None,
    };
    let lines: Vec<_> = usage.trim_start_matches("Usage:").lines().map(str::trim).collect();
    Some(format!("the usage is `{}`", lines.join("`, or `")))
}

/// Returns a value that the option would take, or where to read about it.
fn value_of(option: &str, command: Option<&str>) -> String {
    let name = option.trim_start_matches('-').split(' ').next().unwrap_or_default();
    match flags::find(name) {
        Some(flag) => format!("such as `{}`", flag.written().join("`, `")),
        None => {
            let command = command.map_or(String::new(), |command| format!(" {command}"));
            format!("`hallpass{command} --help` says what it takes")
        }
    }
}

/// Returns what a word in the wrong place probably means.
fn word_too_many(got: &str, command: &str) -> Option<String> {
    match command {
        _ if got.starts_with('-') => None,
        "mint" | "run" => Some("put the task in quotes: 'triage my inbox'".into()),
        "approvals" if matches!(got, "add" | "retire" | "list" | "prove") => {
            Some(format!("did you mean `hallpass approvers {got}`?"))
        }
        _ => None,
    }
}

/// Returns what clap says for `kind`, in one line.
fn one(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the first line of clap's own text, for rare kinds of errors.
fn as_clap_says_it(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").replace('\'', "`")
}
