//! The changes that a new description makes to a service: operations and effects that come or go, and hosts. This file
//! only describes them. A person decides whether to take them.

use datalog::Effects;
use datalog::catalog::Service;

use super::super::term::{Term, Tone};

/// This many of each kind are written in full.
const SHOWN: usize = 20;

/// The difference between two services of one name.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Each change in words. Its tone says whether it allows something new, or something on easier terms.
    lines: Vec<(String, Tone)>,
    more: usize,
}

pub(super) fn between(before: &Service, after: &Service) -> Changes {
    let mut changes = Changes::default();
    if before.digest == after.digest {
        changes.say("nothing changes".into(), Tone::Good);
        return changes;
    }
    if before.hosts != after.hosts {
        let line = format!("hosts: {}, before: {}", after.hosts.join(", "), before.hosts.join(", "));
        changes.say(line, Tone::Warn);
    }
    for operation in &after.operations {
        match before.operation(&operation.id) {
            None => changes.say(format!("new: {} ({})", operation.id, operation.effects), Tone::Warn),
            Some(old) if old.effects != operation.effects => {
                let without = |all: Effects, these: Effects| {
                    all.iter().filter(|effect| !these.contains(*effect)).collect::<Effects>().to_string()
                };
                let gained = without(operation.effects, old.effects);
                let lost = without(old.effects, operation.effects);
                let mut parts = Vec::new();
                if !gained.is_empty() {
                    parts.push(format!("gains {gained}"));
                }
                if !lost.is_empty() {
                    parts.push(format!("loses {lost}"));
                }
                let tone = if lost.is_empty() { Tone::Good } else { Tone::Warn };
                changes.say(format!("changed: {} {}", operation.id, parts.join(", ")), tone);
            }
            Some(old) if old.address() != operation.address() => {
                let line = format!("moved: {} to {}", operation.id, operation.address());
                changes.say(line, Tone::Warn);
            }
            Some(_) => {}
        }
    }
    for gone in before.operations.iter().filter(|old| after.operation(&old.id).is_none()) {
        changes.say(format!("gone: {} ({})", gone.id, gone.effects), Tone::Good);
    }
    if changes.lines.is_empty() {
        changes.say(
            "only the arguments of operations change; the operations and their effects stay".into(),
            Tone::Good,
        );
    }
    changes
}

impl Changes {
    fn say(&mut self, line: String, tone: Tone) {
        if self.lines.len() < SHOWN { self.lines.push((line, tone)) } else { self.more += 1 }
    }

    pub(super) fn show(&self, term: &Term) {
        self.lines.iter().for_each(|(line, tone)| term.say_in(*tone, line));
        if self.more > 0 {
            term.say(format!("{} more changes", self.more));
        }
    }
}
