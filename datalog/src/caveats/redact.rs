//! `--redact`: which fields answers never show. A pass states them as facts.

use biscuit_auth::builder::Fact;
use biscuit_auth::macros::fact;

use crate::catalog::places::{Places, places};
use crate::caveats::flag::{Flag, Takes};
use crate::caveats::reach::TargetConnection;
use crate::caveats::scope::FlagScope;
use crate::caveats::term_error::{TermError, did_you_mean, wrong};
use crate::words::message::Message;

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
            let says =
                "is no field: expected the provider's own names with dots between them, such as payload.body";
            return Err(wrong(field, says).into());
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
            let names = "the provider's own name is needed, such as payload.body or profile.email";
            let says = format!("no answer on {on} has a field `{field}`");
            return Err(Message::new(says).hint(did_you_mean(&near, names)).into());
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn the_field_is_hidden_wherever_its_type_stands() {
        let pass = trial(&REDACT, &["snippet"]);
        assert!(pass.says().contains("snippet"), "{}", pass.says());
        let message = r#"{"id":"m1","snippet":"secret"}"#;
        let shown = pass.shows("GET /gmail/v1/users/me/messages/m1", message).unwrap();
        assert!(!shown.contains("secret") && shown.contains("m1"), "{shown}");
        let thread = format!(r#"{{"id":"t1","messages":[{message}]}}"#);
        let shown = pass.shows("GET /gmail/v1/users/me/threads/t1", &thread).unwrap();
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_value_that_is_no_field_of_any_answer_is_refused() {
        assert!(refused(&REDACT, "a b").starts_with("`a b` is no field: expected the provider's own names"));
        let near = refused(&REDACT, "gmail:snipet");
        assert!(
            near.contains("no answer on `gmail` has a field `snipet`\nhint: did you mean `snippet`"),
            "{near}"
        );
    }
}
