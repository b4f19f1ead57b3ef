//! `hallpass keys`: the root keys that passes are minted with, and the key that the audit log is signed with. Their
//! private halves never leave the authority.

use clap::{Args, Subcommand};

use super::client::Client;
use super::failure::Failure;
use super::log::own_key;
use super::table::{Cell, Table};
use super::term::Tone;
use super::{Context, block_on, when};
use crate::app::{AuditKeyInfo, RootKeyInfo, RootKeyStatus};

/// List, rotate and retire the root keys
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Keys {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Verb {
    /// List the root keys (this is what `keys` alone does)
    List,
    /// Print the public key that checkpoints and exports of the audit log are signed with
    Audit,
    /// Make a new root key that mints from now on; what the old one minted stays valid until it ends
    Rotate,
    /// Refuse everything that a root key minted
    Retire {
        /// The key's id, as `hallpass keys` shows it
        id: u32,
    },
}

impl Keys {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self.verb.unwrap_or(Verb::List) {
            Verb::List => list(context),
            Verb::Audit => {
                let key = own_key(context)?;
                context.term.result(&key, || key.public_key.clone())
            }
            Verb::Rotate => {
                let key: RootKeyInfo =
                    block_on(async { Client::open(context).await?.post("/v1/keys", &()).await })?;
                context.term.say(format!("root key {} mints from now on", key.id));
                context.term.result(&key, || key.id.to_string())
            }
            Verb::Retire { id } => {
                let path = format!("/v1/keys/{id}");
                let key: RootKeyInfo = block_on(async { Client::open(context).await?.delete(&path).await })?;
                context
                    .term
                    .say_in(Tone::Warn, format!("every pass of root key {} is refused from now on", key.id));
                context.term.result(&key, || key.id.to_string())
            }
        }
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let (keys, audit) = block_on(async {
        let client = Client::open(context).await?;
        let keys: Vec<RootKeyInfo> = client.read("/v1/keys").await?;
        let audit: AuditKeyInfo = client.read("/v1/log/key").await?;
        Ok((keys, audit))
    })?;
    context.term.result(&keys, || {
        let mut table = Table::new(["ID", "STATUS", "CREATED", "PUBLIC KEY"]);
        for key in &keys {
            let status = match key.status {
                RootKeyStatus::Minting => Cell::in_tone("minting", Tone::Good),
                RootKeyStatus::Trusted => "trusted".into(),
                RootKeyStatus::Retired => Cell::in_tone("retired", Tone::Quiet),
            };
            let created = when::at(key.created).into();
            table.row([key.id.to_string().into(), status, created, key.public_key.as_str().into()]);
        }
        let created = when::at(audit.created).into();
        table.row(["audit".into(), "signs the log".into(), created, audit.public_key.as_str().into()]);
        table.render(&context.term)
    })
}
