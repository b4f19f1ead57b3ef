//! Budgets: what they count, over which time, and what one request takes of each.
//!
//! A pass states them (`content`), a person asks for them (`Asked`), the authority keeps the counts. What is
//! taken is told here; whether there is enough left the pass's own caveats say, and the store holds it to that.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::content::Limit;
use crate::decide::Context;
use crate::decode::{self, Address, DecodeError};
use crate::lookup::Observed;
use crate::request::{Request, hex};
use crate::selector::{Selector, Target};
use crate::terms::{self, Reach, TermError};

/// So much of an answer is reserved before a request leaves. More is taken while the answer comes, or it is cut.
const ANSWER: u64 = 64 * 1024;

/// What of a request a budget counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    Requests,
    /// Addresses that are reached, each once.
    Recipients,
    /// The bodies of requests and of answers.
    Bytes,
}

/// The time that a budget looks back over. It slides: in no minute, hour or day is more used than the budget's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    Minute,
    Hour,
    Day,
}

impl Measure {
    pub(crate) const COUNTED: [Self; 2] = [Self::Recipients, Self::Bytes];

    /// How a question for how a budget stands adds up: it takes nothing.
    pub(crate) fn of_nothing(self) -> Counts {
        match self {
            Self::Requests => Counts::Each,
            Self::Recipients => Counts::Once(Vec::new()),
            Self::Bytes => Counts::Stream,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Recipients => "recipients",
            Self::Bytes => "bytes",
        }
    }
}

impl Window {
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    pub fn seconds(self) -> u64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    fn letter(self) -> &'static str {
        match self {
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Minute => "a minute",
            Self::Hour => "an hour",
            Self::Day => "a day",
        }
    }
}

/// What is taken from one budget for one request, before it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Names the budget across the lineage: the revocation id of the block that set it, and its name.
    pub budget: String,
    pub max: u64,
    pub cost: u64,
    pub counts: Counts,
    pub window: Option<Window>,
    /// When it was decided, in milliseconds since 1970: where in the window it stands.
    pub at: u64,
    /// Seconds since 1970 from which on nothing can take from the budget any more.
    pub ends: u64,
}

/// How a budget adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// Everything that is taken.
    Each,
    /// Different things, each once: these. They stand as hashes, so that nobody is listed.
    Once(Vec<String>),
    /// Bytes: the rest is taken while the answer comes, and what it did not need is given back.
    Stream,
}

/// How a budget stands before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    pub used: u64,
    /// What the request takes, where the store knows better: of things that count once, the new ones.
    pub cost: Option<u64>,
    /// Milliseconds until there is enough left again, where waiting helps.
    pub wait: Option<u64>,
    /// Milliseconds until the first of what was used leaves the window.
    pub refills: Option<u64>,
}

impl Spent {
    /// When the first of what was used leaves the window, for an answer that was asked for now.
    pub fn refills_at(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        now.checked_add(Duration::milliseconds(i64::try_from(self.refills?).ok()?))
    }
}

impl From<u64> for Spent {
    fn from(used: u64) -> Self {
        Self { used, ..Self::default() }
    }
}

/// A limit and what the request takes of it.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    pub limit: &'a Limit,
    pub takes: Reservation,
}

/// What a request takes of the limits that mean it.
#[derive(Debug, Default)]
pub struct Claims<'a> {
    pub known: Vec<Claim<'a>>,
    /// Why it cannot be told what it takes of the others: it is then not permitted.
    pub unknown: Option<DecodeError>,
}

pub(crate) fn claims<'a>(
    limits: &[&'a Limit],
    request: &Request,
    observed: &Observed,
    now: OffsetDateTime,
) -> Claims<'a> {
    let mut claims = Claims::default();
    let counts_recipients = limits.iter().any(|limit| limit.measure == Measure::Recipients);
    let reached = if counts_recipients { recipients(request, observed) } else { Ok(Vec::new()) };
    for limit in limits {
        let (counts, cost) = match (limit.measure, &reached) {
            (Measure::Requests, _) => (Counts::Each, 1),
            (Measure::Bytes, _) => (Counts::Stream, request.body_length().saturating_add(1)),
            (Measure::Recipients, Ok(all)) => {
                let items = all.iter().map(|one| item(&limit.budget, one.as_str())).collect();
                (Counts::Once(items), all.len() as u64)
            }
            (Measure::Recipients, Err(error)) => {
                claims.unknown = Some(error.clone());
                continue;
            }
        };
        claims.known.push(Claim { limit, takes: limit.takes(counts, cost, now) });
    }
    claims
}

fn recipients(request: &Request, observed: &Observed) -> Result<Vec<Address>, DecodeError> {
    let messages = decode::messages(request, observed)?;
    Ok(decode::reached(request, &messages, observed)?.recipients)
}

/// A thing as the store keeps it: it can be known again under the same budget, and nowhere else.
fn item(budget: &str, what: &str) -> String {
    let hash = Sha256::new().chain_update(budget).chain_update([0]).chain_update(what).finalize();
    hex(hash.get(..16).unwrap_or_default())
}

impl Limit {
    /// A reservation of this budget.
    pub fn takes(&self, counts: Counts, cost: u64, now: OffsetDateTime) -> Reservation {
        Reservation {
            budget: self.budget.clone(),
            max: self.max,
            cost,
            counts,
            window: self.window,
            at: u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0),
            ends: self.ends,
        }
    }

    /// A question for how the budget stands, which takes nothing.
    pub fn nothing(&self, now: OffsetDateTime) -> Reservation {
        self.takes(self.measure.of_nothing(), 0, now)
    }
}

impl Claim<'_> {
    pub(crate) fn spent(&self, context: &Context) -> Spent {
        context.used.get(&self.limit.budget).copied().unwrap_or_default()
    }

    pub(crate) fn cost(&self, context: &Context) -> u64 {
        self.spent(context).cost.unwrap_or(self.takes.cost)
    }

    /// What is reserved when it is allowed.
    pub(crate) fn reservation(&self, context: &Context) -> Reservation {
        let mut takes = self.takes.clone();
        if takes.counts == Counts::Stream {
            let left = takes.max.saturating_sub(self.spent(context).used);
            takes.cost = takes.cost.saturating_add(ANSWER - 1).min(left).max(takes.cost);
        }
        takes
    }
}

/// Milliseconds until every budget that is used up has room again; none where one never will.
pub(crate) fn wait(claims: &[Claim<'_>], context: &Context) -> Option<u64> {
    let short =
        |claim: &&Claim<'_>| claim.spent(context).used.saturating_add(claim.cost(context)) > claim.limit.max;
    let waits: Option<Vec<u64>> = claims.iter().filter(short).map(|one| one.spent(context).wait).collect();
    waits?.into_iter().max()
}

/// A budget as a person asks for it: `send=3`, `send=3/h`, `gmail:recipients=5`, `bytes=10MB/d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) target: Target,
    pub(crate) measure: Measure,
    pub(crate) window: Option<Window>,
    pub(crate) max: i64,
}

impl Asked {
    pub(crate) fn read(text: &str, reach: &[Reach<'_>]) -> Result<Self, TermError> {
        let wrong = || TermError::Limit(text.chars().take(80).collect());
        let (what, size) = text.rsplit_once('=').ok_or_else(wrong)?;
        let (size, window) = match size.split_once('/') {
            None => (size, None),
            Some((size, letter)) => {
                let window = Window::ALL.into_iter().find(|window| window.letter() == letter);
                (size, Some(window.ok_or_else(wrong)?))
            }
        };
        let (connection, counted) = match what.split_once(':') {
            Some((connection, rest)) => (Some(connection), rest),
            None => (None, what),
        };
        let measure = Measure::COUNTED.into_iter().find(|measure| measure.as_str() == counted);
        let measure = measure.unwrap_or(Measure::Requests);
        let target = match measure {
            Measure::Requests => terms::target(what, reach)?,
            Measure::Recipients | Measure::Bytes => {
                let anything = connection.map_or("*".into(), |name| format!("{name}:*"));
                terms::target(&anything, reach)?
            }
        };
        let max = match measure {
            Measure::Bytes => bytes(size),
            Measure::Requests | Measure::Recipients => count(size),
        };
        let asked = Self { target, measure, window, max: max.ok_or_else(wrong)? };
        asked.counts_something(text, reach)?;
        Ok(asked)
    }

    /// Recipients are counted where a service's messages are read; elsewhere the budget would hold nobody back.
    fn counts_something(&self, text: &str, reach: &[Reach<'_>]) -> Result<(), TermError> {
        let reads = |one: &&Reach<'_>| one.service.operations.iter().any(|known| !known.decode.is_empty());
        let meant =
            |one: &&Reach<'_>| self.target.connection.as_ref().is_none_or(|own| own == one.connection);
        if self.measure != Measure::Recipients || reach.iter().filter(meant).any(|one| reads(&one)) {
            return Ok(());
        }
        Err(TermError::CountsNobody(text.chars().take(80).collect()))
    }
}

/// The name that the budget has in the pass.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.measure, &self.target.connection) {
            (Measure::Requests, _) => self.target.fmt(f)?,
            (counted, Some(connection)) => write!(f, "{connection}:{}", counted.as_str())?,
            (counted, None) => f.write_str(counted.as_str())?,
        }
        self.window.map_or(Ok(()), |window| write!(f, "/{}", window.letter()))
    }
}

/// Whether the selector means everything.
pub(crate) fn is_anything(selector: &Selector) -> bool {
    matches!(selector, Selector::Glob { prefix, suffix } if prefix.is_empty() && suffix.is_empty())
}

fn count(text: &str) -> Option<i64> {
    whole(text).filter(|count| *count <= 1_000_000_000)
}

/// Digits alone: no sign, no blank.
fn whole(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| i64::from_str(text).ok()).flatten()
}

/// `1500`, `64kB`, `10MB`, `1GB`; `KiB` and so on are by 1,024.
fn bytes(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 8] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let (number, unit) = UNITS
        .into_iter()
        .find_map(|(unit, size)| text.strip_suffix(unit).map(|number| (number, size)))
        .unwrap_or((text, 1));
    whole(number)?.checked_mul(unit).filter(|bytes| *bytes <= 1_000_000_000_000_000)
}

/// A number of bytes as people say it.
pub(crate) fn size(bytes: u64) -> String {
    for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)] {
        if bytes >= size && bytes.is_multiple_of(size) {
            return format!("{} {unit}", bytes / size);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_numbers_with_a_unit_and_nothing_else() {
        assert_eq!(bytes("10MB"), Some(10_000_000));
        assert_eq!(bytes("1KiB"), Some(1_024));
        assert_eq!(bytes("7"), Some(7));
        for bad in ["", "MB", "-1", "+1", " 1", "1.5MB", "1 MB", "1mb", "1000001GB", "9999999999999999"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
        assert_eq!((count("3"), count("1000000001"), count("3kB")), (Some(3), None, None));
        assert_eq!((size(10_000_000), size(1_024)), ("10 MB".into(), "1024 bytes".into()));
    }
}
