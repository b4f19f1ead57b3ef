//! `hallpass agent`: gives an MCP client the line by which it reaches Hallpass, and takes it out again.
//!
//! The line starts `hallpass mcp`, so no pass stands in any file. It is written only into the client's own settings of
//! this person, never into a project, and only when the person agrees.

mod clients;
mod file;

use std::io::{BufRead as _, IsTerminal as _, stdin};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::failure::Failure;
use super::table::Table;
use crate::cli::context::Context;
use clients::{AgentClient, AgentEntry, CLIENTS};

/// Let an MCP client use Hallpass: Claude Code, Codex, Cursor, VS Code, opencode, Gemini CLI
#[derive(Debug, Args)]
#[command(after_help = "\
Example: hallpass agent add claude --template inbox-triage")]
pub(super) struct AgentCommand {
    #[command(subcommand)]
    verb: AgentVerb,
}

#[derive(Debug, Subcommand)]
enum AgentVerb {
    /// Show the block for a client's settings, and write it if you agree
    Add(AgentAdd),
    /// Take the block out of a client's settings
    Remove(AgentRemove),
    /// List the clients, with their settings and whether they have the block
    List,
}

#[derive(Debug, Args)]
struct AgentAdd {
    /// The client: claude, codex, cursor, vscode, opencode or gemini
    #[arg(value_name = "CLIENT", value_parser = clients::named)]
    client: &'static AgentClient,
    /// The template of the client's passes (`hallpass templates` lists them)
    #[arg(long, value_name = "NAME", default_value = "inbox-triage")]
    template: String,
    /// Only print the block
    #[arg(long)]
    print: bool,
    /// Write it without asking
    #[arg(long, conflicts_with = "print")]
    yes: bool,
}

#[derive(Debug, Args)]
struct AgentRemove {
    /// The client
    #[arg(value_name = "CLIENT", value_parser = clients::named)]
    client: &'static AgentClient,
}

/// One client, as `list` shows it.
#[derive(Debug, Serialize)]
struct Listed {
    client: &'static str,
    settings: PathBuf,
    added: bool,
}

impl AgentCommand {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            AgentVerb::Add(add) => add.run(context),
            AgentVerb::Remove(remove) => remove.run(context),
            AgentVerb::List => list(context),
        }
    }
}

impl AgentAdd {
    fn run(self, context: &Context) -> Result<(), Failure> {
        let home = context.home()?;
        crate::templates::find(&home, &self.template).map_err(Failure::usage)?;
        let program = std::env::current_exe()
            .map_err(|error| Failure::failed(format!("this program's own path is not known: {error}")))?;
        // A client starts the program without this shell's settings.
        let other_home = context.environment.home.as_ref().map(|_| home.dir().to_owned());
        let entry = AgentEntry { program, template: self.template.clone(), home: other_home };
        let block = self.client.block(&entry);
        if self.print {
            return context.term.result(&block, || block.clone());
        }
        let settings = self.client.settings(&user_home()?);
        context.term.say(format!("this goes into {}:", settings.display()));
        context.term.say("");
        block.lines().for_each(|line| context.term.say(format!("  {line}")));
        context.term.say("");
        if !self.yes && !agrees(context)? {
            context.term.say("nothing was written; `--print` shows the block alone");
            return Ok(());
        }
        file::add(self.client, &settings, &entry)?;
        context.term.say(format!("written. {} has it when it starts again", self.client.title));
        context.term.result(&settings, || format!("{}\n", settings.display()))
    }
}

impl AgentRemove {
    fn run(self, context: &Context) -> Result<(), Failure> {
        let settings = self.client.settings(&user_home()?);
        match file::remove(self.client, &settings)? {
            file::Removal::Done => context.term.say(format!("taken out of {}", settings.display())),
            file::Removal::NotThere => {
                context.term.say(format!("{} has no such block", settings.display()));
            }
        }
        context.term.result(&settings, || format!("{}\n", settings.display()))
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let home = user_home()?;
    let listed: Vec<Listed> = CLIENTS
        .iter()
        .map(|client| {
            let settings = client.settings(&home);
            Listed { client: client.name, added: file::is_added(client, &settings), settings }
        })
        .collect();
    context.term.result(&listed, || {
        let mut table = Table::new(["CLIENT", "ADDED", "SETTINGS"]);
        for one in &listed {
            let added = if one.added { "yes" } else { "no" };
            table.row([one.client.into(), added.into(), one.settings.display().to_string().into()]);
        }
        table.render(&context.term)
    })
}

fn agrees(context: &Context) -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        return Err(
            Failure::usage("nobody is here to agree").or_hint("`--yes` writes it, `--print` only shows it")
        );
    }
    context.term.say("write it? [y/N]");
    let mut line = String::new();
    stdin().lock().read_line(&mut line).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn user_home() -> Result<PathBuf, Failure> {
    std::env::home_dir().ok_or_else(|| Failure::failed("your home directory is not known"))
}
