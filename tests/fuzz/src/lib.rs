//! Every reader of bytes from outside, each as a function of bytes.
//!
//! A door not only ends without a panic. It asserts what its reader promises of everything that it accepts: it is
//! written back as it was understood, and read again as the same. The fuzzer (`tests/run fuzz`) calls the doors with
//! inputs that reach new code; `cargo test` calls them with the seeds and with small changes of those.

mod answers;
mod passes;
mod requests;
mod wire;

use std::sync::{Arc, LazyLock};

use datalog::catalog::{Catalog, Service};
use datalog::{KnownConnection, MintArgs, MintTerms, PassCache, PassId, RootKeyPair, RootKeys, VerifiedPass};
use time::OffsetDateTime;
use time::macros::datetime;

pub use answers::{answer, description, json};
pub use passes::{argument, check, token};
pub use requests::{form, json_body, letter, target};
pub use wire::{head, passed_on};

/// A reader, called with bytes.
pub type Door = fn(&[u8]);

/// Every door by its name. Its folder of seeds has the same name.
pub const DOORS: [(&str, Door); 12] = [
    ("answer", answer),
    ("argument", argument),
    ("check", check),
    ("description", description),
    ("form", form),
    ("head", head),
    ("json", json),
    ("json_body", json_body),
    ("letter", letter),
    ("passed_on", passed_on),
    ("target", target),
    ("token", token),
];

const NOW: OffsetDateTime = datetime!(2026-11-22 09:00 UTC);

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::embedded().unwrap_or_else(|error| panic!("the catalog loads: {error}")));

fn service(name: &str) -> Arc<Service> {
    let name = name.parse().unwrap_or_else(|_| panic!("`{name}` is a service's name"));
    CATALOG.service(&name).cloned().unwrap_or_else(|| panic!("`{name}` is in the catalog"))
}

/// A connection of Alice's to a service, under the service's name.
fn connection(name: &str) -> KnownConnection {
    let account = if name == "github" { "alice" } else { "alice@example.com" };
    KnownConnection {
        name: name.parse().unwrap_or_else(|_| panic!("`{name}` is a connection's name")),
        account: account.parse().unwrap_or_else(|_| panic!("`{account}` is an account")),
        service: service(name),
    }
}

fn root() -> RootKeyPair {
    RootKeyPair::from_seed(1, [7; 32])
}

/// A pass for Alice's mailbox, verified.
fn verified(args: &MintArgs) -> Arc<VerifiedPass> {
    let terms = MintTerms::parse(args, &[connection("gmail")], NOW)
        .unwrap_or_else(|error| panic!("it can be said: {error}"));
    let minted = terms
        .mint(&PassId::from_random([9; 16]), &root())
        .unwrap_or_else(|error| panic!("it is minted: {error}"));
    let roots = RootKeys::new([root().public()]);
    PassCache::new(1)
        .verify(&minted.text, &roots, &|_| false, NOW)
        .unwrap_or_else(|error| panic!("what was minted is verified: {error:?}"))
}
