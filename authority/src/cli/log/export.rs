//! `hallpass log export` and `log rotate`: writes the log as JSON Lines that anybody verifies with the public key.
//!
//! Before anything is removed from the log, the file is on disk and has been verified there.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::verify::of_files;
use crate::api::log::{NextLines, Upto};
use crate::app::{ExportBegun, ExportLines, ExportRange, Rotation};
use crate::cli::client::{Client, with_query};
use crate::cli::context::{Context, block_on};
use crate::cli::failure::Failure;
use crate::cli::plain::inline;
use crate::when::Moment;

/// Write the log as signed JSON Lines, which anybody can verify with the public key
#[derive(Debug, Clone, Args)]
pub(super) struct Export {
    /// Begin with the first record at or after this moment: a time, a day, or how long ago
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
    /// End with the last record before this moment
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
    /// Write to this new file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Move the records up to now, or up to a moment, into a file; the chain continues from their last hash
#[derive(Debug, Clone, Args)]
pub(super) struct Rotate {
    /// A new file for the records
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Move only records before this moment: a time, a day, or how long ago
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
}

/// What was written.
#[derive(Debug, Serialize)]
struct ExportReport<'a> {
    file: &'a Path,
    first: u64,
    records: u64,
    /// The key that verifies the file.
    key: String,
}

impl Export {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let now = context.clock.now();
        let range = ExportRange {
            since: self.since.map(|one| one.from(now)),
            until: self.until.map(|one| one.from(now)),
        };
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
        let now = context.clock.now();
        let range = ExportRange { since: None, until: self.until.map(|one| one.from(now)) };
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

/// Calls `line` with every line of an export, in order.
async fn exported(
    client: &Client,
    range: &ExportRange,
    mut line: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<ExportBegun, Failure> {
    let begun: ExportBegun = client.post("/v1/log/exports", range).await?;
    line(&begun.header)?;
    let mut after = begun.after;
    while after < begun.to {
        let path = with_query("/v1/log/exports/lines", &NextLines { after, to: begun.to })?;
        let page: ExportLines = client.read(&path).await?;
        if page.last <= after {
            return Err(Failure::failed(format!("the log has no record {}", after + 1))
                .or_hint("it was rotated meanwhile, or edited: run `hallpass log verify`"));
        }
        page.lines.iter().try_for_each(|one| line(one))?;
        after = page.last;
    }
    Ok(begun)
}

/// Makes a new file of an export. The file is on disk and has been verified there.
async fn to_file(client: &Client, range: &ExportRange, out: &PathBuf) -> Result<ExportBegun, Failure> {
    let failed = |error| Failure::failed(format!("`{}` could not be written: {error}", out.display()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out).map_err(failed)?;
    let mut writer = BufWriter::new(file);
    let begun = exported(client, range, |line| writeln!(writer, "{line}").map_err(failed)).await?;
    let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    match of_files(std::slice::from_ref(out), &begun.key)?.log.first_bad {
        None => Ok(begun),
        Some(bad) => Err(Failure::failed(format!("record {}: {}", bad.seq, bad.because))
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
    let written = ExportReport { file, first: after + 1, records, key: key.clone() };
    context.term.result(&written, || inline(&file.display().to_string()))
}
