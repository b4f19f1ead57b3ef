//! `hallpass revoke`: revokes passes, with everything attenuated from them. It holds from the next request on.

use clap::Args;

use super::client::Client;
use super::failure::Failure;
use super::pass_name;
use super::stop::all_recalled;
use crate::app::{RevokeArgs, RevokeReport};
use crate::cli::context::{Context, block_on};

/// Revoke passes, with everything attenuated from them
#[derive(Debug, Args)]
#[command(after_help = "\
PASS is one of: the text of a pass, its id (`hallpass passes` lists them), the beginning of its id, or the revocation id \
of a block that a holder added (`hallpass inspect` shows it). You cannot undo a revocation. You can undo \
`hallpass stop --pass PASS`.

Example: hallpass revoke p_0123456789abcdefghijkl --because 'the agent went astray'")]
pub(super) struct Revoke {
    /// What to revoke
    #[arg(required = true, value_name = "PASS")]
    passes: Vec<String>,
    /// The reason, for the log
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
}

impl Revoke {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        self.passes.iter().try_for_each(|pass| pass_name::check(pass))?;
        let report: RevokeReport = block_on(async {
            let client = Client::open(context).await?;
            let mut ids = Vec::new();
            for pass in &self.passes {
                ids.push(pass_name::revocation_id(&client, pass).await?);
            }
            let even_unknown = self.passes.iter().all(|pass| pass_name::is_text(pass));
            client.post("/v1/revocations", &RevokeArgs { ids, because: self.because, even_unknown }).await
        })?;
        for id in &report.already {
            context.term.say(format!("`{id}` was revoked before"));
        }
        let is_revoked = self.passes.iter().all(|pass| pass_name::is_text(pass));
        for id in &report.unknown {
            context.term.warn(match is_revoked {
                true => format!("no record here has `{id}`; Hallpass refuses it from now on anyway"),
                false => format!("there is no pass `{id}`: nothing was revoked for it"),
            });
        }
        if !report.revoked.is_empty() {
            context.term.say("this cannot be undone: `hallpass mint` makes another pass");
        }
        context.term.result(&report, || report.revoked.iter().map(|id| format!("{id}\n")).collect())?;
        all_recalled(report.not_recalled)?;
        match report.unknown.first().filter(|_| !is_revoked) {
            Some(id) => Err(Failure::usage(format!("there is no pass `{id}`"))
                .or_hint("`hallpass passes` lists the passes; you can always revoke a pass by its text")),
            None => Ok(()),
        }
    }
}
