//! `approvals`, `approve`, `deny`: what people are asked, and what they say.
//!
//! A yes is signed with the approver's key for the very pass and request before it is kept. Whoever calls these
//! verbs is a person: no holder of a pass reaches a surface that does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use datalog::{ApprovalId, ApproverName, Shown, Statement, approval};
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use verifier::ports::Changes;

use super::{
    App, AppError, ApprovalAnswer, ApprovalFilter, ApprovalInfo, ApprovalScope, ApprovalStanding,
    ApproveArgs, DenyArgs,
};
use crate::audit::{ApprovalEntry, Event, EventEntry, plain};
use crate::desk::Changed;
use crate::store::{
    AnswerRow, AnswerTaken, ApprovalQuery, ApprovalRow, ApprovalStatus, Grant, Reach, StoreFault,
};
use crate::vault::{Place, Sealed};

const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;
const MOST_TIMES: u32 = 1_000;
const REASON: usize = 500;

impl App {
    /// What is, or was, asked; the newest first.
    pub async fn approvals(&self, filter: ApprovalFilter) -> Result<Vec<ApprovalInfo>, AppError> {
        let query = ApprovalQuery {
            status: filter.status.map(ApprovalStatus::from),
            holder: None,
            pass: filter.pass,
            limit: filter.limit.unwrap_or(LIMIT).min(LIMIT_MAX),
            now: self.clock.now(),
        };
        let rows = self.store.approvals(query).await?;
        Ok(rows.into_iter().map(|row| self.approval_info(row)).collect())
    }

    /// One of them.
    pub async fn approval(&self, id: &ApprovalId) -> Result<ApprovalInfo, AppError> {
        Ok(self.approval_info(self.approval_row(id).await?))
    }

    /// Says yes. Where the pass asks for several approvers, it counts as one of them.
    pub async fn approve(&self, id: &ApprovalId, args: ApproveArgs) -> Result<ApprovalInfo, AppError> {
        let row = self.approval_row(id).await?;
        let by = self.approver(args.by).await?;
        if !row.approvers.is_empty() && !row.approvers.contains(&by) {
            let may = row.approvers.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(AppError::Invalid(format!("the pass asks {may} to approve this, not `{by}`")));
        }
        let now = self.clock.now();
        let grant = self.grant(&args.scope, &row, now)?;
        let digest = row.digest.parse().map_err(AppError::invalid)?;
        let alike = match (grant.reach, &row.alike) {
            (Reach::Alike, Some(alike)) => Some(alike.parse().map_err(AppError::invalid)?),
            _ => None,
        };
        let statement = Statement { approval: id.clone(), digest, alike, at: now, until: grant.until };
        let key = self.desk.approvers.pair(&self.vault, &by).map_err(AppError::invalid)?;
        let block = approval::sign(&row.request, &key, &statement).map_err(AppError::conflict)?;
        let entry = ApprovalEntry {
            by: Some(by.to_string()),
            until: Some(grant.until),
            times: grant.times,
            block: Some(URL_SAFE_NO_PAD.encode(&block)),
            ..entry(&row)
        };
        let event = event(Event::Approved, &row, entry).at(now);
        let answer = AnswerRow { approver: by, at: now, block, grant };
        self.answered(self.store.approved(id.clone(), answer, event).await?, id)
    }

    /// Says no, or takes a yes back that was not used yet.
    pub async fn deny(&self, id: &ApprovalId, args: DenyArgs) -> Result<ApprovalInfo, AppError> {
        let row = self.approval_row(id).await?;
        let by = self.approver(args.by).await?;
        let because = args.because.map(|text| plain(text.trim())).filter(|text| !text.is_empty());
        if because.as_ref().is_some_and(|text| text.chars().count() > REASON) {
            return Err(AppError::Invalid(format!("expected a reason of at most {REASON} characters")));
        }
        let now = self.clock.now();
        let entry = ApprovalEntry { by: Some(by.to_string()), ..entry(&row) };
        let denied = event(Event::ApprovalDenied, &row, entry);
        let denied = because.iter().fold(denied, |event, because| event.detail(because)).at(now);
        self.answered(self.store.denied(id.clone(), because, now, denied).await?, id)
    }

    /// Counts what changes: approvals, passes, connections, stops. Records have `log_head`.
    pub fn changes(&self) -> watch::Receiver<Changes> {
        self.desk.changes()
    }

    fn answered(&self, taken: AnswerTaken, id: &ApprovalId) -> Result<ApprovalInfo, AppError> {
        match taken {
            AnswerTaken::Done(row) => {
                self.desk.tell(Changed::Approvals);
                Ok(self.approval_info(*row))
            }
            AnswerTaken::NotFound => Err(unknown(id)),
            AnswerTaken::Settled(status) => {
                let how = match status {
                    ApprovalStatus::Used => "was used",
                    ApprovalStatus::Covered => "is covered by another answer",
                    _ => "has expired",
                };
                Err(AppError::Conflict(format!(
                    "the approval `{id}` {how}\nhint: the agent sends the request again to ask again"
                )))
            }
        }
    }

    async fn approval_row(&self, id: &ApprovalId) -> Result<ApprovalRow, AppError> {
        self.store.approval(id, self.clock.now()).await?.ok_or_else(|| unknown(id))
    }

    fn grant(
        &self,
        scope: &ApprovalScope,
        row: &ApprovalRow,
        now: OffsetDateTime,
    ) -> Result<Grant, AppError> {
        let kept = (now + self.config.approvals.keep).min(row.pass_ends);
        let reach = if row.alike.is_some() { Reach::Alike } else { Reach::Exact };
        Ok(match scope {
            ApprovalScope::Once => Grant { reach: Reach::Exact, times: Some(1), until: kept },
            ApprovalScope::Times { times } if (1..=MOST_TIMES).contains(times) => {
                Grant { reach, times: Some(*times), until: row.pass_ends }
            }
            ApprovalScope::Times { times } => {
                return Err(AppError::Invalid(format!("expected 1 to {MOST_TIMES} times, got `{times}`")));
            }
            ApprovalScope::Until { duration } => {
                let duration: Duration = datalog::duration(duration).map_err(AppError::invalid)?;
                Grant { reach, times: None, until: (now + duration).min(row.pass_ends) }
            }
            ApprovalScope::Task => Grant { reach, times: None, until: row.pass_ends },
        })
    }

    fn approval_info(&self, row: ApprovalRow) -> ApprovalInfo {
        let shown = row.shown.as_ref().and_then(|sealed| {
            self.open_shown(&row.id, sealed)
                .inspect_err(
                    |because| tracing::error!(id = %row.id, because, "what is asked cannot be shown"),
                )
                .ok()
        });
        let block = |answer: &AnswerRow| URL_SAFE_NO_PAD.encode(&answer.block);
        let answers = row.answers.iter();
        ApprovalInfo {
            status: row.status.into(),
            lineage: row.lineage,
            task: row.task,
            connection: row.connection,
            operation: row.operation,
            digest: row.digest,
            shown,
            needed: row.needed,
            approvers: row.approvers,
            answers: answers
                .map(|one| ApprovalAnswer { by: one.approver.clone(), at: one.at, block: block(one) })
                .collect(),
            uses_left: row.uses_left,
            uses: row.uses,
            because: row.because,
            asked: row.asked,
            expires: row.expires,
            id: row.id,
        }
    }

    pub(super) fn seal_shown(&self, id: &ApprovalId, shown: &Shown) -> Result<Sealed, StoreFault> {
        let text = serde_json::to_vec(shown).map_err(|error| StoreFault(error.to_string()))?;
        self.vault.seal(place(id), &text).map_err(|error| StoreFault(error.to_string()))
    }

    fn open_shown(&self, id: &ApprovalId, sealed: &Sealed) -> Result<Shown, String> {
        let bytes = self.vault.open_bytes(place(id), sealed).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    }

    /// The approver of that name; the owner's own key is made when it is first needed.
    async fn approver(&self, name: Option<ApproverName>) -> Result<ApproverName, AppError> {
        let owner = name.is_none();
        let name = match name {
            Some(name) => name,
            None => super::approvers::OWNER.parse().map_err(AppError::invalid)?,
        };
        if owner && !self.desk.approvers.knows(&name) {
            self.make_approver(&name).await?;
        }
        // Before anything is signed, so that a no of an unknown name is refused too.
        self.desk.approvers.pair(&self.vault, &name).map_err(AppError::invalid)?;
        Ok(name)
    }
}

fn place(id: &ApprovalId) -> Place<'_> {
    Place { table: "approval", row: id.as_str(), column: "shown", generation: 0 }
}

fn unknown(id: &ApprovalId) -> AppError {
    AppError::NotFound(format!("there is no approval `{id}`\nhint: `hallpass approvals` lists them"))
}

pub(super) fn entry(row: &ApprovalRow) -> ApprovalEntry {
    ApprovalEntry {
        id: row.id.to_string(),
        operation: Some(plain(&row.operation)),
        digest: Some(row.digest.clone()),
        ..ApprovalEntry::default()
    }
}

fn event(event: Event, row: &ApprovalRow, entry: ApprovalEntry) -> EventEntry {
    EventEntry::on_connection(event, &row.connection).task(&row.task).of_lineage(&row.lineage).approval(entry)
}

impl From<ApprovalStanding> for ApprovalStatus {
    fn from(standing: ApprovalStanding) -> Self {
        match standing {
            ApprovalStanding::Pending => Self::Pending,
            ApprovalStanding::Approved => Self::Approved,
            ApprovalStanding::Denied => Self::Denied,
            ApprovalStanding::Used => Self::Used,
            ApprovalStanding::Covered => Self::Covered,
            ApprovalStanding::Expired => Self::Expired,
        }
    }
}

impl From<ApprovalStatus> for ApprovalStanding {
    fn from(status: ApprovalStatus) -> Self {
        match status {
            ApprovalStatus::Pending => Self::Pending,
            ApprovalStatus::Approved => Self::Approved,
            ApprovalStatus::Denied => Self::Denied,
            ApprovalStatus::Used => Self::Used,
            ApprovalStatus::Covered => Self::Covered,
            ApprovalStatus::Expired => Self::Expired,
        }
    }
}
