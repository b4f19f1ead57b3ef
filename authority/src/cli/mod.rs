//! The `hallpass` command, one file a command.
//!
//! The help, the completions and the man pages come from these definitions. A command that changes state uses the
//! authority's API (`client`); any other opens no store. Nothing here decides anything.

mod agent;
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
mod from_template;
mod headers;
mod init;
mod inspect;
mod keys;
mod log;
mod man;
mod mcp;
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
mod tools;
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
    command: Subcommands,
}

const EXIT_CODES: &str = "\
Standard output carries only the result; messages for people go to standard error.
Exit codes: 0 done, 1 failed, 2 refused, 64 not understood.";

#[derive(Debug, Subcommand)]
enum Subcommands {
    Demo(demo::Demo),
    Init(init::Init),
    Serve(serve::Serve),
    Connect(connect::Connect),
    Connections(connections::Connections),
    Disconnect(connections::Disconnect),
    Console(console::ConsoleCommand),
    Mint(mint::Mint),
    Attenuate(attenuate::Attenuate),
    Run(run::Run),
    Agent(agent::AgentCommand),
    Mcp(mcp::Mcp),
    Headers(headers::Headers),
    Inspect(inspect::Inspect),
    Can(can::Can),
    Passes(passes::Passes),
    Revoke(revoke::Revoke),
    Stop(stop::StopCommand),
    Resume(stop::Resume),
    Approvals(approvals::Approvals),
    Approve(approve::Approve),
    Deny(approve::Deny),
    Reopen(approve::Reopen),
    Approvers(approvers::ApproversCommand),
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

/// Runs one command line, and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // The format is known before the rest is read, so that a mistake is told in that format.
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

fn dispatch(command: Subcommands, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Subcommands::Demo(command) => command.run(context)?,
        Subcommands::Init(command) => command.run(context)?,
        Subcommands::Serve(command) => command.run(context)?,
        Subcommands::Connect(command) => command.run(context)?,
        Subcommands::Connections(command) => command.run(context)?,
        Subcommands::Disconnect(command) => command.run(context)?,
        Subcommands::Console(command) => command.run(context)?,
        Subcommands::Mint(command) => command.run(context)?,
        Subcommands::Attenuate(command) => command.run(context)?,
        Subcommands::Run(command) => return command.run(context),
        Subcommands::Agent(command) => command.run(context)?,
        Subcommands::Mcp(command) => command.run(context)?,
        Subcommands::Headers(command) => command.run(context)?,
        Subcommands::Inspect(command) => command.run(context)?,
        Subcommands::Can(command) => return command.run(context),
        Subcommands::Passes(command) => command.run(context)?,
        Subcommands::Revoke(command) => command.run(context)?,
        Subcommands::Stop(command) => command.run(context)?,
        Subcommands::Resume(command) => command.run(context)?,
        Subcommands::Approvals(command) => command.run(context)?,
        Subcommands::Approve(command) => command.run(context)?,
        Subcommands::Deny(command) => command.run(context)?,
        Subcommands::Reopen(command) => command.run(context)?,
        Subcommands::Approvers(command) => command.run(context)?,
        Subcommands::Log(command) => command.run(context)?,
        Subcommands::Explain(command) => command.run(context)?,
        Subcommands::Replay(command) => command.run(context)?,
        Subcommands::Keys(command) => command.run(context)?,
        Subcommands::Services(command) => command.run(context)?,
        Subcommands::Templates(command) => command.run(context)?,
        Subcommands::Doctor(command) => return command.run(context),
        Subcommands::Completions(command) => command.run(context, definitions())?,
        Subcommands::Man(command) => command.run(context, definitions())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers a line that clap did not take. Help and version are results; everything else that clap says is a usage
/// failure.
fn not_understood(error: &clap::Error, format: Format, arguments: &[OsString]) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // If the reader has gone away, it has read enough.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(failure::FailureKind::Usage.exit_code())
        }
        _ => {
            // Finds the command even if the rest was not understood.
            let matches = definitions().ignore_errors(true).try_get_matches_from(arguments).ok();
            let command = matches.as_ref().and_then(clap::ArgMatches::subcommand_name);
            Context::new(format, None).term.failure(&usage::failure(error, &definitions(), command));
            ExitCode::from(failure::FailureKind::Usage.exit_code())
        }
    }
}

/// Returns the definitions that completions and man pages are generated from.
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
