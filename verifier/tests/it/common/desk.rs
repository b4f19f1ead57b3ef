//! A desk in memory: one question for each holder and request, and answers that a test signs as it needs.

use std::sync::{Arc, Mutex};

use datalog::{ApprovalId, ApproverKeyPair, ApproverKeys, RevocationId, Statement, approval};
use time::Duration;
use tokio::sync::watch;
use verifier::ports::{
    Answer, ApprovalState, ApprovalUse, Approvals, Ask, AskError, Asked, Changes, Opinion, StoreFault,
};

use super::Remembering;

/// A question and its answers.
pub(crate) struct Question {
    pub id: ApprovalId,
    pub ask: Ask,
    pub opinion: Opinion,
    pub used: u32,
}

pub(crate) struct Desk {
    pub questions: Mutex<Vec<Question>>,
    pub given_up: Mutex<Vec<RevocationId>>,
    changes: watch::Sender<Changes>,
}

impl Default for Desk {
    fn default() -> Self {
        let changes = watch::Sender::new(Changes::default());
        Self { questions: Mutex::default(), given_up: Mutex::default(), changes }
    }
}

/// Returns an approver of that name. Only the keys of `alice` with seed 1 and `bob` with seed 2 are trusted.
pub(crate) fn approver(name: &str, seed: u8) -> ApproverKeyPair {
    ApproverKeyPair::from_seed(name.parse().unwrap(), [seed; 32])
}

impl Desk {
    pub(crate) fn tell(&self) {
        self.changes.send_modify(|changes| changes.approvals += 1);
    }

    /// Returns what an approver signs for a question, changed by `change`.
    pub(crate) fn signed(
        &self,
        at: usize,
        key: &ApproverKeyPair,
        change: impl FnOnce(&mut Statement),
    ) -> Vec<u8> {
        let questions = self.questions.lock().unwrap();
        let Question { id, ask, .. } = &questions[at];
        let mut statement = Statement {
            approval: id.clone(),
            digest: ask.digest,
            alike: None,
            at: ask.at,
            until: ask.at + Duration::minutes(10),
        };
        change(&mut statement);
        approval::sign(&ask.request, key, &statement).unwrap()
    }

    pub(crate) fn answer(&self, at: usize, opinion: Opinion) {
        self.questions.lock().unwrap()[at].opinion = opinion;
        self.tell();
    }

    /// Approves a question as usual: alice signs it unchanged.
    pub(crate) fn approve(&self, at: usize) {
        let block = self.signed(at, &approver("alice", 1), |_| {});
        self.answer(at, Opinion::Approved { blocks: vec![block] });
    }

    pub(crate) fn asked(&self) -> usize {
        self.questions.lock().unwrap().len()
    }

    /// Uses up a question's approval, once. Returns whether it could.
    pub(crate) fn consume(&self, approval: &ApprovalUse) -> bool {
        let mut questions = self.questions.lock().unwrap();
        let found = questions.iter_mut().find(|one| one.id == approval.id && one.used == 0);
        found.map(|one| one.used += 1).is_some()
    }
}

impl Approvals for Remembering {
    fn approver_keys(&self) -> Arc<ApproverKeys> {
        let keys = [approver("alice", 1), approver("bob", 2)];
        Arc::new(ApproverKeys::new(keys.iter().map(|key| (key.name().clone(), key.public()))))
    }

    fn ask(&self, ask: Ask) -> Answer<'_, Result<Asked, AskError>> {
        Box::pin(async move {
            let mut questions = self.desk.questions.lock().unwrap();
            let same = |one: &&Question| {
                one.used == 0 && one.ask.digest == ask.digest && one.ask.lineage.last() == ask.lineage.last()
            };
            if let Some(found) = questions.iter().find(same) {
                return Ok(Asked { id: found.id.clone(), opinion: found.opinion.clone() });
            }
            let id = ApprovalId::from_random((questions.len() as u128).to_be_bytes());
            questions.push(Question { id: id.clone(), ask, opinion: Opinion::Pending, used: 0 });
            Ok(Asked { id, opinion: Opinion::Pending })
        })
    }

    fn approval<'a>(
        &'a self,
        id: &'a ApprovalId,
        holder: &'a RevocationId,
    ) -> Answer<'a, Result<Option<ApprovalState>, StoreFault>> {
        Box::pin(async move {
            let questions = self.desk.questions.lock().unwrap();
            let own = questions.iter().find(|one| one.id == *id && one.ask.lineage.last() == Some(holder));
            Ok(own.map(state))
        })
    }

    fn held_open(&self, _: &ApprovalId) -> Box<dyn Send + Sync> {
        Box::new(())
    }

    fn waiting<'a>(&'a self, holder: &'a RevocationId) -> Answer<'a, Result<Vec<ApprovalState>, StoreFault>> {
        Box::pin(async move {
            let questions = self.desk.questions.lock().unwrap();
            Ok(questions.iter().filter(|one| one.ask.lineage.last() == Some(holder)).map(state).collect())
        })
    }

    fn give_back<'a>(&'a self, approval: &'a ApprovalUse) -> Answer<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            let mut questions = self.desk.questions.lock().unwrap();
            for one in questions.iter_mut().filter(|one| one.id == approval.id) {
                one.used = 0;
            }
            Ok(())
        })
    }

    fn give_up<'a>(&'a self, lineage: &'a [RevocationId]) -> Answer<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            self.desk.given_up.lock().unwrap().extend(lineage.last().cloned());
            Ok(())
        })
    }

    fn changes(&self) -> watch::Receiver<Changes> {
        self.desk.changes.subscribe()
    }
}

fn state(question: &Question) -> ApprovalState {
    ApprovalState {
        id: question.id.clone(),
        operation: question.ask.operation.to_string(),
        status: match &question.opinion {
            Opinion::Pending => "pending",
            Opinion::Approved { .. } => "approved",
            Opinion::Denied { .. } => "denied",
            Opinion::DeniedBefore { .. } => "denied",
            Opinion::Used => "used",
        },
        because: match &question.opinion {
            Opinion::Denied { because } => because.clone(),
            _ => None,
        },
        asked: question.ask.at,
        expires: question.ask.pass_ends,
    }
}
