//! The whole world of one decision (pass, request, policy) as standard Biscuit Datalog, for any other Biscuit tool.
//!
//! What it prints is one authorizer, which a stock tool runs without a token: `allow if` matches where Hallpass
//! allows. Signatures, revocation and the static admission test come before Datalog and are not in it; neither is
//! the pass itself, with which anybody could use it. What a later block states only it sees: its facts are printed
//! under names of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::budget;
use crate::caveat::{Caveat, Fact};
use crate::content::{Block, Content};
use crate::decide::Context;
use crate::facts::{Stage, Subject, request_facts};
use crate::policy::{POLICIES, Policy};
use crate::request::Request;
use crate::told::Told;

const HEAD: &str = "\
// One decision of Hallpass. Any Biscuit tool that runs this as an authorizer, with an empty token or none, answers the same.
";

/// The decision's world. It says nothing of whether the pass is genuine.
pub fn world(content: &Content, request: &Request, context: &Context, now: OffsetDateTime) -> String {
    let policy = Policy::compile().unwrap_or_default();
    let digest = request.digest().hex();
    let limits: Vec<_> = content.limits.iter().filter(|limit| limit.target.means(request)).collect();
    let claims = budget::claims(&limits, request, &context.observed, now);
    let told = Told::of(request, &context.observed, content.reads());
    let approved = (context.approved == Some(request.digest())).then_some(digest.as_str());
    let facts = request_facts(
        content.reads() | policy.reads(true),
        &Subject {
            stage: Stage::Request,
            request,
            digest: &digest,
            context,
            claims: &claims.known,
            zones: &content.zones,
            kinds: &content.kinds,
            told: &told,
            approved,
            now,
        },
    );
    let mut text = String::from(HEAD);
    section(&mut text, "the request", facts.iter().map(ToString::to_string));
    if approved.is_none() && content.asks() {
        let _ = writeln!(text, "// what a person's approval adds:\n// approved(\"{digest}\");");
    }
    for (number, block) in content.blocks.iter().enumerate() {
        match number {
            0 => own(&mut text, "the pass", &block.facts, &block.caveats),
            _ => later(&mut text, number, block, content),
        }
    }
    let unknown = told.unknown(content.reads()).or(claims.unknown.as_ref());
    if let Some(unknown) = unknown {
        section(&mut text, &format!("denied before anything else: {unknown}"), ["deny if true".to_owned()]);
    } else if request.effects.is_empty() {
        section(&mut text, "denied before anything else: it has no effects", ["deny if true".to_owned()]);
    }
    section(
        &mut text,
        "the policy, the same for every pass",
        POLICIES.iter().map(|(_, rule)| (*rule).to_owned()),
    );
    exact(&text)
}

fn section(text: &mut String, title: &str, statements: impl IntoIterator<Item = String>) {
    let title: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(text, "\n// {title}");
    for statement in statements {
        let _ = writeln!(text, "{statement};");
    }
}

fn own(text: &mut String, title: &str, facts: &[Fact], caveats: &[Caveat]) {
    let statements = facts.iter().map(ToString::to_string).chain(caveats.iter().map(ToString::to_string));
    section(text, title, statements);
}

/// A block after the first: what it reads is what everybody sees and what it states itself.
fn later(text: &mut String, number: usize, block: &Block, content: &Content) {
    let prefix = prefix(number, content);
    let stated: BTreeSet<Arc<str>> = block.facts.iter().map(|fact| fact.name.clone()).collect();
    let renamed = |name: &Arc<str>| -> Arc<str> {
        if stated.contains(name) { Arc::from(format!("{prefix}{name}")) } else { name.clone() }
    };
    let facts: Vec<Fact> =
        block.facts.iter().map(|fact| Fact { name: renamed(&fact.name), ..fact.clone() }).collect();
    let mut caveats = block.caveats.clone();
    let mut seen: BTreeSet<(Arc<str>, usize)> = BTreeSet::new();
    for pattern in caveats.iter_mut().flat_map(|one| &mut one.queries).flat_map(|query| &mut query.patterns) {
        if stated.contains(&pattern.name) {
            seen.insert((pattern.name.clone(), pattern.slots.len()));
            pattern.name = renamed(&pattern.name);
        }
    }
    own(text, &format!("block {number}, by a holder"), &facts, &caveats);
    for (name, arity) in seen {
        let terms = (0..arity).map(|place| format!("$t{place}")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "{prefix}{name}({terms}) <- {name}({terms});");
    }
}

/// What names of a block begin with, and no other name of the pass does.
fn prefix(number: usize, content: &Content) -> String {
    let mut prefix = format!("block{number}_");
    let taken = |prefix: &str| {
        let of_block = |block: &Block| {
            block.facts.iter().any(|fact| fact.name.starts_with(prefix))
                || block
                    .caveats
                    .iter()
                    .flat_map(Caveat::patterns)
                    .any(|pattern| pattern.name.starts_with(prefix))
        };
        content.blocks.iter().any(of_block)
    };
    while taken(&prefix) {
        prefix.push('_');
    }
    prefix
}

/// The text with the characters themselves where people are shown `\u{…}`: Biscuit's Datalog has no such escape.
fn exact(shown: &str) -> String {
    let mut text = String::with_capacity(shown.len());
    let mut rest = shown;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let escaped = after.strip_prefix("u{").and_then(|after| after.split_once('}'));
        let character = escaped.and_then(|(hex, rest)| {
            Some((u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?, rest))
        });
        if let Some((character, after)) = character {
            text.push(character);
            rest = after;
            continue;
        }
        let mut next = after.chars();
        text.push('\\');
        text.extend(next.next());
        rest = next.as_str();
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveat::Predicate;
    use crate::value::Value;

    fn fact(text: &str) -> Fact {
        let predicate = Predicate::of("task").unwrap();
        Fact { predicate, name: Arc::from("task"), terms: vec![Value::str(text)] }
    }

    #[test]
    fn every_string_stands_as_it_is() {
        for hostile in [
            "x\"); admin(true); b(\"",
            "\u{202e}\u{0}\u{7}",
            "\\u{41}",
            "\\",
            "\\\\u{41}",
            "a\nb\t",
            "é\u{feff}",
        ] {
            let printed = exact(&fact(hostile).to_string());
            let read = biscuit_auth::builder::Fact::try_from(printed.as_str()).unwrap();
            assert_eq!(read.predicate.terms, [biscuit_auth::builder::Term::Str(hostile.into())], "{printed}");
        }
    }
}
