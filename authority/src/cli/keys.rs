//! `hallpass keys`: the root keys that mint passes, and the key that signs the audit log. Their private halves never
//! leave the authority.

use clap::{Args, Subcommand};

use super::client::Client;
use super::failure::Failure;
use super::log::own_key;
use super::table::{Cell, Table};
use super::term::Tone;
use super::{number, when};
use crate::app::{AuditKeyInfo, RootKeyInfo, RootKeyStatus};
use crate::cli::context::{Context, block_on};

/// List, rotate and retire the root keys
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Keys {
    #[command(subcommand)]
    verb: Option<KeysVerb>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum KeysVerb {
    /// List the root keys (`keys` alone does the same)
    List,
    /// Print the public key that verifies checkpoints and exports of the audit log
    Audit,
    /// Make a new root key that mints from now on; passes of the old key stay valid until they end
    Rotate,
    /// Refuse every pass that a root key minted
    Retire {
        /// The key's id, as `hallpass keys` shows it
        #[arg(value_parser = number::small)]
        id: u32,
    },
}

impl Keys {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self.verb.unwrap_or(KeysVerb::List) {
            KeysVerb::List => list(context),
            KeysVerb::Audit => {
                let key = own_key(context)?;
                context.term.result(&key, || key.public_key.clone())
            }
            KeysVerb::Rotate => {
                let key: RootKeyInfo =
                    block_on(async { Client::open(context).await?.post("/v1/keys", &()).await })?;
                context.term.say(format!("root key {} mints from now on", key.id));
                context.term.result(&key, || key.id.to_string())
            }
            KeysVerb::Retire { id } => {
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
