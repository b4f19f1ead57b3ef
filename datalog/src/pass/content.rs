//! The content of a pass, block by block, read from its bytes into compiled facts and caveats.
//!
//! Reading checks the shape (sizes, algorithms, the admission test), but no signature and no time. `inspect` shows the
//! content as it is; `verify` makes a `VerifiedPass` of it.
//!
//! - Invariant: A later block cannot add a fact that an earlier check takes for its own: a check writes the zone, kind
//!   or budget it reads (`a_check_says_which_zone_kind_or_budget_it_reads`,
//!   `no_later_block_sets_the_budget_that_an_earlier_one_asks_for`).
//! - Invariant: Only the first block of a pass grants anything (`a_later_block_cannot_grant`).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use biscuit_auth::builder::{self, Convert};
use biscuit_auth::datalog::SymbolTable;
use biscuit_auth::format::convert::proto_block_to_token_block;
use biscuit_auth::format::schema;
use prost::Message;

use crate::catalog::selector::Selector;
use crate::decision::response::{self, Redaction};
use crate::engine::admission::{self, AdmissionError, BlockPlace, MAX_BLOCKS, MAX_TEXT};
use crate::engine::caveat::{Caveat, Fact, Names, Slot};
use crate::engine::ordered::{NONE, Ordered};
use crate::pass::block::{Block, ReadError, name_error, one_string};
use crate::pass::bounds::{Bound, bounds, time_bound};
use crate::pass::limits::{Limit, limits};
use crate::words::hours::Zone;
use crate::words::names::{Account, ConnectionName, PassId, RevocationId, ServiceName};
use crate::words::value::Value;

/// The prefix of every pass. A pass without it is accepted too.
pub const PREFIX: &str = "hallpass_";

/// What a grant answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    Allow,
    Ask,
    Deny,
}

impl Answer {
    pub const ALL: [Self; 3] = [Self::Allow, Self::Ask, Self::Deny];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// A connection as it was when the pass was minted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    pub name: ConnectionName,
    pub service: ServiceName,
    pub account: Account,
}

/// A pass, read.
#[derive(Debug)]
pub struct Content {
    pub id: PassId,
    pub task: String,
    pub root_key_id: Option<u32>,
    pub blocks: Vec<Block>,
    pub limits: Vec<Limit>,
    pub connections: Vec<Connected>,
    /// What the authority block allows, asks about and denies.
    pub grants: Vec<(Answer, ConnectionName, Selector)>,
    /// Seconds since 1970: the earliest end and the latest beginning of any block.
    pub expires: u64,
    pub not_before: u64,
    /// The time zones whose clock its caveats read.
    pub(crate) zones: Vec<Zone>,
    /// The kinds of things whose provenance its caveats read.
    pub(crate) kinds: Vec<Arc<str>>,
    /// Fields that answers hide.
    pub redactions: Vec<Redaction>,
    /// Whether any grant or caveat of the pass waits for an approval.
    asks: bool,
    /// Whether its caveats could decide otherwise for an answer than for its request.
    pub(crate) asks_answers: bool,
    /// Whether its caveats read where a thing comes from.
    pub(crate) asks_provenance: bool,
    /// The words of the request vocabulary that its caveats read.
    reads: u64,
}

/// The text without its prefix, if it could be a pass at all.
pub(crate) fn check_length(text: &str) -> Result<&str, ReadError> {
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    if text.len() > MAX_TEXT { Err(ReadError::TooLong(text.len())) } else { Ok(text) }
}

/// The bytes of a pass's text. One pass has one text, except that the prefix and the padding (RFC 4648, section 3.2;
/// other tools write it) may be missing. Both decoders are strict: no second text gives the same bytes.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, ReadError> {
    let text = check_length(text)?;
    let engine = if text.ends_with('=') { &URL_SAFE } else { &URL_SAFE_NO_PAD };
    engine.decode(text).map_err(|_| ReadError::Encoding)
}

/// The text of a pass's bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

impl Content {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let token = schema::Biscuit::decode(bytes).map_err(|_| ReadError::Format)?;
        is_spelled(&token, bytes)?;
        let count = 1 + token.blocks.len();
        if count > MAX_BLOCKS {
            return Err(AdmissionError::TooMany { what: "blocks", max: MAX_BLOCKS }.into());
        }
        let mut names = Names::default();
        let mut symbols = SymbolTable::new();
        let mut blocks = Vec::with_capacity(count);
        for signed in std::iter::once(&token.authority).chain(&token.blocks) {
            let place = if blocks.is_empty() { BlockPlace::Authority } else { BlockPlace::Delegated };
            blocks.push(read_block(signed, place, &mut symbols, &mut names)?);
        }
        let Some(authority) = blocks.first_mut() else { return Err(ReadError::Format) };
        let id: PassId = one_string(&authority.facts, "pass_id")?.parse().map_err(name_error)?;
        authority.revocation = RevocationId::from(&id);
        let task = one_string(&authority.facts, "task")?.to_owned();
        let grants = authority
            .facts
            .iter()
            .filter_map(|fact| grants(fact).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let connections = authority.facts.iter().filter(|fact| &*fact.name == "connected").map(connected);
        let connections = connections.collect::<Result<Vec<_>, _>>()?;
        let (expires, not_before) = bounds(&blocks)?;
        let caveats = || blocks.iter().flat_map(|block| &block.caveats);
        let grants: Grants = grants.into_iter().flatten().collect();
        Ok(Self {
            asks: grants.iter().any(|(answer, _, _)| *answer == Answer::Ask)
                || caveats().any(|caveat| caveat.mentions("approved")),
            id,
            task,
            root_key_id: token.root_key_id,
            limits: limits(&blocks)?,
            connections,
            redactions: response::redactions(&blocks)?,
            asks_answers: caveats().any(|caveat| response::mentions_answers(caveat.reads())),
            asks_provenance: crate::pass::asks::is_asked_by(caveats()),
            reads: caveats().fold(0, |bits, caveat| bits | caveat.reads()),
            zones: zones(&blocks),
            kinds: crate::pass::asks::kinds(caveats()),
            grants,
            expires,
            not_before,
            blocks,
        })
    }

    /// Whether any grant or caveat of the pass waits for an approval.
    pub(crate) fn asks(&self) -> bool {
        self.asks
    }

    /// The words of the request vocabulary that its caveats read.
    pub(crate) fn reads(&self) -> u64 {
        self.reads
    }

    /// The facts of the authority block, which every block reads.
    pub(crate) fn authority(&self) -> &Ordered {
        self.blocks.first().map_or(&NONE, |block| &block.ordered)
    }

    /// What a block reads in addition: its own facts, unless it is the authority block.
    pub(crate) fn own(&self, block: usize) -> &Ordered {
        self.blocks.get(block).filter(|_| block > 0).map_or(&NONE, |block| &block.ordered)
    }
}

/// The time zones whose clock the caveats read.
fn zones(blocks: &[Block]) -> Vec<Zone> {
    let clocks = blocks.iter().flat_map(|block| &block.caveats).flat_map(Caveat::patterns);
    let mut zones: Vec<Arc<str>> = clocks
        .filter(|pattern| &*pattern.name == "clock")
        .filter_map(|pattern| match pattern.slots.first() {
            Some(Slot::Value(Value::Str(zone))) => Some(Arc::from(&**zone)),
            _ => None,
        })
        .collect();
    zones.sort();
    zones.dedup();
    zones.iter().filter_map(Zone::find).collect()
}

/// Encoding the message again must give the same bytes. Protobuf ignores unknown fields, repeated fields and long
/// forms of numbers, so one pass would otherwise have many texts.
fn is_spelled(message: &impl Message, bytes: &[u8]) -> Result<(), ReadError> {
    let is_same = message.encoded_len() == bytes.len() && message.encode_to_vec() == bytes;
    if is_same { Ok(()) } else { Err(ReadError::Spelling) }
}

fn read_block(
    signed: &schema::SignedBlock,
    place: BlockPlace,
    symbols: &mut SymbolTable,
    names: &mut Names,
) -> Result<Block, ReadError> {
    let ed25519 = schema::public_key::Algorithm::Ed25519 as i32;
    let external = signed.external_signature.as_ref();
    let algorithms =
        [Some(signed.next_key.algorithm), external.map(|signature| signature.public_key.algorithm)];
    if algorithms.into_iter().flatten().any(|algorithm| algorithm != ed25519) {
        return Err(ReadError::Algorithm);
    }
    let proto = schema::Block::decode(&*signed.block).map_err(|_| ReadError::Format)?;
    is_spelled(&proto, &signed.block)?;
    if !proto.rules.is_empty() {
        return Err(AdmissionError::Rules.into());
    }
    if !proto.scope.is_empty() || !proto.public_keys.is_empty() {
        return Err(AdmissionError::Scopes.into());
    }
    let block = proto_block_to_token_block(&proto, None).map_err(|_| ReadError::Format)?;
    // A block that a third party signed has its own symbol table.
    let mut own = SymbolTable::new();
    let table = if external.is_some() { &mut own } else { symbols };
    table.extend(&block.symbols).map_err(|_| ReadError::Format)?;
    let facts = block
        .facts
        .iter()
        .map(|fact| {
            let fact = builder::Fact::convert_from(fact, table).map_err(|_| ReadError::Format)?;
            Ok(Fact::compile(&fact, names)?)
        })
        .collect::<Result<Vec<_>, ReadError>>()?;
    let caveats = block
        .checks
        .iter()
        .map(|check| {
            let check = builder::Check::convert_from(check, table).map_err(|_| ReadError::Format)?;
            Ok(Caveat::compile(&check, names)?)
        })
        .collect::<Result<Vec<_>, ReadError>>()?;
    admission::admit(&facts, &caveats, place)?;
    let revocation = hex::encode(&signed.signature);
    let revocation = revocation.parse().map_err(|_| ReadError::Algorithm)?;
    Ok(Block { revocation, ordered: Ordered::of(facts.clone()), facts, caveats })
}

fn connected(fact: &Fact) -> Result<Connected, ReadError> {
    let text = |place| fact.str(place).unwrap_or_default();
    Ok(Connected {
        name: text(0).parse().map_err(name_error)?,
        service: text(1).parse().map_err(name_error)?,
        account: text(2).parse().map_err(name_error)?,
    })
}

type Grants = Vec<(Answer, ConnectionName, Selector)>;

fn grants(fact: &Fact) -> Result<Option<Grants>, ReadError> {
    if !fact.name.starts_with("grant_") {
        return Ok(None);
    }
    let text = |place| fact.str(place).unwrap_or_default();
    let selectors = match &*fact.name {
        "grant_operation" => vec![Selector::Operation(text(2).parse().map_err(name_error)?)],
        "grant_glob" => vec![Selector::Glob { prefix: text(2).to_owned(), suffix: text(3).to_owned() }],
        "grant_effects" => {
            let effects = fact.terms.get(2).and_then(Value::as_strings).unwrap_or_default();
            let effects =
                effects.into_iter().map(str::parse).collect::<Result<Vec<_>, _>>().map_err(name_error)?;
            effects.into_iter().map(Selector::Effect).collect()
        }
        _ => return Ok(None),
    };
    let answer = Answer::ALL.into_iter().find(|answer| answer.as_str() == text(0));
    let answer = answer.ok_or_else(|| ReadError::Name(format!("`{}` is not an answer", text(0))))?;
    let connection: ConnectionName = text(1).parse().map_err(name_error)?;
    Ok(Some(selectors.into_iter().map(|selector| (answer, connection.clone(), selector)).collect()))
}

/// The end that the authority block sets.
pub(crate) fn authority_end(content: &Content) -> Option<u64> {
    let caveats = content.blocks.first()?.caveats.iter();
    caveats
        .filter_map(time_bound)
        .filter_map(|b| if let Bound::Until(at) = b { Some(at) } else { None })
        .min()
}
