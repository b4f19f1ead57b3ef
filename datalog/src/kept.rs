//! The facts of one decision, as they are kept: all that the verifier said of the request.
//!
//! From them a decision is printed (`world`) and put to another pass (`replay`). Neither the text of a message nor a long
//! value is kept: its length and SHA-256 stand in its place, unless the pass itself could read it. What was not told is
//! kept with the reason. There is no pass in it and no credential; it is sealed elsewhere.

mod code;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::budget;
use crate::catalog::Format;
use crate::caveat::{Caveat, Fact, Pattern, Predicate, Slot};
use crate::content::Content;
use crate::decide::Context;
use crate::decode::DecodeError;
use crate::facts::{Gather, Stage, Subject, request_facts, word};
use crate::lookup::Finds;
use crate::request::{Argument, Body, LateDigest, Request, RequestDigest, Scalar, hex};
use crate::told::{self, Told};
use crate::value::Value;
use crate::verify::VerifiedPass;
use crate::vocabulary::{self, bit};

pub use code::KeptError;

/// A longer argument is left out, unless the pass could read it.
const LONG: usize = 512;
/// A longer argument is left out in any case.
const LONGEST: usize = 8 * 1024;
/// Words whose facts do not fit into so many bytes together are left out whole, the largest first.
const ROOM: usize = 48 * 1024;
/// What a larger request means beyond its fields is kept where the pass reads it, and not found out for the record alone.
const READ_FOR_THE_RECORD: usize = 256 * 1024;

/// The facts of one decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// In the order of the vocabulary.
    pub(crate) facts: Vec<Fact>,
    pub(crate) untold: Vec<Untold>,
    /// Why it could not be told what the request takes of a budget.
    pub(crate) uncounted: Option<String>,
    pub(crate) left_out: Vec<LeftOut>,
    /// Whether it was asked where the things come from that the request touches.
    pub(crate) provenance: Provenance,
    /// Words whose facts come from a look-up, and whether a draft was among what was looked up.
    pub(crate) looked_up: u64,
    pub(crate) draft: bool,
    /// SHA-256 of how the pass reads.
    pub(crate) wording: [u8; 32],
}

/// Whether the words that count what was seen and created have their facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provenance {
    Known,
    NotAsked,
}

/// Words that have no facts, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untold {
    pub(crate) words: u64,
    pub(crate) because: String,
    pub(crate) lack: Lack,
}

/// What kind of lack it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Lack {
    /// The request does not say it with certainty: a denial for every pass that reads it.
    Unreadable,
    /// It was not looked up, or the look-up found nothing: another pass may have known.
    NotFound,
    /// Nobody asked, and it is too large to be looked at for the record alone.
    NotAsked,
}

/// Facts that are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) word: Predicate,
    /// The argument; none where the word is left out whole.
    pub(crate) argument: Option<Arc<str>>,
    pub(crate) bytes: u64,
    /// Of the value, in hexadecimal.
    pub(crate) sha256: Option<String>,
    /// Whether the pass that was decided by could have read it.
    pub(crate) read: bool,
}

impl Kept {
    /// What may be kept of a decision that this pass made.
    pub fn of(
        pass: &VerifiedPass,
        (request, digest): (&Request, RequestDigest),
        context: &Context,
        now: OffsetDateTime,
    ) -> Self {
        let content = pass.content();
        let small = held(request) <= READ_FOR_THE_RECORD;
        let told = if small { told::ALL } else { content.reads() & told::ALL };
        let mut kept = Self::gather(content, (request, digest), context, now, told);
        if told != told::ALL {
            let because = "it was too large to be looked at for the record alone".into();
            kept.untold.push(Untold { words: told::ALL & !told, because, lack: Lack::NotAsked });
        }
        for argument in &request.arguments {
            kept.argument(argument, content, |text| fits(text, argument, request, content));
        }
        kept.make_room(content.reads());
        Self { wording: pass.wording().digest(), ..kept.in_order() }
    }

    /// All of it, to be printed at once.
    pub(crate) fn whole(
        content: &Content,
        request: &Request,
        context: &Context,
        now: OffsetDateTime,
    ) -> Self {
        let digest = request.digest();
        let mut kept = Self::gather(content, (request, digest), context, now, told::ALL);
        for argument in &request.arguments {
            kept.argument(argument, content, |_| true);
        }
        kept.in_order()
    }

    /// Everything but the values of arguments.
    fn gather(
        content: &Content,
        (request, digest): (&Request, RequestDigest),
        context: &Context,
        now: OffsetDateTime,
        told_words: u64,
    ) -> Self {
        let limits: Vec<_> = content.limits.iter().filter(|limit| limit.target.means(request)).collect();
        let claims = budget::claims(&limits, request, &context.observed, now);
        let told = Told::of(request, &context.observed, told_words);
        let digest = LateDigest::worked_out(request, digest);
        let subject = Subject {
            stage: Stage::Request,
            request,
            digest: &digest,
            context,
            claims: &claims.known,
            zones: &content.zones,
            kinds: &content.kinds,
            told: &told,
            approval: digest.approval(context.approved),
            now,
        };
        let unread = told::ALL & !told_words;
        let untold = told.untold(told_words).map(|(words, error)| Untold {
            words,
            because: error.to_string(),
            lack: match error {
                DecodeError::Missing(_) | DecodeError::Unfound(..) => Lack::NotFound,
                _ => Lack::Unreadable,
            },
        });
        Self {
            facts: request_facts(!(bit("arg") | unread), &subject),
            untold: untold.collect(),
            uncounted: claims.unknown.as_ref().map(ToString::to_string),
            left_out: Vec::new(),
            provenance: match content.asks_provenance || request.resources.is_empty() {
                true => Provenance::Known,
                false => Provenance::NotAsked,
            },
            looked_up: told.looked_up,
            draft: context.observed.has(Finds::Draft),
            wording: [0; 32],
        }
    }

    fn argument(&mut self, argument: &Argument, content: &Content, fits: impl Fn(&str) -> bool) {
        let (Scalar::String(text), Some(word)) = (&argument.value, Predicate::of("arg")) else { return };
        if fits(text) {
            let mut gather = Gather::new(bit("arg"));
            gather.say(word!("arg"), || [[Value::str(argument.name.clone()), Value::str(text.as_str())]]);
            self.facts.extend(gather.into_facts());
            return;
        }
        self.left_out.push(LeftOut {
            word,
            argument: Some(argument.name.clone()),
            bytes: text.len() as u64,
            sha256: Some(hex(&Sha256::digest(text.as_bytes()))),
            read: could_read(content, &argument.name),
        });
    }

    fn in_order(mut self) -> Self {
        self.facts.sort_by_key(|fact| fact.predicate);
        self
    }

    fn make_room(&mut self, reads: u64) {
        let size = |fact: &Fact| fact.terms.iter().map(weight).sum::<usize>();
        while self.facts.iter().map(size).sum::<usize>() > ROOM {
            let all = self.facts.iter().map(|fact| fact.predicate);
            let of = |word| self.facts.iter().filter(|fact| fact.predicate == word).map(size).sum::<usize>();
            let Some(word) = all.max_by_key(|word| of(*word)) else { return };
            let bytes = of(word) as u64;
            self.facts.retain(|fact| fact.predicate != word);
            let read = word.request_bit() & reads != 0;
            self.left_out.push(LeftOut { word, argument: None, bytes, sha256: None, read });
        }
    }

    /// How the pass reads that it was decided by.
    pub fn wording(&self) -> [u8; 32] {
        self.wording
    }

    /// Whether a caveat could read what is not kept.
    pub(crate) fn lacks(&self, pattern: &Pattern) -> bool {
        let named = |argument: &Arc<str>| match pattern.slots.first() {
            Some(Slot::Value(Value::Str(name))) => **name == **argument,
            _ => true,
        };
        self.left_out
            .iter()
            .any(|one| one.word == pattern.predicate && one.argument.as_ref().is_none_or(named))
    }

    /// What is not kept, in words.
    pub fn left_out(&self) -> Vec<String> {
        self.left_out.iter().map(ToString::to_string).collect()
    }

    /// The facts of one word.
    pub fn values(&self, word: &str) -> Vec<Vec<String>> {
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let of = self.facts.iter().filter(|fact| &*fact.name == word);
        of.map(|fact| fact.terms.iter().map(shown).collect()).collect()
    }

    pub(crate) fn first(&self, word: &str) -> Option<&Value> {
        self.facts.iter().find(|fact| &*fact.name == word)?.terms.first()
    }
}

/// Bytes that a message could be in.
fn held(request: &Request) -> usize {
    let body = match &request.body {
        Body::Media { bytes, .. } | Body::Related { bytes, .. } => bytes.len(),
        Body::Empty | Body::Json(_) | Body::Form(_) => 0,
    };
    let text = |argument: &Argument| match &argument.value {
        Scalar::String(text) | Scalar::Other(text) => text.len(),
        Scalar::Int(_) | Scalar::Bool(_) => 0,
    };
    request.arguments.iter().map(text).sum::<usize>().saturating_add(body)
}

fn fits(text: &str, argument: &Argument, request: &Request, content: &Content) -> bool {
    let is_message = || {
        let decodes = request.operation.decode.iter().filter(|decode| decode.format == Format::Rfc822);
        decodes.flat_map(|decode| &decode.fields).any(|field| **field == *argument.name)
    };
    if text.len() > LONGEST {
        return false;
    }
    (text.len() <= LONG && !is_message()) || could_read(content, &argument.name)
}

/// Whether a caveat of the pass could read the value of the argument.
fn could_read(content: &Content, name: &Arc<str>) -> bool {
    let patterns = content.blocks.iter().flat_map(|block| &block.caveats).flat_map(Caveat::patterns);
    patterns.filter(|pattern| &*pattern.name == "arg").any(|pattern| match pattern.slots.first() {
        Some(Slot::Value(Value::Str(read))) => **read == **name,
        _ => true,
    })
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len() + 3,
        Value::Bytes(bytes) => 2 * bytes.len(),
        Value::Set(items) => items.iter().map(weight).sum(),
        Value::Int(_) | Value::Date(_) | Value::Bool(_) => 8,
    }
}

/// The names of words of the request vocabulary.
pub(crate) fn names_of(words: u64) -> impl Iterator<Item = &'static str> {
    vocabulary::REQUEST.iter().enumerate().filter(move |(at, _)| words & (1 << at) != 0).map(|(_, w)| w.name)
}

/// The words of these names.
pub(crate) fn words_of<'a>(names: impl IntoIterator<Item = &'a str>) -> u64 {
    names.into_iter().filter_map(Predicate::of).fold(0, |bits, one| bits | one.request_bit())
}
