//! `--check`: a check that a person wrote, in Datalog over the vocabulary.
//!
//! The check must pass the same test as a pass from anyone. A warning says where it does less than it seems to.

mod condition;
pub(crate) mod finding;
mod lint;
pub(crate) mod probe;
mod spelling;
pub(crate) mod warning;

use biscuit_auth::builder::Check;

use self::finding::Lint;
use self::warning::Warning;
use crate::caveats::flag::{Flag, Takes};
use crate::caveats::reach::TargetConnection;
use crate::caveats::term_error::{TermError, wrong};
use crate::engine::admission::{self, BlockPlace};
use crate::engine::caveat::{Caveat, Names};
use crate::request::gather::word;
use crate::words::value::Value;
use crate::words::vocabulary;

pub static CHECK: Flag = Flag {
    value: "DATALOG",
    help: "Add a check of your own, in Datalog over the documented vocabulary",
    title: "Further checks, in Datalog",
    wish: "anything else, in Datalog over the documented vocabulary",
    example: r#"check if effects($e), !$e.contains("send")"#,
    also: &["check if channel_external(false)"],
    read: |given, narrow| {
        for text in given.of(&CHECK) {
            let (check, warnings) = read(text, given.reach)?;
            narrow.check(check);
            narrow.warnings.extend(warnings);
        }
        Ok(())
    },
    // Words that no other flag reads.
    facts: |gather, source| {
        if let Ok(attachments) = &source.told.attachments {
            gather.say_one(word!("attachment_count"), || Value::count(*attachments));
        }
        if let Ok(subject) = &source.told.subject {
            gather.say_one(word!("subject"), || Value::str(subject.as_str()));
        }
        if let Ok(external) = &source.told.external {
            gather.say_one(word!("channel_external"), || Value::Bool(*external));
        }
    },
    of_items: |gather, item, _| {
        let labels = item.labels.iter().flatten();
        gather.say(word!("item_label"), || labels.map(|label| [Value::str(label.as_str())]));
        gather.say_one(word!("item_shows"), || Value::word(item.shows.as_str()));
    },
    ..Flag::named("check", Takes::Many)
};

/// Reads a check that a person wrote. It must pass the same test as a pass from anyone. The warnings say where it
/// does less than it seems to.
fn read(text: &str, reach: &[TargetConnection<'_>]) -> Result<(Check, Vec<Warning>), TermError> {
    let refused =
        |why: String, hint| TermError::from(wrong(text, &format!("is not a check: {why}")).hint(hint));
    let wrong = |why: String| refused(why, finding::A_CHECK.into());
    let linted = |lint: Lint| refused(lint.to_string(), lint.hint());
    if text.len() > 4_096 {
        return Err(wrong("it is longer than 4,096 characters".into()));
    }
    // The parser recurses for every bracket and every `!`, and the stack is finite.
    if nesting(text) > 32 {
        return Err(wrong("it is nested more than 32 deep".into()));
    }
    let check = parsed(text.trim().trim_end_matches(';')).map_err(|why| wrong(why.into()))?;
    let compiled =
        Caveat::compile(&check, &mut Names::default()).map_err(|error| wrong(error.to_string()))?;
    admission::admit(&[], std::slice::from_ref(&compiled), BlockPlace::Delegated)
        .map_err(|error| wrong(error.to_string()))?;
    if let Some(unknown) = compiled.patterns().find(|pattern| vocabulary::find(&pattern.name).is_none()) {
        return Err(wrong(format!("`{}` is not in the vocabulary", unknown.name)));
    }
    lint::lint(&compiled).map_err(linted)?;
    spelling::spelling(&compiled, reach).map_err(linted)?;
    let warnings = warning::slips(&compiled).map_err(linted)?;
    Ok((check, warnings))
}

/// Parsed in two steps, because the second panics on what it cannot take (a bad key, a parameter without a value). A
/// check of a person trusts nobody and has no parameters.
fn parsed(text: &str) -> Result<Check, &'static str> {
    let (_, parsed) = biscuit_parser::parser::check(text).map_err(|_| "expected one Datalog check")?;
    for query in &parsed.queries {
        if !query.scopes.is_empty() {
            return Err("`trusting` is for Hallpass's own checks");
        }
        if query.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty()) {
            return Err("`{name}` is a parameter, expected a value");
        }
    }
    Ok(Check::from(parsed))
}

fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let mut bangs = 0usize;
    for c in text.chars() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        bangs = if c == '!' {
            bangs + 1
        } else if c.is_whitespace() {
            bangs
        } else {
            0
        };
        deepest = deepest.max(depth + bangs);
    }
    deepest
}

#[cfg(test)]
mod tests;
