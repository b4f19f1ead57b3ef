//! The result of a case on one surface, in words that every surface has.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use verifier::GatewayConfig;
use verifier::direct::{DirectAnswer, End, Got};
use verifier::ports::Outcome;

use super::case::{Act, Case, Holds};
use super::mcp::waits;
use super::surfaces::Door;
use crate::common::{Kind, Remembering, Scripted, Seen, Stage, Written};

/// Everything that shows outside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Came {
    /// The answers to its agent, in order.
    pub got: Vec<Got>,
    /// The complete requests that reached the upstream.
    pub sent: Vec<Sent>,
    /// The records of the audit log.
    pub records: Vec<String>,
    /// The amounts taken from budgets.
    pub budgets: BTreeMap<String, u64>,
    pub leases: u64,
    /// The questions for people.
    pub questions: Vec<String>,
    /// The ids that the lineage was shown.
    pub shown: Vec<String>,
    /// The signs for the connection's owner.
    pub signs: Vec<String>,
}

/// A request as the upstream got it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// Plays a case through a door, on a stage of its own.
pub(super) fn play(case: &Case, door: &Door) -> Came {
    let mut config = GatewayConfig { threads: 1, ..GatewayConfig::default() };
    config.mcp.hold = Duration::from_secs(waits(case));
    (case.limits)(&mut config.limits);
    let stage = Stage::with(config);
    stage.upstream.answers(case.upstream);
    let pass = match &case.holds {
        Holds::Minted(args) => stage.mint(args),
        Holds::Text(text) => (*text).to_owned(),
    };
    let mut surface = (door.open)(&stage);
    let mut got = Vec::new();
    for act in &case.acts {
        match act {
            Act::Happens(event) => event(&stage),
            Act::Asks { meant, meanwhile: None, .. } => got.push(surface.asks(&pass, meant)),
            Act::Asks { meant, meanwhile: Some(event), .. } => thread::scope(|scope| {
                let happening = scope.spawn(|| event(&stage));
                got.push(surface.asks(&pass, meant));
                happening.join().unwrap();
            }),
        }
    }
    surface.closes();
    let (authority, upstream) = stage.drain();
    // On a busy machine the service may read a request only after its agent was told that the time is over.
    let patience = Instant::now() + Duration::from_secs(10);
    while upstream.seen().len() < case.sends.len() && Instant::now() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    came(got, &authority, &upstream)
}

fn came(got: Vec<Got>, authority: &Remembering, upstream: &Scripted) -> Came {
    let questions = authority.desk.questions.lock().unwrap();
    let questions = questions.iter().map(|one| {
        let ask = &one.ask;
        format!("{} {:?} {:?} {:?} used {}", ask.operation, ask.digest, ask.people, ask.shown, one.used)
    });
    let signs = authority.signs.lock().unwrap();
    Came {
        got,
        sent: upstream.seen().into_iter().map(sent).collect(),
        records: authority.written().iter().map(record).collect(),
        budgets: authority.budgets(),
        leases: authority.leases.load(Ordering::SeqCst),
        questions: questions.collect(),
        shown: authority.shown().iter().map(|one| format!("{one:?}")).collect(),
        signs: signs.iter().map(|one| format!("{one:?}")).collect(),
    }
}

fn sent(seen: Seen) -> Sent {
    // The upstream of each stage has another port.
    let headers = seen.headers.into_iter().filter(|(name, _)| name != "host").collect();
    Sent { line: seen.line, headers, body: String::from_utf8_lossy(&seen.body).into_owned() }
}

/// Returns a record without the parts that differ between runs, and without the path, which differs between surfaces.
fn record(written: &Written) -> String {
    let Written { kind, record, outcomes } = written;
    let ends: Vec<String> = outcomes.iter().map(end).collect();
    format!(
        "{} {} [{}] {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} facts {}",
        if *kind == Kind::Intent { "sent" } else { "not sent" },
        record.decision,
        ends.join(", "),
        record.operation,
        record.connection,
        record.method,
        record.lineage,
        record.digest.zip(record.question),
        record.outline,
        record.looked_up,
        record.reasons,
        record.reservations,
        record.approval,
        record.facts.is_some(),
    )
}

fn end(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered { status, bytes, .. } => format!("{status} {bytes}"),
        Outcome::Failed { code, carried_out, .. } => format!("{code} {carried_out:?}"),
        Outcome::Aborted { bytes, carried_out, .. } => format!("aborted {bytes} {carried_out:?}"),
    }
}

/// Returns the answers to an agent, as text.
pub(super) fn shown(got: &[Got]) -> String {
    let one = |got: &Got| match got {
        Got::Stopped(problem) => format!("{problem:?}"),
        Got::Answer(DirectAnswer { status, headers, body, end }) => {
            format!("{status} {headers:?} {} {end:?}", String::from_utf8_lossy(body))
        }
    };
    got.iter().map(one).collect::<Vec<_>>().join("\n  ")
}

/// Returns the result in one word: the service's status, or the code of a refusal or fault.
pub(super) fn word(got: &Got) -> String {
    match got {
        Got::Answer(DirectAnswer { status, end: End::Whole, .. }) => status.to_string(),
        Got::Answer(DirectAnswer { status, end: End::CutOff, .. }) => format!("{status} cut off"),
        Got::Stopped(problem) => problem.get("code").and_then(Value::as_str).unwrap_or("?").to_owned(),
    }
}

impl Came {
    pub(super) fn words(&self) -> Vec<String> {
        self.got.iter().map(word).collect()
    }

    /// Returns the methods and targets that were sent.
    pub(super) fn lines(&self) -> Vec<&str> {
        self.sent.iter().map(|sent| sent.line.trim_end_matches(" HTTP/1.1")).collect()
    }

    /// Whether each record begins with its line of `like`.
    pub(super) fn is_recorded_as(&self, like: &[&str]) -> bool {
        self.records.len() == like.len()
            && self.records.iter().zip(like).all(|(one, like)| one.starts_with(like))
    }

    /// Returns the names of the parts that differ from another result.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let all = [
            ("what the agent got", shown(&self.got), shown(&other.got)),
            ("what was sent", format!("{:?}", self.sent), format!("{:?}", other.sent)),
            ("records", format!("{:#?}", self.records), format!("{:#?}", other.records)),
            ("budgets", format!("{:?}", self.budgets), format!("{:?}", other.budgets)),
            ("leases", self.leases.to_string(), other.leases.to_string()),
            ("questions", format!("{:?}", self.questions), format!("{:?}", other.questions)),
            ("shown ids", format!("{:?}", self.shown), format!("{:?}", other.shown)),
            ("signs", format!("{:?}", self.signs), format!("{:?}", other.signs)),
        ];
        let differ = all.into_iter().filter(|(_, one, other)| one != other);
        differ.map(|(what, one, other)| format!("{what}:\n  {one}\n  {other}")).collect()
    }
}
