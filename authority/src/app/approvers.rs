//! `approvers`: who approves, each by a key of their own.
//!
//! Whoever reaches the socket is the owner of this home, and may answer under any name that is kept here: names
//! tell people apart in the record, they do not keep the owner out.

use datalog::ApproverName;

use super::{App, AppError, ApproverInfo, ApproverStatus};
use crate::audit::{Event, EventEntry, hex};
use crate::desk::{Changed, generate};
use crate::store::ApproverRow;

/// Who approves where nobody is named.
pub(super) const OWNER: &str = "owner";

impl App {
    pub fn approvers(&self) -> Vec<ApproverInfo> {
        self.desk.approvers.list().into_iter().map(info).collect()
    }

    /// Makes an approver with a new key.
    pub async fn add_approver(&self, name: &ApproverName) -> Result<ApproverInfo, AppError> {
        if self.desk.approvers.knows(name) {
            return Err(AppError::Conflict(format!("there is an approver `{name}` already")));
        }
        self.make_approver(name).await?;
        self.approver_info(name)
    }

    /// What it signed counts no more, and it signs nothing from now on.
    pub async fn retire_approver(&self, name: &ApproverName) -> Result<ApproverInfo, AppError> {
        self.approver_info(name)?;
        self.desk.approvers.retire(name);
        let event = EventEntry::on_approver(Event::ApproverRetired, name).at(self.clock.now());
        self.store.approver_retired(name.clone(), event).await.map_err(AppError::only_in_memory)?;
        self.desk.tell(Changed::Approvals);
        self.approver_info(name)
    }

    pub(super) async fn make_approver(&self, name: &ApproverName) -> Result<(), AppError> {
        let _making = self.desk.approvers.making.lock().await;
        if self.desk.approvers.knows(name) {
            return Ok(());
        }
        let now = self.clock.now();
        let row = generate(&self.vault, name.clone(), now).map_err(|error| AppError::vault(&error))?;
        let event = EventEntry::on_approver(Event::ApproverCreated, name).at(now);
        self.store.approver_created(row.clone(), event).await?;
        self.desk.approvers.add(row);
        Ok(())
    }

    fn approver_info(&self, name: &ApproverName) -> Result<ApproverInfo, AppError> {
        let all = self.approvers();
        all.into_iter()
            .find(|one| one.name == *name)
            .ok_or_else(|| AppError::NotFound(format!("there is no approver `{name}`")))
    }
}

fn info(row: ApproverRow) -> ApproverInfo {
    let status = if row.seed.is_some() { ApproverStatus::Trusted } else { ApproverStatus::Retired };
    ApproverInfo { name: row.name, public_key: hex(&row.public), created: row.created, status }
}
