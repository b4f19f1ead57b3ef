//! `--redact`: which fields answers never show. A pass states them as facts.

use biscuit_auth::builder::Fact;
use biscuit_auth::macros::fact;

use crate::catalog::places::{Places, places};
use crate::caveats::flag::{Flag, Takes};
use crate::caveats::reach::{TargetConnection, TermError};
use crate::caveats::scope::FlagScope;

pub static REDACT: Flag = Flag {
    value: "[CONNECTION:]FIELD",
    help: "Hide this field of answers, by the provider's own names: `snippet`, `payload.body`",
    title: "Never show these fields",
    wish: "which fields are hidden",
    example: "payload.body",
    also: &["snippet"],
    read: |given, narrow| {
        for fact in facts(given.of(&REDACT), given.reach)? {
            narrow.fact(fact);
        }
        Ok(())
    },
    ..Flag::named("redact", Takes::Many)
};

/// `payload.body`, on every connection or the one before the colon: the facts of `--redact`.
fn facts(texts: &[String], reach: &[TargetConnection<'_>]) -> Result<Vec<Fact>, TermError> {
    let mut facts = Vec::new();
    for text in texts {
        let FlagScope { connection, rest: field } = FlagScope::of(text, reach)?;
        let plain = |name: &str| {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '@'))
        };
        if field.len() > 200 || !field.split('.').all(plain) {
            return Err(TermError::Field(field.chars().take(80).collect()));
        }
        let on: Vec<&TargetConnection<'_>> =
            reach.iter().filter(|one| connection.is_none_or(|name| name == one.connection)).collect();
        let mut near = Vec::new();
        let before = facts.len();
        for one in &on {
            match places(one.service, field) {
                Places::Nowhere(nearest) => near.extend(nearest),
                Places::At(_) | Places::Untold => {
                    facts.push(fact!(r#"redact({c}, {f})"#, c = one.connection.as_str(), f = field));
                }
            }
        }
        // A field that is nowhere would hide nothing, and nobody would notice.
        if facts.len() == before {
            let on = on.iter().map(|one| format!("`{}`", one.connection)).collect::<Vec<_>>().join(", ");
            near.dedup();
            near.truncate(3);
            return Err(TermError::NoField { on, got: field.to_owned(), nearest: near });
        }
    }
    Ok(facts)
}
