//! `hallpass serve`: runs the authority and the gateway until it is told to end.

use std::time::Duration;

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Filter, Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

use super::client::Client;
use super::failure::Failure;
use super::number;
use super::plain::SafeLog;
use super::repeats::{Counting, Repeats};
use crate::cli::context::Context;
use crate::home::Home;
use crate::serve::{self, Ready};

/// Run the authority and the gateway
#[derive(Debug, Args)]
#[command(after_help = "\
Agents talk to the gateway (127.0.0.1:7411, unless hallpass.toml says otherwise). People talk to the authority's socket. \
On SIGINT or SIGTERM, open requests may finish first. A second signal ends them.")]
pub(super) struct Serve {
    /// How much to log to standard error: error, warn, info, debug, or a filter of targets
    #[arg(long, value_name = "FILTER", env = "HALLPASS_LOG", default_value = "info")]
    log: String,
    /// How to log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// How many seconds open requests get to finish at the end
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = number::large)]
    drain: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl Serve {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        // Held until the end, which writes the remaining counts.
        let _counting = self.start_logging()?;
        let home = context.home()?;
        let config = context.config(&home)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::failed(format!("the runtime cannot start: {error}")))?;
        runtime.block_on(async {
            already_running(&home).await?;
            let server =
                serve::start(&home, config, context.clock.clone(), Duration::from_secs(self.drain)).await?;
            let signals = serve::Signals::hear()?;
            context.term.notice(server.ready(), || ready_line(server.ready()));
            server.until_told(signals).await.map_err(Failure::from)
        })
    }

    fn start_logging(&self) -> Result<Counting, Failure> {
        if let Some(directive) = self.log.split(',').find(|directive| !is_directive(directive)) {
            return Err(Failure::usage(format!(
                "expected a log filter, got `{}`: `{directive}` names no level",
                self.log
            ))
            .or_hint("`info`, `debug`, or `warn,verifier=debug`"));
        }
        let filter = EnvFilter::try_new(&self.log).map_err(|error| {
            Failure::usage(format!("expected a log filter, got `{}`: {error}", self.log))
                .or_hint("`info`, `debug`, or `warn,verifier=debug`")
        })?;
        let repeats = Repeats::default();
        let started = match self.log_format {
            LogFormat::Text => subscriber(filter, repeats.clone(), SafeLog::default).try_init(),
            LogFormat::Json => {
                let lines = fmt::layer().json().with_writer(SafeLog::default);
                registry().with(lines.with_filter(counted(filter, repeats.clone()))).try_init()
            }
        };
        started.map_err(|error| Failure::failed(format!("the log cannot be started: {error}")))?;
        Ok(repeats.count())
    }
}

/// Returns the logger: lines of text, with repeated lines counted.
pub(super) fn subscriber<W>(
    filter: EnvFilter,
    repeats: Repeats,
    writer: W,
) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_ansi(false).with_writer(writer);
    registry().with(lines.with_filter(counted(filter, repeats)))
}

/// Returns the filter that counts repeated lines. Lines of counts always pass, because they count lines that passed.
fn counted<S: tracing::Subscriber + for<'a> registry::LookupSpan<'a>>(
    filter: EnvFilter,
    repeats: Repeats,
) -> impl Filter<S> + Send + Sync + 'static {
    let counts = filter_fn(|about| about.target() == crate::cli::repeats::kind::TARGET);
    filter.or(counts.with_max_level_hint(LevelFilter::INFO)).and(repeats)
}

/// Whether a text is a level, or a target and its level. A target alone would log everything of it, which people seldom
/// want.
fn is_directive(text: &str) -> bool {
    let level = text.rsplit_once('=').map_or(text, |(_, level)| level).trim();
    ["off", "error", "warn", "info", "debug", "trace"].iter().any(|known| level.eq_ignore_ascii_case(known))
}

/// Refuses to start if an authority already runs. This comes before any listening, because a taken port would tell only
/// a part.
async fn already_running(home: &Home) -> Result<(), Failure> {
    match Client::running(home).await? {
        Some(_) => Err(Failure::failed(format!("an authority runs on `{}` already", home.dir().display()))
            .or_hint("use it as it is, or end it first")),
        None => Ok(()),
    }
}

fn ready_line(ready: &Ready) -> String {
    let own = ready.connections.iter().map(|own| format!(", {} on http://{}", own.name, own.listen));
    format!(
        "ready: gateway on http://{}{}, authority on http://{} and {}",
        ready.gateway,
        own.collect::<String>(),
        ready.authority,
        ready.socket.display()
    )
}
