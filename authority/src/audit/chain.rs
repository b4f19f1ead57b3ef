//! The chain: each record's hash covers the record and the hash before it.
//!
//! A person who changes, removes, moves or adds a record must change every hash after it, and a hash that was shown or
//! signed earlier tells. The chain cannot show that a log was cut at its end; a checkpoint can.

use sha2::{Digest, Sha256};

use super::record::{Entry, LogRecord};
use crate::app::BadRecord;
use crate::audit::hex::hex;
use crate::store::{Beside, ChainLink, Line, StoredRecord};

/// The link before the first record.
pub(crate) const FIRST_LINK: ChainLink = ChainLink { seq: 0, hash: [0; 32] };

/// Returns the SHA-256 over a label, the hash before, and the canonical text.
pub(crate) fn link(before: &[u8; 32], text: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"hallpass audit record v1\n")
        .chain_update(before)
        .chain_update(text)
        .finalize()
        .into()
}

impl Line {
    /// Returns the canonical text of an entry, still without a number.
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

    /// Returns the same line with the data beside it. The record will vouch for that data.
    pub(crate) fn with(self, beside: Option<Beside>) -> Self {
        Self { beside, ..self }
    }

    /// Returns the text as it is stored and chained. `facts` is the SHA-256 of the sealed data beside it.
    pub(crate) fn numbered(&self, seq: u64, facts: Option<[u8; 32]>) -> String {
        let rest = self.text.strip_prefix('{').unwrap_or_default();
        match facts {
            None => format!("{{\"seq\":{seq},{rest}"),
            Some(facts) => format!("{{\"seq\":{seq},\"facts\":\"{}\",{rest}", hex(facts)),
        }
    }
}

/// Checks that `record` follows `before`. If it does not, names what is wrong.
pub(crate) fn follow(before: ChainLink, record: &StoredRecord) -> Result<ChainLink, BadRecord> {
    let expected = before.seq + 1;
    let got = record.seq;
    if got != expected {
        let bad = match got > expected {
            true => BadRecord::missing(expected, &format!(": record {got} follows record {}", before.seq)),
            false => BadRecord::new(got, format!("it was inserted where record {expected} belongs")),
        };
        return Err(bad.differs(format!("record {expected}"), format!("record {got}")));
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
        return Err(BadRecord::new(got, because.into()).differs(hex(hash), hex(record.hash)));
    }
    Ok(ChainLink { seq: got, hash })
}

/// Reads a record from its text.
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
    Ok(LogRecord { seq, at, entry, hash: hex(record.hash) })
}
