//! An address that may not be dialled, and why a name led to none.

use std::error::Error;
use std::io;
use std::net::IpAddr;

/// A name led only to addresses that may not be dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` leads to {address} ({range}), and Hallpass does not connect to such an address")]
pub(crate) struct NotAdmitted {
    pub host: String,
    /// The first of these addresses.
    pub address: IpAddr,
    /// The purpose of that address.
    pub range: &'static str,
}

impl NotAdmitted {
    /// Finds this error among the causes of a failed connection.
    pub(crate) fn among<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(Unresolved::NotAdmitted(refused)) = error.downcast_ref() {
                return Some(refused);
            }
            cause = error.source();
        }
        None
    }
}

/// Why a name gave no address to dial.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unresolved {
    #[error(transparent)]
    System(#[from] io::Error),
    #[error("the name leads to no address")]
    Nothing,
    #[error(transparent)]
    NotAdmitted(NotAdmitted),
}
