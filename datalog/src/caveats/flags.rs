//! Every flag that narrows a pass, once, in the order in which help and pages list them.
//!
//! A new flag is a file beside this one and a row here.

pub use crate::caveats::arg::ARG;
pub use crate::caveats::check::CHECK;
pub use crate::caveats::duration::FOR;
pub use crate::caveats::during::DURING;
pub use crate::caveats::flag::{Again, Flag, Takes};
pub use crate::caveats::limit::LIMIT;
pub use crate::caveats::max_items::MAX_ITEMS;
pub use crate::caveats::newer_than::NEWER_THAN;
pub use crate::caveats::not_before::NOT_BEFORE;
pub use crate::caveats::provenance::{ONLY_CREATED, ONLY_SEEN};
pub use crate::caveats::recipients::{TO, TO_DOMAIN};
pub use crate::caveats::redact::REDACT;
pub use crate::caveats::resource::RESOURCE;
pub use crate::caveats::senders::AS;
pub use crate::caveats::thread::TO_THREAD_PARTICIPANTS;

/// All of them.
pub static ALL: &[&Flag] = &[
    &FOR,
    &NOT_BEFORE,
    &TO,
    &TO_DOMAIN,
    &TO_THREAD_PARTICIPANTS,
    &AS,
    &RESOURCE,
    &ARG,
    &ONLY_SEEN,
    &ONLY_CREATED,
    &NEWER_THAN,
    &MAX_ITEMS,
    &REDACT,
    &DURING,
    &LIMIT,
    &CHECK,
];

/// The flag of that name.
pub fn find(name: &str) -> Option<&'static Flag> {
    ALL.iter().copied().find(|flag| flag.name == name)
}
