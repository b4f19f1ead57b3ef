//! Decisions and caveats in plain words, derived from what is evaluated and from nothing else.
//!
//! A check that a flag made has a sentence of its own. Any other is shown as its Datalog, which is always right.

use crate::caveats::said::Says;
use crate::caveats::{flags, grants};
use crate::engine::caveat::Caveat;
use crate::pass::content::{Answer, Content};
use crate::pass::policy::{POLICIES, Rule};
use crate::request::canonical::Request;

/// The request in one line: the operation, its connection, its effects.
pub(crate) fn request(request: &Request) -> String {
    let operation = &request.operation;
    format!("`{}` on `{}` (effects: {})", operation.id, request.connection, request.effects)
}

pub(crate) fn rule_text(rule: Rule) -> &'static str {
    POLICIES.iter().find(|(known, _)| *known == rule).map_or("deny if true", |(_, text)| text)
}

pub(crate) fn rule_expected(rule: Rule, pass: &Content, request: &Request) -> String {
    let of = |answer: Answer| {
        let mut texts = Vec::new();
        for (own, connection, selector) in &pass.grants {
            if *own == answer && *connection == request.connection {
                texts.push(format!("`{selector}`"));
            }
        }
        texts.join(", ")
    };
    match rule {
        Rule::Denied => {
            format!("no operation that the pass denies on `{}`: {}", request.connection, of(Answer::Deny))
        }
        Rule::Asked => format!("a person's approval: the pass asks before {}", of(Answer::Ask)),
        Rule::Uncovered if !pass.connections.iter().any(|one| one.name == request.connection) => {
            "a connection that the pass names".into()
        }
        Rule::Uncovered | Rule::Allowed | Rule::Approved => {
            format!("an operation that the pass covers on `{}`: {}", request.connection, covered(&of))
        }
    }
}

fn covered(of: &dyn Fn(Answer) -> String) -> String {
    let (allowed, asked) = (of(Answer::Allow), of(Answer::Ask));
    match (allowed.is_empty(), asked.is_empty()) {
        (true, true) => "nothing".into(),
        (false, true) => allowed,
        (true, false) => format!("{asked} after asking"),
        (false, false) => format!("{allowed}; {asked} after asking"),
    }
}

/// What a caveat asks for, in words.
pub(crate) fn caveat(caveat: &Caveat) -> String {
    if grants::is_same_account(caveat) {
        return "the account that the connection had when the pass was minted".into();
    }
    says(caveat, &[]).map_or_else(|| format!("`{caveat}`"), |says| says.sentence)
}

/// What a caveat says that a flag made; the others are those of its block.
pub(crate) fn says(caveat: &Caveat, block: &[Caveat]) -> Option<Says> {
    let by_flag = flags::ALL.iter().find_map(|flag| (flag.says)(caveat, block));
    by_flag.or_else(|| grants::says(caveat))
}
