//! The `hallpass` command, one file a command.
//!
//! The help, the completions and the man pages come from these definitions. A command that changes state uses the
//! authority's API (`client`); any other opens no store. Nothing here decides anything.

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
pub mod context;
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
mod number;
mod pass_arg;
mod pass_name;
mod passes;
mod pasted;
mod plain;
mod repeats;
mod replay;
mod revoke;
mod run;
mod said;
mod serve;
mod services;
mod shown;
mod stop;
mod table;
mod templates;
mod term;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::cli::context::{Context, Global};
use crate::when;
use failure::Failure;
use term::Format;

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
Standard output carries only the result; messages for people go to standard error.
Exit codes: 0 done, 1 failed, 2 refused, 64 not understood.";

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
    Reopen(approve::Reopen),
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

/// Runs one command line to its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Known before the rest is understood, so that a mistake is told in the format that was asked for.
    let format =
        if arguments.iter().any(|argument| argument == "--json") { Format::Json } else { Format::Text };
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, format, &arguments),
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
        Command::Reopen(command) => command.run(context)?,
        Command::Approvers(command) => command.run(context)?,
        Command::Log(command) => command.run(context)?,
        Command::Explain(command) => command.run(context)?,
        Command::Replay(command) => command.run(context)?,
        Command::Keys(command) => command.run(context)?,
        Command::Services(command) => command.run(context)?,
        Command::Templates(command) => command.run(context)?,
        Command::Doctor(command) => return command.run(context),
        Command::Completions(command) => command.run(context, definitions())?,
        Command::Man(command) => command.run(context, definitions())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Help and version are results; everything else that clap says is a usage failure.
fn not_understood(error: &clap::Error, format: Format, arguments: &[OsString]) -> ExitCode {
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
            // The command all the same, past whatever was not understood.
            let matches = definitions().ignore_errors(true).try_get_matches_from(arguments).ok();
            let command = matches.as_ref().and_then(clap::ArgMatches::subcommand_name);
            Context::new(format, None).term.failure(&usage::failure(error, &definitions(), command));
            ExitCode::from(failure::Kind::Usage.exit_code())
        }
    }
}

/// The definitions that completions and man pages are generated from.
fn definitions() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        definitions().debug_assert();
    }
}
