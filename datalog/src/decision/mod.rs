//! A pass's answer to one request (allow, ask or deny), and the same for the answer of the service.
//!
//! A decision is a value. Look-ups are described here and made elsewhere.

pub mod approval;
pub mod budget;
pub mod context;
pub mod decide;
pub mod doubt;
pub mod facts;
pub mod judge;
pub mod lookup;
pub mod response;
pub mod types;
