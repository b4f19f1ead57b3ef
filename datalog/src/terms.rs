//! The flags that minting and attenuating share, parsed: targets, durations, dates, budgets, raw checks.
//!
//! Nothing is guessed: what names no operation that exists is refused with the nearest that do.

use std::str::FromStr;

use biscuit_auth::builder::Check;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::admission::{self, Place};
use crate::catalog::Service;
use crate::caveat::{Caveat, Names};
use crate::compose;
use crate::decode::{self, Address};
use crate::lint;
use crate::names::ConnectionName;
use crate::selector::{Selector, Target};
use crate::vocabulary;

/// What is wrong with a flag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    #[error("{0}")]
    Name(#[from] crate::names::NameError),
    #[error(
        "no connection is called `{got}`; there is {known}\nhint: `hallpass connect SERVICE --as {got}` makes one"
    )]
    UnknownConnection { got: String, known: String },
    #[error("`{target}` means no operation of {services}{}", nearest_hint(.nearest))]
    MeansNothing { target: String, services: String, nearest: Vec<String> },
    #[error(
        "`{target}` could mean {connections}: expected one\nhint: write `CONNECTION:{target}`, or choose with --connection"
    )]
    Ambiguous { target: String, connections: String },
    #[error("`{0}` is not a duration: expected a number and s, m, h or d, such as 30m")]
    Duration(String),
    #[error("`{0}` is not a date: expected RFC 3339, such as 2026-11-22T09:00:00Z")]
    Date(String),
    #[error(
        "`{text}` is not a constraint on arguments: {why}\nhint: `gmail.users.messages.list: maxResults<=10, q contains \"is:unread\"` is one"
    )]
    Argument { text: String, why: String },
    #[error("`{0}` is not an address: expected a plain `local@domain` of ASCII letters")]
    Address(String),
    #[error("`{0}` is not a domain: expected a name such as example.com (an international one as xn--…)")]
    Domain(String),
    #[error(transparent)]
    Hours(#[from] crate::hours::HoursError),
    #[error(
        "`{0}` is not a budget: expected WHAT=SIZE, such as send=3, send=3/h, recipients=5, bytes=10MB or gmail.users.messages.get=10\nhint: SIZE/m, SIZE/h and SIZE/d are for any minute, hour and day"
    )]
    Limit(String),
    #[error(
        "`{0}` would count nobody: no message of these services is read for whom it reaches\nhint: gmail, google-calendar and google-drive are"
    )]
    CountsNobody(String),
    #[error("a pass asks 1 to {max} approvers, and no more than it names, got {got}")]
    Approvers { got: u32, max: usize },
    #[error("`{0}` is not a resource: expected KIND=ID, such as repo=octo/hello or channel=C0123ABCD")]
    Resource(String),
    #[error("no operation here touches a `{got}`\nhint: there are {known}")]
    ResourceKind { got: String, known: String },
    #[error(
        "the template is for {0}, and there is no connection to it\nhint: `hallpass connect SERVICE` makes one"
    )]
    NoService(String),
    #[error("the budget `{0}` is given twice")]
    LimitTwice(String),
    #[error("`{check}` is not a check: {why}\nhint: `check if effects($e), !$e.contains(\"send\")` is one")]
    Check { check: String, why: String },
    #[error(
        "`{got}` is no kind of thing that {flag} could follow: answers show {known}\nhint: write `CONNECTION:KIND` where only one connection is meant"
    )]
    Kind { flag: &'static str, got: String, known: String },
    #[error(
        "{flag} cannot be held here: {got}; there is {known}\nhint: name another connection before it, such as `github:7d`"
    )]
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
    #[error("{0}")]
    Missing(&'static str),
    #[error(
        "the pass would be longer than {max} characters: {got}\nhint: use globs or effects instead of many operations"
    )]
    TooLong { got: usize, max: usize },
    #[error("{0}")]
    Internal(String),
}

fn nearest_hint(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return "\nhint: `hallpass services show SERVICE` lists them".into();
    }
    format!(
        "\nhint: did you mean {}?",
        nearest.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
    )
}

/// `30m`, `2h`, `90s`, `7d`.
pub fn duration(text: &str) -> Result<Duration, TermError> {
    let wrong = || TermError::Duration(text.chars().take(40).collect());
    let split = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let total =
        number.checked_mul(seconds).filter(|total| (1..=366 * 86_400).contains(total)).ok_or_else(wrong)?;
    if number.to_string().len() + 1 != text.len() { Err(wrong()) } else { Ok(Duration::seconds(total)) }
}

pub fn date(text: &str) -> Result<OffsetDateTime, TermError> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TermError::Date(text.chars().take(40).collect()))
}

/// A connection that targets may mean, and the service behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach<'a> {
    pub(crate) connection: &'a ConnectionName,
    pub(crate) service: &'a Service,
}

impl Reach<'_> {
    fn has(&self, selector: &Selector) -> bool {
        self.service.operations.iter().any(|operation| selector.matches(operation))
    }
}

/// A target that means at least one operation within reach.
pub(crate) fn target(text: &str, reach: &[Reach<'_>]) -> Result<Target, TermError> {
    let target = Target::from_str(text)?;
    if let Some(name) = &target.connection
        && !reach.iter().any(|one| one.connection == name)
    {
        let known: Vec<String> = reach.iter().map(|one| format!("`{}`", one.connection)).collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        return Err(TermError::UnknownConnection { got: name.to_string(), known });
    }
    let meant = |one: &&Reach<'_>| target.connection.as_ref().is_none_or(|name| name == one.connection);
    let within: Vec<&Reach<'_>> = reach.iter().filter(meant).collect();
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

/// The ids that share most with a wrong one, by the pairs of letters that both have.
fn nearest(selector: &Selector, within: &[&Reach<'_>]) -> Vec<String> {
    let Selector::Operation(wrong) = selector else { return Vec::new() };
    let pairs = |text: &str| -> Vec<(u8, u8)> {
        let bytes = text.to_ascii_lowercase().into_bytes();
        bytes.iter().copied().zip(bytes.iter().copied().skip(1)).collect()
    };
    let wanted = pairs(wrong.as_str());
    let mut scored: Vec<(usize, &str)> = within
        .iter()
        .flat_map(|one| &one.service.operations)
        .map(|operation| {
            let own = pairs(operation.id.as_str());
            let shared = own.iter().filter(|pair| wanted.contains(pair)).count();
            (200 * shared / (own.len() + wanted.len()).max(1), operation.id.as_str())
        })
        .filter(|(score, _)| *score >= 70)
        .collect();
    scored.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
    scored.dedup();
    scored.into_iter().take(3).map(|(_, id)| id.to_owned()).collect()
}

/// Addresses and domains, to the caveat that nobody else is reached.
pub(crate) fn recipients(to: &[String], domains: &[String]) -> Result<Option<Check>, TermError> {
    let address =
        |text: &String| text.parse().map_err(|_| TermError::Address(text.chars().take(80).collect()));
    let addresses: Vec<Address> = to.iter().map(address).collect::<Result<_, _>>()?;
    let domain = |text: &String| {
        let plain = text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase();
        if decode::is_domain(&plain) {
            Ok(plain)
        } else {
            Err(TermError::Domain(text.chars().take(80).collect()))
        }
    };
    let domains: Vec<String> = domains.iter().map(domain).collect::<Result<_, _>>()?;
    Ok(compose::recipients(&addresses, &domains))
}

/// A check that a person wrote, after the same test that a pass from anyone has to pass.
pub(crate) fn check(text: &str, reach: &[Reach<'_>]) -> Result<Check, TermError> {
    let wrong = |why: String| TermError::Check { check: text.chars().take(120).collect(), why };
    if text.len() > 4_096 {
        return Err(wrong("it is longer than 4,096 characters".into()));
    }
    // The parser descends for every bracket and every `!`; the stack is not endless.
    if nesting(text) > 32 {
        return Err(wrong("it is nested more than 32 deep".into()));
    }
    let check = Check::try_from(text.trim().trim_end_matches(';'))
        .map_err(|_| wrong("expected one Datalog check".into()))?;
    let compiled =
        Caveat::compile(&check, &mut Names::default()).map_err(|error| wrong(error.to_string()))?;
    admission::admit(&[], std::slice::from_ref(&compiled), Place::Delegated)
        .map_err(|error| wrong(error.to_string()))?;
    if let Some(unknown) = compiled.patterns().find(|pattern| vocabulary::find(&pattern.name).is_none()) {
        return Err(wrong(format!("`{}` is not in the vocabulary", unknown.name)));
    }
    lint::lint(&compiled).map_err(|error| wrong(error.to_string()))?;
    let services = || reach.iter().map(|one| one.service);
    lint::spelling(&compiled, services).map_err(|error| wrong(error.to_string()))?;
    Ok(check)
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
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_positive_number_and_a_unit() {
        assert_eq!(duration("30m").unwrap(), Duration::minutes(30));
        for bad in ["", "m", "30", "-1m", "0s", "+5m", "030m", "1.5h", "30M", "99999999999d", "1y", "5µ"] {
            assert!(duration(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn a_check_that_says_nothing_or_fails_open_is_refused_with_what_to_write() {
        let told = |text: &str| {
            check(text, &[]).unwrap_err().to_string().lines().next().unwrap_or_default().to_owned()
        };
        let lines: Vec<String> = [
            "check if true",
            "check if false",
            "check if operation($o)",
            "check all time($t), connection($c)",
            "reject if operation($o)",
            "check if arg_count($n), 1 < 2",
            "check if arg_count($n), 2 < 1",
            "check if operation($o), $o < 3",
            "check if operation($o), $o == 3",
            "check if arg_count($n), $n",
            "check if effects($e), $e.contains(3)",
            "check if effects($e), $e.all($x -> $x > 3)",
            "check if effects($e), $e.starts_with(\"x\")",
            "check if effect($e), $e != \"send\"",
            "check if recipient($r), $r.ends_with(\"@example.com\")",
            "check if arg(\"q\", $v), $v == \"is:unread\"",
            "reject if recipient($r), !$r.ends_with(\"@example.com\")",
            "check all recipient($r), thread_participant($r)",
            "check all recipient($r), account($r) or recipient_count(0)",
            "check if effect(\"reed\")",
            "check if operation($o), $o == \"a\" or true",
        ]
        .map(told)
        .to_vec();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_check_that_says_something_is_taken() {
        for good in [
            "check all effect($e), {\"read\", \"write\"}.contains($e)",
            "check all recipient($r), $r.ends_with(\"@example.com\") or recipient_count(0)",
            "check all recipient($r), thread_participants($p), $p.contains($r) or recipient_count(0)",
            "check if subject($s), $s.starts_with(\"Re: \")",
            "check if attachment_count($n), $n < 2 or method(\"GET\")",
            "check if thread_participant(\"bob@example.com\")",
            "check if arg_name(\"q\")",
            "reject if arg_bool(\"includeSpamTrash\", true)",
            "check if request_digest($d), approved($d) or method(\"GET\")",
            "check if time($t), $t < 2027-01-01T00:00:00Z",
            "check if effects($e), $e.length() < 2, !$e.contains(\"send\") && $e != {,}",
            "check if operation($o), $o.starts_with(\"a\") || $o.ends_with(\"b\")",
            "check if connection($c), service($c)",
        ] {
            assert!(check(good, &[]).is_ok(), "{good}: {}", check(good, &[]).unwrap_err());
        }
    }

    #[test]
    fn a_hostile_check_is_refused_before_it_is_parsed() {
        for bad in [
            format!("check if {}true{}", "(".repeat(4000), ")".repeat(10)),
            format!("check if {}true", "!".repeat(4000)),
            "check if seen($k, $i)".into(),
            "check if operation($o), $o.matches(\".*\")".into(),
            "check if nonsense($o)".into(),
            "check if operation($o, $p)".into(),
            "allow if true".into(),
            "check if effect($a), effect($b), effect($c), effect($d), effect($e)".into(),
            "check if operation($o), $x == 1".into(),
            "check if operation($o) trusting previous".into(),
            "check if operation({o})".into(),
            "check if operation($o), {{a}}.contains($o)".into(),
            "check if operation($o), [\"a\"].contains($o)".into(),
            "check if time($t), $t > 2026-11-22T09:00:00Z; check if true".into(),
        ] {
            assert!(check(&bad, &[]).is_err(), "{bad:.60} was accepted");
        }
        assert!(check("check if effects($e), !$e.contains(\"send\");", &[]).is_ok());
    }
}
