//! What a flag can mean on the connections of a pass, and what is wrong with a flag.

use crate::catalog::Service;
use crate::catalog::selector::{Selector, Target};
use crate::words::effect::Effect;
use crate::words::message::Hinted;
use crate::words::names::{Account, ConnectionName};
use crate::words::nearest;

/// What is wrong with a flag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    #[error("{0}")]
    Name(#[from] crate::words::names::NameError),
    #[error("no connection is called `{got}`; there is {known}")]
    UnknownConnection { got: String, known: String },
    #[error("`{target}` means no operation of {services}")]
    MeansNothing { target: String, services: String, nearest: Vec<String> },
    #[error("`{target}` could mean {connections}: expected one")]
    Ambiguous { target: String, connections: String },
    #[error("`{text}` is not what may be done: expected an effect, an operation or a glob")]
    Target { text: String, hint: String },
    #[error("`{0}` is not a duration: expected numbers and w, d, h, m or s, such as 30m or 1h30m")]
    Duration(String),
    #[error("`{0}` is longer than {MAX_DAYS} days, the longest that there is")]
    TooLongTime(String),
    #[error("`{0}` is not a date: expected RFC 3339, such as 2026-11-22T09:00:00Z")]
    Date(String),
    #[error("`{text}` is not a constraint on arguments: {why}")]
    Argument { text: String, why: String },
    #[error("`{0}` is not an address: expected a plain `local@domain` of ASCII letters")]
    Address(String),
    #[error("`{0}` is not a domain: expected a name such as example.com (an international one as xn--…)")]
    Domain(String),
    #[error(transparent)]
    Hours(#[from] crate::words::hours::HoursError),
    #[error(
        "`{0}` is not a budget: expected WHAT=SIZE, such as send=3, send=3/h, recipients=5, bytes=10MB or gmail.users.messages.get=10"
    )]
    Limit(String),
    #[error("`{0}` would count nobody: no message of these services is read for whom it reaches")]
    CountsNobody(String),
    #[error("a pass asks 1 to {max} approvers, and no more than it names, got {got}")]
    Approvers { got: u32, max: usize },
    #[error("`{0}` is not a resource: expected KIND=ID, such as repo=octo/hello or channel=C0123ABCD")]
    Resource(String),
    #[error("no operation here touches a `{got}`")]
    ResourceKind { got: String, known: String },
    #[error("the template is for {0}, and there is no connection to it")]
    NoService(String),
    #[error("the budget `{0}` is given twice")]
    LimitTwice(String),
    #[error("`{check}` is not a check: {why}")]
    Check { check: String, why: String, hint: String },
    #[error("`{got}` is no kind of thing that --{flag} could follow: answers show {known}")]
    Kind { flag: &'static str, got: String, known: String },
    #[error("--{flag} cannot be held here: {got}; there is {known}")]
    Condition { flag: &'static str, got: String, known: String },
    #[error(
        "`{0}` is no age: expected a duration such as 24h, `today@ZONE` such as today@Europe/Berlin, or a date such as 2026-11-22T09:00:00Z"
    )]
    Age(String),
    #[error("`{0}` is no number of items: expected 1 to 100000")]
    Items(String),
    #[error(
        "`{0}` is no field: expected the provider's own names with dots between them, such as payload.body"
    )]
    Field(String),
    #[error("no answer on {on} has a field `{got}`")]
    NoField { on: String, got: String, nearest: Vec<String> },
    #[error("this pass would allow nothing: {why}")]
    AllowsNothing { why: String, instead: Option<String> },
    #[error("this pass would never hold: it begins at {begins} and ends at {ends}")]
    NeverHolds { begins: String, ends: String },
    #[error("the pass would allow nothing: expected at least one --allow or --ask")]
    NoGrant,
    #[error("{0}")]
    Missing(&'static str),
    #[error("the pass would be longer than {max} characters: {got}")]
    TooLong { got: usize, max: usize },
    #[error("{0}")]
    Internal(String),
}

impl Hinted for TermError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownConnection { got, .. } => format!("`hallpass connect SERVICE --as {got}` makes one"),
            Self::MeansNothing { nearest, .. } => {
                did_you_mean(nearest, "`hallpass services show SERVICE` lists them")
            }
            Self::NoField { nearest, .. } => did_you_mean(
                nearest,
                "the provider's own name is needed, such as payload.body or profile.email",
            ),
            Self::Ambiguous { target, .. } => {
                format!("write `CONNECTION:{target}`, or choose with --connection")
            }
            Self::Target { hint, .. } | Self::Check { hint, .. } => hint.clone(),
            Self::ResourceKind { known, .. } => format!("there are {known}"),
            Self::AllowsNothing { instead, .. } => {
                let table = "`hallpass can` shows what a pass would answer to each operation";
                instead.as_ref().map_or_else(|| table.into(), |instead| format!("{instead}; {table}"))
            }
            other => other.fixed_hint()?.into(),
        })
    }
}

impl TermError {
    /// The hint where it does not depend on what was written.
    fn fixed_hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Argument { .. } => {
                "`gmail.users.messages.list: maxResults<=10, q contains \"is:unread\"` is one"
            }
            Self::Limit(_) => "SIZE/m, SIZE/h and SIZE/d are for any minute, hour and day",
            Self::CountsNobody(_) => "gmail, google-calendar and google-drive are",
            Self::NoService(_) => "`hallpass connect SERVICE` makes one",
            Self::Kind { .. } => "write `CONNECTION:KIND` where only one connection is meant",
            Self::Condition { .. } => "name another connection before it, such as `github:7d`",
            Self::NoGrant => "`--allow gmail:read` allows reading on the connection `gmail`",
            Self::TooLong { .. } => "use globs or effects instead of many operations",
            _ => return None,
        })
    }
}

fn did_you_mean(nearest: &[String], otherwise: &str) -> String {
    if nearest.is_empty() {
        return otherwise.into();
    }
    let known: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    format!("did you mean {}?", known.join(", "))
}

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
