//! The catalog of a running authority: reloads it from the home's files, and removes a service.
//!
//! When a reload returns, connections use the new services. A request that was judged by another catalog gets no
//! credential. An approval counts only under the catalog of its time.

use std::sync::{Arc, PoisonError};

use datalog::catalog::Catalog;
use datalog::{Message, ServiceName};
use serde::{Deserialize, Serialize};

use crate::app::connections::{pointed, revive};
use crate::app::{App, AppError};
use crate::catalog;
use crate::desk::Changed;
use crate::oauth::Live;

/// The result of a reload.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CatalogChange {
    /// The services that are new, changed or gone.
    pub services: Vec<ServiceName>,
}

impl App {
    /// Reloads the imported services. If one does not load, nothing changes.
    pub async fn reload_services(&self) -> Result<CatalogChange, AppError> {
        let change = {
            let _turn = self.turns.connections().await;
            self.read_services().await?
        };
        if !change.services.is_empty() {
            // When this returns, no request is sent that the old services judged.
            self.recall().await;
            self.desk.tell(Changed::Connections);
        }
        Ok(change)
    }

    /// Reads the services again. Call this in a turn of `connections`.
    async fn read_services(&self) -> Result<CatalogChange, AppError> {
        let before = self.catalog();
        let (home, known) = (self.home.clone(), before.clone());
        let read = tokio::task::spawn_blocking(move || catalog::beside(&home, &known)).await;
        let after = read.map_err(|error| AppError::invalid(error.to_string()))?.map_err(AppError::invalid)?;
        let services = differing(&before, &after);
        let after = Arc::new(after);
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = after.clone();
        for live in self.live().values().filter(|live| services.contains(&live.service)) {
            self.repoint(live, &after).await?;
        }
        if !services.is_empty() {
            tracing::info!(services = ?services.iter().map(ServiceName::as_str).collect::<Vec<_>>(), "the catalog changed");
        }
        Ok(CatalogChange { services })
    }

    /// Removes an imported service. No connection may use it.
    pub async fn remove_service(&self, name: &ServiceName) -> Result<CatalogChange, AppError> {
        if Catalog::is_embedded(name) {
            return Err(AppError::conflict(
                Message::new(format!("`{name}` comes with the program"))
                    .hint("disconnect connections that nobody may use: `hallpass connections`"),
            ));
        }
        if self.catalog().service(name).is_none() {
            return Err(AppError::not_found(
                Message::new(format!("there is no service `{name}`")).hint("`hallpass services` lists them"),
            ));
        }
        let change = {
            let _turn = self.turns.connections().await;
            self.take_out(name)?;
            self.read_services().await?
        };
        self.recall().await;
        self.desk.tell(Changed::Connections);
        Ok(change)
    }

    /// Takes a service out of the catalog. Call this in a turn of `connections`, so that nobody connects to the service
    /// between the check and the removal.
    fn take_out(&self, name: &ServiceName) -> Result<(), AppError> {
        let connected: Vec<String> = self
            .live()
            .values()
            .filter(|live| live.service == *name)
            .map(|live| format!("`hallpass disconnect {}`", live.name))
            .collect();
        if !connected.is_empty() {
            return Err(AppError::conflict(
                Message::new(format!("`{name}` is connected"))
                    .hint(format!("{} first", connected.join(", "))),
            ));
        }
        catalog::remove(&self.home, name).map_err(AppError::invalid)
    }

    async fn repoint(&self, live: &Arc<Live>, catalog: &Catalog) -> Result<(), AppError> {
        let Some(service) = catalog.service(&live.service) else {
            live.point_at(None);
            return Ok(());
        };
        // Without its service a connection does not know how to refresh its tokens.
        if live.gateway().is_none() {
            let Some(row) = self.store.known_connection(live.id).await? else { return Ok(()) };
            let revived = Arc::new(revive(&self.config, catalog, &self.vault, row));
            self.change_live(|connections| {
                // By now the name may belong to another connection, or to none.
                if connections.get(&live.name).is_some_and(|there| there.id == live.id) {
                    connections.insert(live.name.clone(), revived);
                }
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
