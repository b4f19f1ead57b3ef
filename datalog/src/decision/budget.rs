//! Budgets: what they count, over which time, and how much one request takes from each.
//!
//! The pass states them (`content`), a person asks for them (`Asked`), and the authority keeps the counts. This module
//! says how much a request takes. The pass's own caveats say whether enough is left, and the store enforces it.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::decision::context::Context;
use crate::decision::lookup::Observed;
use crate::pass::limits::Limit;
use crate::pass::reservation::{Counts, Measure, Reservation, Spent};
use crate::pass::verify::VerifiedPass;
use crate::request::canonical::Request;
use crate::request::decode::error::DecodeError;
use crate::request::decode::{self, Address};

/// This much of an answer is reserved before a request leaves. More is taken while the answer comes, or the answer
/// is cut.
const ANSWER: u64 = 64 * 1024;

/// A limit, and how much the request takes from it.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    pub limit: &'a Limit,
    pub takes: Reservation,
}

/// How much a request takes from its limits.
#[derive(Debug, Default)]
pub struct Claims<'a> {
    pub known: Vec<Claim<'a>>,
    /// Why nobody knows how much the request takes from the other limits. If there is a reason, the request is not
    /// permitted.
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

pub(crate) fn recipients(request: &Request, observed: &Observed) -> Result<Vec<Address>, DecodeError> {
    let messages = decode::messages(request, observed)?;
    Ok(decode::reached(request, &messages, observed)?.recipients)
}

/// A thing as the store keeps it: recognizable under the same budget, and nowhere else.
fn item(budget: &str, what: &str) -> String {
    let hash = Sha256::new().chain_update(budget).chain_update([0]).chain_update(what).finalize();
    hex::encode(hash.get(..16).unwrap_or_default())
}

impl VerifiedPass {
    /// How much this request takes from the pass's limits.
    pub fn claims(&self, request: &Request, observed: &Observed, now: OffsetDateTime) -> Claims<'_> {
        claims(&self.limits_for(request), request, observed, now)
    }
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

    /// Asks about the budget's state without taking anything.
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

    /// The reservation if the request is allowed.
    pub(crate) fn reservation(&self, context: &Context) -> Reservation {
        let mut takes = self.takes.clone();
        if takes.counts == Counts::Stream {
            let left = takes.max.saturating_sub(self.spent(context).used);
            takes.cost = takes.cost.saturating_add(ANSWER - 1).min(left).max(takes.cost);
        }
        takes
    }
}

/// Milliseconds until every used-up budget has room again; none if one never will.
pub(crate) fn wait(claims: &[Claim<'_>], context: &Context) -> Option<u64> {
    let short =
        |claim: &&Claim<'_>| claim.spent(context).used.saturating_add(claim.cost(context)) > claim.limit.max;
    let waits: Option<Vec<u64>> = claims.iter().filter(short).map(|one| one.spent(context).wait).collect();
    waits?.into_iter().max()
}
