//! A flaw of a head that two readers could take for different requests. It has a name, so that the sender can fix it.

use std::borrow::Cow;

use crate::refusal::{Refusal, RefusalCode};

/// Why a head is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    found: Cow<'static, str>,
    hint: Option<&'static str>,
    code: RefusalCode,
}

impl Flaw {
    pub(super) fn new(found: impl Into<Cow<'static, str>>) -> Self {
        Self { found: found.into(), hint: None, code: RefusalCode::AmbiguousRequest }
    }

    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Returns the flaw of a transfer coding other than `chunked` alone.
    pub(super) fn of_length() -> Self {
        Self {
            found: "the length of the request body has more than one reading".into(),
            hint: Some("send the body with a Content-Length, or with `Transfer-Encoding: chunked` alone"),
            code: RefusalCode::LengthRequired,
        }
    }

    pub(crate) fn refusal(&self) -> Refusal {
        let refusal = Refusal::new(self.code, self.found.clone());
        let refusal = match self.code {
            RefusalCode::LengthRequired => refusal.expected(
                "Content-Length, or `Transfer-Encoding: chunked` alone",
                "another transfer coding, or one beside a length",
            ),
            _ => refusal,
        };
        match self.hint {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        }
    }
}
