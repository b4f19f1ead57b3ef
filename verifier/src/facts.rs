//! Gathers the facts of a decision, for storage beside the record.
//!
//! The authority says for which decisions, and `datalog::stored_facts` says which facts. Nothing is written or sealed
//! here. If nothing is stored, nothing is gathered.

use std::fmt;
use std::sync::Arc;

use datalog::{Context, Decided, Judged, PassText, StoredFacts, VerifiedPass};
use time::OffsetDateTime;

/// The decisions whose facts are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeping {
    #[default]
    All,
    /// The decisions that did not allow: asks and denials.
    Refusals,
    None,
}

/// The facts of one decision, and the wording of its pass.
pub struct Facts {
    pub kept: StoredFacts,
    pub wording: Arc<PassText>,
    /// When the pass ends. It makes no decision after that.
    pub pass_ends: OffsetDateTime,
}

/// It shows no facts, because no log may hold the content of a request.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").finish_non_exhaustive()
    }
}

/// Returns the facts of this decision, if they are stored.
pub(crate) fn of(
    keeping: Keeping,
    pass: &VerifiedPass,
    decided: &Decided,
    context: &Context,
    now: OffsetDateTime,
) -> Option<Arc<Facts>> {
    let judged = match (keeping, decided) {
        (Keeping::None, _) | (Keeping::Refusals, Decided::Allow(_)) => return None,
        (Keeping::All, Decided::Allow(permitted)) => {
            Judged { request: permitted.request(), digest: permitted.digest() }
        }
        (_, Decided::Ask(refused) | Decided::Deny(refused)) => {
            Judged { request: refused.request(), digest: refused.digest() }
        }
    };
    Some(Arc::new(Facts {
        kept: StoredFacts::of(pass, judged, context, now),
        wording: pass.wording().clone(),
        pass_ends: pass.expires(),
    }))
}
