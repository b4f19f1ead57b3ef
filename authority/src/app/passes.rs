//! `passes`: what was minted, and whether it still counts.

use super::{App, AppError, PassFilter, PassInfo, PassStatus};
use crate::store::{PassQuery, PassRow};

const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 10_000;

impl App {
    pub async fn passes(&self, filter: PassFilter) -> Result<Vec<PassInfo>, AppError> {
        let now = self.clock.now();
        let (revoked, ends_after, ends_before) = match filter.status {
            None => (None, None, None),
            // Not by the row alone: a retired root key revokes too.
            Some(PassStatus::Revoked) => (None, None, None),
            Some(PassStatus::Live | PassStatus::Suspended) => (Some(false), Some(now), None),
            Some(PassStatus::Expired) => (Some(false), None, Some(now)),
        };
        let limit = filter.limit.unwrap_or(LIMIT).min(LIMIT_MAX);
        let query = PassQuery { connection: filter.connection, revoked, ends_after, ends_before, limit };
        let rows = self.store.passes(query).await?;
        let asked_for = |info: &PassInfo| match filter.status {
            None => true,
            // One that is suspended lives, and waits.
            Some(PassStatus::Live) => matches!(info.status, PassStatus::Live | PassStatus::Suspended),
            Some(status) => info.status == status,
        };
        let mut passes: Vec<PassInfo> =
            rows.into_iter().map(|row| self.pass_info(row)).filter(asked_for).collect();
        for pass in &mut passes {
            if matches!(pass.status, PassStatus::Live | PassStatus::Suspended) {
                pass.budgets = self.budgets_of(&pass.id).await?;
            }
        }
        Ok(passes)
    }

    pub(super) fn pass_info(&self, row: PassRow) -> PassInfo {
        let is_trusted = self.keyring.trusted().iter().any(|(id, _)| id == row.root_key);
        PassInfo {
            // What a retired root key minted is refused like what was revoked.
            status: match (row.is_revoked || !is_trusted, row.expires > self.clock.now()) {
                (true, _) => PassStatus::Revoked,
                (false, true) if self.is_held(&row) => PassStatus::Suspended,
                (false, true) => PassStatus::Live,
                (false, false) => PassStatus::Expired,
            },
            id: row.id,
            task: row.task,
            created: row.created,
            expires: row.expires,
            connections: row.connections,
            root_key: row.root_key,
            budgets: Vec::new(),
        }
    }

    fn is_held(&self, row: &crate::store::PassRow) -> bool {
        self.desk.suspensions.holds(&[(&row.id).into()], &row.task, None).is_some()
    }
}
