//! The figures, as a table for people and as JSON for machines.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::agree::Agreement;
use crate::plan::Plan;
use crate::stats::Spread;
use crate::steps::StepRow;
use crate::stop::Figures;

/// Only the figures of a release build mean anything.
const BUILD: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
}

/// One subject at one number of connections.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) subject: &'static str,
    pub(crate) request: &'static str,
    pub(crate) connections: usize,
    /// CPU time of the proxy's process for one request.
    pub(crate) cpu_us: Spread,
    /// The ratio to the control in the same round. The other ratios are too.
    pub(crate) cpu_ratio: Spread,
    pub(crate) per_second: Spread,
    pub(crate) per_second_ratio: Spread,
    pub(crate) p50_us: Spread,
    pub(crate) p50_ratio: Spread,
    pub(crate) p99_us: Spread,
    pub(crate) p99_ratio: Spread,
    /// The most in any round.
    pub(crate) resident_kib: u64,
}

pub(crate) fn json(plan: &Plan, rows: &[Row], steps: &[StepRow]) -> anyhow::Result<()> {
    let seconds = plan.time.as_secs_f64();
    let report = json!({
        "build": BUILD, "cores": cores(), "rounds": plan.rounds, "seconds": seconds, "rows": rows, "steps": steps,
    });
    serde_json::to_writer_pretty(io::stdout().lock(), &report)?;
    writeln!(io::stdout())?;
    Ok(())
}

pub(crate) fn table(plan: &Plan, rows: &[Row], steps: &[StepRow]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let seconds = plan.time.as_secs_f64();
    writeln!(
        out,
        "{} rounds of {seconds} s each; median (min-max), x is the ratio to the control\n",
        plan.rounds
    )?;
    writeln!(
        out,
        "{:<11} {:>5}  {:<18} {:>20} {:>18} {:>9} {:>6} {:>8} {:>6} {:>8} {:>6} {:>6}",
        "request",
        "conns",
        "subject",
        "CPU us/request",
        "x",
        "req/s",
        "x",
        "p50 us",
        "x",
        "p99 us",
        "x",
        "MiB"
    )?;
    for row in rows {
        writeln!(
            out,
            "{:<11} {:>5}  {:<18} {:>20} {:>18} {:>9.0} {:>6.2} {:>8.0} {:>6.2} {:>8.0} {:>6.2} {:>6.1}",
            row.request,
            row.connections,
            row.subject,
            spread(&row.cpu_us, 1),
            spread(&row.cpu_ratio, 2),
            row.per_second.median,
            row.per_second_ratio.median,
            row.p50_us.median,
            row.p50_ratio.median,
            row.p99_us.median,
            row.p99_ratio.median,
            mebibytes(row.resident_kib),
        )?;
    }
    writeln!(out, "\n{:<22} {:>6} {:>24}", "one step alone", "blocks", "us")?;
    for StepRow { step, blocks, us } in steps {
        let blocks = blocks.map_or("-".to_owned(), |blocks| blocks.to_string());
        writeln!(out, "{step:<22} {blocks:>6} {:>24}", spread(us, 2))?;
    }
    Ok(())
}

/// Prints how long the emergency stop took.
pub(crate) fn stop(figures: &Figures, format: Format) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if format == Format::Json {
        serde_json::to_writer_pretty(
            &mut out,
            &json!({ "build": BUILD, "cores": cores(), "stop": figures }),
        )?;
        return Ok(writeln!(out)?);
    }
    let Figures { connections, presses, forwarded_before, .. } = figures;
    writeln!(out, "{presses} presses under {connections} connections; median (min-max), ms from the press")?;
    writeln!(out, "{:<44} {:>24}", "first refused request", spread(&figures.first_refused_ms, 1))?;
    writeln!(out, "{:<44} {:>24}", "stop acknowledged", spread(&figures.acknowledged_ms, 1))?;
    writeln!(out, "{:<44} {:>24}", "last arrival at the upstream", spread(&figures.last_arrival_ms, 1))?;
    writeln!(out, "{:<44} {forwarded_before:>24}", "forwarded that began before")?;
    writeln!(out, "{:<44} {:>24}", "forwarded that began after the stop returned", figures.forwarded_after)?;
    Ok(())
}

/// Prints the result of the comparison with biscuit-auth.
pub(crate) fn agreement(found: &Agreement) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, found)?;
    Ok(writeln!(out)?)
}

/// Prints an error for people.
pub(crate) fn complain(error: &anyhow::Error) {
    // If standard error is closed, nobody can be told.
    let _ = writeln!(io::stderr(), "hallpass-bench: {error:#}");
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn spread(spread: &Spread, digits: usize) -> String {
    let Spread { median, min, max } = spread;
    format!("{median:.digits$} ({min:.digits$}-{max:.digits$})")
}

fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
