//! Flags that may be about one connection: `KIND` or `CONNECTION:KIND`.

use crate::caveats::reach::TargetConnection;
use crate::caveats::term_error::TermError;
use crate::words::names::ConnectionName;

/// What a flag says, and the connection that it says it of; none for all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlagScope<'a> {
    pub(crate) connection: Option<&'a ConnectionName>,
    pub(crate) rest: &'a str,
}

impl<'a> FlagScope<'a> {
    /// Reads `CONNECTION:REST` or `REST`.
    pub(crate) fn of(text: &'a str, reach: &[TargetConnection<'a>]) -> Result<Self, TermError> {
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
