//! `hallpass run`: runs a command with its own pass, which is minted when the command begins and revoked when it ends.
//!
//! The command gets the pass in its environment, never in its arguments. This is not a sandbox: the command runs as the
//! person who started it, and can reach everything that this person can reach in other ways.
//!
//! - Invariant: A pass of `hallpass run` ends with its command, however the command ends
//!   (`the_streams_and_the_exit_code_are_the_commands`, `signals_reach_the_command_which_says_how_it_ends`,
//!   `a_pass_is_revoked_though_the_authority_was_started_again`).
//! - Invariant: No process has the pass in its arguments, and the command does not find the person's own credentials in
//!   its environment (`the_pass_is_in_no_arguments`, `a_command_does_not_find_the_persons_own_credentials`).

mod child;
mod credentials;
mod mcp_client;
mod nested;
mod summary;
mod variables;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use datalog::ServiceName;
use serde::Serialize;

use super::client::Client;
use super::failure::Failure;
use super::mint::{self, MintFlags};
use super::plain::inline;
use super::term::Tone;
use super::when;
use crate::app::{ConnectionInfo, MintArgs, Minted, RevokeArgs, RevokeReport};
use crate::cli::context::{Context, block_on};
use child::Ended;
use nested::Outer;
use summary::Summary;
use variables::{GatewayAndPass, Keep, Variable, Variables};

/// Run a command with its own pass, which ends with the command
///
/// Hallpass mints a pass as `hallpass mint` does, gives it to the command, and revokes it when the command ends, however
/// it ends. If `hallpass run` itself is killed (SIGKILL), the pass ends by --for.
///
/// The command's environment has HALLPASS_PASS, HALLPASS_GATEWAY, and an SDK's base URL for each connection
/// (HALLPASS_GMAIL_URL). It has none of your own credentials (such as GITHUB_TOKEN) and none of Hallpass's. This is not a
/// sandbox: the command runs as you.
///
/// Claude Code, Codex and opencode find the tools of the pass as an MCP server, without any configuration.
///
/// Inside another run, the pass is narrowed from the outer run's pass, to what --allow says.
#[derive(Debug, Args)]
#[command(after_help = "\
The exit code is the command's own. It is 128 plus the signal's number if a signal ended the command, 127 if the command \
was not found, and 126 if it cannot run. Hallpass passes signals on to the command.

Examples:
  hallpass run 'triage my inbox' --allow gmail:read --ask gmail:send -- python agent.py
  hallpass run --template pr-reviewer --resource repo=octo/hello --env GITHUB_TOKEN=pass --env GITHUB_API_URL=url:github -- node review.mjs")]
pub(super) struct Run {
    /// The purpose, in words [default: the template's, or the command's name]
    #[arg(value_name = "TASK")]
    task: Option<String>,
    #[command(flatten)]
    flags: MintFlags,
    /// Set one more variable, for a program that reads another name: `NAME=pass`, `NAME=gateway` or `NAME=url:CONNECTION`
    #[arg(long = "env", value_name = "NAME=WHAT")]
    variables: Vec<Variable>,
    /// Leave this credential of yours in the command's environment
    #[arg(long = "keep-env", value_name = "NAME")]
    kept: Vec<Keep>,
    /// The command, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// The final report, for JSON output.
#[derive(Debug, Serialize)]
struct RunReport<'a> {
    id: &'a str,
    exit_code: u8,
    revoked: bool,
    #[serde(flatten)]
    summary: &'a Summary,
}

impl Run {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Failure::usage("expected a command after `--`, got none"));
        };
        let mut asked = self.flags.asked(self.task, context)?;
        if asked.task.is_empty() {
            asked.task = name_of(program);
        }
        let run = CommandStart { program, arguments, variables: &self.variables, kept: &self.kept, context };
        let ended = match Outer::of(&context.environment) {
            Some(outer) => block_on(run.within(&outer, asked)),
            None => block_on(run.with_a_new_pass(&asked)),
        }?;
        if let Ended::NotStarted { error, .. } = &ended {
            let program = inline(&program.to_string_lossy());
            context.term.failure(&Failure::failed(format!("`{program}` cannot be run: {error}")));
        }
        Ok(ExitCode::from(ended.exit_code()))
    }
}

/// A command, and what it is given besides the pass.
struct CommandStart<'a> {
    program: &'a OsString,
    arguments: &'a [OsString],
    variables: &'a [Variable],
    kept: &'a [Keep],
    context: &'a Context,
}

impl CommandStart<'_> {
    async fn with_a_new_pass(&self, asked: &MintArgs) -> Result<Ended, Failure> {
        let context = self.context;
        let client = Client::needed(context, "the command would reach no gateway").await?;
        let minted: Minted = client.post::<MintArgs, Minted>("/v1/passes", asked).await?;
        let ended = async {
            let known: Vec<ConnectionInfo> = client.read("/v1/connections").await?;
            let reach = GatewayAndPass::of(&minted, &known)?;
            let connected: Vec<ServiceName> = known.into_iter().map(|one| one.service).collect();
            mint::say(&minted, context)?;
            let expires = minted.info.expires;
            let left = when::from_now(expires, self.context.clock.now());
            let id = &minted.info.id;
            let ends =
                format!("ends with the command, at {} ({left}) at the latest; id {id}", when::at(expires));
            context.term.say_in(Tone::Quiet, ends);
            self.run(&reach, &connected).await
        }
        .await;
        end(&minted, &ended, context).await;
        ended
    }

    /// Runs the command inside another run, under a pass that is narrowed from that run's pass.
    async fn within(&self, outer: &Outer, asked: MintArgs) -> Result<Ended, Failure> {
        let reach = outer.narrowed(asked, self.context)?;
        let term = &self.context.term;
        term.say_in(Tone::Quiet, "narrows the pass that this command runs under, and ends with it");
        let ended = self.run(&reach, &[]).await;
        if let Err(failure) = nested::give_up(&reach).await {
            term.say_in(
                Tone::Warn,
                format!(
                    "the narrower pass could not be given up; it ends with the outer one: {}",
                    failure.message
                ),
            );
        }
        ended
    }

    async fn run(&self, reach: &GatewayAndPass, connected: &[ServiceName]) -> Result<Ended, Failure> {
        let environment = &self.context.environment;
        let mut variables = Variables::of(reach, self.variables, environment.no_proxy.as_deref())?;
        let withheld = variables::withheld(connected, self.kept, environment);
        let mut arguments = self.arguments.to_vec();
        let own = environment.opencode.as_deref();
        if let Some(told) = mcp_client::told(self.program, self.arguments, &reach.gateway, own) {
            arguments.splice(0..0, told.arguments);
            told.variable.into_iter().for_each(|(name, value)| variables.add(name, &value));
            let program = inline(&name_of(self.program));
            self.context.term.say_in(
                Tone::Quiet,
                format!("{program} finds the tools of the pass as the MCP server `{}`", mcp_client::NAME),
            );
        }
        begin(&variables, &withheld, self.context);
        child::run(self.program, &arguments, &variables, &withheld).await
    }
}

/// Returns the name of a program: `python` of `/usr/bin/python`.
fn name_of(program: &OsStr) -> String {
    let name = Path::new(program).file_name().unwrap_or(program);
    name.to_string_lossy().into_owned()
}

/// Tells the person what the command's environment has.
fn begin(variables: &Variables, withheld: &[String], context: &Context) {
    let term = &context.term;
    term.say_in(Tone::Quiet, format!("the command finds {}", variables.names().join(", ")));
    let own: Vec<&str> =
        withheld.iter().filter(|name| !name.starts_with("HALLPASS_")).map(String::as_str).collect();
    if !own.is_empty() {
        term.say_in(Tone::Warn, format!("and not your own {} (--keep-env leaves it there)", own.join(", ")));
    }
}

/// Revokes the pass, and reports the result. A failure here is not the command's failure.
async fn end(minted: &Minted, ended: &Result<Ended, Failure>, context: &Context) {
    let term = &context.term;
    // By now the authority may have ended, or may have been started again.
    let ending = async {
        let client = Client::open(context).await?;
        let id = minted.info.id.as_str().parse().map_err(Failure::failed)?;
        let args =
            RevokeArgs { ids: vec![id], because: Some("the command has ended".into()), even_unknown: false };
        client.post::<RevokeArgs, RevokeReport>("/v1/revocations", &args).await?;
        Summary::read(&client, minted).await
    };
    let (summary, revoked) = match ending.await {
        Ok(summary) => (summary, true),
        Err(failure) => {
            let until = when::at(minted.info.expires);
            term.say_in(
                Tone::Warn,
                format!("the pass could not be revoked; it ends at {until}: {}", failure.message),
            );
            (Summary::default(), false)
        }
    };
    let Ok(ended) = ended else { return };
    let told =
        RunReport { id: minted.info.id.as_str(), exit_code: ended.exit_code(), revoked, summary: &summary };
    term.notice(&told, || if revoked { summary.words() } else { String::new() });
}
