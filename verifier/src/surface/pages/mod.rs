//! Pages that the gateway itself serves.

pub(crate) mod can;
pub(crate) mod discovery;
pub(crate) mod own;
