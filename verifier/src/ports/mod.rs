//! Everything that the gateway needs from an authority.
//!
//! An implementation may be in the same process or behind a socket. The gateway cannot tell.

mod answer;
mod approvals;
mod audit;
mod authority;
mod credentials;
mod fault;
mod intent;
mod ledger;
mod mode;
mod once;
mod outcome;
mod provenance;
mod record;
mod sent_before;
mod trust;

pub use crate::facts::{Facts, Keeping};
pub use answer::Answer;
pub use approvals::{ApprovalState, Approvals, Ask, AskError, Asked, Changes, Opinion};
pub use audit::Audit;
pub use authority::Authority;
pub use credentials::{Credential, Credentials, LeaseError, Rejection, Sign, Warrant};
pub use fault::StoreFault;
pub use intent::IntentError;
pub use ledger::Ledger;
pub use mode::Mode;
pub use once::{Once, Repeat};
pub use outcome::{CarriedOut, Outcome};
pub use provenance::{Learned, Provenance};
pub use record::{ApprovalUse, Record, RecordId};
pub use sent_before::{Fate, Same, SentBefore};
pub use trust::{Connection, StoppedBy, Trust, Upstream};
