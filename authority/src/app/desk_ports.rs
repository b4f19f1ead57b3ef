//! The gateway's calls to the desk: the gateway puts a question, finds it again, undoes a use, or gives up a pass.
//!
//! Nothing here answers a question. A gateway can put a question, find it, and learn its outcome, but only for the pass
//! that asked.

use std::sync::Arc;

use datalog::{ApprovalId, ApproverKeys, RevocationId};
use tokio::sync::watch;
use verifier::ports::{
    Answer, ApprovalState, ApprovalUse, Approvals, Ask, AskError, Asked, Changes, Opinion, StoreFault,
};

use crate::app::{App, RevokeArgs, approvals};
use crate::audit::{ApprovalEntry, Event, EventEntry};
use crate::desk::Changed;
use crate::question::Word;
use crate::store::{ApprovalQuery, ApprovalRow, ApprovalStatus, Bounds, NewApproval, Put};
use crate::vault::random;

/// How many questions may wait: for one pass with everything attenuated from it, and in all.
const BOUNDS: Bounds = Bounds { of_pass: 20, of_all: 500 };
const MOST_SHOWN: u32 = 20;

impl Approvals for App {
    fn approver_keys(&self) -> Arc<ApproverKeys> {
        self.desk.approvers.trusted()
    }

    fn ask(&self, ask: Ask) -> Answer<'_, Result<Asked, AskError>> {
        Box::pin(async move {
            if let Some(id) = &ask.waits_for
                && let Some(row) = self.store.approval(id, ask.at).await?
                && row.question.status == ApprovalStatus::Used
            {
                return Ok(Asked { id: row.id, opinion: Opinion::Used });
            }
            let new = self.question(ask)?;
            let entry = ApprovalEntry {
                id: new.id.to_string(),
                operation: Some(new.operation.clone()),
                digest: Some(new.digest.clone()),
                ..ApprovalEntry::default()
            };
            let event = EventEntry::on_connection(Event::Asked, &new.connection)
                .task(&new.task)
                .of_lineage(&new.lineage)
                .approval(entry)
                .at(new.asked);
            match self.store.asked(new, BOUNDS, event).await? {
                Put::Found(row) => Ok(asked(row)),
                Put::Barred(row) => {
                    Ok(Asked { id: row.id.clone(), opinion: Opinion::DeniedBefore { because: denied(&row) } })
                }
                Put::New(row) => {
                    self.desk.tell(Changed::Approvals);
                    Ok(asked(row))
                }
                Put::TooMany { waiting } => Err(AskError::TooMany { waiting }),
            }
        })
    }

    fn approval<'a>(
        &'a self,
        id: &'a ApprovalId,
        holder: &'a RevocationId,
    ) -> Answer<'a, Result<Option<ApprovalState>, StoreFault>> {
        Box::pin(async move {
            let row = self.store.approval(id, self.clock.now()).await?;
            Ok(row.filter(|row| row.lineage.last() == Some(holder)).map(state))
        })
    }

    fn held_open(&self, id: &ApprovalId) -> Box<dyn Send + Sync> {
        Box::new(self.desk.held_open.begin(id))
    }

    fn waiting<'a>(&'a self, holder: &'a RevocationId) -> Answer<'a, Result<Vec<ApprovalState>, StoreFault>> {
        Box::pin(async move {
            let query = ApprovalQuery {
                status: Some(ApprovalStatus::Pending),
                holder: Some(holder.clone()),
                pass: None,
                limit: MOST_SHOWN,
                now: self.clock.now(),
            };
            Ok(self.store.approvals(query).await?.into_iter().map(state).collect())
        })
    }

    fn give_back<'a>(&'a self, approval: &'a ApprovalUse) -> Answer<'a, Result<(), StoreFault>> {
        self.store.approval_returned(approval.id.clone())
    }

    fn give_up<'a>(&'a self, lineage: &'a [RevocationId]) -> Answer<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            let Some(last) = lineage.last() else { return Ok(()) };
            let args = RevokeArgs {
                ids: vec![last.clone()],
                because: Some("its holder gave it up".into()),
                even_unknown: false,
            };
            self.revoke(args).await.map(drop).map_err(StoreFault::new)
        })
    }

    fn changes(&self) -> watch::Receiver<Changes> {
        self.desk.changes()
    }
}

impl App {
    fn question(&self, ask: Ask) -> Result<NewApproval, StoreFault> {
        let id = random::<16>().map_err(|error| StoreFault::new(error.to_string()))?;
        let id = ApprovalId::from_random(*id);
        let ends = ask.at + self.config.approvals.keep;
        Ok(NewApproval {
            shown: self.seal_shown(&id, &ask.shown)?,
            id,
            lineage: ask.lineage,
            task: ask.task,
            connection: ask.connection,
            operation: ask.operation.to_string(),
            digest: ask.digest.hex(),
            alike: ask.alike.map(|alike| alike.hex()),
            people: ask.people,
            request: ask.request,
            needed: ask.quorum.count,
            approvers: ask.quorum.of,
            asked: ask.at,
            expires: ends.min(ask.pass_ends),
            pass_ends: ask.pass_ends,
        })
    }
}

fn asked(row: ApprovalRow) -> Asked {
    let opinion = match row.question.status {
        ApprovalStatus::Approved => Opinion::Approved {
            blocks: row.question.approved_by().map(|(_, block, ..)| block.to_owned()).collect(),
        },
        ApprovalStatus::Denied => Opinion::Denied { because: denied(&row) },
        _ => Opinion::Pending,
    };
    Asked { id: row.id, opinion }
}

fn denied(row: &ApprovalRow) -> Option<String> {
    match &row.question.denial()?.word {
        Word::No { because, .. } => because.clone(),
        _ => None,
    }
}

fn state(row: ApprovalRow) -> ApprovalState {
    ApprovalState {
        operation: approvals::entry(&row).operation.unwrap_or_default(),
        status: match row.question.status {
            ApprovalStatus::Pending => "pending",
            // An answer to a similar request that covers this one counts too.
            ApprovalStatus::Approved | ApprovalStatus::Covered => "approved",
            ApprovalStatus::Denied => "denied",
            ApprovalStatus::Used => "used",
            ApprovalStatus::Expired => "expired",
        },
        because: denied(&row),
        asked: row.asked,
        expires: row.question.expires,
        id: row.id,
    }
}
