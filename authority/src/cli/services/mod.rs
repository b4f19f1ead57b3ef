//! `hallpass services`: the known APIs and the effects of their operations, and commands to import and remove one. A
//! running authority is told; without one, only the home's files are needed.

mod changes;
mod import;
pub(super) mod known;
mod remove;
mod review;
mod show;

use clap::{Args, Subcommand};
use datalog::catalog::{Catalog, Service};
use serde::Serialize;

use super::failure::Failure;
use super::table::{Cell, Table};
use super::term::Tone;
use crate::catalog;
use crate::cli::context::Context;
use import::Import;
use remove::Remove;
use show::Show;

/// List, show and import services
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Services {
    #[command(subcommand)]
    verb: Option<ServicesVerb>,
}

#[derive(Debug, Subcommand)]
enum ServicesVerb {
    /// List the services (`services` alone does the same)
    List,
    /// List a service's operations, their effects, and the source of each effect
    Show(Show),
    /// Make a service from a description: OpenAPI 3, Swagger 2 or Google Discovery
    Import(Import),
    /// Remove an imported service
    Remove(Remove),
}

#[derive(Debug, Serialize)]
struct ListedService<'a> {
    name: &'a str,
    title: &'a str,
    revision: &'a str,
    operations: usize,
    reviewed: bool,
    corrected: bool,
    hosts: &'a [String],
    digest: &'a str,
}

impl Services {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.verb {
            None | Some(ServicesVerb::List) => list(&load(context)?, context),
            Some(ServicesVerb::Show(show)) => show.run(&load(context)?, context),
            Some(ServicesVerb::Import(import)) => import.run(context),
            Some(ServicesVerb::Remove(remove)) => remove.run(context),
        }
    }
}

fn load(context: &Context) -> Result<Catalog, Failure> {
    catalog::load(&context.home()?).map_err(Failure::failed)
}

fn list(catalog: &Catalog, context: &Context) -> Result<(), Failure> {
    let services: Vec<ListedService<'_>> = catalog.services().map(|service| listed(service)).collect();
    context.term.result(&services, || {
        let mut table = Table::new(["NAME", "TITLE", "OPERATIONS", "EFFECTS", "HOSTS"]);
        for service in &services {
            let effects = match (service.reviewed, service.corrected) {
                (true, _) => Cell::from("reviewed"),
                (false, true) => Cell::in_tone("corrected in part", Tone::Warn),
                (false, false) => Cell::in_tone("assumed at their worst", Tone::Warn),
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

fn listed(service: &Service) -> ListedService<'_> {
    ListedService {
        name: service.name.as_str(),
        title: &service.title,
        revision: &service.revision,
        operations: service.operations.len(),
        reviewed: service.reviewed,
        corrected: service.corrected,
        hosts: &service.hosts,
        digest: &service.digest,
    }
}
