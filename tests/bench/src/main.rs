//! The benchmark: the gateway as it ships beside a minimal proxy, in one interleaved run.
//!
//! It starts an upstream in this process and the proxies as processes of their own, and drives them in turns. It prints
//! the CPU time of the proxy's process for one request, and its ratio to the control; wall time comes second. It
//! asserts that everything was answered, never how fast. The README beside it says more.

mod agree;
mod control;
mod gateway;
mod load;
mod nginx;
mod plan;
mod process;
mod report;
mod server;
mod stats;
mod steps;
mod stop;
mod upstream;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Measure what a request costs in the gateway, beside a proxy that checks nothing.
#[derive(Parser)]
#[command(name = "hallpass-bench")]
struct Arguments {
    /// Take two seconds to show that everything runs and is answered; the figures mean nothing.
    #[arg(long, conflicts_with = "full")]
    smoke: bool,
    /// Measure with 256 connections too.
    #[arg(long)]
    full: bool,
    /// How many connections at once, such as `16,64`.
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["full", "smoke"])]
    connections: Vec<usize>,
    /// Print JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// How often everything is measured in turn.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    #[command(subcommand)]
    part: Option<Part>,
}

/// Other things to measure, and the parts that the benchmark starts as processes of their own.
#[derive(Subcommand)]
enum Part {
    /// Measure how long the emergency stop takes under load
    Stop {
        /// How often the stop is pressed.
        #[arg(long, default_value_t = 5)]
        presses: u32,
    },
    /// Compare random decisions with those of biscuit-auth
    Agree {
        /// How many decisions.
        #[arg(long, default_value_t = 10_000)]
        count: u64,
        /// The seed that they are made from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    #[command(hide = true)]
    Control { upstream: SocketAddr },
    #[command(hide = true)]
    Gateway { home: PathBuf },
    #[command(hide = true)]
    Check,
}

/// How long a step is repeated before the clock is read.
const SHORT: Duration = Duration::from_micros(100);
const LONG: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.part {
        Some(Part::Agree { count, seed }) => {
            agree::run(count, seed).and_then(|found| report::agreement(&found))
        }
        Some(Part::Control { upstream }) => control::run(upstream),
        Some(Part::Gateway { home }) => return gateway::run(&home),
        Some(Part::Check) => nginx::run_check(),
        Some(Part::Stop { presses }) => stop::run(
            presses.max(1),
            if arguments.json { report::Format::Json } else { report::Format::Table },
        ),
        None => bench(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> anyhow::Result<()> {
    let plan = if arguments.smoke {
        plan::Plan { rounds: 1, time: Duration::from_millis(100), connections: vec![1, 4] }
    } else {
        let mut connections = arguments.connections.clone();
        if connections.is_empty() {
            connections.extend([1, 16, 64]);
        }
        if arguments.full {
            connections.push(256);
        }
        let time = Duration::try_from_secs_f64(arguments.seconds)?;
        plan::Plan { rounds: arguments.rounds.max(1), time, connections }
    };
    let steps = steps::run(if arguments.smoke { SHORT } else { LONG })?;
    let rows = plan.run()?;
    if arguments.json { report::json(&plan, &rows, &steps) } else { report::table(&plan, &rows, &steps) }
}
