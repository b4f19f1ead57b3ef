//! `hallpass services`: the APIs that are known, what their operations do, and importing another. Offline.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use datalog::catalog::import::{ImportError, ImportReport, import};
use datalog::catalog::{Catalog, Operation, Service};
use datalog::{Effect, Effects, ServiceName};
use serde::Serialize;

use super::Context;
use super::failure::{Failure, nearest};
use super::table::{Cell, Table};
use super::term::Tone;
use crate::catalog::{self, CatalogError};

/// List, show and import services
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Services {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the services that are known (this is what `services` alone does)
    List,
    /// List the operations of a service and what they do
    Show(Show),
    /// Make a service from an OpenAPI 3 description or a Google Discovery document
    Import(Import),
}

#[derive(Debug, Args)]
struct Show {
    /// The service's name
    name: ServiceName,
    /// Only operations that have this effect
    #[arg(long, value_name = "EFFECT")]
    effect: Option<Effect>,
}

#[derive(Debug, Args)]
struct Import {
    /// The description, in JSON
    file: PathBuf,
    /// The service's name, where it is not the one that the description gives itself
    #[arg(long, value_name = "NAME")]
    name: Option<ServiceName>,
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
    name: &'a str,
    title: &'a str,
    revision: &'a str,
    operations: usize,
    reviewed: bool,
    hosts: &'a [String],
    digest: &'a str,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    id: &'a str,
    address: String,
    effects: Effects,
}

#[derive(Debug, Serialize)]
struct Added {
    service: ServiceName,
    file: PathBuf,
    #[serde(flatten)]
    report: ImportReport,
    effects: Vec<Count>,
}

/// How many operations have an effect.
#[derive(Debug, Serialize)]
struct Count {
    effect: Effect,
    operations: usize,
}

impl Services {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.verb {
            None | Some(Verb::List) => list(&load(context)?, context),
            Some(Verb::Show(show)) => show.run(&load(context)?, context),
            Some(Verb::Import(import)) => import.run(context),
        }
    }
}

fn load(context: &Context) -> Result<Catalog, Failure> {
    catalog::load(&context.home()?).map_err(Failure::failed)
}

fn list(catalog: &Catalog, context: &Context) -> Result<(), Failure> {
    let services: Vec<Listed<'_>> = catalog.services().map(|service| listed(service)).collect();
    context.term.result(&services, || {
        let mut table = Table::new(["NAME", "TITLE", "OPERATIONS", "EFFECTS", "HOSTS"]);
        for service in &services {
            let effects = if service.reviewed {
                Cell::from("reviewed")
            } else {
                Cell::in_tone("assumed at their worst", Tone::Warn)
            };
            let operations = service.operations.to_string().into();
            table.row([
                service.name.into(),
                service.title.into(),
                operations,
                effects,
                service.hosts.join(", ").into(),
            ]);
        }
        table.render(&context.term)
    })
}

fn listed(service: &Service) -> Listed<'_> {
    Listed {
        name: service.name.as_str(),
        title: &service.title,
        revision: &service.revision,
        operations: service.operations.len(),
        reviewed: service.reviewed,
        hosts: &service.hosts,
        digest: &service.digest,
    }
}

impl Show {
    fn run(&self, catalog: &Catalog, context: &Context) -> Result<(), Failure> {
        let service = catalog.service(&self.name).ok_or_else(|| unknown(&self.name, catalog))?;
        let wanted =
            |operation: &&Operation| self.effect.is_none_or(|effect| operation.effects.contains(effect));
        let operations: Vec<Shown<'_>> = service
            .operations
            .iter()
            .map(AsRef::as_ref)
            .filter(wanted)
            .map(|operation| Shown {
                id: operation.id.as_str(),
                address: operation.address(),
                effects: operation.effects,
            })
            .collect();
        context.term.result(&operations, || {
            let mut table = Table::new(["OPERATION", "EFFECTS", "ADDRESS"]);
            for operation in &operations {
                let effects = operation.effects.to_string().into();
                table.row([operation.id.into(), effects, operation.address.as_str().into()]);
            }
            table.render(&context.term)
        })
    }
}

fn unknown(name: &ServiceName, catalog: &Catalog) -> Failure {
    let known = || catalog.services().map(|service| service.name.as_str());
    let failure = Failure::usage(format_args!("there is no service `{name}`"));
    match nearest(name.as_str(), known()) {
        Some(near) => failure.or_hint(format_args!("did you mean `{near}`?")),
        None => failure.or_hint(format_args!(
            "there are {}; `hallpass services import FILE` adds another",
            known().collect::<Vec<_>>().join(", ")
        )),
    }
}

impl Import {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        let shown = self.file.display();
        let bytes = std::fs::read(&self.file)
            .map_err(|error| Failure::usage(format_args!("`{shown}` cannot be read: {error}")))?;
        let imported = import(&bytes, self.name.clone()).map_err(|error| match error {
            ImportError::Name(_) => Failure::usage(error).or_hint("name it with --name"),
            error => Failure::usage(format_args!("`{shown}`: {error}")),
        })?;
        // Read back as the catalog will read it, before anything is kept.
        let service = Service::load(&imported.facts_text, None)
            .map_err(|error| Failure::failed(format_args!("`{shown}` cannot become a service: {error}")))?;
        let file =
            catalog::add(&context.home()?, &service.name, &imported.facts_text).map_err(
                |error| match error {
                    CatalogError::Exists(_) => Failure::failed(error).or_hint("name the new one with --name"),
                    error => Failure::failed(error),
                },
            )?;
        let effects = counts(&service);
        review(&imported.report, &effects, context);
        let added = Added { service: service.name.clone(), file, report: imported.report, effects };
        context.term.result(&added, || added.service.to_string())
    }
}

fn counts(service: &Service) -> Vec<Count> {
    let having =
        |effect| service.operations.iter().filter(|operation| operation.effects.contains(effect)).count();
    Effect::ALL
        .into_iter()
        .map(|effect| Count { effect, operations: having(effect) })
        .filter(|count| count.operations > 0)
        .collect()
}

fn review(report: &ImportReport, effects: &[Count], context: &Context) {
    let term = &context.term;
    term.say(format!("{} operations, {} types", report.operations, report.types));
    for note in &report.notes {
        term.say(format!("note: {note}"));
    }
    let counts: Vec<_> =
        effects.iter().map(|count| format!("{} {}", count.operations, count.effect)).collect();
    term.say(format!("effects: {}", counts.join(", ")));
    term.say_in(
        Tone::Warn,
        "nobody reviewed these effects: they are assumed at their worst, and an overlay beside the file says otherwise",
    );
    term.say("an authority that runs already learns of the service when it is started again");
}
