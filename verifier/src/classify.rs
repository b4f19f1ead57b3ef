//! Classify: what the agent asks for, in the catalog's words.
//!
//! The catalog says which operation it is and builds the canonical request; this is the door to it.

use datalog::Request;

use crate::admit::Admitted;
use crate::ports::Connection;
use crate::refusal::{Refusal, RefusalCode};

/// Finds the one operation that an admitted request is.
pub(crate) fn classify(connection: &Connection, admitted: &Admitted) -> Result<Request, Refusal> {
    let _ = (connection, admitted);
    Err(Refusal::new(RefusalCode::UnknownOperation, "no operation of the service matches"))
}
