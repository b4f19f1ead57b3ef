//! The stored facts of one decision: everything that the verifier said about the request.
//!
//! From them `world` prints the decision, and `replay` asks another pass. The text of a message and long values are not
//! stored: their length and SHA-256 stand instead, unless the pass itself could read them. Unknown facts are stored
//! with the reason. The facts hold no pass and no credential. They are sealed elsewhere.
//!
//! - Invariant: The stored facts of a decision print that decision, and a stock Biscuit tool decides it the same way
//!   (`what_is_kept_prints_the_very_world_of_the_decision`,
//!   `a_stock_tool_and_the_pass_itself_decide_recorded_decisions_the_same`,
//!   `what_was_shown_and_used_stands_in_the_decision_as_it_stood`).
//! - Invariant: The text of a message is stored only if a caveat reads it. Stored facts have a limit of size
//!   (`the_text_of_a_message_and_a_long_value_are_left_out_where_the_pass_does_not_read_them`,
//!   `a_request_of_any_size_is_kept_in_bounds`).

mod code;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::catalog::Format;
use crate::catalog::finds::Finds;
use crate::decision::budget;
use crate::decision::context::Context;
use crate::decision::facts::{FactsSubject, request_facts};
use crate::decision::judge::STEPS;
use crate::engine::caveat::{Caveat, Fact, Pattern, Predicate, Slot};
use crate::engine::evaluate::{Steps, World};
use crate::engine::open::Held;
use crate::engine::ordered::Ordered;
use crate::pass::content::Content;
use crate::pass::verify::VerifiedPass;
use crate::request::answerable::{self, Answerable};
use crate::request::argument::{Argument, Scalar};
use crate::request::canonical::{Body, LateDigest, Request, RequestDigest};
use crate::request::decode::error::DecodeError;
use crate::request::gather::{Gather, Stage, word};
use crate::words::value::Value;
use crate::words::vocabulary::bit;

pub use crate::pass::pass_text::StoredFactsError;

/// A longer argument is left out, unless the pass could read it.
const LONG: usize = 512;
/// A longer argument is always left out.
const LONGEST: usize = 8 * 1024;
/// If the facts of all words take more bytes than this together, whole words are left out, the largest first.
const ROOM: usize = 48 * 1024;
/// For a larger request, its meaning beyond its fields is stored only if the pass reads it. It is not worked out for
/// the record alone.
const READ_FOR_THE_RECORD: usize = 256 * 1024;

/// The facts of one decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFacts {
    /// In the order of the vocabulary.
    pub(crate) facts: Vec<Fact>,
    pub(crate) untold: Vec<Untold>,
    /// Why nobody knows how much the request takes from a budget.
    pub(crate) uncounted: Option<String>,
    pub(crate) left_out: Vec<Omitted>,
    /// Whether the provenance of the request's things was asked for.
    pub(crate) provenance: ProvenanceFacts,
    /// Words whose facts come from a look-up, and whether a draft was looked up.
    pub(crate) looked_up: u64,
    pub(crate) draft: bool,
    pub(crate) unnamed: UnnamedFacts,
    /// The unnamed thing that leaves a caveat of the pass open.
    pub(crate) doubted: Option<String>,
    /// SHA-256 of the pass's wording.
    pub(crate) wording: [u8; 32],
}

/// Whether the words that count seen and created things have their facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProvenanceFacts {
    Known,
    NotAsked,
}

/// Whether the request's unnamed things have their facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnnamedFacts {
    Known,
    /// An earlier version stored it.
    NotSaid,
}

/// Words that have no facts, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untold {
    pub(crate) words: u64,
    pub(crate) because: String,
    pub(crate) lack: Lack,
}

/// The kind of gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Lack {
    /// The request does not say it with certainty: a denial for every pass that reads it.
    Unreadable,
    /// It was not looked up, or the look-up found nothing: another pass may have known it.
    NotFound,
    /// Nobody asked, and it is too large to read only for the record.
    NotAsked,
}

/// Facts that are not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Omitted {
    pub(crate) word: Predicate,
    /// The argument; none if the whole word is left out.
    pub(crate) argument: Option<Arc<str>>,
    pub(crate) bytes: u64,
    /// Of the value, in hexadecimal.
    pub(crate) sha256: Option<String>,
    /// Whether the deciding pass could have read it.
    pub(crate) read: bool,
}

/// A request that was decided on, by the digest that the decision has.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    pub request: &'a Request,
    pub digest: RequestDigest,
}

impl StoredFacts {
    /// The facts that may be stored of a decision by this pass.
    pub fn of(pass: &VerifiedPass, judged: Judged<'_>, context: &Context, now: OffsetDateTime) -> Self {
        let (content, request) = (pass.content(), judged.request);
        let small = held(request) <= READ_FOR_THE_RECORD;
        let told = if small { answerable::ALL } else { content.reads() & answerable::ALL };
        let mut kept = Self::gather(content, judged, context, now, told);
        if told != answerable::ALL {
            let because = "it was too large to be looked at for the record alone".into();
            kept.untold.push(Untold { words: answerable::ALL & !told, because, lack: Lack::NotAsked });
        }
        for argument in &request.arguments {
            kept.argument(argument, content, |text| fits(text, argument, request, content));
        }
        kept.make_room(content.reads());
        Self { wording: pass.wording().digest(), ..kept.in_order() }
    }

    /// All facts, with nothing left out, to be printed at once.
    pub(crate) fn whole(
        content: &Content,
        request: &Request,
        context: &Context,
        now: OffsetDateTime,
    ) -> Self {
        let judged = Judged { request, digest: request.digest() };
        let mut kept = Self::gather(content, judged, context, now, answerable::ALL);
        for argument in &request.arguments {
            kept.argument(argument, content, |_| true);
        }
        kept.in_order()
    }

    /// Everything but the values of arguments.
    fn gather(
        content: &Content,
        judged: Judged<'_>,
        context: &Context,
        now: OffsetDateTime,
        told_words: u64,
    ) -> Self {
        let Judged { request, digest } = judged;
        let limits: Vec<_> = content.limits.iter().filter(|limit| limit.target.means(request)).collect();
        let claims = budget::claims(&limits, request, &context.observed, now);
        let told = Answerable::of(request, &context.observed, told_words);
        let digest = LateDigest::worked_out(request, digest);
        let subject = FactsSubject {
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
        let unread = answerable::ALL & !told_words;
        let untold = told.untold(told_words).map(|(words, error)| Untold {
            words,
            because: error.to_string(),
            lack: match error {
                DecodeError::Missing(_) | DecodeError::Unfound(..) => Lack::NotFound,
                _ => Lack::Unreadable,
            },
        });
        let facts = request_facts(!unread, &subject);
        let doubted = doubted(content, &Ordered::of(facts.clone()));
        let arg = Predicate::of("arg");
        Self {
            facts: facts.into_iter().filter(|fact| Some(fact.predicate) != arg).collect(),
            untold: untold.collect(),
            uncounted: claims.unknown.as_ref().map(ToString::to_string),
            left_out: Vec::new(),
            provenance: match content.asks_provenance || request.resources.is_empty() {
                true => ProvenanceFacts::Known,
                false => ProvenanceFacts::NotAsked,
            },
            looked_up: told.looked_up,
            draft: context.observed.has(Finds::Draft),
            unnamed: UnnamedFacts::Known,
            doubted,
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
        self.left_out.push(Omitted {
            word,
            argument: Some(argument.name.clone()),
            bytes: text.len() as u64,
            sha256: Some(hex::encode(Sha256::digest(text.as_bytes()))),
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
            self.left_out.push(Omitted { word, argument: None, bytes, sha256: None, read });
        }
    }

    /// The wording of the deciding pass.
    pub fn wording(&self) -> [u8; 32] {
        self.wording
    }

    /// Whether a caveat could read something that is not stored.
    pub(crate) fn lacks(&self, pattern: &Pattern) -> bool {
        let named = |argument: &Arc<str>| match pattern.slots.first() {
            Some(Slot::Value(Value::Str(name))) => **name == **argument,
            _ => true,
        };
        self.left_out
            .iter()
            .any(|one| one.word == pattern.predicate && one.argument.as_ref().is_none_or(named))
    }

    /// The omitted facts, in words.
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

/// The unnamed thing of the request that leaves a caveat of the pass open.
pub(crate) fn doubted(content: &Content, facts: &Ordered) -> Option<String> {
    let mut steps = Steps::new(STEPS);
    for (number, block) in content.blocks.iter().enumerate() {
        let world = World::of(facts, content.authority(), content.own(number));
        let mut open = block
            .caveats
            .iter()
            .filter(|one| crate::engine::open::held(one, world, &mut steps) == Ok(Held::Open));
        if let Some(caveat) = open.next() {
            return Some(crate::decision::doubt::reason(number, caveat, facts).got);
        }
    }
    None
}

/// How many bytes of the request could hold a message.
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
