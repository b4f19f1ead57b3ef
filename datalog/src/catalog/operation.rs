//! One operation of a service: how it is addressed, what it takes, what it does.

use std::fmt;
use std::sync::Arc;

use crate::effect::Effects;
use crate::names::OperationId;

/// The HTTP methods that an operation can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One method of a service.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: OperationId,
    pub method: Method,
    /// The host that serves it.
    pub host: Arc<str>,
    /// The effects that a pass must cover, every one.
    pub effects: Effects,
}
