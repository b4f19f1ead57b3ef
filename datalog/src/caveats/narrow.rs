//! What flags come to: the facts and checks of one block, in the order of the flags.

use biscuit_auth::builder::{Check, Fact};
use time::{Duration, OffsetDateTime};

use crate::caveats::budget::Budget;
use crate::caveats::check::warning::Warning;

/// One check, or a budget whose check needs a name first.
#[derive(Debug)]
enum NarrowingPart {
    Check(Check),
    Budget(Budget),
}

/// A narrowing that was understood.
#[derive(Debug, Default)]
pub(crate) struct Narrow {
    pub(crate) begins: Option<OffsetDateTime>,
    /// How long, where that is said.
    pub(crate) lasts: Option<Duration>,
    parts: Vec<NarrowingPart>,
    facts: Vec<Fact>,
    /// Where the checks that a person wrote do less than they seem to.
    pub(crate) warnings: Vec<Warning>,
}

impl Narrow {
    pub(crate) fn check(&mut self, check: Check) {
        self.parts.push(NarrowingPart::Check(check));
    }

    pub(crate) fn checks(&mut self, checks: impl IntoIterator<Item = Check>) {
        self.parts.extend(checks.into_iter().map(NarrowingPart::Check));
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    pub(crate) fn budget(&mut self, budget: Budget) {
        self.parts.push(NarrowingPart::Budget(budget));
    }

    pub(crate) fn budgets(&self) -> impl Iterator<Item = &Budget> {
        self.parts.iter().filter_map(|part| match part {
            NarrowingPart::Budget(budget) => Some(budget),
            NarrowingPart::Check(_) => None,
        })
    }

    /// The facts; `name` names the budgets.
    pub(crate) fn facts(&self, name: impl Fn(&Budget) -> String) -> Vec<Fact> {
        let budgets = self.budgets().flat_map(|budget| budget.facts(&name(budget)));
        budgets.chain(self.facts.iter().cloned()).collect()
    }

    /// The checks but for the end, which every new pass has of its own.
    pub(crate) fn caveats(&self, name: impl Fn(&Budget) -> String) -> Vec<Check> {
        let check = |part: &NarrowingPart| match part {
            NarrowingPart::Check(check) => check.clone(),
            NarrowingPart::Budget(budget) => budget.check(&name(budget)),
        };
        self.parts.iter().map(check).collect()
    }
}
