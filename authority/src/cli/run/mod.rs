//! `hallpass run`: a command with a pass of its own, minted when it begins and revoked when it ends.
//!
//! The pass is in the command's environment and in nobody's arguments. This is no sandbox: the command runs as the
//! person who started it, and what that person can reach by other ways, it can.

mod child;
mod summary;
mod variables;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::client::Client;
use super::failure::Failure;
use super::mint::{self, MintFlags};
use super::term::{Tone, visible};
use super::{Context, block_on, when};
use crate::app::{ConnectionInfo, MintArgs, Minted, RevokeArgs, RevokeReport};
use crate::clock::Clock;
use child::Ended;
use summary::Summary;
use variables::{Keep, Variable, Variables};

/// Run a command with a pass of its own, which ends with it
///
/// The pass is minted as `hallpass mint` does, given to the command, and revoked when the command has ended, whatever
/// ended it. What remains where `hallpass run` itself is killed (SIGKILL) ends by --for.
///
/// The command finds HALLPASS_PASS, HALLPASS_GATEWAY, and a base URL for an SDK per connection (HALLPASS_GMAIL_URL). It does
/// not find your own credentials of the services that the pass is for (GITHUB_TOKEN, say), nor Hallpass's. It is no sandbox:
/// the command runs as you.
#[derive(Debug, Args)]
#[command(after_help = "\
The exit code is the command's; 128 and the signal where one ended it, 127 where it was not found, 126 where it cannot
be run. Signals are passed on.

Examples:
  hallpass run 'triage my inbox' --allow gmail:read --ask gmail:send -- python agent.py
  hallpass run --template pr-reviewer --resource repo=octo/hello --env GITHUB_TOKEN=pass --env GITHUB_API_URL=url:github -- node review.mjs")]
pub(super) struct Run {
    /// The purpose, in words [default: the template's, or the command's name]
    #[arg(value_name = "TASK")]
    task: Option<String>,
    #[command(flatten)]
    flags: MintFlags,
    /// A variable more, for what reads another name: `NAME=pass`, `NAME=gateway`, or `NAME=url:CONNECTION`
    #[arg(long = "env", value_name = "NAME=WHAT")]
    variables: Vec<Variable>,
    /// A credential of your own that the command is to find all the same
    #[arg(long = "keep-env", value_name = "NAME")]
    kept: Vec<Keep>,
    /// The command, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What is told at the end to whoever wants it as JSON.
#[derive(Debug, Serialize)]
struct Told<'a> {
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
        let ended = block_on(async {
            let client = Client::needed(context, "the command would reach no gateway").await?;
            let minted: Minted = client.post::<MintArgs, Minted>("/v1/passes", &asked).await?;
            let ended = async {
                let known: Vec<ConnectionInfo> = client.read("/v1/connections").await?;
                let variables = Variables::of(&minted, &known, &self.variables)?;
                let withheld = variables::withheld(&minted, &known, &self.kept, &context.environment);
                begin(&minted, &variables, &withheld, context)?;
                child::run(program, arguments, &variables, &withheld).await
            }
            .await;
            end(&minted, &ended, context).await;
            ended
        })?;
        if let Ended::NotStarted { error, .. } = &ended {
            let program = visible(&program.to_string_lossy());
            context.term.failure(&Failure::failed(format_args!("`{program}` cannot be run: {error}")));
        }
        Ok(ExitCode::from(ended.exit_code()))
    }
}

/// `python` of `/usr/bin/python`.
fn name_of(program: &OsStr) -> String {
    let name = Path::new(program).file_name().unwrap_or(program);
    name.to_string_lossy().into_owned()
}

/// Says what the command is given.
fn begin(
    minted: &Minted,
    variables: &Variables,
    withheld: &[String],
    context: &Context,
) -> Result<(), Failure> {
    mint::say(minted, context)?;
    let expires = minted.info.expires;
    let left = when::from_now(expires, Clock::System.now());
    let term = &context.term;
    term.say_in(
        Tone::Quiet,
        format!(
            "ends with the command, at {} ({left}) at the latest; id {}",
            when::at(expires),
            minted.info.id
        ),
    );
    term.say_in(Tone::Quiet, format!("the command finds {}", variables.names().join(", ")));
    let own: Vec<&str> =
        withheld.iter().filter(|name| !name.starts_with("HALLPASS_")).map(String::as_str).collect();
    if !own.is_empty() {
        term.say_in(Tone::Warn, format!("and not your own {} (--keep-env leaves it there)", own.join(", ")));
    }
    Ok(())
}

/// Revokes the pass, and says what became of it. Nothing that fails here is the command's failure.
async fn end(minted: &Minted, ended: &Result<Ended, Failure>, context: &Context) {
    let term = &context.term;
    // The authority may have been started again meanwhile, or have ended.
    let ending = async {
        let client = Client::open(context).await?;
        let id = minted.info.id.as_str().parse().map_err(Failure::failed)?;
        let args = RevokeArgs { ids: vec![id], because: Some("the command has ended".into()) };
        client.post::<RevokeArgs, RevokeReport>("/v1/revocations", &args).await?;
        Summary::read(&client, minted).await
    };
    let (summary, revoked) = match ending.await {
        Ok(summary) => (summary, true),
        Err(failure) => {
            let until = when::at(minted.info.expires);
            term.say_in(
                Tone::Warn,
                format!("the pass could not be revoked, and ends at {until}: {}", failure.message),
            );
            (Summary::default(), false)
        }
    };
    let Ok(ended) = ended else { return };
    let told = Told { id: minted.info.id.as_str(), exit_code: ended.exit_code(), revoked, summary: &summary };
    term.notice(&told, || if revoked { summary.words() } else { String::new() });
}
