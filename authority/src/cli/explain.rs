//! `hallpass explain RECORD`: explains the decision on a recorded request, from the record.
//!
//! It decides nothing anew. The caveat, what it expected and what it got come from that moment, and so do the facts, if
//! they are stored. `--datalog` prints the whole decision for other Biscuit tools.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::client::Client;
use super::failure::Failure;
use super::log::{counted_words, event_words, what};
use super::plain::inline;
use super::term::Tone;
use super::{number, when};
use crate::app::{DecisionFacts, LogRecord, NoFacts, RecordView};
use crate::audit::{Entry, OutcomeEntry, ReasonEntry, RequestEntry};
use crate::cli::context::{Context, block_on};
use crate::fact_words;

/// Explain the decision on a recorded request
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The record's number, as `hallpass log` and a refusal's `record` show it
    #[arg(value_name = "RECORD", value_parser = number::large)]
    record: u64,
    /// Print the whole decision as Biscuit Datalog: any Biscuit tool reaches the same answer
    #[arg(long)]
    datalog: bool,
}

/// The decision as Datalog.
#[derive(Debug, Serialize)]
struct RecordDatalog {
    record: u64,
    decision: String,
    datalog: String,
    /// What the Datalog lacks although the pass could read it.
    lacking: Vec<String>,
}

impl Explain {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let path = format!("/v1/log/records/{}", self.record);
        let view: RecordView = block_on(async { Client::open(context).await?.read(&path).await })?;
        if self.datalog {
            return world(view, context);
        }
        context.term.result(&view, || words(&view))
    }
}

fn world(view: RecordView, context: &Context) -> Result<(), Failure> {
    let record = view.record.seq;
    let Some(facts) = view.facts else {
        let because = view.no_facts.unwrap_or_else(|| NoFacts::new("it records no decision"));
        let failure = Failure::failed(format!("record {record}: {}", inline(&because.because)));
        return Err(match because.hint {
            Some(hint) => failure.or_hint(hint),
            None => failure,
        });
    };
    let DecisionFacts { decision, datalog, lacking, .. } = *facts;
    for lack in &lacking {
        context.term.say_in(Tone::Warn, format!("{}: a tool may answer otherwise", inline(lack)));
    }
    let world = RecordDatalog { record, decision, datalog, lacking };
    context.term.document(&world, || world.datalog.clone())
}

fn words(view: &RecordView) -> String {
    let LogRecord { seq, at, entry, .. } = &view.record;
    let mut text = format!("record {seq}, {}: ", when::at(*at));
    match entry {
        Entry::Intent(request) | Entry::Refusal(request) => {
            decision(&mut text, request);
            subject(&mut text, request);
            facts(&mut text, view);
            reasons(&mut text, request);
            circumstances(&mut text, request);
            undoing(&mut text, view);
        }
        Entry::Event(event) => line(&mut text, event_words(event)),
        Entry::Counted(counted) => line(&mut text, counted_words(counted)),
        Entry::Outcome(outcome) => {
            line(&mut text, format_args!("the end of the request of record {}", outcome.of));
            line(&mut text, outcome_words(outcome));
            return text;
        }
    }
    if let Some(LogRecord { seq, entry: Entry::Outcome(outcome), .. }) = &view.outcome {
        line(&mut text, format_args!("{} (record {seq})", outcome_words(outcome)));
    } else if matches!(entry, Entry::Intent(_)) {
        line(&mut text, "its outcome is not on record: it is still running, or the gateway was cut off");
    }
    text
}

fn decision(text: &mut String, request: &RequestEntry) {
    if let Some(would) = request.would() {
        return line(text, format_args!("its holder only asked, and sent nothing; the answer was `{would}`"));
    }
    match request.decision.as_str() {
        "allow" => line(text, "allowed"),
        code => line(text, format_args!("refused, `{code}`")),
    }
}

fn subject(text: &mut String, request: &RequestEntry) {
    line(text, what(request));
    if request.operation.is_some() {
        line(text, format_args!("  asked for as {} {}", request.method, request.path));
    }
    let task = request.task.as_ref().map(|task| format!(" (\"{task}\")")).unwrap_or_default();
    match request.lineage.split_first() {
        None => line(text, "  without a valid pass"),
        Some((pass, [])) => line(text, format_args!("  under the pass {pass}{task}")),
        Some((pass, children)) => {
            line(text, format_args!("  under a pass attenuated from {pass}{task}: {}", children.join(", ")));
        }
    }
}

/// Writes the facts of the request, if they are stored.
fn facts(text: &mut String, view: &RecordView) {
    for (name, value) in view.facts.iter().flat_map(|facts| fact_words::facts(&facts.kept)) {
        line(text, format_args!("  {}: {value}", name.to_lowercase()));
    }
    if let Some(NoFacts { because, hint }) = &view.no_facts {
        line(text, format_args!("  {because}"));
        if let Some(hint) = hint {
            line(text, format_args!("  {hint}"));
        }
    }
}

fn reasons(text: &mut String, request: &RequestEntry) {
    for ReasonEntry { block, caveat, expected, got, liftable_by } in &request.reasons {
        let place = match block {
            None => "by the fixed policy".to_owned(),
            Some(0) => "by the pass itself".to_owned(),
            Some(block) => format!("by block {block}, which a holder added"),
        };
        line(text, format_args!("{place}: {caveat}"));
        line(text, format_args!("  expected {expected}"));
        line(text, format_args!("  got      {got}"));
        let lifted = match liftable_by.as_str() {
            "approval" => "a person's approval of this very request",
            "parent" => "the parent, or another pass",
            _ => "nothing",
        };
        if request.decision != "allow" {
            line(text, format_args!("  could be lifted by {lifted}"));
        }
    }
}

fn circumstances(text: &mut String, request: &RequestEntry) {
    if let Some(approval) = &request.approval {
        line(text, format_args!("approved by {} (approval {approval})", request.approved_by.join(" and ")));
    }
    if !request.looked_up.is_empty() {
        line(text, format_args!("looked up with the credential: {}", request.looked_up.join(", ")));
    }
    for budget in &request.budgets {
        line(text, format_args!("took {} of {} from the budget {}", budget.cost, budget.max, budget.budget));
    }
    if let Some(digest) = &request.digest {
        line(text, format_args!("request digest {digest}"));
    }
    let took = request.decided_us.map(|us| format!(", decided in {}", millis(us))).unwrap_or_default();
    let over = request.mode.as_ref().map(|mode| format!(" over {mode}")).unwrap_or_default();
    line(text, format_args!("from {}{over}{took}", request.peer));
}

/// Writes what can still be undone.
fn undoing(text: &mut String, view: &RecordView) {
    let Some(undoing) = &view.undoing else { return };
    if let Some(irreversible) = &undoing.irreversible {
        line(text, format_args!("cannot be taken back: {irreversible}"));
    }
    if let Some(undo) = &undoing.undo {
        line(text, format_args!("can be undone: {undo}"));
    }
}

fn outcome_words(outcome: &OutcomeEntry) -> String {
    let OutcomeEntry { result, status, code, bytes, took_ms, .. } = outcome;
    let mut words = match (result.as_str(), status, code) {
        ("answered", Some(status), _) => format!("answered {status}"),
        ("failed", _, Some(code)) => format!("failed, `{code}`"),
        ("aborted", ..) => "cut off before its answer was complete".to_owned(),
        (other, ..) => other.to_owned(),
    };
    if let Some(bytes) = bytes {
        let _ = write!(words, ", {bytes} bytes");
    }
    let _ = write!(words, ", in {took_ms} ms");
    if let Some(carried_out) = outcome.carried_out_words() {
        let _ = write!(words, "; {carried_out}");
    }
    words
}

fn millis(us: u64) -> String {
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}

fn line(text: &mut String, words: impl std::fmt::Display) {
    let _ = writeln!(text, "{}", inline(&words.to_string()));
}
