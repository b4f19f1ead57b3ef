//! What an agent does next: a word for programs, and a sentence for a model.

use super::fault::{FaultCode, Passes};
use super::{Fault, Refusal, RefusalCode};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    AskUser,
    Wait,
    FixRequest,
    Stop,
}

impl Next {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AskUser => "ask_user",
            Self::Wait => "wait",
            Self::FixRequest => "fix_request",
            Self::Stop => "stop",
        }
    }
}

/// The word and the sentence.
pub(super) type Advice = (Next, String);

fn advice(next: Next, sentence: &str) -> Advice {
    (next, sentence.to_owned())
}

/// The advice for a request that does more than read, and that was or may have been carried out.
pub(super) fn look_first() -> Advice {
    advice(
        Next::Stop,
        "First check whether it was carried out, and send it again only if it was not; if you cannot check, ask the person.",
    )
}

/// The same advice for a service that carries out requests with one key only once.
pub(super) fn same_key() -> Advice {
    advice(
        Next::Stop,
        "Do not send it under another key; you may send exactly the same request under the same key, because the service carries it out once.",
    )
}

/// The advice if only time stands against the request.
pub(super) fn wait_until(time: &str) -> Advice {
    (Next::Wait, format!("Wait until {time}, then send it again."))
}

/// The advice after a refusal that no wait ends.
pub(super) fn after_refusal(refusal: &Refusal) -> Advice {
    let (next, sentence) = match refusal.code {
        RefusalCode::PassMissing => (
            Next::FixRequest,
            "Send the pass as `Authorization: Bearer PASS`: to an SDK it is the access token.",
        ),
        RefusalCode::PassInvalid => {
            (Next::AskUser, "Ask the person for a pass; no other credential works here.")
        }
        RefusalCode::PassNotYet => (Next::AskUser, "Ask the person when it begins."),
        RefusalCode::PassExpired => (
            Next::AskUser,
            "If the task is not done, ask the person for a new pass; there is nothing to refresh or to sign in to.",
        ),
        RefusalCode::PassRevoked => (
            Next::Stop,
            "Stop, and tell the person that this pass was ended; there is nothing to refresh or to sign in to.",
        ),
        RefusalCode::Stopped => {
            (Next::Stop, "Stop, and tell the person that you were stopped; go on when they say so.")
        }
        RefusalCode::Denied => {
            (Next::AskUser, "Do not look for a way around it; if the task needs it, ask the person.")
        }
        RefusalCode::ForeignCredential => {
            (Next::FixRequest, "Leave that credential out, and send the pass alone.")
        }
        RefusalCode::ApprovalRequired => return approval(refusal),
        RefusalCode::ApprovalDenied => (
            Next::Stop,
            "Do not send it again in this form or another; ask the person what they want instead.",
        ),
        RefusalCode::UnknownOperation
        | RefusalCode::AmbiguousRequest
        | RefusalCode::LengthRequired
        | RefusalCode::UnsupportedMediaType
        | RefusalCode::BodyTooLarge => {
            (Next::FixRequest, "Change the request: as it is, it will always be refused.")
        }
        RefusalCode::BudgetExhausted => {
            (Next::AskUser, "Do without it, or ask the person for a pass with a larger budget.")
        }
        RefusalCode::Unevaluable => {
            (Next::AskUser, "Send a request that shows what is expected; if there is none, ask the person.")
        }
    };
    advice(next, sentence)
}

fn approval(refusal: &Refusal) -> Advice {
    match &refusal.approval {
        Some(id) => (
            Next::AskUser,
            format!(
                "Tell the person that `{id}` waits for their answer, then send the very same request again."
            ),
        ),
        None => advice(
            Next::AskUser,
            "Tell the person that a request waits for their answer, then send it again.",
        ),
    }
}

pub(super) fn after_fault(fault: &Fault) -> Advice {
    match (fault.code, fault.passes) {
        (FaultCode::NeedsReconnect, _) => advice(
            Next::AskUser,
            "Ask the person to connect the account again with `hallpass connect`; only they can.",
        ),
        (FaultCode::ClientRefused, _) => advice(
            Next::AskUser,
            "Tell the person that the operator of Hallpass must set a valid OAuth client id and secret; connecting the \
             account again does not help.",
        ),
        (FaultCode::CredentialRefused, _) => advice(
            Next::AskUser,
            "Tell the person to check the account's rights at the service, and `hallpass connections`; the pass is not \
             the problem.",
        ),
        (FaultCode::OutcomeUnknown, _) => look_first(),
        (FaultCode::UnusableAnswer, _) => {
            advice(Next::Stop, "Do not send it again: the answer would be the same.")
        }
        (_, Passes::Never) => {
            advice(Next::AskUser, "Tell the person; this stays so until they change something.")
        }
        (_, Passes::Soon) => advice(Next::Wait, "Wait a second, then send it again."),
    }
}
