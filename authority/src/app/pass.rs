//! One pass looked at: what it says, and who holds it or what was attenuated from it, as far as the log knows.
//!
//! Attenuating is offline, so a child is known from its first request on.

use std::collections::BTreeMap;

use datalog::inspect::{InspectedBudget, Inspection};
use datalog::{Measure, PassId, RevocationId, Spent, Window};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use verifier::ports::Trust as _;

use super::{App, AppError, LogQuery, PassInfo};
use crate::audit::Entry;

/// Records that the tree is read from, the newest.
const READ: u32 = 1_000;

/// Everything that is known of a pass but its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PassDetail {
    #[serde(flatten)]
    pub info: PassInfo,
    /// None for a pass from before this was kept.
    pub says: Option<Inspection>,
    /// The pass itself first, then what was attenuated from it, each after its parent.
    pub lineage: Vec<LineageNode>,
}

/// A budget and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLeft {
    pub of: String,
    pub counts: Measure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Window>,
    pub max: u64,
    pub left: u64,
    /// When the first of what was used leaves the window.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub refills_at: Option<OffsetDateTime>,
}

/// The pass, or a block that was added to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LineageNode {
    pub id: RevocationId,
    /// 0 for the pass itself.
    pub depth: usize,
    /// Requests that were decided under exactly this one, of the newest that were read.
    pub allowed: u64,
    pub refused: u64,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last: Option<OffsetDateTime>,
    #[serde(rename = "revoked")]
    pub is_revoked: bool,
}

#[derive(Default)]
struct Seen {
    allowed: u64,
    refused: u64,
    last: Option<OffsetDateTime>,
}

impl App {
    pub async fn pass(&self, id: &PassId) -> Result<PassDetail, AppError> {
        let Some((row, said)) = self.store.pass(id).await? else {
            return Err(AppError::NotFound(format!(
                "there is no pass `{id}`\nhint: `hallpass passes` lists what was minted"
            )));
        };
        let says = said.map(|said| serde_json::from_str(&said.0)).transpose();
        let says = says.map_err(|_| AppError::Conflict(format!("what pass `{id}` says cannot be read")))?;
        let budgets = self.budgets_left(says.as_ref()).await?;
        let lineage = self.lineage(id).await?;
        Ok(PassDetail { info: PassInfo { budgets, ..self.pass_info(row) }, says, lineage })
    }

    /// What is left of the budgets of a pass that counts still; nothing where it is not known what it says.
    pub(super) async fn budgets_of(&self, id: &PassId) -> Result<Vec<BudgetLeft>, AppError> {
        let Some((_, Some(said))) = self.store.pass(id).await? else { return Ok(Vec::new()) };
        self.budgets_left(serde_json::from_str(&said.0).ok().as_ref()).await
    }

    async fn budgets_left(&self, says: Option<&Inspection>) -> Result<Vec<BudgetLeft>, AppError> {
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
        let mut seen: BTreeMap<Vec<String>, Seen> = BTreeMap::new();
        seen.entry(vec![id.to_string()]).or_default();
        for record in self.log(query).await? {
            let (request, is_allowed) = match record.entry {
                Entry::Intent(request) => (request, true),
                Entry::Refusal(request) => (request, false),
                Entry::Outcome(_) | Entry::Counted(_) | Entry::Event(_) => continue,
            };
            // A parent that made no request itself is still a node.
            for length in 1..request.lineage.len() {
                seen.entry(request.lineage.iter().take(length).cloned().collect()).or_default();
            }
            let node = seen.entry(request.lineage).or_default();
            node.last = node.last.max(Some(record.at));
            if is_allowed { node.allowed += 1 } else { node.refused += 1 }
        }
        Ok(seen.into_iter().filter_map(|(path, seen)| self.node(&path, &seen)).collect())
    }

    fn node(&self, path: &[String], seen: &Seen) -> Option<LineageNode> {
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
