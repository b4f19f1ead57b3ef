//! `App`: every handle of an open authority in one struct, and its verbs.
//!
//! Each verb takes and returns plain values (`types`). Nothing here knows HTTP, a terminal or SQL.

mod error;
mod types;

use std::sync::Arc;

use datalog::ConnectionName;

use crate::clock::Clock;
use crate::config::Config;
use crate::home::Home;

pub use crate::audit::LogRecord;
pub use error::{AppError, ErrorKind, OpenError};
pub use types::*;

/// An open authority.
pub struct App {
    clock: Clock,
}

fn soon<T>() -> Result<T, AppError> {
    Err(AppError::Store(verifier::ports::StoreFault("not there yet".into())))
}

#[expect(clippy::unused_async, reason = "the bodies arrive next")]
impl App {
    /// Makes the home: vault key, database, root key, commented configuration. Leaves what is there.
    pub fn init(home: &Home) -> Result<InitReport, OpenError> {
        let _ = home;
        Err(OpenError::NotInitialised("not there yet".into()))
    }

    /// Opens the home, for this process alone.
    pub fn open(home: &Home, config: Config) -> Result<Arc<Self>, OpenError> {
        let _ = (home, config);
        Ok(Arc::new(Self { clock: Clock::System }))
    }

    /// Waits for what is in flight (refreshes, queued outcomes). The home stays locked until the last
    /// handle is dropped.
    pub async fn close(&self) {}

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub async fn begin_connect(&self, start: ConnectStart) -> Result<ConnectBegun, AppError> {
        let _ = start;
        soon()
    }

    pub async fn finish_connect(&self, finish: ConnectFinish) -> Result<ConnectionInfo, AppError> {
        let _ = finish;
        soon()
    }

    pub async fn begin_device(&self, start: DeviceStart) -> Result<DeviceBegun, AppError> {
        let _ = start;
        soon()
    }

    /// Asks the provider once, not more often than it allows.
    pub async fn poll_device(&self, attempt: &str) -> Result<DevicePoll, AppError> {
        let _ = attempt;
        soon()
    }

    pub fn connections(&self) -> Vec<ConnectionInfo> {
        Vec::new()
    }

    /// Revokes at the provider, then forgets.
    pub async fn disconnect(&self, name: &ConnectionName) -> Result<DisconnectReport, AppError> {
        let _ = name;
        soon()
    }

    pub async fn mint(&self, args: MintArgs) -> Result<Minted, AppError> {
        let _ = args;
        soon()
    }

    pub async fn passes(&self, filter: PassFilter) -> Result<Vec<PassInfo>, AppError> {
        let _ = filter;
        soon()
    }

    /// Takes effect on the next request, for the lineage below too.
    pub async fn revoke(&self, args: RevokeArgs) -> Result<RevokeReport, AppError> {
        let _ = args;
        soon()
    }

    /// The emergency stop: no request is forwarded until `resume`.
    pub async fn stop(&self) -> Result<StopReport, AppError> {
        soon()
    }

    pub async fn resume(&self) -> Result<StopReport, AppError> {
        soon()
    }

    pub fn root_keys(&self) -> Vec<RootKeyInfo> {
        Vec::new()
    }

    /// Makes a new root key that mints from now on; the old one stays trusted.
    pub async fn rotate_root(&self) -> Result<RootKeyInfo, AppError> {
        soon()
    }

    /// Stops trusting what a root key minted.
    pub async fn retire_root(&self, id: u32) -> Result<RootKeyInfo, AppError> {
        let _ = id;
        soon()
    }

    /// Audit records in order.
    pub async fn log(&self, query: LogQuery) -> Result<Vec<LogRecord>, AppError> {
        let _ = query;
        soon()
    }

    /// The sequence number of the newest audit record, whenever it changes: how a log is followed.
    pub fn log_head(&self) -> tokio::sync::watch::Receiver<u64> {
        tokio::sync::watch::channel(0).1
    }

    /// Walks the audit log from the first record and names the first bad one.
    pub async fn verify_log(&self) -> Result<LogVerification, AppError> {
        soon()
    }
}
