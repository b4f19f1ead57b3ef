//! `hallpass templates`: the flags of `mint` that belong together, listed and shown. Offline.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Context;
use super::failure::Failure;
use super::table::Table;
use super::term::{Tone, visible};
use crate::templates::{self, Origin, Template};

/// List and show templates for `hallpass mint --template NAME`
///
/// A file HALLPASS_HOME/templates/NAME.toml is a template too, and wins over one of that name.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Templates {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the templates (this is what `templates` alone does)
    List,
    /// Show a template's file, to read and to copy
    Show {
        /// The template's name
        name: String,
    },
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
    name: &'a str,
    services: &'a [String],
    about: &'a str,
    origin: Origin,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    name: &'a str,
    text: &'a str,
}

impl Templates {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let home = context.home()?;
        match &self.verb {
            None | Some(Verb::List) => {
                let shelf = templates::load(&home).map_err(Failure::failed)?;
                for wrong in shelf.values().filter_map(|template| template.as_ref().err()) {
                    context.term.say_in(Tone::Warn, visible(&wrong.to_string()));
                }
                let listed: Vec<Listed<'_>> = shelf.values().flatten().map(listed).collect();
                context.term.result(&listed, || {
                    let mut table = Table::new(["NAME", "FOR", "WHAT"]);
                    for one in &listed {
                        table.row([one.name.into(), one.services.join(", ").into(), one.about.into()]);
                    }
                    table.render(&context.term)
                })
            }
            Some(Verb::Show { name }) => {
                let template = templates::find(&home, name).map_err(Failure::usage)?;
                let shown = Shown { name: &template.name, text: &template.text };
                context.term.result(&shown, || visible(&template.text))
            }
        }
    }
}

fn listed(template: &Template) -> Listed<'_> {
    Listed {
        name: &template.name,
        services: template.services(),
        about: template.about(),
        origin: template.origin,
    }
}
