//! What a body means beyond its fields: whom a message reaches.
//!
//! Strict, so that no other reader can see more: what is not read with certainty is an error, and the
//! request is then denied as unevaluable. Nothing here fetches anything.

mod address;
mod field;
mod header;
mod word;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::catalog::{Decode, Format};
use crate::effect::{Effect, Effects};
use crate::request::{Body, Request};

pub(crate) use address::is_domain;
pub use address::{Address, AddressError};
pub use header::HeaderError;

/// Whom a request reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reached {
    /// In the order in which they stand, each once.
    pub recipients: Vec<Address>,
}

/// Why it cannot be told whom a request reaches.
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
    #[error("the request does not hold the message that it sends")]
    ByReference,
    #[error("whom this operation reaches cannot be told from the request")]
    Unknown,
}

/// `raw` as clients send it: base64url, padded or not, and nothing else.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whom the request reaches. `addressed`: the service has messages that are decoded, so that an operation of
/// it which reaches people and holds none is one whose recipients nobody knows.
pub fn reached(request: &Request) -> Result<Reached, DecodeError> {
    let mut messages = Vec::new();
    let mut named = None;
    for decode in &request.operation.decode {
        match decode.format {
            Format::Rfc822 => collect(decode, request, &mut messages)?,
            Format::Addresses => field::addresses(decode, request, named.get_or_insert_default())?,
        }
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
    // A draft that is named is what is sent, whatever else the request holds.
    if reaches && request.arguments.iter().any(|one| &*one.name == "id") {
        return Err(DecodeError::ByReference);
    }
    let mut reached = Reached { recipients: named.unwrap_or_default() };
    for message in messages {
        for address in header::recipients(&message)? {
            if !reached.recipients.contains(&address) {
                reached.recipients.push(address);
            }
        }
    }
    Ok(reached)
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
