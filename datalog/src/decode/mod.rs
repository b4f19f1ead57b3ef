//! What a body means beyond its fields: whom a message reaches, and what is attached to it.
//!
//! Strict, so that no other reader can see more: what is not read with certainty is an error, and the
//! request is then denied as unevaluable. Nothing here fetches anything.

mod address;
mod field;
mod header;
mod mime;
mod word;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::catalog::{Decode, Format};
use crate::effect::{Effect, Effects};
use crate::lookup::{self, Finds, Found, Observed, Side, Unfound};
use crate::request::{Body, Request};

pub(crate) use address::is_domain;
pub use address::{Address, AddressError};
pub use header::HeaderError;
pub(crate) use header::fields;
pub use mime::MimeError;
pub(crate) use word::decode as decode_word;

/// The look-ups that tell whom a request reaches beside those whom it names.
const REACH: [Finds; 6] =
    [Finds::Event, Finds::Series, Finds::Calendar, Finds::Rule, Finds::Permission, Finds::Access];

/// Whom a request reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reached {
    /// In the order in which they stand, each once.
    pub recipients: Vec<Address>,
}

/// Why it cannot be told what a request means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("`{0}` is not base64url")]
    Encoding(String),
    #[error("the message cannot be read with certainty: {0}")]
    Header(#[from] HeaderError),
    #[error("a recipient cannot be read with certainty: {0}")]
    Address(#[from] AddressError),
    #[error("`{0}` does not say with certainty whom the request reaches")]
    Field(String),
    #[error("its subject cannot be read with certainty")]
    Subject,
    #[error("its attachments cannot be counted with certainty: {0}")]
    Mime(#[from] MimeError),
    #[error("the request does not hold the message that it sends")]
    ByReference,
    #[error("the {0} that the request names needs a look-up, which only the gateway makes")]
    Missing(Finds),
    #[error("the {0} that the request names is not known: {1}")]
    Unfound(Finds, Unfound),
    #[error("the operation puts a message into the mailbox by which anybody could become a participant")]
    Forged,
    #[error("whom this operation reaches cannot be told from the request")]
    Unknown,
}

impl DecodeError {
    /// The error without what stands in the message or the field.
    pub(crate) fn without_values(&self) -> String {
        match self {
            Self::Header(_) => "the message cannot be read with certainty".into(),
            Self::Address(_) => "a recipient cannot be read with certainty".into(),
            Self::Mime(_) => "its attachments cannot be counted with certainty".into(),
            other => other.to_string(),
        }
    }
}

/// `raw` as clients send it: base64url, padded or not, and nothing else.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The messages that the request holds. The draft that it names is among them once it was looked up.
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

/// Whom the request reaches, given the messages that it holds: also whom what it changes reaches already.
pub(crate) fn reached(
    request: &Request,
    messages: &[Vec<u8>],
    observed: &Observed,
) -> Result<Reached, DecodeError> {
    let mut named = None;
    for decode in request.operation.decode.iter().filter(|decode| decode.format == Format::Addresses) {
        field::addresses(decode, request, named.get_or_insert_default())?;
    }
    for finds in REACH {
        if request.operation.looks.iter().any(|look| look.finds == finds) {
            let named: &mut Vec<Address> = named.get_or_insert_default();
            for address in found(finds, request, observed)?.into_iter().flat_map(|found| &found.addresses) {
                if !named.contains(address) {
                    named.push(address.clone());
                }
            }
        }
    }
    // Who invites or shares does not reach themselves by it.
    if let Some(named) = &mut named {
        named.retain(|address| !address.as_str().eq_ignore_ascii_case(request.account.as_str()));
    }
    let outward = Effects::NONE.with(Effect::Send).with(Effect::Share);
    let reaches = !request.effects.intersection(outward).is_empty();
    if messages.is_empty() {
        return match (named, request.operation.decode.is_empty()) {
            (Some(recipients), _) => Ok(Reached { recipients }),
            (None, false) if reaches => Err(DecodeError::ByReference),
            (None, true) if reaches && request.operation.addressed => Err(DecodeError::Unknown),
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

/// Who takes part in the thread that the request's message goes into: nobody, where it names none.
pub(crate) fn participants<'a>(
    request: &Request,
    observed: &'a Observed,
) -> Result<&'a [Address], DecodeError> {
    let looks = &request.operation.looks;
    let holds_messages = request.operation.decode.iter().any(|decode| decode.format == Format::Rfc822);
    if !looks.iter().any(|look| look.finds == Finds::Thread) {
        return if holds_messages { Err(DecodeError::Forged) } else { Ok(&[]) };
    }
    // The draft says which thread it is in, whatever the request says of it.
    if lookup::names(request, Finds::Draft) {
        found(Finds::Draft, request, observed)?;
    }
    let thread = found(Finds::Thread, request, observed)?;
    Ok(thread.first().map_or(&[], |thread| thread.addresses.as_slice()))
}

/// Whether another organization takes part in any conversation that the request writes into, or is written to. Who only
/// reads writes into none; who reaches people without naming a conversation or them reaches nobody knows whom.
pub(crate) fn external(request: &Request, observed: &Observed) -> Result<bool, DecodeError> {
    let outward = Effects::NONE.with(Effect::Send).with(Effect::Share);
    let named: Vec<&str> =
        request.resources.iter().filter(|one| &*one.kind == "channel").map(|one| one.id.as_str()).collect();
    let reaches = !request.effects.intersection(outward).is_empty();
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

/// What was found of everything of the kind that the request names, or that what it names points to.
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

/// The subject of a message, decoded; empty where it has none.
pub fn subject(message: &[u8]) -> Result<String, DecodeError> {
    header::subject(message)
}

/// The subject that all of the messages have.
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

/// How many attachments a message has; more rather than fewer.
pub fn attachments(message: &[u8]) -> Result<usize, DecodeError> {
    Ok(mime::attachments(message)?)
}

/// Base64url as the services give it out.
pub(crate) fn base64url(text: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(text).ok()
}

/// The addresses of a header's value, where all of it is read with certainty.
pub(crate) fn addresses(value: &str) -> Option<Vec<Address>> {
    address::list(value).ok()
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
