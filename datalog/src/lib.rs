//! The words a pass is written in, and the one place that says yes.
//!
//! Pure: no runtime, no socket, no database, no clock, no environment, no global state. Time is an argument.
//! It wraps biscuit-auth, and is the only crate of the project that names its types.

mod admission;
mod alike;
pub mod approval;
mod arguments;
pub mod attenuate;
pub mod budget;
pub mod can;
pub mod catalog;
pub mod caveat;
mod compose;
mod conditions;
pub mod content;
pub mod decide;
pub mod decode;
pub mod effect;
mod evaluate;
pub mod explain;
mod facts;
mod got;
pub mod hours;
pub mod inspect;
pub mod json;
mod judge;
pub mod kept;
pub mod keys;
mod lint;
pub mod lookup;
pub mod mint;
pub mod names;
mod narrowing;
mod ordered;
pub mod outline;
mod plain;
pub mod policy;
mod possible;
mod print;
mod provenance;
pub mod reference;
pub mod replay;
pub mod request;
mod resources;
pub mod response;
mod scope;
pub mod selector;
pub mod shown;
pub mod terms;
mod told;
pub mod value;
pub mod verify;
pub mod vocabulary;
pub mod wording;
pub mod world;

pub use alike::AlikeDigest;
pub use approval::{ApprovalError, Approved, ApproverKeyPair, ApproverKeys, Quorum, Statement};
pub use attenuate::{AttenuateArgs, AttenuateError, Attenuated, attenuate};
pub use budget::{Claim, Claims, Counts, Measure, Reservation, Spent, Window};
pub use content::{Answer, Connected, Content, Limit, PREFIX, ReadError};
pub use decide::{Approval, Context, Decided, Ground, LiftableBy, Permitted, Reason, Refused, decide};
pub use effect::{Effect, Effects};
pub use inspect::{Inspection, inspect};
pub use kept::Kept;
pub use keys::RootKeyPair;
pub use mint::{KnownConnection, MintArgs, MintTerms, Minted};
pub use names::{
    Account, ApprovalId, ApproverName, ConnectionName, NameError, OperationId, PassId, RevocationId,
    ServiceName,
};
pub use narrowing::Narrowing;
pub use outline::Outline;
pub use provenance::Known;
pub use request::{Argument, Body, Location, Request, RequestDigest, Resource, Scalar};
pub use selector::{Selector, Target};
pub use shown::Shown;
pub use terms::{TermError, duration};
pub use verify::{PassCache, PassRefusal, RootKeys, VerifiedPass};
pub use wording::{Worded, Wording};
