//! The stable codes of refusals, for programs, with the status of each if nothing else decides it.

use http::StatusCode;

/// Why the answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalCode {
    PassMissing,
    PassInvalid,
    /// The pass is good, but begins later.
    PassNotYet,
    PassExpired,
    PassRevoked,
    /// A person or the circuit breaker stopped it, until it is resumed.
    Stopped,
    Denied,
    UnknownOperation,
    ForeignCredential,
    ApprovalRequired,
    ApprovalDenied,
    AmbiguousRequest,
    /// An ambiguous request without a declared length. It has the same code and its own status.
    LengthRequired,
    UnsupportedMediaType,
    BodyTooLarge,
    BudgetExhausted,
    Unevaluable,
}

impl RefusalCode {
    pub(crate) const ALL: [Self; 17] = [
        Self::PassMissing,
        Self::PassInvalid,
        Self::PassNotYet,
        Self::PassExpired,
        Self::PassRevoked,
        Self::Stopped,
        Self::Denied,
        Self::UnknownOperation,
        Self::ForeignCredential,
        Self::ApprovalRequired,
        Self::ApprovalDenied,
        Self::AmbiguousRequest,
        Self::LengthRequired,
        Self::UnsupportedMediaType,
        Self::BodyTooLarge,
        Self::BudgetExhausted,
        Self::Unevaluable,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PassMissing => "pass-missing",
            Self::PassInvalid => "pass-invalid",
            Self::PassNotYet => "pass-not-yet-valid",
            Self::PassExpired => "pass-expired",
            Self::PassRevoked => "pass-revoked",
            Self::Stopped => "stopped",
            Self::Denied => "denied",
            Self::UnknownOperation => "unknown-operation",
            Self::ForeignCredential => "foreign-credential",
            Self::ApprovalRequired => "approval-required",
            Self::ApprovalDenied => "approval-denied",
            Self::AmbiguousRequest | Self::LengthRequired => "ambiguous-request",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::BodyTooLarge => "body-too-large",
            Self::BudgetExhausted => "budget-exhausted",
            Self::Unevaluable => "unevaluable",
        }
    }

    /// Whether it says that the pass itself does not hold.
    pub(crate) fn is_of_pass(self) -> bool {
        matches!(
            self,
            Self::PassMissing | Self::PassInvalid | Self::PassNotYet | Self::PassExpired | Self::PassRevoked
        )
    }

    /// Returns the status. 401 is for passes only, never for policy: SDKs answer a 401 by refreshing, and lose the
    /// reason.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::PassMissing
            | Self::PassInvalid
            | Self::PassNotYet
            | Self::PassExpired
            | Self::PassRevoked => StatusCode::UNAUTHORIZED,
            Self::Stopped => StatusCode::SERVICE_UNAVAILABLE,
            Self::Denied
            | Self::UnknownOperation
            | Self::ForeignCredential
            | Self::ApprovalRequired
            | Self::ApprovalDenied
            | Self::BudgetExhausted
            | Self::Unevaluable => StatusCode::FORBIDDEN,
            Self::AmbiguousRequest => StatusCode::BAD_REQUEST,
            Self::LengthRequired => StatusCode::LENGTH_REQUIRED,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::PassMissing => "The request has no pass",
            Self::PassInvalid => "The pass is not valid",
            Self::PassNotYet => "The pass is not valid yet",
            Self::PassExpired => "The pass has ended",
            Self::PassRevoked => "The pass was revoked",
            Self::Stopped => "A person has paused this",
            Self::Denied => "The pass does not allow this",
            Self::UnknownOperation => "The catalog does not know this operation",
            Self::ForeignCredential => "The request carries another credential",
            Self::ApprovalRequired => "A person has to approve this",
            Self::ApprovalDenied => "A person denied this",
            Self::AmbiguousRequest | Self::LengthRequired => "The request cannot be accepted as it is",
            Self::UnsupportedMediaType => "Hallpass cannot check this kind of body",
            Self::BodyTooLarge => "The body is too large to be checked",
            Self::BudgetExhausted => "A budget of the pass is used up",
            Self::Unevaluable => "Hallpass cannot tell whether the pass allows this",
        }
    }
}
