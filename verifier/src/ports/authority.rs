//! All that the gateway needs from an authority, as one trait.

use crate::ports::approvals::Approvals;
use crate::ports::audit::Audit;
use crate::ports::credentials::Credentials;
use crate::ports::ledger::Ledger;
use crate::ports::provenance::Provenance;
use crate::ports::trust::Trust;

/// Everything the gateway asks for.
pub trait Authority: Trust + Credentials + Ledger + Provenance + Audit + Approvals {}
impl<T: Trust + Credentials + Ledger + Provenance + Audit + Approvals> Authority for T {}
