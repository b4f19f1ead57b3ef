//! The pure steps of one request, each on its own: verify, classify, decide, and keep the facts of the decision.
//!
//! There is one thread, and nothing else is in the loop, so wall time is CPU time. This leaves out everything that
//! waits or touches a socket; `plan` measures the whole.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use datalog::RawRequest;
use datalog::catalog::{Catalog, Service};
use datalog::{
    Account, ConnectionName, Context, Decided, KnownConnection, MintTerms, PassCache, PassId, RootKeyPair,
    RootKeys, VerifiedPass,
};
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::gateway;
use crate::stats::Spread;

const NOW: OffsetDateTime = datetime!(2026-11-02 09:00 UTC);
const BATCHES: usize = 15;
/// How many passes are seen for the first time in one go.
const PASSES: u8 = 32;
const QUERY: &str = "maxResults=16&q=is%3Aunread";

/// What one step costs.
#[derive(Debug, Serialize)]
pub(crate) struct StepRow {
    pub(crate) step: &'static str,
    /// Blocks of the pass; none if the step reads no pass.
    pub(crate) blocks: Option<usize>,
    pub(crate) us: Spread,
}

/// Everything that the steps work on.
struct Bench {
    service: Arc<Service>,
    connection: ConnectionName,
    account: Account,
    roots: RootKeys,
    /// Passes of one block and of four, each with an id of its own.
    passes: [(usize, Vec<String>); 2],
}

/// Measures every step. Each batch lasts about `batch`.
pub(crate) fn run(batch: Duration) -> anyhow::Result<Vec<StepRow>> {
    let bench = Bench::new()?;
    let mut rows = vec![bench.classify(batch)?];
    for (blocks, passes) in &bench.passes {
        let pass = passes.first().context("no pass was minted")?;
        rows.push(bench.first_sight(*blocks, passes, batch)?);
        rows.push(bench.cached(*blocks, pass, batch)?);
        rows.push(bench.decide(*blocks, pass, batch)?);
        rows.push(bench.keep(*blocks, pass, batch)?);
    }
    Ok(rows)
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let catalog = Catalog::embedded()?;
        let service = catalog.service(&"gmail".parse()?).context("the catalog has no gmail")?.clone();
        let (connection, account): (ConnectionName, Account) =
            ("gmail".parse()?, "bench@example.com".parse()?);
        let known =
            KnownConnection { name: connection.clone(), account: account.clone(), service: service.clone() };
        let key = RootKeyPair::from_seed(1, [7; 32]);
        let terms = MintTerms::parse(&gateway::terms(), &[known], NOW)?;
        let mint = |number| Ok(terms.mint(&PassId::from_random([number; 16]), &key)?.text);
        let one = (0..PASSES).map(mint).collect::<anyhow::Result<Vec<String>>>()?;
        let attenuate = |pass: &String| gateway::attenuated(pass, NOW);
        let four = one.iter().map(attenuate).collect::<anyhow::Result<Vec<String>>>()?;
        let roots = RootKeys::new([key.public()]);
        Ok(Self { service, connection, account, roots, passes: [(1, one), (4, four)] })
    }

    fn classify(&self, batch: Duration) -> anyhow::Result<StepRow> {
        let us = timed(batch, || self.request())?;
        Ok(StepRow { step: "classify", blocks: None, us })
    }

    /// A new cache knows no pass. One cache serves all of these passes.
    fn first_sight(&self, blocks: usize, passes: &[String], batch: Duration) -> anyhow::Result<StepRow> {
        let all = timed(batch, || {
            let cache = PassCache::new(passes.len());
            passes.iter().map(|pass| self.verify(&cache, pass)).collect::<anyhow::Result<Vec<_>>>()
        })?;
        let us = all.map(|us| us / f64::from(PASSES));
        Ok(StepRow { step: "verify, first sight", blocks: Some(blocks), us })
    }

    fn cached(&self, blocks: usize, pass: &str, batch: Duration) -> anyhow::Result<StepRow> {
        let cache = PassCache::new(16);
        let us = timed(batch, || self.verify(&cache, pass))?;
        Ok(StepRow { step: "verify, cached", blocks: Some(blocks), us })
    }

    fn decide(&self, blocks: usize, pass: &str, batch: Duration) -> anyhow::Result<StepRow> {
        let pass = self.verify(&PassCache::new(16), pass)?;
        let request = self.request()?;
        let context = Context::default();
        let whole = timed(batch, || match datalog::decide(&pass, request.clone(), &context, NOW) {
            Decided::Allow(permitted) => Ok(permitted),
            _ => bail!("the benchmark's own request is not allowed"),
        })?;
        // `decide` takes the request. The cost of copying it is not the decision's.
        let copy = timed(batch, || Ok(request.clone()))?.median;
        Ok(StepRow { step: "decide", blocks: Some(blocks), us: whole.map(|us| us - copy) })
    }

    fn verify(&self, cache: &PassCache, pass: &str) -> anyhow::Result<Arc<VerifiedPass>> {
        Ok(cache.verify(pass, &self.roots, &|_| false, NOW)?)
    }

    /// Gathers and writes the facts that are kept of a decision. The store's thread seals them.
    fn keep(&self, blocks: usize, pass: &str, batch: Duration) -> anyhow::Result<StepRow> {
        let pass = self.verify(&PassCache::new(16), pass)?;
        let (request, context) = (self.request()?, Context::default());
        let digest = request.digest();
        let us = timed(batch, || {
            Ok(datalog::StoredFacts::of(&pass, datalog::Judged { request: &request, digest }, &context, NOW)
                .encode())
        })?;
        Ok(StepRow { step: "facts kept", blocks: Some(blocks), us })
    }

    fn request(&self) -> anyhow::Result<datalog::Request> {
        let raw = RawRequest {
            query: Some(QUERY),
            headers: &[("accept", "application/json")],
            ..RawRequest::new("GET", "/gmail/v1/users/me/messages")
        };
        Ok(self.service.classify(&self.connection, &self.account, &raw)?)
    }
}

/// Microseconds of one call, over batches of about `batch`.
fn timed<T>(batch: Duration, mut call: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Spread> {
    let mut calls = 1_u32;
    while repeated(calls, &mut call)? < batch {
        calls = calls.saturating_mul(2);
    }
    let mut figures = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        figures.push(repeated(calls, &mut call)?.as_secs_f64() * 1e6 / f64::from(calls));
    }
    Spread::of(figures).context("no batch was run")
}

fn repeated<T>(calls: u32, call: &mut impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call()?);
    }
    Ok(start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_runs_for_passes_of_one_and_of_four_blocks() {
        let rows = run(Duration::from_micros(1)).unwrap();
        for blocks in [1, 4] {
            let of = rows.iter().filter(|row| row.blocks == Some(blocks)).map(|row| row.step);
            let steps: Vec<_> = of.collect();
            assert_eq!(steps, ["verify, first sight", "verify, cached", "decide", "facts kept"]);
        }
        assert!(rows.iter().all(|row| row.us.max > 0.0));
    }
}
