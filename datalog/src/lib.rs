//! The words a pass is written in, and the one place that says yes.
//!
//! Pure: no runtime, no socket, no database, no clock, no environment, no global state. Time is an argument.
//! It wraps biscuit-auth, and is the only crate of the project that names its types.

pub mod catalog;
pub mod decide;
pub mod effect;
pub mod json;
pub mod names;
pub mod request;
pub mod verify;

pub use decide::{Context, Decided, LiftableBy, Permitted, Reason, Refused, Reservation, decide};
pub use effect::{Effect, Effects};
pub use names::{Account, ConnectionName, NameError, OperationId, PassId, RevocationId, ServiceName};
pub use request::{Argument, Body, Location, Request, RequestDigest, Resource, Scalar};
pub use verify::{Limit, PassCache, PassRefusal, RootKeys, VerifiedPass};
