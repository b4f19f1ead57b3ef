//! A pass's answer to one request (allow, ask or deny), and the same for the answer of the service.
//!
//! A decision is a value. Look-ups are described here and made elsewhere.

pub mod approval;
pub(crate) mod budget;
pub(crate) mod context;
pub(crate) mod decide;
pub(crate) mod doubt;
pub(crate) mod facts;
pub(crate) mod judge;
pub mod lookup;
pub mod response;
pub(crate) mod types;
