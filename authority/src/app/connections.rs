//! `connections`: what is connected, and how it is.

use std::sync::Arc;

use datalog::catalog::{Catalog, Service};
use datalog::{Account, ConnectionName};
use secrecy::SecretString;
use verifier::ports::{Connection, Upstream};

use super::{App, ConnectionInfo, ConnectionStatus};
use crate::config::{Config, ServiceConfig};
use crate::oauth::{Client, Facts, Health, Known, Live, Provider, open_credential};
use crate::store::{KnownConnectionRow, RowStatus};
use crate::vault::{Place, Vault};

impl App {
    /// In the order of their names.
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        self.live().values().map(|live| self.info(live)).collect()
    }

    pub(super) fn info(&self, live: &Live) -> ConnectionInfo {
        let own = self.config.connections.get(&live.name).and_then(|connection| connection.listen);
        ConnectionInfo {
            name: live.name.clone(),
            service: live.service.clone(),
            account: live.account.clone(),
            scopes: live.scopes.clone(),
            status: match live.health() {
                Health::Healthy if self.desk.suspensions.holds(&[], "", Some(&live.name)).is_some() => {
                    ConnectionStatus::Stopped
                }
                Health::Healthy => ConnectionStatus::Healthy,
                Health::NeedsReconnect => ConnectionStatus::NeedsReconnect,
            },
            connected: live.connected,
            token_expires: live.known().and_then(|known| known.expires),
            last_error: live.last_error(),
            base_url: format!("http://{}/{}", self.config.gateway_listen, live.name),
            own_base_url: own.map(|address| format!("http://{address}")),
        }
    }
}

/// Where the sealed client secret of a connection is.
pub(super) fn client_secret_place(row: &str) -> Place<'_> {
    Place { table: "connection", row, column: "client_secret", generation: 0 }
}

/// What the gateway is told of a connection.
pub(super) fn pointed(
    config: &Config,
    service: &Arc<Service>,
    name: &ConnectionName,
    account: &Account,
) -> Arc<Connection> {
    Arc::new(Connection {
        name: name.clone(),
        account: account.clone(),
        service: service.clone(),
        upstream: config.service(&service.name).base_url.map_or(Upstream::Catalog, Upstream::BaseUrl),
        listen: config.connections.get(name).and_then(|connection| connection.listen),
    })
}

/// A stored connection, in memory again. What does not open makes it need a reconnect, and is told.
pub(super) fn revive(config: &Config, catalog: &Catalog, vault: &Vault, row: KnownConnectionRow) -> Live {
    let set = config.service(&row.service);
    let service = catalog.service(&row.service);
    let Opened { health, known, secret, error } = open(&row, &set, service.is_some(), vault);
    if let Some(because) = &error {
        tracing::warn!(connection = %row.name, %because, "a connection cannot be used");
    }
    let gateway = service.map(|service| pointed(config, service, &row.name, &row.account));
    let provider = service.map(|service| Provider::resolve(service, &set)).unwrap_or_default();
    let client = Client { id: row.client_id, secret, auth: set.client_auth };
    let facts = Facts {
        id: row.id,
        name: row.name,
        service: row.service,
        account: row.account,
        scopes: row.scopes,
        connected: row.connected,
        provider,
        client,
        gateway,
    };
    Live::new(facts, health, known, error)
}

/// What opens of a stored connection, and why it cannot be used where it cannot.
struct Opened {
    health: Health,
    known: Option<Known>,
    secret: Option<SecretString>,
    error: Option<String>,
}

fn open(row: &KnownConnectionRow, set: &ServiceConfig, is_in_catalog: bool, vault: &Vault) -> Opened {
    let id = row.id.0.to_string();
    let kept_secret = row
        .client_secret
        .as_ref()
        .map(|sealed| vault.open_string(client_secret_place(&id), sealed))
        .transpose();
    // The configured secret is the newer one, where it belongs to the same client.
    let secret = match set.client_secret.clone().filter(|_| set.client_id.as_deref() == Some(&row.client_id))
    {
        Some(secret) => Ok(Some(secret)),
        None => kept_secret,
    };
    let health = match row.status {
        RowStatus::Healthy => Health::Healthy,
        RowStatus::NeedsReconnect | RowStatus::Disconnecting => Health::NeedsReconnect,
    };
    let broken = |error: String| Opened {
        health: Health::NeedsReconnect,
        known: None,
        secret: None,
        error: Some(error),
    };
    match (open_credential(vault, row), secret) {
        (Err(error), _) | (_, Err(error)) => broken(error.to_string()),
        (Ok(known), Ok(secret)) if !is_in_catalog => {
            let error = Some(format!("the catalog has no `{}`", row.service));
            Opened { health: Health::NeedsReconnect, known: Some(known), secret, error }
        }
        (Ok(known), Ok(secret)) => {
            let interrupted = "disconnecting it was interrupted\nhint: disconnect it again";
            let error = (row.status == RowStatus::Disconnecting).then(|| interrupted.to_owned());
            Opened { health, known: Some(known), secret, error }
        }
    }
}
