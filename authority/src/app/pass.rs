//! Shows one pass: what it says, who holds it, and the passes attenuated from it, as far as the log knows.
//!
//! Attenuation is offline, so a child is known only from its first request on.

use std::collections::BTreeMap;

use datalog::inspect::{InspectedBudget, Inspection};
use datalog::{Message, PassId, RevocationId, Spent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use verifier::ports::Trust as _;

use crate::app::types::BudgetLeft;
use crate::app::{App, AppError, LogQuery, PassInfo};
use crate::audit::Entry;

/// The tree is made from so many of the newest records.
const READ: u32 = 1_000;

/// Everything known about a pass, except its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PassDetail {
    #[serde(flatten)]
    pub info: PassInfo,
    /// What the pass says. None for an old pass, whose words were not stored.
    pub says: Option<Inspection>,
    /// The pass itself first, then the passes attenuated from it, each after its parent.
    pub lineage: Vec<LineageNode>,
}

/// The pass, or a block that was added to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LineageNode {
    pub id: RevocationId,
    /// How far below the pass: 0 is the pass itself.
    pub depth: usize,
    /// How many requests were decided under exactly this pass or block, by the newest records.
    pub allowed: u64,
    pub refused: u64,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last: Option<OffsetDateTime>,
    #[serde(rename = "revoked")]
    pub is_revoked: bool,
}

#[derive(Default)]
struct SeenRequests {
    allowed: u64,
    refused: u64,
    last: Option<OffsetDateTime>,
}

impl App {
    pub async fn pass(&self, id: &PassId) -> Result<PassDetail, AppError> {
        let Some((row, said)) = self.store.pass(id).await? else { return Err(no_pass(id.as_str())) };
        let says = said.map(|said| serde_json::from_str(&said.0)).transpose();
        let says =
            says.map_err(|_| AppError::conflict(format!("the stored words of pass `{id}` cannot be read")))?;
        let budgets = self.budgets_left(says.as_ref()).await?;
        let lineage = self.lineage(id).await?;
        let info = self.pass_info(row, says.as_ref());
        Ok(PassDetail { info: PassInfo { budgets, ..info }, says, lineage })
    }

    /// Returns the task of a pass; none if the pass is unknown.
    pub async fn task_of(&self, id: &PassId) -> Option<String> {
        self.store.pass(id).await.ok().flatten().map(|(row, _)| row.task)
    }

    /// Returns the pass with this id, or the only pass whose id begins so.
    pub async fn pass_named(&self, name: &str) -> Result<PassDetail, AppError> {
        if let Ok(id) = name.parse() {
            return self.pass(&id).await;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !name.starts_with("p_") || name.len() < 3 || !name.chars().all(plain) {
            return Err(AppError::invalid(
                Message::new("this is not a pass: expected its id, or the beginning of its id")
                    .hint("`hallpass passes` lists them"),
            ));
        }
        match self.store.passes_that_begin(name).await?.as_slice() {
            [] => Err(no_pass(name)),
            [id] => self.pass(id).await,
            several => {
                let several: Vec<String> = several.iter().map(|id| format!("`{id}`")).collect();
                Err(AppError::invalid(
                    Message::new(format!("more than one pass begins with `{name}`"))
                        .hint(format!("write more of it: {}", several.join(", "))),
                ))
            }
        }
    }

    /// Returns the stored words of a pass; none for an old pass, whose words were not stored.
    pub(super) async fn said(&self, id: &PassId) -> Result<Option<Inspection>, AppError> {
        let Some((_, Some(said))) = self.store.pass(id).await? else { return Ok(None) };
        Ok(serde_json::from_str(&said.0).ok())
    }

    /// Returns what is left of a pass's budgets; nothing if its words are unknown.
    pub(super) async fn budgets_left(&self, says: Option<&Inspection>) -> Result<Vec<BudgetLeft>, AppError> {
        let budgets = says.map(|says| &*says.budgets).unwrap_or_default();
        let now = self.clock.now();
        let asked: Vec<_> = budgets.iter().map(|budget| budget.nothing(now)).collect();
        let spent = self.store.used(&asked).await?;
        let left = |(budget, spent): (&InspectedBudget, Spent)| BudgetLeft {
            of: budget.of.clone(),
            counts: budget.counts,
            per: budget.per,
            max: budget.max,
            left: budget.max.saturating_sub(spent.used),
            refills_at: spent.refills_at(now),
        };
        Ok(budgets.iter().zip(spent).map(left).collect())
    }

    async fn lineage(&self, id: &PassId) -> Result<Vec<LineageNode>, AppError> {
        let query = LogQuery { pass: Some(RevocationId::from(id)), limit: Some(READ), ..LogQuery::default() };
        // Ordered by path, so that each is followed by its children.
        let mut seen: BTreeMap<Vec<String>, SeenRequests> = BTreeMap::new();
        seen.entry(vec![id.to_string()]).or_default();
        for record in self.log(query).await? {
            let (request, is_allowed) = match record.entry {
                Entry::Intent(request) => (request, true),
                Entry::Refusal(request) => (request, false),
                Entry::Outcome(_) | Entry::Counted(_) | Entry::Event(_) => continue,
            };
            // A parent that made no requests is still a node.
            for length in 1..request.lineage.len() {
                seen.entry(request.lineage.iter().take(length).cloned().collect()).or_default();
            }
            let node = seen.entry(request.lineage).or_default();
            node.last = node.last.max(Some(record.at));
            if is_allowed { node.allowed += 1 } else { node.refused += 1 }
        }
        Ok(seen.into_iter().filter_map(|(path, seen)| self.node(&path, &seen)).collect())
    }

    fn node(&self, path: &[String], seen: &SeenRequests) -> Option<LineageNode> {
        let ids: Vec<RevocationId> = path.iter().filter_map(|id| id.parse().ok()).collect();
        let is_revoked = ids.iter().any(|id| self.is_revoked(id));
        Some(LineageNode {
            id: ids.into_iter().next_back()?,
            depth: path.len().saturating_sub(1),
            allowed: seen.allowed,
            refused: seen.refused,
            last: seen.last,
            is_revoked,
        })
    }
}

pub(super) fn no_pass(name: &str) -> AppError {
    AppError::not_found(
        Message::new(format!("there is no pass `{name}`")).hint("`hallpass passes` lists what was minted"),
    )
}
