//! `approvers`: the people who approve, each with a key.
//!
//! Everybody who reaches the socket is the owner of this home, and may answer under any of these names. Names tell
//! people apart in the log; they do not keep the owner out.

use datalog::{ApproverName, Message};

use crate::app::{App, AppError, ApproverInfo, ApproverStatus};
use crate::audit::{Event, EventEntry, hex};
use crate::desk::{Changed, generate};
use crate::nearest;
use crate::store::ApproverRow;

/// The name of the approver if nobody is named.
pub(super) const OWNER: &str = "owner";

impl App {
    pub fn approvers(&self) -> Vec<ApproverInfo> {
        self.desk.approvers.list().into_iter().map(info).collect()
    }

    /// Makes an approver with a new key.
    pub async fn add_approver(&self, name: &ApproverName) -> Result<ApproverInfo, AppError> {
        if self.desk.approvers.knows(name) {
            return Err(AppError::conflict(format!("there is an approver `{name}` already")));
        }
        self.make_approver(name).await?;
        self.approver_info(name)
    }

    /// Retires an approver: signatures already given stop counting, and the key signs nothing more.
    pub async fn retire_approver(&self, name: &ApproverName) -> Result<ApproverInfo, AppError> {
        self.approver_info(name)?;
        self.desk.approvers.retire(name);
        let now = self.clock.now();
        let event = EventEntry::on_approver(Event::ApproverRetired, name).at(now);
        let until = now + self.config.approvals.keep;
        self.store.approver_retired(name.clone(), until, event).await.map_err(AppError::OnlyInMemory)?;
        self.desk.tell(Changed::Approvals);
        self.approver_info(name)
    }

    /// Returns the owner, if nobody else approves.
    pub(super) fn only_approver(&self) -> Result<Option<ApproverName>, AppError> {
        let owner: ApproverName = OWNER.parse().map_err(AppError::invalid)?;
        let others = self
            .approvers()
            .into_iter()
            .any(|one| one.status == ApproverStatus::Trusted && one.name != owner);
        Ok((!others).then_some(owner))
    }

    pub(super) async fn make_approver(&self, name: &ApproverName) -> Result<(), AppError> {
        let _making = self.desk.approvers.making.lock().await;
        if self.desk.approvers.knows(name) {
            return Ok(());
        }
        let now = self.clock.now();
        let row = generate(&self.vault, name.clone(), now)?;
        let event = EventEntry::on_approver(Event::ApproverCreated, name).at(now);
        self.store.approver_created(row.clone(), event).await?;
        self.desk.approvers.add(row);
        Ok(())
    }

    fn approver_info(&self, name: &ApproverName) -> Result<ApproverInfo, AppError> {
        let all = self.approvers();
        let hint = match all.is_empty() {
            true => "there is none yet; `hallpass approvers add NAME` makes one".to_owned(),
            false => nearest::hint(name.as_str(), all.iter().map(|one| one.name.as_str())),
        };
        all.into_iter().find(|one| one.name == *name).ok_or_else(|| {
            AppError::not_found(Message::new(format!("there is no approver `{name}`")).hint(hint))
        })
    }
}

fn info(row: ApproverRow) -> ApproverInfo {
    let status = if row.seed.is_some() { ApproverStatus::Trusted } else { ApproverStatus::Retired };
    ApproverInfo { name: row.name, public_key: hex(row.public), created: row.created, status }
}
