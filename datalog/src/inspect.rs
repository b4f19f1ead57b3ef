//! A pass shown as what it is: plain words and Datalog, block by block. Offline, and no signature checked.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::budget::{Measure, Reservation, Window};
use crate::content::{self, Content, ReadError};
use crate::explain;
use crate::verify::moment;

/// Everything that a pass says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Inspection {
    pub id: String,
    pub task: String,
    pub root_key_id: Option<u32>,
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// The latest beginning; 1970 where it may be used at once.
    #[serde(with = "time::serde::rfc3339")]
    pub not_before: OffsetDateTime,
    pub connections: Vec<InspectedConnection>,
    /// The grants and budgets in plain words.
    pub says: Vec<String>,
    #[serde(default)]
    pub budgets: Vec<InspectedBudget>,
    pub blocks: Vec<InspectedBlock>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InspectedConnection {
    pub name: String,
    pub service: String,
    pub account: String,
}

/// A budget, with what it takes to ask how it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InspectedBudget {
    /// As the authority counts it, across the lineage.
    pub budget: String,
    pub of: String,
    pub counts: Measure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Window>,
    pub max: u64,
    /// Seconds since 1970.
    pub ends: u64,
}

impl InspectedBudget {
    /// A question for how the budget stands, which takes nothing.
    pub fn nothing(&self, now: OffsetDateTime) -> Reservation {
        Reservation {
            budget: self.budget.clone(),
            max: self.max,
            cost: 0,
            counts: self.counts.of_nothing(),
            window: self.per,
            at: u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0),
            ends: self.ends,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InspectedBlock {
    pub revocation_id: String,
    pub facts: Vec<String>,
    pub caveats: Vec<InspectedCaveat>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InspectedCaveat {
    pub datalog: String,
    pub plain: String,
}

/// Reads a pass's text.
pub fn inspect(text: &str) -> Result<Inspection, ReadError> {
    Ok(describe(&read(text)?))
}

/// Reads a pass's text into its content, without checking a signature.
pub fn read(text: &str) -> Result<Content, ReadError> {
    Content::read(&content::decode(text)?)
}

/// Shows content that was read before.
pub fn describe(content: &Content) -> Inspection {
    let blocks = content.blocks.iter().map(|block| InspectedBlock {
        revocation_id: block.revocation.to_string(),
        facts: block.facts.iter().map(ToString::to_string).collect(),
        caveats: block
            .caveats
            .iter()
            .map(|caveat| InspectedCaveat { datalog: caveat.to_string(), plain: explain::caveat(caveat) })
            .collect(),
    });
    let connections = content.connections.iter().map(|one| InspectedConnection {
        name: one.name.to_string(),
        service: one.service.to_string(),
        account: one.account.to_string(),
    });
    let budgets = content.limits.iter().map(|limit| InspectedBudget {
        budget: limit.budget.clone(),
        of: limit.name.clone(),
        counts: limit.measure,
        per: limit.window,
        max: limit.max,
        ends: limit.ends,
    });
    Inspection {
        id: content.id.to_string(),
        task: content.task.clone(),
        root_key_id: content.root_key_id,
        expires: moment(content.expires),
        not_before: moment(content.not_before),
        connections: connections.collect(),
        says: explain::pass(content),
        budgets: budgets.collect(),
        blocks: blocks.collect(),
    }
}
