//! What every command works with: the terminal, the home, the clock.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::term::{Colour, Format, Term};
use crate::clock::Clock;
use crate::config::Environment;
use crate::config::types::Config;
use crate::home::Home;

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Global {
    /// The folder of keys, connections and audit log [default: HALLPASS_HOME, or the platform's data directory]
    #[arg(long, global = true, value_name = "DIR", display_order = 900)]
    pub(in crate::cli) home: Option<PathBuf>,
    /// Write the result as JSON
    #[arg(long, global = true, display_order = 901)]
    pub(in crate::cli) json: bool,
}

/// What every command gets. The one clock of the process begins here.
pub(in crate::cli) struct Context {
    pub(in crate::cli) term: Term,
    pub(in crate::cli) environment: Environment,
    pub(in crate::cli) clock: Clock,
}

impl Context {
    pub(in crate::cli) fn new(format: Format, home: Option<PathBuf>) -> Self {
        let mut environment = Environment::read();
        environment.home = home.or(environment.home);
        Self {
            term: Term::new(format, if environment.no_colour { Colour::Off } else { Colour::On }),
            environment,
            clock: Clock::System,
        }
    }

    /// Returns the home directory; it need not exist.
    pub(in crate::cli) fn home(&self) -> Result<Home, Failure> {
        let dir = self.environment.home.as_ref().map(|dir| {
            std::path::absolute(dir).map_err(|error| {
                Failure::usage(format!("`{}` is not a folder's path: {error}", dir.display()))
            })
        });
        self.environment.home(dir.transpose()?.as_deref()).map_err(Failure::failed)
    }

    /// Returns the settings of `home`.
    pub(in crate::cli) fn config(&self, home: &Home) -> Result<Config, Failure> {
        Config::load(home, &self.environment).map_err(Failure::failed)
    }
}

/// Runs a command's asynchronous part. All commands but `serve` do one thing at a time.
pub(in crate::cli) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the runtime cannot start: {error}")))?;
    let done = runtime.block_on(work);
    // A read of standard input that still waits for a line would hold the process up.
    runtime.shutdown_background();
    done
}
