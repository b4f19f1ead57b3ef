//! Compiles one of biscuit-auth's checks into a caveat, with the doubts of each query.

use biscuit_auth::builder::{self, CheckKind};

use crate::engine::caveat::{Caveat, CompileError, Kind, Names, Query};
use crate::engine::doubt;

impl Caveat {
    /// Whether the caveat means the same as the check.
    pub(crate) fn is_of(&self, check: &builder::Check) -> bool {
        // Only printing fills in a check's parameters.
        let Ok(check) = builder::Check::try_from(check.to_string().as_str()) else { return false };
        Self::compile(&check, &mut Names::default()).is_ok_and(|own| own.to_string() == self.to_string())
    }

    pub(crate) fn compile(check: &builder::Check, names: &mut Names) -> Result<Self, CompileError> {
        let kind = match check.kind {
            CheckKind::One => Kind::One,
            CheckKind::All => Kind::All,
            CheckKind::Reject => Kind::Reject,
        };
        let compiled = |query| Query::compile(query, names).map(|query| query.with_doubts(kind));
        let queries = check.queries.iter().map(compiled).collect::<Result<_, _>>()?;
        Ok(Self { kind, queries })
    }
}

impl Query {
    fn with_doubts(mut self, kind: Kind) -> Self {
        self.doubts = doubt::doubts_of(kind, &self);
        self.reads |= self.doubts.iter().fold(0, |bits, doubt| bits | doubt.reads);
        self
    }
}
