//! Shows a pass as it is: in plain words and in Datalog, block by block. It works offline and checks no signature.

use biscuit_auth::builder::{BiscuitBuilder, BlockBuilder};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::caveats::explain;
use crate::caveats::said::Line;
use crate::mint::says;
use crate::pass::block::ReadError;
use crate::pass::content::{self, Content};
use crate::pass::keys::RootKeyPair;
use crate::pass::reservation::{Measure, Reservation, Window};
use crate::pass::verify::moment;

/// Everything that a pass says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Inspection {
    pub id: String,
    pub task: String,
    pub root_key_id: Option<u32>,
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// The time from which the pass counts; 1970 if it may be used at once.
    #[serde(with = "time::serde::rfc3339")]
    pub not_before: OffsetDateTime,
    pub connections: Vec<InspectedConnection>,
    /// The whole pass in plain words.
    pub says: Vec<Line>,
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

/// A budget, with what is needed to read its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InspectedBudget {
    /// Its name at the authority, across the lineage.
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
    /// Asks about the budget's state without taking anything.
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

impl Inspection {
    /// Turns the shown pass back into content, to ask how it would answer. A throw-away key signs it, so it opens
    /// nothing.
    pub fn content(&self) -> Result<Content, ReadError> {
        let Some((first, later)) = self.blocks.split_first() else { return Err(ReadError::Format) };
        let wrong = |_| ReadError::Format;
        let mut builder = BiscuitBuilder::new();
        for fact in &first.facts {
            builder = builder.fact(fact.as_str()).map_err(wrong)?;
        }
        for caveat in &first.caveats {
            builder = builder.check(caveat.datalog.as_str()).map_err(wrong)?;
        }
        let nobodys = RootKeyPair::from_seed(0, [0; 32]).pair().map_err(|_| ReadError::Format)?;
        let mut biscuit = builder.build(&nobodys).map_err(wrong)?;
        for block in later {
            let mut builder = BlockBuilder::new();
            for fact in &block.facts {
                builder = builder.fact(fact.as_str()).map_err(wrong)?;
            }
            for caveat in &block.caveats {
                builder = builder.check(caveat.datalog.as_str()).map_err(wrong)?;
            }
            biscuit = biscuit.append(builder).map_err(wrong)?;
        }
        Content::read(&biscuit.to_vec().map_err(wrong)?)
    }
}

/// Reads a pass's text.
pub fn inspect(text: &str) -> Result<Inspection, ReadError> {
    Ok(describe(&read(text)?))
}

/// Reads a pass's text into its content, without checking a signature.
pub fn read(text: &str) -> Result<Content, ReadError> {
    Content::read(&content::decode(text)?)
}

/// Describes content that was read before.
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
        says: says::lines(content),
        budgets: budgets.collect(),
        blocks: blocks.collect(),
    }
}
