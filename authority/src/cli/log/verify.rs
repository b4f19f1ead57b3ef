//! `hallpass log verify`: the proof that no record was edited.

use crate::app::LogVerification;
use crate::cli::client::Client;
use crate::cli::failure::Failure;
use crate::cli::term::Tone;
use crate::cli::{Context, block_on};

pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let found: LogVerification =
        block_on(async { Client::open(context).await?.read("/v1/log/verification").await })?;
    if let Some(bad) = &found.first_bad {
        let good = found.records;
        return Err(Failure::failed(format_args!("record {} was changed: {}", bad.seq, bad.because))
            .or_hint(format_args!("the {good} records before it are whole")));
    }
    context.term.say_in(
        Tone::Good,
        match found.records {
            1 => "the one record is as it was written".into(),
            records => format!("all {records} records are as they were written"),
        },
    );
    context.term.result(&found, || found.head.clone())
}
