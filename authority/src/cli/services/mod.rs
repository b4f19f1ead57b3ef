//! `hallpass services`: the APIs that are known, what their operations do, importing another and taking one out.
//! An authority that runs is told; without one nothing but the home's files is needed.

mod changes;
mod import;
mod remove;
mod review;
mod show;

use clap::{Args, Subcommand};
use datalog::ServiceName;
use datalog::catalog::{Catalog, Service};
use serde::Serialize;

use super::client::Client;
use super::failure::Failure;
use super::table::{Cell, Table};
use super::term::Tone;
use super::{Context, block_on};
use crate::app::CatalogChange;
use crate::catalog;
use crate::home::Home;
use crate::nearest::nearest;
use import::Import;
use remove::Remove;
use show::Show;

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
    /// List the operations of a service, what they do, and what that was derived from
    Show(Show),
    /// Make a service of a description: OpenAPI 3, Swagger 2 or Google Discovery
    Import(Import),
    /// Take an imported service out
    Remove(Remove),
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
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
            None | Some(Verb::List) => list(&load(context)?, context),
            Some(Verb::Show(show)) => show.run(&load(context)?, context),
            Some(Verb::Import(import)) => import.run(context),
            Some(Verb::Remove(remove)) => remove.run(context),
        }
    }
}

fn load(context: &Context) -> Result<Catalog, Failure> {
    catalog::load(&context.home()?).map_err(Failure::failed)
}

/// Tells an authority that runs on the home to read its services anew.
fn taken_at_once(home: &Home, context: &Context) -> Result<(), Failure> {
    block_on(async {
        let Some(client) = Client::running(home).await? else { return Ok(()) };
        let change: CatalogChange = client.post("/v1/services/reload", &()).await?;
        if !change.services.is_empty() {
            context.term.say("the authority that runs has taken it");
        }
        Ok(())
    })
}

fn list(catalog: &Catalog, context: &Context) -> Result<(), Failure> {
    let services: Vec<Listed<'_>> = catalog.services().map(|service| listed(service)).collect();
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

fn listed(service: &Service) -> Listed<'_> {
    Listed {
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
