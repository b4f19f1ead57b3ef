//! The budgets of a pass, read from the facts of its blocks.

use std::collections::BTreeSet;

use crate::catalog::selector::{Selector, Target};
use crate::engine::caveat::{Caveat, Fact, Slot};
use crate::pass::block::{Block, ReadError, name_error};
use crate::pass::bounds::bounds;
use crate::pass::reservation::{Measure, Window};
use crate::words::value::Value;

/// A budget that a block set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The name of the budget across the lineage: the revocation id of the block that set it, and the budget's name.
    pub budget: String,
    /// The name in the pass, as `used` counts it: `gmail.users.messages.get`, `send`.
    pub name: String,
    pub target: Target,
    pub measure: Measure,
    pub window: Option<Window>,
    pub max: u64,
    /// Seconds since 1970: the earliest end that this block and the blocks before it set.
    pub ends: u64,
    /// The number of the block that set it.
    pub block: usize,
}

pub(super) fn limits(blocks: &[Block]) -> Result<Vec<Limit>, ReadError> {
    let mut limits: Vec<Limit> = Vec::new();
    for (number, block) in blocks.iter().enumerate() {
        for fact in block.facts.iter().filter(|fact| fact.name.starts_with("budget_")) {
            let Some(mut limit) = limit(fact, block, number)? else { continue };
            limit.ends = bounds(blocks.get(..=number).unwrap_or_default())?.0;
            // If two counts shared a name, the lower one could answer for both.
            if limits.iter().any(|known| known.name == limit.name) {
                return Err(ReadError::BudgetTwice(limit.name));
            }
            limits.push(limit);
        }
        modifiers(block, number, &mut limits)?;
        counted(block, &limits)?;
    }
    Ok(limits)
}

/// A caveat reads budgets of its own block and of earlier ones. A later block cannot set one that answers it.
fn counted(block: &Block, limits: &[Limit]) -> Result<(), ReadError> {
    let patterns = block.caveats.iter().flat_map(Caveat::patterns);
    for pattern in patterns.filter(|pattern| matches!(&*pattern.name, "used" | "cost")) {
        if let Some(Slot::Value(Value::Str(name))) = pattern.slots.first()
            && !limits.iter().any(|limit| limit.name == **name)
        {
            return Err(ReadError::NoBudget(name.to_string()));
        }
    }
    Ok(())
}

/// What a block says about its own budgets beside their size. A statement about any other budget is refused.
fn modifiers(block: &Block, number: usize, limits: &mut [Limit]) -> Result<(), ReadError> {
    let mut said = BTreeSet::new();
    for fact in &block.facts {
        let name = fact.str(0).unwrap_or_default();
        if !matches!(&*fact.name, "budget_window" | "budget_counts") {
            continue;
        }
        let limit = limits.iter_mut().find(|limit| limit.block == number && limit.name == name);
        let limit =
            limit.ok_or_else(|| ReadError::Name(format!("there is no budget `{name}` in its block")))?;
        if !said.insert((fact.name.clone(), name)) {
            return Err(ReadError::BudgetTwice(name.to_owned()));
        }
        let unknown = || ReadError::Name(format!("`{fact}` says nothing that is known"));
        let term = fact.terms.get(1);
        if &*fact.name == "budget_window" {
            let seconds = term.and_then(Value::as_int).and_then(|seconds| u64::try_from(seconds).ok());
            let window = Window::ALL.into_iter().find(|window| Some(window.seconds()) == seconds);
            limit.window = Some(window.ok_or_else(unknown)?);
        } else {
            let what = term.and_then(Value::as_str);
            let measure = Measure::COUNTED.into_iter().find(|measure| Some(measure.as_str()) == what);
            limit.measure = measure.ok_or_else(unknown)?;
        }
    }
    Ok(())
}

fn limit(fact: &Fact, block: &Block, number: usize) -> Result<Option<Limit>, ReadError> {
    let text = |place| fact.str(place).unwrap_or_default();
    let selector = match &*fact.name {
        "budget_effect" => Selector::Effect(text(2).parse().map_err(name_error)?),
        "budget_operation" => Selector::Operation(text(2).parse().map_err(name_error)?),
        "budget_glob" => Selector::Glob { prefix: text(2).to_owned(), suffix: text(3).to_owned() },
        _ => return Ok(None),
    };
    let connection = match text(1) {
        "*" => None,
        name => Some(name.parse().map_err(name_error)?),
    };
    let max = fact.terms.last().and_then(Value::as_int).and_then(|max| u64::try_from(max).ok());
    let name = text(0).to_owned();
    Ok(Some(Limit {
        budget: format!("{}/{name}", block.revocation),
        max: max.ok_or_else(|| ReadError::Name(format!("the size of budget `{name}` is negative")))?,
        target: Target { connection, selector },
        measure: Measure::Requests,
        window: None,
        ends: 0,
        name,
        block: number,
    }))
}
