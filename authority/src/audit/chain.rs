//! The chain: each record's hash covers the record and the hash before it.
//!
//! Whoever changes, removes, moves or adds a record has to change every hash after it; what was shown or
//! signed before then tells. It cannot see a log that was cut at its end: a checkpoint does.

use sha2::{Digest, Sha256};

use super::record::{Entry, LogRecord};
use crate::app::BadRecord;
use crate::store::{Beside, ChainLink, Line, StoredRecord};

/// What the first record is chained to.
pub(crate) const FIRST_LINK: ChainLink = ChainLink { seq: 0, hash: [0; 32] };

/// SHA-256 over a label, the hash before, and the canonical text.
pub(crate) fn link(before: &[u8; 32], text: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"hallpass audit record v1\n")
        .chain_update(before)
        .chain_update(text)
        .finalize()
        .into()
}

impl Line {
    /// The canonical text of an entry, without a number yet.
    pub(crate) fn new(at: time::OffsetDateTime, entry: &Entry) -> Self {
        #[derive(serde::Serialize)]
        struct Unnumbered<'a> {
            #[serde(with = "time::serde::rfc3339")]
            at: time::OffsetDateTime,
            #[serde(flatten)]
            entry: &'a Entry,
        }
        // Infallible: the years are those of a clock, the keys are strings.
        let text = serde_json::to_string(&Unnumbered { at, entry }).unwrap_or_default();
        Self { text, beside: None }
    }

    /// The same with what is kept beside it, which it will vouch for.
    pub(crate) fn with(self, beside: Option<Beside>) -> Self {
        Self { beside, ..self }
    }

    /// The text as it is stored and chained; `facts` is the SHA-256 of what is sealed beside it.
    pub(crate) fn numbered(&self, seq: u64, facts: Option<[u8; 32]>) -> String {
        let rest = self.text.strip_prefix('{').unwrap_or_default();
        match facts {
            None => format!("{{\"seq\":{seq},{rest}"),
            Some(facts) => format!("{{\"seq\":{seq},\"facts\":\"{}\",{rest}", hex(&facts)),
        }
    }
}

/// Checks that `record` follows `before`, and names what is wrong where it does not.
pub(crate) fn follow(before: ChainLink, record: &StoredRecord) -> Result<ChainLink, BadRecord> {
    let expected = before.seq + 1;
    let got = record.seq;
    if got != expected {
        let (seq, because) = match got > expected {
            true => (expected, format!("it was removed: record {got} follows record {}", before.seq)),
            false => (got, format!("it was inserted where record {expected} belongs")),
        };
        return Err(
            BadRecord::new(seq, because).differs(format!("record {expected}"), format!("record {got}"))
        );
    }
    let parsed = parse(record)
        .map_err(|error| BadRecord::new(got, format!("it was changed: its text is no record ({error})")))?;
    if parsed.seq != got {
        let because =
            format!("it was put in the place of another: its text says it is record {}", parsed.seq);
        return Err(
            BadRecord::new(got, because).differs(format!("record {got}"), format!("record {}", parsed.seq))
        );
    }
    let hash = link(&before.hash, &record.text);
    if hash != record.hash {
        let because = "it was changed: its hash is not that of its text and the record before";
        return Err(BadRecord::new(got, because.into()).differs(hex(&hash), hex(&record.hash)));
    }
    Ok(ChainLink { seq: got, hash })
}

/// The record as its text says it.
pub(crate) fn parse(record: &StoredRecord) -> Result<LogRecord, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Text {
        seq: u64,
        #[serde(with = "time::serde::rfc3339")]
        at: time::OffsetDateTime,
        #[serde(flatten)]
        entry: Entry,
    }
    let Text { seq, at, entry } = serde_json::from_str(&record.text)?;
    Ok(LogRecord { seq, at, entry, hash: hex(&record.hash) })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
