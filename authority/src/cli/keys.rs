//! `hallpass keys`: the root keys that passes are minted with. Their private halves never leave the authority.

use clap::{Args, Subcommand};

use super::client::Client;
use super::failure::Failure;
use super::table::{Cell, Table};
use super::term::Tone;
use super::{Context, block_on, when};
use crate::app::{RootKeyInfo, RootKeyStatus};

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
    let keys: Vec<RootKeyInfo> = block_on(async { Client::open(context).await?.read("/v1/keys").await })?;
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
        table.render(&context.term)
    })
}
