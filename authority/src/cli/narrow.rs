//! The flags that narrow a pass: the same where one is minted and where one is made narrower.

use clap::Args;
use datalog::Narrowing;

/// What a pass is confined to.
#[derive(Debug, Args)]
pub(super) struct NarrowFlags {
    /// How long the pass holds: 90s, 30m, 8h, 7d [default: the template's, or 30m; a narrower pass: as long as the old one]
    #[arg(long = "for", value_name = "DURATION")]
    duration: Option<String>,
    /// When the pass begins to hold, as 2030-01-31T09:00:00Z
    #[arg(long, value_name = "TIME")]
    not_before: Option<String>,
    /// An address that may be reached; nobody else, but what other --to and --to-domain say
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<String>,
    /// A domain whose addresses may be reached; nobody else, but what other --to and --to-domain say
    #[arg(long = "to-domain", value_name = "DOMAIN")]
    to_domains: Vec<String>,
    /// Nobody may be reached who does not take part in the thread already: replies to it, within --to and --to-domain
    #[arg(long)]
    to_thread_participants: bool,
    /// A thing that may be touched: no other of its kind, and one of them has to be named (`repo=octo/hello`)
    #[arg(long = "resource", value_name = "KIND=ID")]
    resources: Vec<String>,
    /// What an operation's arguments may be; those not mentioned are denied. `NAME?` may be absent
    #[arg(long = "arg", value_name = "OPERATION: CONDITIONS")]
    args: Vec<String>,
    /// A kind of thing (`message`) of which only those may be touched that an earlier answer has shown
    #[arg(long, value_name = "[CONNECTION:]KIND")]
    only_seen: Vec<String>,
    /// A kind of thing (`draft`) of which only those may be touched that this pass created
    #[arg(long, value_name = "[CONNECTION:]KIND")]
    only_created: Vec<String>,
    /// How new what comes back has to be: `24h`, `today@Europe/Berlin`, or a date. On messages, or `github:7d`
    #[arg(long, value_name = "[CONNECTION:]AGE")]
    newer_than: Vec<String>,
    /// How many items an answer may have. On messages, or `github:30`
    #[arg(long, value_name = "[CONNECTION:]N")]
    max_items: Vec<String>,
    /// A field that answers do not show, by the provider's own names: `snippet`, `payload.body`
    #[arg(long, value_name = "[CONNECTION:]FIELD")]
    redact: Vec<String>,
    /// Hours of the week in a time zone: `mon-fri 09:00-17:00 Europe/Berlin`; any of several
    #[arg(long, value_name = "HOURS")]
    during: Vec<String>,
    /// How much, over the pass and all below it: `gmail.users.messages.get=10`, `send=3/h` (in any hour; /m, /d),
    /// `recipients=5` (different addresses), `bytes=10MB` (requests and answers)
    #[arg(long = "limit", value_name = "WHAT=SIZE")]
    limits: Vec<String>,
    /// One more check, in Datalog over the documented vocabulary
    #[arg(long = "check", value_name = "DATALOG")]
    checks: Vec<String>,
}

impl From<NarrowFlags> for Narrowing {
    fn from(flags: NarrowFlags) -> Self {
        Self {
            duration: flags.duration,
            not_before: flags.not_before,
            to: flags.to,
            to_domains: flags.to_domains,
            to_thread_participants: flags.to_thread_participants,
            resources: flags.resources,
            args: flags.args,
            only_seen: flags.only_seen,
            only_created: flags.only_created,
            newer_than: flags.newer_than,
            max_items: flags.max_items,
            redact: flags.redact,
            during: flags.during,
            limits: flags.limits,
            checks: flags.checks,
        }
    }
}
