//! `hallpass serve`: runs the authority and the gateway until it is told to end.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Context;
use super::client::Client;
use super::failure::Failure;
use crate::home::Home;
use crate::serve::{self, Ready};

/// Run the authority and the gateway
#[derive(Debug, Args)]
#[command(after_help = "\
Agents talk to the gateway (127.0.0.1:7411 unless hallpass.toml says otherwise); people to the authority's socket.
SIGINT and SIGTERM let open requests finish first; a second one does not wait.")]
pub(super) struct Serve {
    /// How much to log to standard error: error, warn, info, debug, or a filter of targets
    #[arg(long, value_name = "FILTER", env = "HALLPASS_LOG", default_value = "info")]
    log: String,
    /// How to log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// How many seconds open requests have to finish in at the end
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    drain: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl Serve {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        self.start_logging()?;
        let home = context.home()?;
        let config = context.config(&home)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::failed(format_args!("the runtime cannot start: {error}")))?;
        runtime.block_on(async {
            already_running(&home).await?;
            let server = serve::start(&home, config, Duration::from_secs(self.drain)).await?;
            let signals = serve::Signals::hear()?;
            context.term.notice(server.ready(), || ready_line(server.ready()));
            server.until_told(signals).await.map_err(Failure::from)
        })
    }

    fn start_logging(&self) -> Result<(), Failure> {
        let filter = tracing_subscriber::EnvFilter::try_new(&self.log).map_err(|error| {
            Failure::usage(format_args!("expected a log filter, got `{}`: {error}", self.log))
                .or_hint("`info`, `debug`, or `warn,verifier=debug`")
        })?;
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let started = match self.log_format {
            LogFormat::Text => subscriber.with_ansi(false).try_init(),
            LogFormat::Json => subscriber.json().try_init(),
        };
        started.map_err(|error| Failure::failed(format_args!("the log cannot be started: {error}")))
    }
}

/// Said before anything is listened on: a taken port would be the lesser half of the story.
async fn already_running(home: &Home) -> Result<(), Failure> {
    match Client::running(home).await? {
        Some(_) => {
            Err(Failure::failed(format_args!("an authority runs on `{}` already", home.dir().display()))
                .or_hint("use it as it is, or end it first"))
        }
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
