//! `approvals`, `approve`, `deny`: the questions for people, and their answers.
//!
//! A yes is signed with the approver's key, for this very pass and request, before it is stored. Only people call these
//! verbs: the holder of a pass reaches no surface that does.
//!
//! - Invariant: Only a person answers a question. The holder of a pass cannot (`nobody_but_a_person_approves`).
//! - Invariant: What an approver sees is sealed, is forgotten when the question ends, and is never in the log
//!   (`what_is_shown_is_sealed_and_never_in_the_log`, `a_question_ends_with_its_pass_or_when_nobody_answers`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use datalog::{ApprovalId, ApproverName, Message, RequestView, Statement, approval};
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use verifier::ports::{Changes, StoppedBy, Trust as _};

use crate::app::{
    App, AppError, ApprovalAnswer, ApprovalFilter, ApprovalInfo, ApprovalScope, ApproveArgs, DenialScope,
    DenyArgs, ReopenArgs, approval_standing as standing,
};
use crate::audit::{ApprovalEntry, Event, EventEntry, plain};
use crate::desk::Changed;
use crate::question::{Answer, Bar, Says, Word};
use crate::store::{
    AnswerTaken, ApprovalQuery, ApprovalReach, ApprovalRow, ApprovalStatus, Grant, StoreFault,
};
use crate::vault::{Place, Sealed};

const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;
const MOST_TIMES: u32 = 1_000;
const REASON: usize = 500;

impl App {
    /// Returns present and past questions, newest first.
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

    /// Returns one question.
    pub async fn approval(&self, id: &ApprovalId) -> Result<ApprovalInfo, AppError> {
        Ok(self.approval_info(self.approval_row(id).await?))
    }

    /// Says yes. If the pass needs several approvers, this counts as one of them.
    pub async fn approve(&self, id: &ApprovalId, args: ApproveArgs) -> Result<ApprovalInfo, AppError> {
        let row = self.approval_row(id).await?;
        let by = self.approver(args.by).await?;
        let now = self.clock.now();
        let grant = self.grant(&args.scope, &row, now)?;
        let digest = row.digest.parse().map_err(AppError::invalid)?;
        let alike = match (grant.reach, &row.alike) {
            (ApprovalReach::Alike, Some(alike)) => Some(alike.parse().map_err(AppError::invalid)?),
            _ => None,
        };
        let statement = Statement { approval: id.clone(), digest, alike, at: now, until: grant.until };
        let key = self.desk.approvers.pair(&self.vault, &by).map_err(AppError::invalid)?;
        let block = approval::sign(&row.request, &key, &statement).map_err(AppError::conflict)?;
        let text = URL_SAFE_NO_PAD.encode(&block);
        let written = move |row: &ApprovalRow, by: &ApproverName| {
            let entry = ApprovalEntry {
                by: Some(by.to_string()),
                until: Some(grant.until),
                times: grant.times,
                block: Some(text.clone()),
                ..entry(row)
            };
            event(Event::Approved, row, entry)
        };
        let answer = Answer { by, at: now, seen: args.version, says: Says::Yes { block, grant } };
        self.say(id, answer, written).await
    }

    /// Says no, or takes back a yes that was not used.
    pub async fn deny(&self, id: &ApprovalId, args: DenyArgs) -> Result<ApprovalInfo, AppError> {
        let by = self.approver(args.by).await?;
        let because = args.because.map(|text| plain(text.trim())).filter(|text| !text.is_empty());
        if because.as_ref().is_some_and(|text| text.chars().count() > REASON) {
            return Err(AppError::invalid(format!("expected a reason of at most {REASON} characters")));
        }
        let bar = match args.scope {
            DenialScope::People => Bar::People,
            DenialScope::ThisOne => Bar::Exact,
        };
        let reason = because.clone();
        let written = move |row: &ApprovalRow, by: &ApproverName| {
            let what = match row.question.status {
                ApprovalStatus::Used => Event::ApprovalDeniedLate,
                _ => Event::ApprovalDenied,
            };
            let entry = ApprovalEntry { by: Some(by.to_string()), ..entry(row) };
            reason.iter().fold(event(what, row, entry), |event, because| event.detail(because))
        };
        let says = Says::No { because, bar };
        self.say(id, Answer { by, at: self.clock.now(), seen: args.version, says }, written).await
    }

    /// Takes back a person's own no. The question waits again, and everybody answers anew.
    pub async fn reopen(&self, id: &ApprovalId, args: ReopenArgs) -> Result<ApprovalInfo, AppError> {
        let by = self.approver(args.by).await?;
        let now = self.clock.now();
        let written = |row: &ApprovalRow, by: &ApproverName| {
            let entry = ApprovalEntry { by: Some(by.to_string()), ..entry(row) };
            event(Event::ApprovalReopened, row, entry)
        };
        let says = Says::Reopen { until: now + self.config.approvals.keep };
        self.say(id, Answer { by, at: now, seen: args.version, says }, written).await
    }

    /// Returns a receiver of the counts of changes: of approvals, passes, connections and stops. `log_head` counts
    /// records.
    pub fn changes(&self) -> watch::Receiver<Changes> {
        self.desk.changes()
    }

    async fn say(
        &self,
        id: &ApprovalId,
        answer: Answer,
        written: impl Fn(&ApprovalRow, &ApproverName) -> EventEntry + Send + 'static,
    ) -> Result<ApprovalInfo, AppError> {
        let (by, at) = (answer.by.clone(), answer.at);
        let line = Box::new(move |row: &ApprovalRow| written(row, &by).at(at));
        let by = answer.by.clone();
        match self.store.answered(id.clone(), answer, line).await? {
            AnswerTaken::Done(row) => {
                self.desk.tell(Changed::Approvals);
                Ok(self.approval_info(*row))
            }
            AnswerTaken::NotFound => Err(unknown(id)),
            AnswerTaken::Retired => Err(AppError::conflict(format!("the approver `{by}` was retired"))),
            AnswerTaken::TooLate(row) => {
                self.desk.tell(Changed::Approvals);
                Err(standing::too_late(&row))
            }
            AnswerTaken::Refused(refused, row) => Err(standing::refused(&refused, &row, &by)),
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
        let pass_ends = row.question.pass_ends;
        let kept = (now + self.config.approvals.keep).min(pass_ends);
        let reach = if row.alike.is_some() { ApprovalReach::Alike } else { ApprovalReach::Exact };
        Ok(match scope {
            ApprovalScope::Once => Grant { reach: ApprovalReach::Exact, times: Some(1), until: kept },
            ApprovalScope::Times { times } if (1..=MOST_TIMES).contains(times) => {
                Grant { reach, times: Some(*times), until: pass_ends }
            }
            ApprovalScope::Times { times } => {
                return Err(AppError::invalid(format!("expected 1 to {MOST_TIMES} times, got `{times}`")));
            }
            ApprovalScope::Until { duration } => {
                let duration: Duration = datalog::duration(duration).map_err(AppError::invalid)?;
                Grant { reach, times: None, until: (now + duration).min(pass_ends) }
            }
            ApprovalScope::Task => Grant { reach, times: None, until: pass_ends },
        })
    }

    pub(super) fn approval_info(&self, row: ApprovalRow) -> ApprovalInfo {
        let shown = row.shown.as_ref().and_then(|sealed| {
            self.open_shown(&row.id, sealed)
                .inspect_err(|because| tracing::error!(id = %row.id, because, "a question cannot be shown"))
                .ok()
        });
        let question = &row.question;
        let answers = question.approved_by().map(|(by, block, _, at)| ApprovalAnswer {
            by: by.clone(),
            at,
            block: URL_SAFE_NO_PAD.encode(block),
        });
        let because = question.denial().and_then(|said| match &said.word {
            Word::No { because, .. } => because.clone(),
            _ => None,
        });
        ApprovalInfo {
            status: question.status.into(),
            answers: answers.collect(),
            history: question.said.iter().map(standing::said).collect(),
            version: question.version,
            held: self.held_words(&row),
            waiting_now: self.desk.held_open.count(&row.id),
            needed: question.needed,
            approvers: question.approvers.clone(),
            uses_left: question.uses_left,
            uses: question.uses,
            because,
            expires: question.expires,
            lineage: row.lineage,
            task: row.task,
            connection: row.connection,
            operation: row.operation,
            digest: row.digest,
            shown,
            asked: row.asked,
            id: row.id,
        }
    }

    /// Returns why nothing would be sent, even after a yes.
    fn held_words(&self, row: &ApprovalRow) -> Option<String> {
        if self.is_stopped() {
            return Some("everything is stopped".into());
        }
        if row.lineage.iter().any(|id| self.is_revoked(id)) {
            return Some("the pass is revoked".into());
        }
        if row.question.pass_ends <= self.clock.now() {
            return Some("the pass has ended".into());
        }
        Some(match self.stopped_by(&row.lineage, &row.task, Some(&row.connection))? {
            StoppedBy::Pass(Some(because)) => format!("the pass is stopped: {because}"),
            StoppedBy::Pass(None) => "the pass is stopped".into(),
            StoppedBy::Task => "every pass for this task is stopped".into(),
            StoppedBy::Connection(name) => format!("the connection `{name}` is stopped"),
        })
    }

    pub(super) fn seal_shown(&self, id: &ApprovalId, shown: &RequestView) -> Result<Sealed, StoreFault> {
        let text = serde_json::to_vec(shown).map_err(|error| StoreFault::new(error.to_string()))?;
        self.vault.seal(place(id), &text).map_err(StoreFault::new)
    }

    fn open_shown(&self, id: &ApprovalId, sealed: &Sealed) -> Result<RequestView, String> {
        let bytes = self.vault.open_bytes(place(id), sealed).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    }

    /// Returns the approver of that name. If the owner has no key yet, it is made now.
    pub(super) async fn approver(&self, name: Option<ApproverName>) -> Result<ApproverName, AppError> {
        let owner: ApproverName = crate::app::approvers::OWNER.parse().map_err(AppError::invalid)?;
        let name = name.unwrap_or_else(|| owner.clone());
        if name == owner && !self.desk.approvers.knows(&name) {
            self.make_approver(&name).await?;
        }
        // This check comes before any signature, so that an unknown name cannot say no either.
        self.desk.approvers.pair(&self.vault, &name).map_err(AppError::invalid)?;
        Ok(name)
    }
}

fn place(id: &ApprovalId) -> Place<'_> {
    Place { table: "approval", row: id.as_str(), column: "shown", generation: 0 }
}

fn unknown(id: &ApprovalId) -> AppError {
    AppError::not_found(
        Message::new(format!("there is no approval `{id}`")).hint("`hallpass approvals` lists them"),
    )
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
