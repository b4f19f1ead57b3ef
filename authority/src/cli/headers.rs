//! `hallpass headers`: prints the headers of a pass, for an MCP client that runs a helper for them.
//!
//! The client runs it again when its pass has ended, so a long session goes on without a person. The pass is kept in the
//! home until shortly before it ends. A pass that a person revoked is never replaced silently.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use super::client::Client;
use super::failure::{Failure, FailureKind};
use super::from_template;
use crate::app::{PassInfo, PassStatus};
use crate::audit::hex;
use crate::cli::context::{Context, block_on};
use crate::home;

/// A pass is replaced when it has less time left than this.
const LEFT: Duration = Duration::minutes(2);

/// Print the headers of a pass, for an MCP client that runs a helper
///
/// It mints a pass from a template, and prints the same pass until shortly before it ends. If you revoked that pass, it
/// prints nothing until you ask for another one with --again.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: hallpass headers --template inbox-triage")]
pub(super) struct Headers {
    /// The template of the pass (`hallpass templates` lists them)
    #[arg(long, value_name = "NAME")]
    template: String,
    /// Mint another pass, though the last one was revoked
    #[arg(long)]
    again: bool,
}

/// The pass that was printed last.
#[derive(Serialize, Deserialize)]
struct KeptPass {
    id: String,
    pass: String,
    /// SHA-256 of the template's flags, in hexadecimal.
    template: String,
    #[serde(with = "time::serde::rfc3339")]
    ends: OffsetDateTime,
}

impl Headers {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let pass = block_on(self.pass(context))?;
        let headers = json!({"Authorization": format!("Bearer {pass}")});
        context.term.result(&headers, || format!("{headers}\n"))
    }

    async fn pass(&self, context: &Context) -> Result<String, Failure> {
        let file = self.file(context)?;
        Client::needed(context, "no gateway would answer").await?;
        let _alone = lock(&file)?;
        let asked = serde_json::to_vec(&from_template::asked(context, &self.template)?);
        let template = hex(Sha256::digest(asked.map_err(|error| Failure::failed(error.to_string()))?));
        if let Some(kept) = read(&file)? {
            from_template::is_not_stopped(context, &kept.id).await?;
            let has_time = kept.ends - context.clock.now() > LEFT;
            match status(context, &kept.id).await? {
                // After an edit, the template says something else than the pass.
                Some(PassStatus::Live) if kept.template == template && has_time => return Ok(kept.pass),
                Some(PassStatus::Live) if kept.template != template => {
                    from_template::revoke(context, &kept.id, "its template has changed").await?;
                }
                Some(PassStatus::Revoked) if !self.again => {
                    let says = format!("the pass of the template `{}` was revoked", self.template);
                    return Err(Failure::refused(says).or_hint("`--again` mints another one"));
                }
                Some(PassStatus::Stopped | PassStatus::NotYet) => {
                    let says =
                        format!("the pass {} of the template `{}` does not hold now", kept.id, self.template);
                    return Err(Failure::refused(says).or_hint("`hallpass passes` says why"));
                }
                Some(PassStatus::Live | PassStatus::Expired | PassStatus::Revoked) | None => {}
            }
        }
        let minted = from_template::mint(context, &self.template).await?.minted;
        let id = minted.info.id.to_string();
        let kept = KeptPass { id, pass: minted.pass, template, ends: minted.info.expires };
        let text = serde_json::to_vec(&kept).map_err(|error| Failure::failed(error.to_string()))?;
        write(&file, &text)?;
        Ok(kept.pass)
    }

    /// Returns the place of the kept pass. A template's name has no slash.
    fn file(&self, context: &Context) -> Result<PathBuf, Failure> {
        let home = context.home()?;
        crate::templates::find(&home, &self.template).map_err(Failure::usage)?;
        Ok(home.dir().join(format!("headers-{}.json", self.template)))
    }
}

async fn status(context: &Context, id: &str) -> Result<Option<PassStatus>, Failure> {
    let client = Client::needed(context, "no gateway would answer").await?;
    match client.read::<PassInfo>(&format!("/v1/passes/{id}")).await {
        Ok(info) => Ok(Some(info.status)),
        // It ended so long ago that nobody remembers it.
        Err(failure) if failure.kind == FailureKind::Usage => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Returns the pass that was printed last. A file that cannot be read is an error: it may be of a revoked pass.
fn read(file: &Path) -> Result<Option<KeptPass>, Failure> {
    let unread = |why: String| {
        Failure::failed(format!("`{}` cannot be read: {why}", file.display()))
            .or_hint("revoke its pass if you know it, and remove the file")
    };
    match std::fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unread(error.to_string())),
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| unread(error.to_string())),
    }
}

/// Waits for other helpers: two windows of a client may start together.
fn lock(file: &Path) -> Result<std::fs::File, Failure> {
    let path = file.with_extension("lock");
    let lock = home::open_private_file(&path).and_then(|lock| lock.lock().map(|()| lock));
    lock.map_err(|error| Failure::failed(format!("`{}` cannot be locked: {error}", path.display())))
}

/// Writes the file in one step.
fn write(file: &Path, text: &[u8]) -> Result<(), Failure> {
    let beside = file.with_extension("new");
    let failed =
        |error: std::io::Error| Failure::failed(format!("`{}` cannot be written: {error}", file.display()));
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    home::create_private_file(&beside, text).map_err(Failure::failed)?;
    std::fs::rename(&beside, file).map_err(failed)
}
