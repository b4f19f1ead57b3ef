//! The cases, by family.

mod answers;
mod asks;
mod budgets;
mod decisions;
mod passes;
mod upstreams;

use super::case::Case;
pub(super) use asks::held_until_it_is_approved;

type Family = fn() -> Vec<Case>;

/// The cases in which every surface must give the same result.
pub(super) const FAMILIES: [Family; 12] = [
    decisions::allow,
    decisions::deny,
    decisions::unreadable,
    decisions::looked_up,
    passes::worth_nothing,
    passes::ended_meanwhile,
    asks::asks,
    budgets::budgets,
    answers::confined,
    answers::treated,
    upstreams::fails,
    upstreams::once,
];
