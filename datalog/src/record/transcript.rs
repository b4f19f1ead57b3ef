//! The whole world of one decision (pass, request, policy) as standard Biscuit Datalog, for any other Biscuit tool.
//!
//! It prints one authorizer, which a stock tool runs without a token: `allow if` matches if Hallpass allows.
//! Signatures, revocation and the admission test come before Datalog and are not in it. The pass itself is not in it
//! either, because anybody could use it. Only a later block sees the facts that it states, so
//! they are printed under names of their own.
//!
//! - Invariant: Tools that know nothing of Hallpass decide the same from what is printed here
//!   (`biscuit_python_decides_the_same_by_what_is_printed`, `biscuit_wasm_decides_the_same_by_what_is_printed`,
//!   `biscuit_cli_decides_the_same_by_what_is_printed`,
//!   `biscuit_auth_agrees_over_the_whole_vocabulary_also_by_what_is_printed`).
//! - Invariant: The tests of this use every word of the vocabulary (`every_word_is_read_by_a_check_here`,
//!   `a_child_never_gets_more_over_the_whole_vocabulary`).

use std::fmt::{self, Write as _};

use time::OffsetDateTime;

use crate::decision::context::Context;
use crate::decision::facts::stage_facts;
use crate::decision::response::{Item, hidden, item_facts};
use crate::engine::caveat::Fact;
use crate::engine::ordered::Ordered;
use crate::engine::words::names_of;
use crate::pass::block::Block;
use crate::pass::content::Content;
use crate::pass::pass_text::{Wording, section, visible};
use crate::record::stored_facts::{Omitted, StoredFacts, doubted};
use crate::request::canonical::Request;
use crate::request::gather::Stage;

const HEAD: &str = "\
// One decision of Hallpass. Any Biscuit tool that runs this as an authorizer, with an empty token or none, answers the same.
";

/// The decision's world. It says nothing of whether the pass is genuine.
pub fn world(content: &Content, request: &Request, context: &Context, now: OffsetDateTime) -> String {
    StoredFacts::whole(content, request, context, now).world(&Wording::of(content))
}

/// The world of one item of the answer to an allowed request: `allow if` matches if the item may be shown like this.
pub fn world_of_item(
    content: &Content,
    request: &Request,
    context: &Context,
    now: OffsetDateTime,
    item: &Item,
) -> String {
    let mut kept = StoredFacts::whole(content, request, context, now);
    kept.facts.retain(|fact| &*fact.name != "stage");
    kept.facts.extend(stage_facts(Stage::Response));
    kept.facts.extend(item_facts(u64::MAX, item, now.unix_timestamp()).iter().cloned());
    kept.doubted = doubted(content, &Ordered::of(kept.facts.clone()));
    let hidden = hidden(content, request);
    let unsaid = |number: usize| item.unsaid() | hidden.get(number).copied().unwrap_or(u64::MAX);
    let blocks = content.blocks.iter().enumerate();
    let blocks: Vec<Block> = blocks.map(|(number, block)| without(block, unsaid(number))).collect();
    kept.world(&Wording::of_blocks(content, &blocks))
}

/// The block without the alternatives of its caveats that read any of these words.
fn without(block: &Block, words: u64) -> Block {
    let mut caveats = block.caveats.clone();
    for caveat in &mut caveats {
        caveat.queries.retain(|query| query.reads & words == 0);
    }
    block.with(caveats)
}

impl StoredFacts {
    /// The world of the decision that has these facts. `wording` is that of the pass that decided.
    pub fn world(&self, wording: &Wording) -> String {
        let reads = wording.reads();
        let read = |fact: &&Fact| fact.predicate.request_bit() & reads != 0;
        let mut text = String::from(HEAD);
        section(&mut text, "the request", self.facts.iter().filter(read).map(ToString::to_string));
        for one in self.left_out.iter().filter(|one| one.word.request_bit() & reads != 0) {
            let _ = writeln!(text, "// {one}");
        }
        if wording.asks
            && self.first("approved").is_none()
            && let Some(digest) = self.first("request_digest")
        {
            let _ = writeln!(text, "// what a person's approval adds:\n// approved({digest});");
        }
        text.push_str(&wording.blocks);
        let untold = self.untold.iter().find(|one| one.words & reads != 0).map(|one| &one.because);
        if let Some(because) = untold.or(self.uncounted.as_ref()).or(self.doubted.as_ref()) {
            section(
                &mut text,
                &format!("denied before anything else: {because}"),
                ["deny if true".to_owned()],
            );
        } else if self.first("effect").is_none() {
            section(&mut text, "denied before anything else: it has no effects", ["deny if true".to_owned()]);
        }
        text.push_str(&wording.policy);
        exact(&text)
    }

    /// The facts that the world lacks although the pass could read them, in words. Without them a tool may answer
    /// differently from Hallpass.
    pub fn lacking(&self) -> Vec<String> {
        self.left_out.iter().filter(|one| one.read).map(ToString::to_string).collect()
    }
}

impl fmt::Display for Omitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word: String = names_of(self.word.request_bit()).collect();
        match &self.argument {
            Some(name) => write!(f, "`{}` of the argument `{}`", word, visible(name))?,
            None => write!(f, "every `{word}`")?,
        }
        write!(f, " is not kept: {} bytes", self.bytes)?;
        self.sha256.as_ref().map_or(Ok(()), |sha256| write!(f, ", SHA-256 {sha256}"))
    }
}

/// Replaces every `\u{…}` that people are shown by the character itself: Biscuit's Datalog has no such escape.
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
    use crate::engine::caveat::Predicate;
    use crate::words::value::Value;

    fn fact(text: &str) -> Fact {
        let predicate = Predicate::of("task").unwrap();
        Fact { predicate, name: "task".into(), terms: [Value::str(text)].into() }
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
