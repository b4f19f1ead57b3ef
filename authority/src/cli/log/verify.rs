//! `hallpass log verify`: proves that nobody edited a record, of this home's log or of exported files alone.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::app::{AuditKeyInfo, BadRecord, LogVerification};
use crate::audit::{AuditKey, ExportVerification, verify_exports};
use crate::cli::client::Client;
use crate::cli::context::{Context, block_on};
use crate::cli::failure::Failure;
use crate::cli::plain::inline;
use crate::cli::term::Tone;

/// Check the chain of records from the start, and name the first record that was changed
#[derive(Debug, Clone, Args)]
pub(super) struct Verify {
    /// Exported files to verify instead of this home's log; each continues where the one before it ended
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The public key that verifies the files [default: this home's]
    #[arg(long, value_name = "PUBLIC", requires = "files")]
    key: Option<String>,
}

impl Verify {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        if self.files.is_empty() {
            let found: LogVerification =
                block_on(async { Client::open(context).await?.read("/v1/log/verification").await })?;
            return tell(context, &found, &found, None);
        }
        let key = match self.key {
            Some(key) => key,
            None => own_key(context)?.public_key,
        };
        let found = of_files(&self.files, &key)?;
        let place = found.stopped_at.and_then(|(file, line)| {
            let file = self.files.get(file.checked_sub(1)?)?;
            Some(format!("`{}`, line {line}", file.display()))
        });
        tell(context, &found, &found.log, place)
    }
}

/// Returns the key of this home, for a person who gives none.
pub(in crate::cli) fn own_key(context: &Context) -> Result<AuditKeyInfo, Failure> {
    block_on(async { Client::open(context).await?.read("/v1/log/key").await })
}

/// Verifies exported files with only the key.
pub(super) fn of_files(files: &[PathBuf], key: &str) -> Result<ExportVerification, Failure> {
    let key: AuditKey = key.parse().map_err(Failure::usage)?;
    let open = |path: &PathBuf| {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        Ok(Box::new(BufReader::new(file)) as Box<dyn BufRead>)
    };
    let opened = files.iter().map(open).collect::<Result<_, Failure>>()?;
    verify_exports(opened, key).map_err(|error| Failure::failed(format!("a file could not be read: {error}")))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("`{}` could not be read: {error}", path.display()))
}

/// Shows the result in any case. If it is bad, the command fails.
fn tell<T: Serialize>(
    context: &Context,
    result: &T,
    found: &LogVerification,
    place: Option<String>,
) -> Result<(), Failure> {
    if let Some(bad) = &found.first_bad {
        context.term.result(result, String::new)?;
        return Err(failure(bad, found, place));
    }
    context.term.say_in(Tone::Good, whole(found));
    if found.after_checkpoint > 0 {
        let them = if found.after_checkpoint == 1 { "it" } else { "them" };
        let words = format!(
            "{} after the last signed checkpoint: nothing proves that no record is missing after {them}",
            records(found.after_checkpoint)
        );
        context.term.say_in(Tone::Warn, words);
    }
    context.term.result(result, || found.head.clone())
}

fn failure(bad: &BadRecord, found: &LogVerification, place: Option<String>) -> Failure {
    let mut words = format!("record {}: {}", bad.seq, inline(&bad.because));
    if let (Some(expected), Some(got)) = (&bad.expected, &bad.got) {
        words.push_str(&format!("; expected {expected}, got {got}"));
    }
    if let Some(place) = place {
        words.push_str(&format!(" ({place})"));
    }
    Failure::failed(words).or_hint(match found.records {
        0 => "no record before it could be verified".to_owned(),
        1 => "the one record before it is whole".to_owned(),
        many => format!("the {many} records before it are whole"),
    })
}

fn whole(found: &LogVerification) -> String {
    let signed = match found.checkpoints {
        0 => String::new(),
        1 => ", with one signed checkpoint".to_owned(),
        many => format!(", with {many} signed checkpoints"),
    };
    match (found.first, found.records) {
        (1, 1) => format!("the one record is as it was written{signed}"),
        (1, many) => format!("all {many} records are as they were written{signed}"),
        (first, many) => format!("{} from record {first} on: as written{signed}", records(many)),
    }
}

fn records(count: u64) -> String {
    match count {
        1 => "1 record".into(),
        many => format!("{many} records"),
    }
}
