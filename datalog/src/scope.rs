//! Flags that may be about one connection: `KIND` or `CONNECTION:KIND`, and the caveats that say so.

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;

use crate::caveat::{Binary, Caveat, Op, Query, Slot};
use crate::compose;
use crate::names::ConnectionName;
use crate::terms::{Reach, TermError};

/// What a flag says, and the connection that it says it of; none for all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) connection: Option<&'a ConnectionName>,
    pub(crate) rest: &'a str,
}

impl<'a> Scope<'a> {
    /// Reads `CONNECTION:REST` or `REST`.
    pub(crate) fn of(text: &'a str, reach: &[Reach<'a>]) -> Result<Self, TermError> {
        let Some((name, rest)) = text.split_once(':') else {
            return Ok(Self { connection: None, rest: text });
        };
        match reach.iter().find(|one| one.connection.as_str() == name) {
            Some(one) => Ok(Self { connection: Some(one.connection), rest: rest.trim_start() }),
            None => {
                let known: Vec<String> = reach.iter().map(|one| format!("`{}`", one.connection)).collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                Err(TermError::UnknownConnection { got: name.chars().take(80).collect(), known })
            }
        }
    }
}

/// The caveat, on one connection alone.
pub(crate) fn on(connection: Option<&ConnectionName>, caveat: Check) -> Check {
    match connection {
        None => caveat,
        Some(name) => {
            compose::or(check!(r#"check if connection($c), $c !== {name}"#, name = name.as_str()), caveat)
        }
    }
}

/// What `on` made, taken apart: ` on \`gmail\`` or nothing, and the alternatives that are left.
pub(crate) fn read(caveat: &Caveat) -> (String, &[Query]) {
    let whole = (String::new(), caveat.queries.as_slice());
    let Some((first, rest)) = caveat.queries.split_first() else { return whole };
    let ([pattern], [condition]) = (first.patterns.as_slice(), first.expressions.as_slice()) else {
        return whole;
    };
    match (&*pattern.name, pattern.slots.as_slice(), condition.as_slice()) {
        (
            "connection",
            [Slot::Variable(0)],
            [Op::Variable(0), Op::Value(name), Op::Binary(Binary::NotEqual)],
        ) => (name.as_str().map(|name| format!(" on `{name}`")).unwrap_or_default(), rest),
        _ => whole,
    }
}
