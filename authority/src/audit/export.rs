//! The log as a file: one JSON value a line, which anybody verifies with the public key.
//!
//! The first line is signed and says which records the file holds, so that a cut file is noticed. Each record follows
//! as the exact text that was chained, with its hash. A checkpoint stands after its record. Every line has one
//! spelling, so a file with one changed byte does not verify.
//!
//! - Invariant: An export with one changed byte does not verify
//!   (`an_export_in_which_any_byte_is_another_does_not_verify`).

use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::walk::Walk;
use super::{AuditKey, AuditKeyError, AuditSigner, Checkpoint, hex};
use crate::app::{BadRecord, LogVerification, Wrong};
use crate::audit::hex::unhex;
use crate::clock::unix_millis;
use crate::store::{ChainLink, StoredRecord};
use crate::vault::Vault;

const LABEL: &str = "hallpass audit export v1\n";
const VERSION: u32 = 1;
/// No line of a log is longer, because bodies are not in it and everything else has a limit.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;
/// `,"hash":"` 64 digits `"}`
const TAIL: usize = 9 + 64 + 2;

/// The first line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The last place before the file.
    pub after: ChainLink,
    /// The last place in it.
    pub to: ChainLink,
}

impl Header {
    /// Returns the line, signed.
    pub(crate) fn line(
        &self,
        signer: &AuditSigner,
        vault: &Vault,
        at: OffsetDateTime,
    ) -> Result<String, AuditKeyError> {
        let statement = self.statement(&signer.public().to_string(), unix_millis(at));
        let signature = signer.sign(vault, &format!("{LABEL}{statement}"))?;
        Ok(format!(r#"{{"export":{statement},"signature":"{}"}}"#, hex(signature)))
    }

    fn statement(&self, key: &str, at: i64) -> String {
        let link = |link: ChainLink| format!(r#"{{"seq":{},"hash":"{}"}}"#, link.seq, hex(link.hash));
        let (after, to) = (link(self.after), link(self.to));
        format!(r#"{{"version":{VERSION},"after":{after},"to":{to},"at":{at},"key":"{key}"}}"#)
    }

    fn parse(line: &str, key: &AuditKey) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Line<'a> {
            #[serde(borrow)]
            export: Statement<'a>,
            signature: &'a str,
        }
        #[derive(Deserialize)]
        struct Statement<'a> {
            version: u32,
            #[serde(borrow)]
            after: Place<'a>,
            #[serde(borrow)]
            to: Place<'a>,
            at: i64,
            key: &'a str,
        }
        #[derive(Deserialize)]
        struct Place<'a> {
            seq: u64,
            hash: &'a str,
        }
        let not_one = || "expected the signed first line of an export".to_owned();
        let Line { export, signature } = serde_json::from_str(line).map_err(|_| not_one())?;
        if export.version != VERSION {
            return Err(format!("expected an export of version {VERSION}, got {}", export.version));
        }
        let place = |place: Place<'_>| Some(ChainLink { seq: place.seq, hash: unhex(place.hash)? });
        let after = place(export.after).ok_or_else(not_one)?;
        let to = place(export.to).ok_or_else(not_one)?;
        let (header, key_text) = (Self { after, to }, key.to_string());
        if export.key != key_text {
            return Err(format!(
                "expected an export that the key {key_text} signed, got one of {}",
                export.key
            ));
        }
        let statement = header.statement(&key_text, export.at);
        let is_spelt = format!(r#"{{"export":{statement},"signature":"{signature}"}}"#) == line;
        let signature = unhex(signature).filter(|_| is_spelt).ok_or_else(not_one)?;
        match key.signed(&format!("{LABEL}{statement}"), &signature) {
            true => Ok(header),
            false => Err("its first line was changed: the signature is not of what it says".into()),
        }
    }
}

/// Returns the line of a record.
pub(crate) fn record_line(record: &StoredRecord) -> String {
    format!(r#"{{"record":{},"hash":"{}"}}"#, record.text, hex(record.hash))
}

fn parse_record(line: &str) -> Option<StoredRecord> {
    #[derive(Deserialize)]
    struct Numbered {
        seq: u64,
    }
    let (text, tail) =
        line.strip_prefix(r#"{"record":"#)?.split_at_checked(line.len().checked_sub(10 + TAIL)?)?;
    let hash = unhex(tail.strip_prefix(r#","hash":""#)?.strip_suffix(r#""}"#)?)?;
    let Numbered { seq } = serde_json::from_str(text).ok()?;
    Some(StoredRecord { seq, text: text.to_owned(), hash })
}

/// The result of verifying one or several files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportVerification {
    #[serde(flatten)]
    pub log: LogVerification,
    /// Where the walk ended early: the number of the file, and the line, both from 1.
    pub stopped_at: Option<(usize, usize)>,
}

/// Verifies consecutive files, with only the public key.
pub fn verify_exports(files: Vec<Box<dyn BufRead>>, key: AuditKey) -> io::Result<ExportVerification> {
    let mut walk: Option<Walk> = None;
    let mut files = files.into_iter().enumerate();
    while let Some((number, file)) = files.next() {
        let mut lines = FileLines { file, line: 0 };
        if let Err(stop) = verify_one(&mut lines, key, &mut walk) {
            let bad = match stop {
                Unreadable::Io(error) => return Err(error),
                Unreadable::Bad(bad) => bad,
            };
            let at = (number + 1, lines.line);
            let rest = std::iter::once(lines).chain(files.map(|(_, file)| FileLines { file, line: 0 }));
            let bad = was_moved(bad, rest)?;
            let walk = walk.unwrap_or_else(|| Walk::after(super::FIRST_LINK, key));
            return Ok(ExportVerification { log: walk.end(Some(bad)), stopped_at: Some(at) });
        }
    }
    let walk = walk.unwrap_or_else(|| Walk::after(super::FIRST_LINK, key));
    Ok(ExportVerification { log: walk.end(None), stopped_at: None })
}

enum Unreadable {
    Io(io::Error),
    Bad(BadRecord),
}

impl From<BadRecord> for Unreadable {
    fn from(bad: BadRecord) -> Self {
        Self::Bad(bad)
    }
}

/// The lines of one file, none longer than a line can be.
struct FileLines {
    file: Box<dyn BufRead>,
    line: usize,
}

impl FileLines {
    /// Returns the next line without its end. A last line that was cut has no end, and is returned as it is.
    fn next(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let mut bounded = io::Read::take(&mut self.file, LONGEST_LINE);
        if bounded.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        // A line that is empty, has no end or is not UTF-8 is not one of ours.
        let whole = bytes.pop_if(|last| *last == b'\n').is_some();
        Ok(Some(String::from_utf8(bytes).ok().filter(|_| whole).unwrap_or_default()))
    }
}

fn verify_one(lines: &mut FileLines, key: AuditKey, walk: &mut Option<Walk>) -> Result<(), Unreadable> {
    let first = lines.next().map_err(Unreadable::Io)?.unwrap_or_default();
    let before = walk.as_ref().map_or(0, |walk| walk.head().seq);
    let header = Header::parse(&first, &key).map_err(|because| BadRecord::new(before + 1, because))?;
    let walk = walk.get_or_insert_with(|| Walk::after(header.after, key));
    if walk.head() != header.after {
        let head = walk.head();
        let because = "the file does not go on where the one before it ended".to_owned();
        let place =
            |link: ChainLink| format!("a file that goes on after record {} ({})", link.seq, hex(link.hash));
        return Err(BadRecord::new(head.seq + 1, because).differs(place(head), place(header.after)).into());
    }
    while let Some(line) = lines.next().map_err(Unreadable::Io)? {
        step(walk, &line, header.to)?;
    }
    let head = walk.head();
    if head.seq < header.to.seq {
        let because = format!(
            ": the file ends after record {}, and was signed to go on to record {}",
            head.seq, header.to.seq
        );
        let bad = BadRecord::missing(head.seq + 1, &because);
        return Err(bad.differs(format!("record {}", head.seq + 1), "the end of the file".into()).into());
    }
    Ok(walk.vouched(header.to)?)
}

fn step(walk: &mut Walk, line: &str, to: ChainLink) -> Result<(), BadRecord> {
    if let Some(checkpoint) = Checkpoint::parse(line) {
        return walk.checkpoint(&checkpoint);
    }
    let next = walk.head().seq + 1;
    let Some(record) = parse_record(line) else {
        let because = "it was changed: the line is neither a record nor a checkpoint".to_owned();
        return Err(BadRecord::new(next, because));
    };
    if next > to.seq {
        let because = format!("it was inserted: the file was signed to end after record {}", to.seq);
        return Err(BadRecord::new(record.seq, because)
            .differs("the end of the file".into(), format!("record {}", record.seq)));
    }
    walk.record(&record)
}

/// Returns the same bad record. If the missing record appears further down, it was moved and not removed.
fn was_moved(bad: BadRecord, rest: impl Iterator<Item = FileLines>) -> io::Result<BadRecord> {
    if bad.wrong != Wrong::Missing {
        return Ok(bad);
    }
    for mut lines in rest {
        while let Some(line) = lines.next()? {
            if parse_record(&line).is_some_and(|record| record.seq == bad.seq) {
                let because = "it was moved: it stands further down".into();
                return Ok(BadRecord { wrong: Wrong::Moved, because, ..bad });
            }
        }
    }
    Ok(bad)
}
