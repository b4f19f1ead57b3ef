//! The fixed policy that judges every pass, as Datalog that anybody can read and run.
//!
//! Deny wins over ask, and ask wins over allow. A request that nothing covers is denied. The policy is the same for
//! every pass and every service; only the facts differ. An ask is a deny, which the fact `approved` of this very
//! request lifts.

use biscuit_auth::builder::Policy as Biscuit;

use crate::engine::caveat::{CompileError, Names, Query};
use crate::engine::evaluate::{self, EvaluateError, Steps, World};
use crate::request::approval::Approval;

/// The rules in order: the first match decides. An operation is covered by a grant of its id, by a glob over ids, or by
/// grants of all its effects.
pub(crate) const POLICIES: [(Rule, &str); 5] = [
    (
        Rule::Denied,
        r#"deny if connection($c), operation($o), grant_operation("deny", $c, $o)
            or connection($c), operation($o), grant_glob("deny", $c, $start, $end), $o.starts_with($start), $o.ends_with($end)
            or connection($c), effect($e), grant_effects("deny", $c, $denied), $denied.contains($e)"#,
    ),
    (
        Rule::Approved,
        r#"allow if request_digest($d), approved($d), connection($c), operation($o), grant_operation("ask", $c, $o)
            or request_digest($d), approved($d), connection($c), operation($o), grant_glob("ask", $c, $start, $end), $o.starts_with($start), $o.ends_with($end)
            or request_digest($d), approved($d), connection($c), operation($o), grant_operation("allow", $c, $o)
            or request_digest($d), approved($d), connection($c), operation($o), grant_glob("allow", $c, $start, $end), $o.starts_with($start), $o.ends_with($end)
            or request_digest($d), approved($d), connection($c), effects($es), grant_effects("allow", $c, $allowed), grant_effects("ask", $c, $asked), $allowed.union($asked).contains($es)"#,
    ),
    (
        Rule::Asked,
        r#"deny if connection($c), operation($o), grant_operation("ask", $c, $o)
            or connection($c), operation($o), grant_glob("ask", $c, $start, $end), $o.starts_with($start), $o.ends_with($end)
            or connection($c), effect($e), grant_effects("ask", $c, $asked), $asked.contains($e)"#,
    ),
    (
        Rule::Allowed,
        r#"allow if connection($c), operation($o), grant_operation("allow", $c, $o)
            or connection($c), operation($o), grant_glob("allow", $c, $start, $end), $o.starts_with($start), $o.ends_with($end)
            or connection($c), effects($es), grant_effects("allow", $c, $allowed), $allowed.contains($es)"#,
    ),
    (Rule::Uncovered, "deny if true"),
];

/// The meaning of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A grant says deny.
    Denied,
    /// A grant says ask (or allows what another one asks about), and a person approved.
    Approved,
    /// A grant says ask, and nobody approved.
    Asked,
    /// A grant says allow.
    Allowed,
    /// No grant says anything.
    Uncovered,
}

/// The policy, compiled once.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    rules: Vec<(Rule, Vec<Query>)>,
    /// The words of the request vocabulary that it reads, without an approval and with one.
    reads: [u64; 2],
}

impl Policy {
    pub(crate) fn compile() -> Result<Self, CompileError> {
        let mut names = Names::default();
        let mut rules = Vec::with_capacity(POLICIES.len());
        for (rule, text) in POLICIES {
            let policy = Biscuit::try_from(text).map_err(|_| CompileError::Unbound(text.into()))?;
            let queries = policy
                .queries
                .iter()
                .map(|query| Query::compile(query, &mut names))
                .collect::<Result<_, _>>()?;
            rules.push((rule, queries));
        }
        let reads = [false, true].map(|approval| {
            let read = rules.iter().filter(|(rule, _)| approval || *rule != Rule::Approved);
            read.flat_map(|(_, queries)| queries).fold(0, |bits, query: &Query| bits | query.reads)
        });
        Ok(Self { rules, reads })
    }

    /// The words of the request vocabulary that it reads.
    pub(crate) fn reads(&self, approval: Approval) -> u64 {
        let [without, with] = self.reads;
        if approval == Approval::Given { with } else { without }
    }

    /// The first rule that matches; none if the policy is empty.
    pub(crate) fn apply(&self, world: World<'_>, steps: &mut Steps) -> Result<Rule, EvaluateError> {
        for (rule, queries) in &self.rules {
            for query in queries {
                if evaluate::matches(query, world, steps)? {
                    return Ok(*rule);
                }
            }
        }
        Ok(Rule::Uncovered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biscuit_auth::builder::PolicyKind;

    #[test]
    fn the_policy_compiles_and_says_what_its_rules_are_called() {
        assert_eq!(Policy::compile().unwrap().rules.len(), POLICIES.len());
        for (rule, text) in POLICIES {
            let allows = Biscuit::try_from(text).unwrap().kind == PolicyKind::Allow;
            assert_eq!(allows, matches!(rule, Rule::Allowed | Rule::Approved), "{text}");
        }
    }
}
