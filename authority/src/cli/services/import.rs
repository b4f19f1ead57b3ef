//! `hallpass services import`: a service out of a provider's description, in one command, taken at its worst unless
//! an overlay says otherwise. Nothing is kept that does not load.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use datalog::catalog::Service;
use datalog::catalog::import::{ImportError, ImportReport, import};
use datalog::{Effect, ServiceName};
use serde::Serialize;

use super::super::Context;
use super::super::failure::Failure;
use super::super::term::Tone;
use crate::catalog::{self, CatalogError};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The description, in JSON
    file: PathBuf,
    /// The service's name, where it is not the one that the description gives itself
    #[arg(long, value_name = "NAME")]
    name: Option<ServiceName>,
    /// What a person says of the operations' effects, in TOML (`services show NAME --as-overlay` prints one to start with)
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
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

impl Import {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
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
        let overlay = self.overlay.as_deref().map(read_overlay).transpose()?;
        let service = match (&overlay, &self.overlay) {
            (Some(overlay), Some(file)) => {
                Service::load(&imported.facts_text, Some(overlay)).map_err(|error| {
                    Failure::usage(format_args!("`{}` does not fit: {error}", file.display()))
                })?
            }
            _ => service,
        };
        let home = context.home()?;
        let file = catalog::add(&home, &service.name, &imported.facts_text, overlay.as_deref()).map_err(
            |error| match error {
                CatalogError::Exists(_) => Failure::failed(error).or_hint("name the new one with --name"),
                error => Failure::failed(error),
            },
        )?;
        let effects = counts(&service);
        review(&service, &imported.report, &effects, context);
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

fn read_overlay(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::usage(format_args!("`{}` cannot be read: {error}", file.display())))
}

fn review(service: &Service, report: &ImportReport, effects: &[Count], context: &Context) {
    let term = &context.term;
    term.say(format!("{} operations, {} types", report.operations, report.types));
    for excluded in &report.excluded {
        term.say(format!("left out: {excluded}"));
    }
    for note in &report.notes {
        term.say(format!("note: {note}"));
    }
    let counts: Vec<_> =
        effects.iter().map(|count| format!("{} {}", count.operations, count.effect)).collect();
    term.say(format!("effects: {}", counts.join(", ")));
    let name = &service.name;
    match (service.reviewed, service.corrected) {
        (true, _) => {}
        (false, true) => {
            term.say_in(Tone::Warn, "what the overlay does not list is assumed at its worst");
        }
        (false, false) => term.say_in(
            Tone::Warn,
            format!(
                "nobody reviewed these effects: they are assumed at their worst. `hallpass services show {name}` says why; \
                 `--as-overlay` prints a file to correct them with"
            ),
        ),
    }
    term.say("an authority that runs already learns of the service when it is started again");
}
