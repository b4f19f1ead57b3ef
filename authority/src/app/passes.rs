//! `passes`: the passes that were minted, and whether they still count.

use datalog::inspect::Inspection;

use crate::app::{App, AppError, PassFilter, PassInfo, PassStatus};
use crate::store::{PassQuery, PassRow};

const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 10_000;

impl App {
    pub async fn passes(&self, filter: PassFilter) -> Result<Vec<PassInfo>, AppError> {
        if let Some(name) = &filter.connection {
            self.is_or_was(name).await?;
        }
        let now = self.clock.now();
        let (revoked, ends_after, ends_before) = match filter.status {
            None => (None, None, None),
            // The row alone does not tell, because a retired root key also ends passes.
            Some(PassStatus::Revoked) => (None, None, None),
            Some(status) if status.will_count() => (Some(false), Some(now), None),
            Some(_) => (Some(false), None, Some(now)),
        };
        let limit = filter.limit.unwrap_or(LIMIT).min(LIMIT_MAX);
        let query = PassQuery { connection: filter.connection, revoked, ends_after, ends_before, limit };
        let asked_for = |info: &PassInfo| match filter.status {
            None => true,
            // A pass that is stopped or has not begun still lives.
            Some(PassStatus::Live) => info.status.will_count(),
            Some(status) => info.status == status,
        };
        let mut passes = Vec::new();
        for row in self.store.passes(query).await? {
            let says = if row.expires > now { self.said(&row.id).await? } else { None };
            let mut info = self.pass_info(row, says.as_ref());
            if !asked_for(&info) {
                continue;
            }
            if info.status.will_count() {
                info.budgets = self.budgets_left(says.as_ref()).await?;
            }
            passes.push(info);
        }
        Ok(passes)
    }

    pub(super) fn pass_info(&self, row: PassRow, says: Option<&Inspection>) -> PassInfo {
        let now = self.clock.now();
        let is_trusted = self.keyring.trusted().iter().any(|(id, _)| id == row.root_key);
        let begins = says.map(|says| says.not_before).filter(|begins| *begins > row.created);
        let status = match (row.is_revoked || !is_trusted, row.expires > now) {
            // A pass of a retired root key is refused like a revoked one.
            (true, _) => PassStatus::Revoked,
            (false, true) if self.is_held(&row) => PassStatus::Stopped,
            (false, true) if begins.is_some_and(|begins| begins > now) => PassStatus::NotYet,
            (false, true) => PassStatus::Live,
            (false, false) => PassStatus::Expired,
        };
        PassInfo {
            status,
            begins,
            stopped: if status.will_count() { self.stopped_pass(&row) } else { None },
            id: row.id,
            task: row.task,
            created: row.created,
            expires: row.expires,
            connections: row.connections,
            root_key: row.root_key,
            budgets: Vec::new(),
        }
    }

    fn is_held(&self, row: &PassRow) -> bool {
        self.desk.stops.holds(&[(&row.id).into()], &row.task, None).is_some()
    }

    /// Refuses the name of a connection if it does not exist and no pass was minted for it.
    async fn is_or_was(&self, name: &datalog::ConnectionName) -> Result<(), AppError> {
        if self.live().contains_key(name) {
            return Ok(());
        }
        let query = PassQuery {
            connection: Some(name.clone()),
            revoked: None,
            ends_after: None,
            ends_before: None,
            limit: 1,
        };
        match self.store.passes(query).await?.is_empty() {
            true => Err(self.no_connection(name)),
            false => Ok(()),
        }
    }
}

impl PassStatus {
    /// Whether the pass counts now, will count later, or would count if nothing were stopped.
    pub fn will_count(self) -> bool {
        matches!(self, Self::Live | Self::NotYet | Self::Stopped)
    }
}
