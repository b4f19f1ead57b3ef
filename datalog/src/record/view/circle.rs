//! The people whom an approver expects: those that the pass names, and those in the account's own domain.
//!
//! It marks everybody else as outside, and decides nothing. If neither the pass nor the account names anybody (a
//! mailbox at a public provider, a pass without people), nobody is outside: a mark on every letter would say nothing.

use std::collections::BTreeSet;

use crate::engine::caveat::{Caveat, Kind, Op, Slot};
use crate::pass::content::Content;
use crate::words::names::Account;
use crate::words::value::Value;

/// Domains where strangers have their mail.
const PUBLIC: [&str; 16] = [
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "me.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "web.de",
    "yahoo.com",
];

/// Domains and addresses, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circle(BTreeSet<String>);

impl Circle {
    /// The names in the pass, and the account's domain.
    pub fn of(content: &Content, account: &Account) -> Self {
        let mut names = BTreeSet::new();
        let caveats = content.blocks.iter().flat_map(|block| &block.caveats);
        for caveat in caveats.filter(|caveat| caveat.kind != Kind::Reject) {
            named(caveat, &mut names);
        }
        let domain = account.as_str().rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        names.extend(domain.filter(|domain| !PUBLIC.contains(&domain.as_str())));
        Self(names)
    }

    /// The addresses outside of it.
    pub(crate) fn outside(&self, addresses: &[String]) -> Vec<String> {
        let is_inside = |address: &String| {
            let address = address.to_ascii_lowercase();
            let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
            self.0.contains(&address) || self.0.contains(domain)
        };
        match self.0.is_empty() {
            true => Vec::new(),
            false => addresses.iter().filter(|address| !is_inside(address)).cloned().collect(),
        }
    }
}

/// The texts about recipients in the queries of a check.
fn named(caveat: &Caveat, names: &mut BTreeSet<String>) {
    let speaks = |name: &str| name == "recipient" || name == "recipient_domain";
    let queries = caveat.queries.iter();
    for query in queries.filter(|query| query.patterns.iter().any(|pattern| speaks(&pattern.name))) {
        for slot in query.patterns.iter().filter(|pattern| speaks(&pattern.name)).flat_map(|one| &one.slots) {
            if let Slot::Value(value) = slot {
                texts(value, names);
            }
        }
        query.expressions.iter().for_each(|ops| of_ops(ops, names));
    }
}

fn of_ops(ops: &[Op], names: &mut BTreeSet<String>) {
    for op in ops {
        match op {
            Op::Value(value) => texts(value, names),
            Op::Closure(_, inner) => of_ops(inner, names),
            Op::Variable(_) | Op::Unary(_) | Op::Binary(_) => {}
        }
    }
}

fn texts(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Str(text) => {
            names.insert(text.trim_start_matches('@').to_ascii_lowercase());
        }
        Value::Set(all) => all.iter().for_each(|one| texts(one, names)),
        Value::Int(_) | Value::Date(_) | Value::Bytes(_) | Value::Bool(_) => {}
    }
}
