//! `hallpass services remove`: removes an imported service without connections from the catalog.

use clap::Args;
use datalog::ServiceName;
use datalog::catalog::Catalog;
use serde::Serialize;

use super::super::client::Client;
use super::super::failure::Failure;
use crate::app::CatalogChange;
use crate::catalog;
use crate::cli::context::{Context, block_on};
use crate::cli::services::known::unknown;

#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The service's name
    name: ServiceName,
}

#[derive(Debug, Serialize)]
struct Removed<'a> {
    removed: &'a ServiceName,
}

impl Remove {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let home = context.home()?;
        let known = catalog::load(&home).map_err(Failure::failed)?;
        if known.service(&self.name).is_none() {
            return Err(unknown(&self.name, &known));
        }
        if Catalog::is_embedded(&self.name) {
            return Err(Failure::failed(format!("`{}` comes with the program", self.name))
                .or_hint("only imported services can be removed"));
        }
        if context.config(&home)?.store.of(&home).is_made() {
            let path = format!("/v1/services/{}", self.name);
            let _: CatalogChange = block_on(async { Client::open(context).await?.delete(&path).await })?;
        } else {
            catalog::remove(&home, &self.name).map_err(Failure::failed)?;
        }
        context.term.result(&Removed { removed: &self.name }, || self.name.to_string())
    }
}
