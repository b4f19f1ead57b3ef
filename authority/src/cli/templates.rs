//! `hallpass templates`: lists and shows the templates of `mint`, offline.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::failure::Failure;
use super::table::Table;
use crate::cli::context::Context;
use crate::templates::{self, Origin, Template};

/// List and show templates for `hallpass mint --template NAME`
///
/// Put your own into HALLPASS_HOME/templates/NAME.toml; it overrides a built-in template of that name.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Templates {
    #[command(subcommand)]
    verb: Option<TemplatesVerb>,
}

#[derive(Debug, Subcommand)]
enum TemplatesVerb {
    /// List the templates (`templates` alone does the same)
    List,
    /// Print a template's file, to read or copy
    Show {
        /// The template's name
        name: String,
    },
}

#[derive(Debug, Serialize)]
struct ListedTemplate<'a> {
    name: &'a str,
    services: &'a [String],
    about: &'a str,
    origin: Origin,
}

#[derive(Debug, Serialize)]
struct ShownTemplate<'a> {
    name: &'a str,
    text: &'a str,
}

impl Templates {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let home = context.home()?;
        match &self.verb {
            None | Some(TemplatesVerb::List) => {
                let shelf = templates::load(&home).map_err(Failure::failed)?;
                for wrong in shelf.values().filter_map(|template| template.as_ref().err()) {
                    context.term.warn(wrong);
                }
                let listed: Vec<ListedTemplate<'_>> = shelf.values().flatten().map(listed).collect();
                context.term.result(&listed, || {
                    let mut table = Table::new(["NAME", "FOR", "WHAT"]);
                    for one in &listed {
                        table.row([one.name.into(), one.services.join(", ").into(), one.about.into()]);
                    }
                    table.render(&context.term)
                })
            }
            Some(TemplatesVerb::Show { name }) => {
                let template = templates::find(&home, name).map_err(Failure::usage)?;
                let shown = ShownTemplate { name: &template.name, text: &template.text };
                context.term.document(&shown, || template.text.clone())
            }
        }
    }
}

fn listed(template: &Template) -> ListedTemplate<'_> {
    ListedTemplate {
        name: &template.name,
        services: template.services(),
        about: template.about(),
        origin: template.origin,
    }
}
