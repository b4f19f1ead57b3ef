//! `hallpass services import`: makes a service from a provider's description in one command. Unless an overlay says
//! otherwise, the service counts at its worst. A service that does not load is not stored.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use datalog::catalog::import::{Bearer, ImportError, ImportReport, Options, import};
use datalog::catalog::{Catalog, Service};
use datalog::{Message, ServiceName};
use serde::Serialize;

use super::super::failure::Failure;
use super::changes;
use super::review::{self, Count};
use crate::catalog::{self, CatalogError};
use crate::cli::context::Context;
use crate::home::Home;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The description: OpenAPI 3, Swagger 2 or Google Discovery, in JSON or YAML
    file: PathBuf,
    /// The service's name [default: the one in the description]
    #[arg(long, value_name = "NAME")]
    name: Option<ServiceName>,
    /// A TOML file with corrected effects (`services show NAME --as-overlay` prints one to start with)
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
    /// Replace the service of this name; without this flag the command only shows what would change
    #[arg(long)]
    yes: bool,
    /// Assume that every operation takes an OAuth access token, whatever the description says
    #[arg(long)]
    bearer: bool,
}

#[derive(Debug, Serialize)]
struct Added {
    service: ServiceName,
    file: PathBuf,
    #[serde(flatten)]
    report: ImportReport,
    effects: Vec<Count>,
}

impl Import {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let shown = self.file.display();
        let bytes = read(&self.file)?;
        let bearer = if self.bearer { Bearer::Always } else { Bearer::AsDescribed };
        let options = Options { name: self.name.clone(), bearer };
        let imported = import(&bytes, options).map_err(|error| match error {
            ImportError::Name(_) => Failure::usage(error).or_hint("name it with --name"),
            error => Failure::usage(Message::from(error).after(format_args!("`{shown}`"))),
        })?;
        // The facts are read back as the catalog will read them, before anything is stored.
        let service = Service::load(&imported.facts_text, None).map_err(|error| {
            Failure::failed(Message::from(error).after(format_args!("`{shown}` cannot become a service")))
        })?;
        let home = context.home()?;
        let before = existing(&home, &service.name)?;
        let mut overlay = self.overlay.as_deref().map(read_overlay).transpose()?;
        if overlay.is_none() && before.is_some() {
            overlay = catalog::overlay(&home, &service.name).map_err(Failure::failed)?;
        }
        let service = match &overlay {
            Some(overlay) => Service::load(&imported.facts_text, Some(overlay))
                .map_err(|error| self.unfit(error.into(), &service.name))?,
            None => service,
        };
        let given = overlay.as_deref().filter(|_| self.overlay.is_some());
        let file = match &before {
            None => catalog::add(&home, &service.name, &imported.facts_text, given),
            Some(before) => {
                let changes = changes::between(before, &service);
                changes.show(&context.term);
                if !self.yes {
                    return Err(Failure::failed(format!("there is a service `{}` already", service.name))
                        .or_hint(
                            "`--yes` replaces it with this one; `--name` gives the new one another name",
                        ));
                }
                catalog::replace(&home, &service.name, &imported.facts_text, given)
            }
        };
        let file = file.map_err(Failure::failed)?;
        super::known::taken_at_once(&home, context)?;
        let effects = review::counts(&service);
        review::show(&service, &imported.report, &effects, context);
        let added = Added { service: service.name.clone(), file, report: imported.report, effects };
        context.term.result(&added, || added.service.to_string())
    }

    fn unfit(&self, error: Message, name: &ServiceName) -> Failure {
        match &self.overlay {
            Some(file) => Failure::usage(error.after(format_args!("`{}` does not fit", file.display()))),
            None => Failure::failed(
                error.after(format_args!("the overlay of `{name}` does not fit the new description")),
            )
            .or_hint("correct it and give it with --overlay"),
        }
    }
}

/// Returns the imported service of this name, if there is one.
fn existing(home: &Home, name: &ServiceName) -> Result<Option<Arc<Service>>, Failure> {
    if Catalog::is_embedded(name) {
        return Err(
            Failure::failed(CatalogError::Exists(name.clone())).or_hint("name the new one with --name")
        );
    }
    Ok(catalog::load(home).map_err(Failure::failed)?.service(name).cloned())
}

/// Larger than any known description; GitHub's has 13 MB.
const LONGEST: u64 = 100_000_000;

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let shown = file.display();
    let failed = |error: io::Error| {
        let failure = Failure::usage(format!("`{shown}` cannot be read: {error}"));
        match error.kind() {
            io::ErrorKind::NotFound => failure.or_hint(
                "name a file of this machine: the provider's `openapi.json`, `openapi.yaml`, `swagger.json` or Discovery document",
            ),
            _ => failure,
        }
    };
    let mut bytes = Vec::new();
    let mut source = fs::File::open(file).map_err(failed)?.take(LONGEST + 1);
    source.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::usage(format!("`{shown}` is longer than {LONGEST} bytes")));
    }
    Ok(bytes)
}

fn read_overlay(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("`{}` cannot be read: {error}", file.display())))
}
