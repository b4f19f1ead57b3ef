//! The catalog while an authority runs: taken anew from the home's files, and a service taken out of it.
//!
//! Connections point at the new services when this returns. A request that was judged by what another catalog says
//! gets no credential, and an approval is for the request as the catalog of its time had it.

use std::sync::{Arc, PoisonError};

use datalog::ServiceName;
use datalog::catalog::Catalog;
use serde::{Deserialize, Serialize};

use super::connections::{pointed, revive};
use super::{App, AppError};
use crate::catalog;
use crate::desk::Changed;
use crate::oauth::{Health, Live};

/// What a reload found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CatalogChange {
    /// The services that are new, other than before, or gone.
    pub services: Vec<ServiceName>,
}

impl App {
    /// Reads the imported services anew. What does not load changes nothing.
    pub async fn reload_services(&self) -> Result<CatalogChange, AppError> {
        let before = self.catalog();
        let (home, known) = (self.home.clone(), before.clone());
        let read = tokio::task::spawn_blocking(move || catalog::beside(&home, &known)).await;
        let after = read.map_err(AppError::invalid)?.map_err(AppError::invalid)?;
        let services = differing(&before, &after);
        let after = Arc::new(after);
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = after.clone();
        for live in self.live().values().filter(|live| services.contains(&live.service)) {
            self.repoint(live, &after).await?;
        }
        if !services.is_empty() {
            tracing::info!(services = ?services.iter().map(ServiceName::as_str).collect::<Vec<_>>(), "the catalog changed");
            self.desk.tell(Changed::Connections);
        }
        Ok(CatalogChange { services })
    }

    /// Takes an imported service out, which nothing may be connected to.
    pub async fn remove_service(&self, name: &ServiceName) -> Result<CatalogChange, AppError> {
        if Catalog::is_embedded(name) {
            return Err(AppError::Conflict(format!(
                "`{name}` comes with the program\nhint: disconnect what nobody is to use: `hallpass connections`"
            )));
        }
        if self.catalog().service(name).is_none() {
            return Err(AppError::NotFound(format!(
                "there is no service `{name}`\nhint: `hallpass services` lists them"
            )));
        }
        let connected: Vec<String> = self
            .live()
            .values()
            .filter(|live| live.service == *name)
            .map(|live| format!("`hallpass disconnect {}`", live.name))
            .collect();
        if !connected.is_empty() {
            return Err(AppError::Conflict(format!(
                "`{name}` is connected\nhint: {} first",
                connected.join(", ")
            )));
        }
        catalog::remove(&self.home, name).map_err(AppError::invalid)?;
        self.reload_services().await
    }

    async fn repoint(&self, live: &Arc<Live>, catalog: &Catalog) -> Result<(), AppError> {
        let Some(service) = catalog.service(&live.service) else {
            live.point_at(None);
            return Ok(());
        };
        // Opened without its service it does not know how its tokens are refreshed.
        if live.gateway().is_none() && live.health() == Health::NeedsReconnect {
            let Some(row) = self.store.known_connection(live.id).await? else { return Ok(()) };
            let revived = Arc::new(revive(&self.config, catalog, &self.vault, row));
            self.change_live(|connections| {
                connections.insert(live.name.clone(), revived);
            });
            return Ok(());
        }
        live.point_at(Some(pointed(&self.config, service, &live.name, &live.account)));
        Ok(())
    }
}

fn differing(before: &Catalog, after: &Catalog) -> Vec<ServiceName> {
    let digest = |catalog: &Catalog, name: &ServiceName| catalog.service(name).map(|one| one.digest.clone());
    let mut names: Vec<ServiceName> =
        before.services().chain(after.services()).map(|service| service.name.clone()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| digest(before, name) != digest(after, name));
    names
}
