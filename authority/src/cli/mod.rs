//! The `hallpass` command: its words, one file a command.
//!
//! The help, the completions and the man pages derive from the definitions here. What changes state goes
//! through the authority's API (`client`); what does not opens no store. Nothing here decides anything.

mod approvals;
mod approve;
mod approvers;
mod attenuate;
mod browser;
mod callback;
mod can;
mod client;
mod completions;
mod connect;
mod connections;
mod console;
mod demo;
mod doctor;
mod explain;
mod failure;
mod init;
mod inspect;
mod keys;
mod log;
mod man;
mod mint;
mod narrow;
mod pass_arg;
mod passes;
mod replay;
mod revoke;
mod run;
mod serve;
mod services;
mod shown;
mod stop;
mod table;
mod templates;
mod term;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use failure::Failure;
use term::{Colour, Format, Term};

use crate::config::{Config, Environment};
use crate::home::Home;
use crate::when;

/// A hall pass for an agent: connect an account once, mint a pass for a task, and every request is checked.
#[derive(Debug, Parser)]
#[command(
    name = "hallpass",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 110,
    after_help = EXIT_CODES,
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Standard output carries the result alone; words for people go to standard error.
Exit codes: 0 done, 1 failed, 2 refused, 64 not understood.";

#[derive(Debug, Clone, Args)]
struct Global {
    /// Where keys, connections and the audit log are kept [default: HALLPASS_HOME, or the platform's data directory]
    #[arg(long, global = true, value_name = "DIR", display_order = 900)]
    home: Option<PathBuf>,
    /// Write the result as JSON
    #[arg(long, global = true, display_order = 901)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Serve(serve::Serve),
    Connect(connect::Connect),
    Connections(connections::Connections),
    Disconnect(connections::Disconnect),
    Console(console::Console),
    Mint(mint::Mint),
    Attenuate(attenuate::Attenuate),
    Run(run::Run),
    Inspect(inspect::Inspect),
    Can(can::Can),
    Passes(passes::Passes),
    Revoke(revoke::Revoke),
    Stop(stop::Stop),
    Resume(stop::Resume),
    Approvals(approvals::Approvals),
    Approve(approve::Approve),
    Deny(approve::Deny),
    Approvers(approvers::Approvers),
    Log(log::Log),
    Explain(explain::Explain),
    Replay(replay::ReplayArgs),
    Keys(keys::Keys),
    Services(services::Services),
    Templates(templates::Templates),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    #[command(hide = true)]
    Man(man::Man),
}

/// What every command is given: the terminal, and what was in the environment.
struct Context {
    term: Term,
    environment: Environment,
}

impl Context {
    fn new(format: Format, home: Option<PathBuf>) -> Self {
        let mut environment = Environment::read();
        environment.home = home.or(environment.home);
        Self {
            term: Term::new(format, if environment.no_colour { Colour::Off } else { Colour::On }),
            environment,
        }
    }

    /// The home directory; it need not exist.
    fn home(&self) -> Result<Home, Failure> {
        let dir = self.environment.home.as_ref().map(|dir| {
            std::path::absolute(dir).map_err(|error| {
                Failure::usage(format_args!("`{}` is not a folder's path: {error}", dir.display()))
            })
        });
        self.environment.home(dir.transpose()?.as_deref()).map_err(Failure::failed)
    }

    /// The settings of `home`.
    fn config(&self, home: &Home) -> Result<Config, Failure> {
        Config::load(home, &self.environment).map_err(Failure::failed)
    }
}

/// Runs one command line to its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Known before the rest is understood, so that a mistake is told in the format that was asked for.
    let format =
        if arguments.iter().any(|argument| argument == "--json") { Format::Json } else { Format::Text };
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, format),
    };
    let format = if cli.global.json { Format::Json } else { Format::Text };
    let context = Context::new(format, cli.global.home);
    match dispatch(cli.command, &context) {
        Ok(code) => code,
        Err(failure) => {
            context.term.failure(&failure);
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

fn dispatch(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(command) => command.run(context)?,
        Command::Init(command) => command.run(context)?,
        Command::Serve(command) => command.run(context)?,
        Command::Connect(command) => command.run(context)?,
        Command::Connections(command) => command.run(context)?,
        Command::Disconnect(command) => command.run(context)?,
        Command::Console(command) => command.run(context)?,
        Command::Mint(command) => command.run(context)?,
        Command::Attenuate(command) => command.run(context)?,
        Command::Run(command) => return command.run(context),
        Command::Inspect(command) => command.run(context)?,
        Command::Can(command) => return command.run(context),
        Command::Passes(command) => command.run(context)?,
        Command::Revoke(command) => command.run(context)?,
        Command::Stop(command) => command.run(context)?,
        Command::Resume(command) => command.run(context)?,
        Command::Approvals(command) => command.run(context)?,
        Command::Approve(command) => command.run(context)?,
        Command::Deny(command) => command.run(context)?,
        Command::Approvers(command) => command.run(context)?,
        Command::Log(command) => command.run(context)?,
        Command::Explain(command) => command.run(context)?,
        Command::Replay(command) => command.run(context)?,
        Command::Keys(command) => command.run(context)?,
        Command::Services(command) => command.run(context)?,
        Command::Templates(command) => command.run(context)?,
        Command::Doctor(command) => return command.run(context),
        Command::Completions(command) => command.run(context)?,
        Command::Man(command) => command.run(context)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Help and version are results; everything else that clap says is a usage failure.
fn not_understood(error: &clap::Error, format: Format) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that went away has read enough.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(failure::Kind::Usage.exit_code())
        }
        _ => {
            Context::new(format, None).term.failure(&usage::failure(error));
            ExitCode::from(failure::Kind::Usage.exit_code())
        }
    }
}

/// The definitions that completions and man pages are generated from.
fn definitions() -> clap::Command {
    Cli::command()
}

/// Runs a command's asynchronous part: everything but `serve` is one thing at a time.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format_args!("the runtime cannot start: {error}")))?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        definitions().debug_assert();
    }
}
