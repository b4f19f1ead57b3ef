//! One part of a message, and its content.

use crate::request::decode::mime::fields::{ContentType, Disposition, Encoding};

/// A message, or one part of it.
pub(crate) struct MimePart<'a> {
    /// In order: names in lower case, values unfolded.
    pub fields: Vec<(String, String)>,
    pub kind: ContentType,
    pub encoding: Encoding,
    pub disposition: Disposition,
    pub content: PartContent<'a>,
}

/// The content of a part, as it is written.
pub(crate) enum PartContent<'a> {
    /// Plain text or HTML.
    Text(&'a [u8]),
    /// Anything that the letter does not show.
    Attached(&'a [u8]),
    /// Another message.
    Message { body: &'a [u8], letter: Box<MimePart<'a>> },
    Parts {
        /// The text before the first part. Readers that know MIME do not show it.
        before: &'a [u8],
        parts: Vec<MimePart<'a>>,
    },
}
