//! The facts of a decision, gathered for whoever keeps them beside the record.
//!
//! Which ones are kept the authority says, and what of them `datalog::kept`. Nothing is written or sealed here, and where
//! nothing is kept nothing is gathered.

use std::fmt;
use std::sync::Arc;

use datalog::{Context, Decided, Kept, VerifiedPass, Worded};
use time::OffsetDateTime;

/// Of which decisions the facts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeping {
    #[default]
    All,
    /// Those that did not allow: asked and denied.
    Refusals,
    None,
}

/// The facts of one decision, and how the pass reads that made it.
pub struct Facts {
    pub kept: Kept,
    pub wording: Arc<Worded>,
    /// No decision by this pass is made after it.
    pub pass_ends: OffsetDateTime,
}

/// What a request said is in no log.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").finish_non_exhaustive()
    }
}

/// The facts of this decision, if they are kept.
pub(crate) fn of(
    keeping: Keeping,
    pass: &VerifiedPass,
    decided: &Decided,
    context: &Context,
    now: OffsetDateTime,
) -> Option<Arc<Facts>> {
    let request = match (keeping, decided) {
        (Keeping::None, _) | (Keeping::Refusals, Decided::Allow(_)) => return None,
        (Keeping::All, Decided::Allow(permitted)) => (permitted.request(), permitted.digest()),
        (_, Decided::Ask(refused) | Decided::Deny(refused)) => (refused.request(), refused.digest()),
    };
    Some(Arc::new(Facts {
        kept: Kept::of(pass, request, context, now),
        wording: pass.wording().clone(),
        pass_ends: pass.expires(),
    }))
}
