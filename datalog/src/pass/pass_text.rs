//! The wording of a pass: its blocks and the fixed policy as Datalog, and the vocabulary words that they read.
//!
//! `world` prints it, and it is stored beside the facts of decisions. It is not the pass: it has no signatures and no
//! proof, so nobody can use it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::caveat::{Caveat, Fact};
use crate::engine::words::{names_of, words_of};
use crate::pass::block::Block;
use crate::pass::content::Content;
use crate::pass::policy::{POLICIES, Policy};
use crate::request::approval::Approval;
use crate::words::message::Hinted;
use crate::words::value::Text;

/// The wording of one pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    reads: Vec<String>,
    /// Whether an approval could change an answer.
    pub(crate) asks: bool,
    pub(crate) blocks: String,
    pub(crate) policy: String,
}

/// The same as bytes, with their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassText {
    pub bytes: Vec<u8>,
    digest: [u8; 32],
}

impl Wording {
    pub fn of(content: &Content) -> Self {
        Self::of_blocks(content, &content.blocks)
    }

    /// The wording with these blocks in place of the pass's own.
    pub(crate) fn of_blocks(content: &Content, given: &[Block]) -> Self {
        let reads = content.reads() | Policy::compile().unwrap_or_default().reads(Approval::Given);
        let mut blocks = String::new();
        for (number, block) in given.iter().enumerate() {
            match number {
                0 => own_part(&mut blocks, "the pass", &block.facts, &block.caveats),
                _ => later(&mut blocks, number, block, given),
            }
        }
        let mut policy = String::new();
        let rules = POLICIES.iter().map(|(_, rule)| (*rule).to_owned());
        section(&mut policy, "the policy, the same for every pass", rules);
        Self { reads: names_of(reads).map(ToOwned::to_owned).collect(), asks: content.asks(), blocks, policy }
    }

    pub fn worded(&self) -> PassText {
        // Infallible: strings and a yes or no.
        PassText::of(serde_json::to_vec(self).unwrap_or_default())
    }

    /// The words of the request vocabulary that the pass and the policy read.
    pub(crate) fn reads(&self) -> u64 {
        words_of(self.reads.iter().map(String::as_str))
    }
}

impl PassText {
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { digest: Sha256::digest(&bytes).into(), bytes }
    }

    /// SHA-256.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    pub fn wording(&self) -> Result<Wording, StoredFactsError> {
        serde_json::from_slice(&self.bytes).map_err(|error| StoredFactsError(error.to_string()))
    }
}

fn own_part(text: &mut String, title: &str, facts: &[Fact], caveats: &[Caveat]) {
    let caveat = |caveat: &Caveat| match caveat.queries.as_slice() {
        // The caveat has no alternative that can be known, so it fails.
        [] => "check if false".to_owned(),
        _ => caveat.to_string(),
    };
    section(text, title, facts.iter().map(ToString::to_string).chain(caveats.iter().map(caveat)));
}

/// Writes a later block. The block reads the facts that every block sees, and its own facts.
fn later(text: &mut String, number: usize, block: &Block, blocks: &[Block]) {
    let prefix = prefix(number, blocks);
    let stated: BTreeSet<Text> = block.facts.iter().map(|fact| fact.name.clone()).collect();
    let renamed = |name: &Text| -> Text {
        if stated.contains(name) { format!("{prefix}{name}").into() } else { name.clone() }
    };
    let facts: Vec<Fact> =
        block.facts.iter().map(|fact| Fact { name: renamed(&fact.name), ..fact.clone() }).collect();
    let mut caveats = block.caveats.clone();
    let mut seen: BTreeSet<(Text, usize)> = BTreeSet::new();
    for pattern in caveats.iter_mut().flat_map(|one| &mut one.queries).flat_map(|query| &mut query.patterns) {
        if stated.contains(&pattern.name) {
            seen.insert((pattern.name.clone(), pattern.slots.len()));
            pattern.name = renamed(&pattern.name);
        }
    }
    own_part(text, &format!("block {number}, by a holder"), &facts, &caveats);
    for (name, arity) in seen {
        let terms = (0..arity).map(|place| format!("$t{place}")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "{prefix}{name}({terms}) <- {name}({terms});");
    }
}

/// A prefix for the names of a block, which no other name of the pass has.
fn prefix(number: usize, blocks: &[Block]) -> String {
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
        blocks.iter().any(of_block)
    };
    while taken(&prefix) {
        prefix.push('_');
    }
    prefix
}

/// Why stored facts cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the facts cannot be read: {0}")]
pub struct StoredFactsError(pub(crate) String);

impl Hinted for StoredFactsError {
    fn hint(&self) -> Option<String> {
        Some("another version of hallpass may have kept them".into())
    }
}

pub(crate) fn section(text: &mut String, title: &str, statements: impl IntoIterator<Item = String>) {
    let _ = writeln!(text, "\n// {}", visible(title));
    for statement in statements {
        let _ = writeln!(text, "{statement};");
    }
}

/// The text without control characters and backslashes. So a comment ends with its line, even after `exact`.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '\\' { ' ' } else { c }).collect()
}
