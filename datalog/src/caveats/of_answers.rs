//! Flags that speak of answers: which connections they are about, and how their checks begin.
//!
//! Without a connection before it such a flag is about the connections that have messages; another is named: `github:7d`.

use crate::catalog::{AnswerRule, Service};
use crate::caveats::flag::Flag;
use crate::caveats::reach::TargetConnection;
use crate::caveats::scope::FlagScope;
use crate::caveats::term_error::TermError;
use crate::engine::caveat::{Query, Slot};
use crate::words::message::Message;
use crate::words::names::ConnectionName;
use crate::words::value::Value;

pub(crate) fn answers(service: &Service) -> impl Iterator<Item = &AnswerRule> {
    service.operations.iter().filter_map(|operation| operation.answer.as_deref())
}

fn has_messages(service: &Service) -> bool {
    answers(service).any(|rule| rule.time.is_some() && rule.shown.iter().any(|one| &*one.kind == "message"))
}

/// The connections that a condition is about.
pub(crate) fn meant<'a>(
    scope: FlagScope<'a>,
    reach: &[TargetConnection<'a>],
    flag: &'static Flag,
    can: &dyn Fn(&Service) -> bool,
) -> Result<Vec<&'a ConnectionName>, TermError> {
    let fits = |one: &&TargetConnection<'a>| match scope.connection {
        Some(name) => name == one.connection && can(one.service),
        None => has_messages(one.service),
    };
    let names: Vec<&ConnectionName> = reach.iter().filter(fits).map(|one| one.connection).collect();
    if names.is_empty() {
        let other = reach.iter().filter(|one| can(one.service)).map(|one| format!("`{}`", one.connection));
        let other = other.collect::<Vec<_>>().join(", ");
        let got = scope.connection.map_or("no connection of the pass has messages".into(), |name| {
            format!("nobody can tell of the answers on `{name}`")
        });
        let known = if other.is_empty() { "none here".into() } else { other };
        let says = format!("--{} cannot be held here: {got}; there is {known}", flag.name);
        return Err(Message::new(says).hint("name another connection before it, such as `github:7d`").into());
    }
    Ok(names)
}

/// A query of one word with a text in it, and nothing else.
pub(crate) fn constant(query: &Query) -> Option<(&str, &str)> {
    let ([pattern], []) = (query.patterns.as_slice(), query.expressions.as_slice()) else { return None };
    match pattern.slots.as_slice() {
        [Slot::Value(Value::Str(text))] => Some((&*pattern.name, &**text)),
        _ => None,
    }
}
