//! What a body means beyond its fields: whom a message reaches, and what is attached to it.
//!
//! The readers are strict, so that no other reader sees more. A part that cannot be read with certainty is an error,
//! and the request is then denied as unevaluable. Nothing here fetches anything.
//!
//! - Invariant: If the pass names its senders, no message goes out from another one
//!   (`a_pass_that_says_as_whom_lets_no_other_sender_through`,
//!   `every_operation_that_holds_a_message_is_asked_whom_it_is_from`).

pub(crate) mod address;
pub(crate) mod error;
pub(crate) mod field;
pub(crate) mod header;
pub(crate) mod mime;
pub(crate) mod word;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::catalog::finds::Finds;
use crate::catalog::{Decode, Format, Readers};
use crate::decision::lookup::{self, Found, Observed, Side};
use crate::request::canonical::{Body, Request};
use crate::request::decode::error::DecodeError;
use crate::request::found::Unfound;
use crate::words::effect::{Effect, Effects};

pub(crate) use crate::request::decode::mime::part::MimePart;
pub(crate) use crate::request::decode::mime::part::PartContent;
pub(crate) use address::is_domain;
pub use address::{Address, AddressError};
pub(crate) use header::fields;
pub(crate) use mime::tree;
pub(crate) use word::text as header_text;

/// Who the messages of a request are from, and where answers to them go.
///
/// Gmail lets an account send as any of its own other addresses. It replaces an address that it does not know by the
/// account's own, and nobody else can tell when. So Hallpass believes the sender that a message names. A message that
/// names no sender is from the account. The receiver of answers counts as reached, because an answer goes there without
/// a further question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct From {
    pub senders: Vec<Address>,
    pub answers: Vec<Address>,
}

/// Whom a request reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reached {
    /// In order, each once.
    pub recipients: Vec<Address>,
}

/// `raw` as clients send it: base64url, padded or not, and nothing else.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The messages in the request. A draft that it names is among them once it was looked up.
pub(crate) fn messages(request: &Request, observed: &Observed) -> Result<Vec<Vec<u8>>, DecodeError> {
    let mut messages = Vec::new();
    for decode in request.operation.decode.iter().filter(|decode| decode.format == Format::Rfc822) {
        collect(decode, request, &mut messages)?;
    }
    if lookup::names(request, Finds::Draft) {
        found(Finds::Draft, request, observed)?;
        messages.extend(observed.replaced().map(<[u8]>::to_vec));
    }
    Ok(messages)
}

/// Whether others read the changed thing, or hear of the change. A request that only looks or removes shows them
/// nothing new.
fn reaches_others(request: &Request) -> bool {
    let outward = Effects::NONE.with(Effect::Send).with(Effect::Share);
    let seen = match request.operation.readers {
        Readers::Own => outward,
        Readers::Told | Readers::Untold => outward.with(Effect::Write).with(Effect::Run).with(Effect::Admin),
    };
    !request.effects.intersection(seen).is_empty()
}

/// Whom the request reaches, given its messages. This includes the people who already read the thing it changes.
pub(crate) fn reached(
    request: &Request,
    messages: &[Vec<u8>],
    observed: &Observed,
) -> Result<Reached, DecodeError> {
    let reaches = reaches_others(request);
    if reaches && request.operation.readers == Readers::Untold {
        return Err(DecodeError::Unknown);
    }
    let mut named = None;
    for decode in request.operation.decode.iter().filter(|decode| decode.format == Format::Addresses) {
        field::addresses(decode, request, named.get_or_insert_default())?;
    }
    for finds in Finds::ALL.into_iter().filter(|finds| finds.reaches()) {
        if request.operation.looks.iter().any(|look| look.finds == finds) {
            let named: &mut Vec<Address> = named.get_or_insert_default();
            for address in found(finds, request, observed)?.into_iter().flat_map(|found| &found.addresses) {
                if !named.contains(address) {
                    named.push(address.clone());
                }
            }
        }
    }
    // A person who invites or shares does not reach themselves by it.
    if let Some(named) = &mut named {
        named.retain(|address| !address.as_str().eq_ignore_ascii_case(request.account.as_str()));
    }
    if messages.is_empty() {
        return match (named, request.operation.decode.is_empty()) {
            (Some(recipients), _) => Ok(Reached { recipients }),
            (None, false) if reaches => Err(DecodeError::ByReference),
            (None, true) if reaches => Err(DecodeError::Unknown),
            (None, _) => Ok(Reached::default()),
        };
    }
    let mut reached = Reached { recipients: named.unwrap_or_default() };
    for message in messages {
        for address in header::recipients(message)? {
            if !reached.recipients.contains(&address) {
                reached.recipients.push(address);
            }
        }
    }
    Ok(reached)
}

/// The senders of the messages in the request.
pub(crate) fn from(request: &Request, messages: &[Vec<u8>]) -> Result<From, DecodeError> {
    let mut from = From::default();
    let holds_messages = request.operation.decode.iter().any(|decode| decode.format == Format::Rfc822);
    if messages.is_empty() && holds_messages && request.effects.contains(Effect::Send) {
        return Err(DecodeError::ByReference);
    }
    for message in messages {
        from.senders.extend(header::senders(message)?);
        if !header::has_author(message)? {
            from.senders.push(request.account.as_str().parse()?);
        }
        from.answers.extend(header::answered(message)?);
    }
    for all in [&mut from.senders, &mut from.answers] {
        all.sort();
        all.dedup();
    }
    Ok(from)
}

/// Who takes part in the thread of the request's message: nobody, if it names no thread.
pub(crate) fn participants<'a>(
    request: &Request,
    observed: &'a Observed,
) -> Result<&'a [Address], DecodeError> {
    let looks = &request.operation.looks;
    let holds_messages = request.operation.decode.iter().any(|decode| decode.format == Format::Rfc822);
    if !looks.iter().any(|look| look.finds == Finds::Thread) {
        return if holds_messages { Err(DecodeError::Forged) } else { Ok(&[]) };
    }
    // The draft says which thread it is in, whatever the request says.
    if lookup::names(request, Finds::Draft) {
        found(Finds::Draft, request, observed)?;
    }
    let thread = found(Finds::Thread, request, observed)?;
    Ok(thread.first().map_or(&[], |thread| thread.addresses.as_slice()))
}

/// Whether the request writes into a conversation with another organization, or to a person of one. A request that only
/// reads writes into none. A request that reaches people without naming them or a conversation reaches unknown people.
pub(crate) fn external(request: &Request, observed: &Observed) -> Result<bool, DecodeError> {
    let named: Vec<&str> =
        request.resources.iter().filter(|one| &*one.kind == "channel").map(|one| one.id.as_str()).collect();
    let reaches = reaches_others(request);
    if request.effects == Effects::NONE.with(Effect::Read) || (named.is_empty() && !reaches) {
        return Ok(false);
    }
    let (mut known, mut outside) = (Vec::new(), false);
    let mut people = Vec::new();
    for finds in [Finds::Conversation, Finds::Members, Finds::Person] {
        for side in found(finds, request, observed)?.into_iter().filter_map(|found| found.side.as_ref()) {
            match side {
                Side::Conversation { id, outside: shared } => {
                    known.push(id.as_str());
                    outside |= shared;
                }
                Side::Person { id, team, guest } => {
                    known.push(id.as_str());
                    people.push((id.as_str(), team.as_str()));
                    outside |= guest;
                }
            }
        }
    }
    if known.is_empty() || named.iter().any(|id| !known.contains(id)) {
        return Err(DecodeError::Unknown);
    }
    let own = people.iter().find(|(id, _)| *id == request.account.as_str()).map(|(_, team)| *team);
    Ok(outside || people.iter().any(|(_, team)| Some(*team) != own))
}

/// The results of all look-ups of this kind, for the things that the request names or that other results point to.
fn found<'a>(finds: Finds, request: &Request, observed: &'a Observed) -> Result<Vec<&'a Found>, DecodeError> {
    let looks = request.operation.looks.iter().filter(|look| look.finds == finds);
    let targets = looks.flat_map(|look| lookup::targets(look, request, observed));
    let one = |target: Result<String, Unfound>| {
        let target = target.map_err(|error| DecodeError::Unfound(finds, error))?;
        match observed.at(finds, &target) {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => Err(DecodeError::Unfound(finds, error)),
            None => Err(DecodeError::Missing(finds)),
        }
    };
    targets.map(one).collect()
}

/// The subject of a message, decoded; empty if it has none.
pub fn subject(message: &[u8]) -> Result<String, DecodeError> {
    header::subject(message)
}

/// The subject that all of the messages share.
pub(crate) fn common_subject(messages: &[Vec<u8>]) -> Result<String, DecodeError> {
    let mut found: Option<String> = None;
    for message in messages {
        let subject = subject(message)?;
        if found.as_ref().is_some_and(|known| *known != subject) {
            return Err(DecodeError::Subject);
        }
        found = Some(subject);
    }
    Ok(found.unwrap_or_default())
}

/// The number of attachments in a message: in doubt, more rather than fewer.
pub fn attachments(message: &[u8]) -> Result<usize, DecodeError> {
    Ok(mime::attachments(message)?)
}

/// Base64url as the services write it.
pub(crate) fn base64url(text: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(text).ok()
}

/// The addresses in a header's value, if all of it can be read with certainty.
pub(crate) fn addresses(value: &str) -> Option<Vec<Address>> {
    address::list(value).ok()
}

/// The addresses in a header's value, each with the name before it, for display.
pub(crate) fn named_addresses(value: &str) -> Option<Vec<(String, Address)>> {
    address::named(value)
}

fn collect(decode: &Decode, request: &Request, messages: &mut Vec<Vec<u8>>) -> Result<(), DecodeError> {
    let (json, media) = match &request.body {
        Body::Empty | Body::Form(_) => (None, None),
        Body::Json(json) => (Some(json), None),
        Body::Media { bytes, .. } => (None, Some(bytes)),
        Body::Related { metadata, bytes, .. } => (Some(metadata), Some(bytes)),
    };
    for path in &decode.fields {
        let field = json.and_then(|json| path.split('.').try_fold(json, |at, name| at.field(name)));
        let Some(value) = field else { continue };
        let text = value.as_str().ok_or_else(|| DecodeError::Encoding(path.to_string()))?;
        messages.push(BASE64URL.decode(text).map_err(|_| DecodeError::Encoding(path.to_string()))?);
    }
    if let (Some(bytes), true) = (media, decode.media) {
        messages.push(bytes.clone());
    }
    Ok(())
}

/// The recipients of a message, for checks against another reader.
pub fn recipients(message: &[u8]) -> Result<Vec<Address>, DecodeError> {
    header::recipients(message)
}
