//! `hallpass log export` and `log rotate`: the log as JSON Lines that anybody verifies with the public key.
//!
//! A file is on disk, and verified as it lies there, before anything is removed from the log.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;

use super::verify::of_files;
use crate::app::{ExportBegun, ExportLines, ExportRange, Rotation};
use crate::cli::client::{Client, with_query};
use crate::cli::failure::Failure;
use crate::cli::{Context, block_on, when};

/// Write the log as JSON Lines, signed, to be verified with the public key alone
#[derive(Debug, Clone, Args)]
pub(super) struct Export {
    /// From the first record of this moment or later: a time, a day, or how long ago
    #[arg(long, value_name = "WHEN", value_parser = when::moment)]
    since: Option<OffsetDateTime>,
    /// To the last record of before this moment
    #[arg(long, value_name = "WHEN", value_parser = when::moment)]
    until: Option<OffsetDateTime>,
    /// A new file to write to instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Move the records up to now, or up to a moment, into a file; the chain goes on from their last hash
#[derive(Debug, Clone, Args)]
pub(super) struct Rotate {
    /// A new file for the records
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only records of before this moment: a time, a day, or how long ago
    #[arg(long, value_name = "WHEN", value_parser = when::moment)]
    until: Option<OffsetDateTime>,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written<'a> {
    file: &'a Path,
    first: u64,
    records: u64,
    /// What the file is verified with.
    key: String,
}

#[derive(Serialize)]
struct Next {
    after: u64,
    to: u64,
}

impl Export {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let range = ExportRange { since: self.since, until: self.until };
        let Some(out) = self.out else {
            return block_on(async {
                let client = Client::open(context).await?;
                exported(&client, &range, |line| context.term.raw(line)).await.map(drop)
            });
        };
        let begun = block_on(async { to_file(&Client::open(context).await?, &range, &out).await })?;
        finished(context, &out, &begun)
    }
}

impl Rotate {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let range = ExportRange { since: None, until: self.until };
        let begun = block_on(async {
            let client = Client::open(context).await?;
            let begun = to_file(&client, &range, &self.out).await?;
            if begun.to > begun.after {
                let _: Rotation = client.post("/v1/log/rotation", &Upto { upto: begun.to }).await?;
            }
            Ok(begun)
        })?;
        finished(context, &self.out, &begun)
    }
}

#[derive(Serialize)]
struct Upto {
    upto: u64,
}

/// Hands every line of an export on, in order.
async fn exported(
    client: &Client,
    range: &ExportRange,
    mut line: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<ExportBegun, Failure> {
    let begun: ExportBegun = client.post("/v1/log/exports", range).await?;
    line(&begun.header)?;
    let mut after = begun.after;
    while after < begun.to {
        let path = with_query("/v1/log/exports/lines", &Next { after, to: begun.to })?;
        let page: ExportLines = client.read(&path).await?;
        if page.last <= after {
            return Err(Failure::failed(format_args!("the log has no record {}", after + 1))
                .or_hint("it was rotated meanwhile, or edited: run `hallpass log verify`"));
        }
        page.lines.iter().try_for_each(|one| line(one))?;
        after = page.last;
    }
    Ok(begun)
}

/// A new file, on disk and verified as it lies there.
async fn to_file(client: &Client, range: &ExportRange, out: &PathBuf) -> Result<ExportBegun, Failure> {
    let failed = |error| Failure::failed(format_args!("`{}` could not be written: {error}", out.display()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out).map_err(failed)?;
    let mut writer = BufWriter::new(file);
    let begun = exported(client, range, |line| writeln!(writer, "{line}").map_err(failed)).await?;
    let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    match of_files(std::slice::from_ref(out), &begun.key)?.log.first_bad {
        None => Ok(begun),
        Some(bad) => Err(Failure::failed(format_args!("record {}: {}", bad.seq, bad.because))
            .or_hint("the log itself is not as it was written: run `hallpass log verify`")),
    }
}

fn finished(context: &Context, file: &Path, begun: &ExportBegun) -> Result<(), Failure> {
    let ExportBegun { after, to, key, .. } = begun;
    let records = to - after;
    context.term.say(match records {
        0 => "there was nothing to write but the signed first line".to_owned(),
        1 => format!("wrote record {to}"),
        _ => format!("wrote records {} to {to}", after + 1),
    });
    context.term.say(format!("verify it anywhere with `hallpass log verify FILE --key {key}`"));
    let written = Written { file, first: after + 1, records, key: key.clone() };
    context.term.result(&written, || file.display().to_string())
}
