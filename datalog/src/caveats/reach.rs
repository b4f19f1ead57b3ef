//! What a flag can mean on the connections of a pass.

use crate::catalog::Service;
use crate::catalog::selector::{Selector, Target};
use crate::caveats::term_error::TermError;
use crate::words::effect::Effect;
use crate::words::names::{Account, ConnectionName};
use crate::words::nearest;

/// A connection that targets may mean, and the service behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TargetConnection<'a> {
    pub(crate) connection: &'a ConnectionName,
    pub(crate) account: &'a Account,
    pub(crate) service: &'a Service,
}

impl TargetConnection<'_> {
    fn has(&self, selector: &Selector) -> bool {
        self.service.operations.iter().any(|operation| selector.matches(operation))
    }
}

/// A target that means at least one operation within reach.
pub(crate) fn target(text: &str, reach: &[TargetConnection<'_>]) -> Result<Target, TermError> {
    let target = text.parse::<Target>().map_err(|error| match hint(text, reach) {
        Some(hint) => TermError::Target { text: text.chars().take(80).collect(), hint },
        None => error.into(),
    })?;
    if let Some(name) = &target.connection
        && !reach.iter().any(|one| one.connection == name)
    {
        let known: Vec<String> = reach.iter().map(|one| format!("`{}`", one.connection)).collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        return Err(TermError::UnknownConnection { got: name.to_string(), known });
    }
    let meant =
        |one: &&TargetConnection<'_>| target.connection.as_ref().is_none_or(|name| name == one.connection);
    let within: Vec<&TargetConnection<'_>> = reach.iter().filter(meant).collect();
    if let Some(id) = within.iter().find_map(|one| overlap(&target.selector, one.service)) {
        let hint =
            format!("`{id}` has both ends of it, one within the other: name the operation if it is meant");
        return Err(TermError::Target { text: text.to_owned(), hint });
    }
    if within.iter().any(|one| one.has(&target.selector)) {
        return Ok(target);
    }
    let mut services: Vec<String> = within.iter().map(|one| format!("`{}`", one.service.name)).collect();
    services.dedup();
    Err(TermError::MeansNothing {
        target: text.to_owned(),
        services: if services.is_empty() { "any connection".into() } else { services.join(", ") },
        nearest: nearest(&target.selector, &within),
    })
}

/// An operation that has both ends of a glob, but not one after the other. A pass means it, and people do not.
fn overlap<'a>(selector: &Selector, service: &'a Service) -> Option<&'a str> {
    let Selector::Glob { prefix, suffix } = selector else { return None };
    let meant = service.operations.iter().filter(|operation| selector.matches(operation));
    meant.map(|operation| operation.id.as_str()).find(|id| id.len() < prefix.len() + suffix.len())
}

/// What was probably meant by a target that is none.
pub(crate) fn hint(text: &str, reach: &[TargetConnection<'_>]) -> Option<String> {
    let connection = |name: &str| reach.iter().any(|one| one.connection.as_str() == name);
    if connection(text) {
        return Some(format!(
            "`{text}:read` allows reading on the connection `{text}`, `{text}:*` everything"
        ));
    }
    if text.contains(',') {
        let (on, rest) = match text.split_once(':') {
            Some((on, rest)) => (format!("{on}:"), rest),
            None => (String::new(), text),
        };
        let each = rest.split(',').map(|one| format!("`{on}{}`", one.trim()));
        return Some(format!("give each with its own flag: {}", each.collect::<Vec<_>>().join(", ")));
    }
    let (on, word) = text.rsplit_once(':').map_or((None, text), |(on, word)| (Some(on), word));
    let near = Effect::ALL.into_iter().find(|effect| nearest::is_slip(word, effect.as_str()))?;
    Some(match on {
        Some(on) => format!("did you mean `{on}:{near}`?"),
        None => format!("did you mean `{near}`?"),
    })
}

/// The ids most like a wrong one.
pub(crate) fn nearest(selector: &Selector, within: &[&TargetConnection<'_>]) -> Vec<String> {
    let Selector::Operation(wrong) = selector else { return Vec::new() };
    let known = within.iter().flat_map(|one| &one.service.operations).map(|operation| operation.id.as_str());
    nearest::nearest(wrong.as_str(), known, 0.7).into_iter().map(String::from).collect()
}

/// No pass, and nothing else that is timed, is longer.
pub(crate) const MAX_DAYS: i64 = 366;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn a_glob_whose_ends_overlap_within_an_id_is_refused() {
        let catalog = Catalog::embedded().unwrap();
        let (connection, account) = ("on".parse().unwrap(), "me@example.com".parse().unwrap());
        for service in catalog.services() {
            let reach = [TargetConnection { connection: &connection, account: &account, service }];
            for id in service.operations.iter().map(|operation| operation.id.as_str()) {
                let dot = id.find('.').unwrap();
                let (start, end) = (&id[..=dot], &id[dot..]);
                assert!(target(&format!("{start}*{}", &end[1..]), &reach).is_ok(), "{id}");
                let error = target(&format!("{start}*{end}"), &reach).unwrap_err();
                assert!(matches!(&error, TermError::Target { hint, .. } if hint.contains(id)), "{error:?}");
            }
        }
    }
}
