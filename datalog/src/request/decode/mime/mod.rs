//! The parts of a message (RFC 2045, 2046, 2183), read once and strictly. Decisions, counts and previews all use this
//! one tree.
//!
//! It refuses a structure that readers could split in different ways. It does not read contents, except for attachments
//! from the time before MIME.
//!
//! - Invariant: No other mail reader sees a recipient or an attachment that this one missed
//!   (`another_reader_never_sees_more_recipients`, `another_reader_never_sees_more_attachments`).

pub(crate) mod content;
pub(crate) mod count;
pub(crate) mod fields;
pub(crate) mod lines;
pub(crate) mod part;

use crate::request::decode::error::{MAX_DEPTH, MAX_PARTS, MimeError};
use crate::request::decode::header::{self, single};
use crate::request::decode::mime::part::{MimePart, PartContent};
use fields::{Disposition, encoding};
use lines::{is_without_files, separate, split};

pub(crate) use fields::{ContentType, Encoding};

/// Kinds of parts that hold only parts of the same message.
const MULTIPARTS: [&str; 5] =
    ["multipart/mixed", "multipart/alternative", "multipart/related", "multipart/signed", "multipart/report"];

/// The message as a tree.
pub(crate) fn tree(message: &[u8]) -> Result<MimePart<'_>, MimeError> {
    MimeReader { left: MAX_PARTS }.part(message, PartPlace::Letter, 0)
}

/// The number of attachments in a message. Every part that is not plainly the letter's text counts, so that no other
/// reader sees more.
pub(super) fn attachments(message: &[u8]) -> Result<usize, MimeError> {
    Ok(count::attachments(&tree(message)?))
}

/// Where a part stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PartPlace {
    Letter,
    Part,
}

struct MimeReader {
    left: usize,
}

impl MimeReader {
    fn part<'a>(
        &mut self,
        bytes: &'a [u8],
        place: PartPlace,
        depth: usize,
    ) -> Result<MimePart<'a>, MimeError> {
        self.left = self.left.checked_sub(1).filter(|_| depth <= MAX_DEPTH).ok_or(MimeError::Size)?;
        let (header, body) = split(bytes);
        let fields = match place {
            // A part may begin with its content.
            PartPlace::Part if header.is_empty() => Vec::new(),
            PartPlace::Part | PartPlace::Letter => header::fields(bytes)?,
        };
        let kind = ContentType::of(single(&fields, "content-type")?)?;
        let encoding = encoding(single(&fields, "content-transfer-encoding")?)?;
        single(&fields, "mime-version")?;
        let disposition = Disposition::of(&fields)?;
        let content = self.content(body, &kind, encoding, depth)?;
        Ok(MimePart { fields, kind, encoding, disposition, content })
    }

    fn content<'a>(
        &mut self,
        body: &'a [u8],
        kind: &ContentType,
        encoding: Encoding,
        depth: usize,
    ) -> Result<PartContent<'a>, MimeError> {
        if kind.essence.starts_with("multipart/") {
            if !MULTIPARTS.contains(&&*kind.essence) || encoding != Encoding::Plain {
                return Err(MimeError::Kind);
            }
            let boundary = kind.boundary.as_deref().ok_or(MimeError::Boundary)?;
            let (before, parts) = separate(body, boundary)?;
            let parts = parts.into_iter().map(|part| self.part(part, PartPlace::Part, depth + 1));
            return Ok(PartContent::Parts { before, parts: parts.collect::<Result<_, _>>()? });
        }
        match &*kind.essence {
            "text/plain" | "text/html" => {
                is_without_files(body)?;
                Ok(PartContent::Text(body))
            }
            "message/rfc822" if encoding == Encoding::Plain => {
                let letter = Box::new(self.part(body, PartPlace::Letter, depth + 1)?);
                Ok(PartContent::Message { body, letter })
            }
            // Several files in one, or another message. Only some readers open these.
            "application/ms-tnef" | "application/vnd.ms-tnef" => Err(MimeError::Kind),
            essence if essence.starts_with("message/") => Err(MimeError::Kind),
            _ => Ok(PartContent::Attached(body)),
        }
    }
}
