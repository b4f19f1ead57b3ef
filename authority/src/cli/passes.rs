//! `hallpass passes`: what was minted, how it stands and what is left of its budgets. Never a pass's text.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use datalog::{ConnectionName, PassId};
use time::OffsetDateTime;

use super::client::{Client, with_query};
use super::failure::Failure;
use super::table::{Cell, Table};
use super::term::{Term, Tone, visible};
use super::{Context, block_on, when};
use crate::app::{BudgetLeft, LineageNode, PassDetail, PassFilter, PassInfo, PassStatus};
use crate::clock::Clock;

/// List the passes that were minted, the newest first, or show one of them
///
/// With an id: what the pass says, what is left of each of its budgets and when more comes, and what was attenuated from it
/// as far as the log knows.
#[derive(Debug, Args)]
pub(super) struct Passes {
    /// Show this pass
    #[arg(value_name = "ID", conflicts_with_all = ["status", "connection", "last"])]
    id: Option<PassId>,
    /// Only passes that stand so
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// Only passes that name this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    last: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Live,
    Suspended,
    Expired,
    Revoked,
}

impl From<Status> for PassStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Live => Self::Live,
            Status::Suspended => Self::Suspended,
            Status::Expired => Self::Expired,
            Status::Revoked => Self::Revoked,
        }
    }
}

impl Passes {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        if let Some(id) = &self.id {
            let path = format!("/v1/passes/{id}");
            let pass: PassDetail = block_on(async { Client::open(context).await?.read(&path).await })?;
            return context.term.result(&pass, || detail(&pass, &context.term));
        }
        let filter = PassFilter {
            status: self.status.map(PassStatus::from),
            connection: self.connection,
            limit: Some(self.last),
        };
        let path = with_query("/v1/passes", &filter)?;
        let passes: Vec<PassInfo> = block_on(async { Client::open(context).await?.read(&path).await })?;
        if passes.is_empty() {
            context.term.say("there are no such passes: `hallpass mint` makes one");
        }
        context.term.result(&passes, || listing(&passes).render(&context.term))
    }
}

fn status(pass: &PassInfo) -> (&'static str, Tone) {
    match pass.status {
        PassStatus::Live => ("live", Tone::Good),
        PassStatus::Suspended => ("suspended", Tone::Warn),
        PassStatus::Expired => ("expired", Tone::Quiet),
        PassStatus::Revoked => ("revoked", Tone::Bad),
    }
}

fn listing(passes: &[PassInfo]) -> Table<6> {
    let now = Clock::System.now();
    let mut table = Table::new(["ID", "STATUS", "ENDS", "CONNECTIONS", "LEFT", "TASK"]);
    for pass in passes {
        let (word, tone) = status(pass);
        let status = Cell::in_tone(word, tone);
        let left = pass.budgets.iter().map(|one| format!("{} {} of {}", one.of, one.left, one.max));
        let connections = pass.connections.iter().map(ConnectionName::as_str).collect::<Vec<_>>().join(", ");
        table.row([
            pass.id.as_str().into(),
            status,
            when::from_now(pass.expires, now).into(),
            connections.into(),
            left.collect::<Vec<_>>().join(", ").into(),
            pass.task.as_str().into(),
        ]);
    }
    table
}

fn detail(pass: &PassDetail, term: &Term) -> String {
    let (now, colour) = (Clock::System.now(), term.colour());
    let info = &pass.info;
    let (word, tone) = status(info);
    let mut text = colour.paint(Tone::Strong, &visible(&info.task).replace('\n', " "));
    let _ = writeln!(text, "\npass {}: {}", info.id, colour.paint(tone, word));
    for sentence in pass.says.iter().flat_map(|says| &says.says) {
        let _ = writeln!(text, "  {}", visible(sentence));
    }
    let word = if info.expires > now { "ends" } else { "ended" };
    let _ = writeln!(text, "  {word} {} ({})", when::at(info.expires), when::from_now(info.expires, now));
    if !info.budgets.is_empty() {
        let _ = writeln!(text, "\n{}", budgets(&info.budgets, now).render(term));
    }
    let _ = write!(text, "\n{}", lineage(&pass.lineage, now).render(term));
    text
}

fn budgets(left: &[BudgetLeft], now: OffsetDateTime) -> Table<4> {
    let mut table = Table::new(["BUDGET", "LEFT", "OF", "MORE"]);
    for one in left {
        let per = one.per.map(|window| format!(" {}", window.words())).unwrap_or_default();
        let more = match (one.refills_at, one.per) {
            (Some(at), _) => format!("{} ({})", when::at(at), when::from_now(at, now)),
            (None, Some(_)) => "all of it is there".to_owned(),
            (None, None) => "never".to_owned(),
        };
        let tone = if one.left == 0 { Tone::Bad } else { Tone::Good };
        table.row([
            one.of.as_str().into(),
            Cell::in_tone(one.left.to_string(), tone),
            format!("{} {}{per}", one.max, one.counts.as_str()).into(),
            more.into(),
        ]);
    }
    table
}

fn lineage(nodes: &[LineageNode], now: OffsetDateTime) -> Table<5> {
    let mut table = Table::new(["HELD BY", "ALLOWED", "REFUSED", "LAST", "STATUS"]);
    for node in nodes {
        let id = if node.depth == 0 { "the pass".to_owned() } else { node.id.as_str().to_owned() };
        table.row([
            format!("{}{id}", "  ".repeat(node.depth.min(8))).into(),
            node.allowed.to_string().into(),
            node.refused.to_string().into(),
            node.last.map_or_else(|| "never".to_owned(), |last| when::from_now(last, now)).into(),
            if node.is_revoked { Cell::in_tone("revoked", Tone::Bad) } else { "".into() },
        ]);
    }
    table
}
