//! `hallpass passes`: lists the passes, their status, and what is left of their budgets. It never shows a pass's text.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use datalog::{ConnectionName, inspect};
use time::OffsetDateTime;

use super::client::{Client, with_query};
use super::failure::Failure;
use super::plain::inline;
use super::table::{Cell, Table};
use super::term::Tone;
use super::{number, pass_name, said, when};
use crate::app::{AllStops, BudgetLeft, LineageNode, PassDetail, PassFilter, PassInfo, PassStatus};
use crate::cli::context::{Context, block_on};
use crate::cli::pass_name::not_a_pass;

/// List the passes, newest first, or show one of them
///
/// With an id it shows what the pass says, how much of each budget is left and when it refills, and the passes attenuated
/// from it that have made a request.
#[derive(Debug, Args)]
pub(super) struct Passes {
    /// Show this pass: its id, or the beginning of it
    #[arg(value_name = "PASS", conflicts_with_all = ["status", "connection", "last"])]
    pass: Option<String>,
    /// Show only passes with this status
    #[arg(long, value_name = "STATUS")]
    status: Option<StatusArg>,
    /// Show only passes for this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
    /// Show at most N
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = number::small)]
    last: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StatusArg {
    Live,
    NotYet,
    Stopped,
    Expired,
    Revoked,
}

impl From<StatusArg> for PassStatus {
    fn from(status: StatusArg) -> Self {
        match status {
            StatusArg::Live => Self::Live,
            StatusArg::NotYet => Self::NotYet,
            StatusArg::Stopped => Self::Stopped,
            StatusArg::Expired => Self::Expired,
            StatusArg::Revoked => Self::Revoked,
        }
    }
}

impl Passes {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        if let Some(name) = &self.pass {
            pass_name::check(name)?;
            let pass = block_on(async {
                let client = Client::open(context).await?;
                // The text of a pass also names the pass.
                let id = match pass_name::is_name(name) {
                    true => name.clone(),
                    false => inspect::read(name).map_err(|error| not_a_pass(&error))?.id.to_string(),
                };
                pass_name::detail(&client, &id).await
            })?;
            return context.term.result(&pass, || detail(&pass, context));
        }
        let filter = PassFilter {
            status: self.status.map(PassStatus::from),
            connection: self.connection,
            limit: Some(self.last),
        };
        let path = with_query("/v1/passes", &filter)?;
        let (passes, stops) = block_on(async {
            let client = Client::open(context).await?;
            let passes: Vec<PassInfo> = client.read(&path).await?;
            Ok((passes, client.read::<AllStops>("/v1/stops").await?))
        })?;
        if stops.everything.is_some() {
            context.term.say_in(Tone::Warn, "everything is stopped: `hallpass resume` ends that");
        }
        for pass in passes.iter().filter(|pass| pass.status == PassStatus::Stopped) {
            if let Some(stopped) = &pass.stopped {
                context.term.say_in(Tone::Warn, format!("{} is stopped: {stopped}", pass.id));
            }
        }
        if passes.is_empty() {
            context.term.say("there are no such passes: `hallpass mint` makes one");
        }
        context.term.result(&passes, || listing(&passes, context.clock.now()).render(&context.term))
    }
}

fn status(pass: &PassInfo) -> (&'static str, Tone) {
    match pass.status {
        PassStatus::Live if pass.stopped.is_some() => ("live (stopped)", Tone::Warn),
        PassStatus::Live => ("live", Tone::Good),
        PassStatus::NotYet if pass.stopped.is_some() => ("not yet (stopped)", Tone::Warn),
        PassStatus::NotYet => ("not yet", Tone::Quiet),
        PassStatus::Stopped => ("stopped", Tone::Warn),
        PassStatus::Expired => ("expired", Tone::Quiet),
        PassStatus::Revoked => ("revoked", Tone::Bad),
    }
}

fn listing(passes: &[PassInfo], now: OffsetDateTime) -> Table<6> {
    let mut table = Table::new(["ID", "STATUS", "ENDS", "CONNECTIONS", "LEFT", "TASK"]).with_whole(0);
    for pass in passes {
        let (word, tone) = status(pass);
        let status = Cell::in_tone(word, tone);
        let left = pass.budgets.iter().map(|one| format!("{} {} of {}", one.of, one.left, one.max));
        let connections = pass.connections.iter().map(ConnectionName::as_str).collect::<Vec<_>>().join(", ");
        table.row([
            pass.id.as_str().into(),
            status,
            match pass.begins.filter(|_| pass.status == PassStatus::NotYet) {
                Some(begins) => format!("begins {}", when::from_now(begins, now)).into(),
                None => when::from_now(pass.expires, now).into(),
            },
            connections.into(),
            left.collect::<Vec<_>>().join(", ").into(),
            pass.task.as_str().into(),
        ]);
    }
    table
}

fn detail(pass: &PassDetail, context: &Context) -> String {
    let (now, term) = (context.clock.now(), &context.term);
    let colour = term.colour();
    let info = &pass.info;
    let (word, tone) = status(info);
    let mut text = colour.paint(Tone::Strong, &inline(&info.task));
    let _ = writeln!(text, "\npass {}: {}", info.id, colour.paint(tone, word));
    if let Some(stopped) = &info.stopped {
        let _ = writeln!(text, "{}", colour.paint(Tone::Warn, &inline(&stopped.to_string())));
    }
    if let Some(says) = &pass.says {
        text.push_str(&said::lines(&says.says, term.width()));
    }
    if let Some(begins) = info.begins.filter(|begins| *begins > now) {
        let _ = writeln!(text, "begins {}", when::from_now(begins, now));
    }
    let word = if info.expires > now { "ends" } else { "ended" };
    let _ = writeln!(text, "{word} {}", when::from_now(info.expires, now));
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
