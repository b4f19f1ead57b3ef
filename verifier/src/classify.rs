//! Classify: what the agent asks for, in the catalog's words.
//!
//! The catalog says which operation it is and builds the canonical request; this is the door to it. What it
//! does not recognise is refused here, and nothing of it is guessed.

use datalog::catalog::{ClassifyError, RawRequest};
use datalog::{Effect, Effects, Request};
use http::Method;

use crate::admit::Admitted;
use crate::headers::end_to_end;
use crate::ports::Connection;
use crate::refusal::{Refusal, RefusalCode};

/// Finds the one operation that an admitted request is.
pub(crate) fn classify(
    connection: &Connection,
    admitted: &Admitted,
    body: &[u8],
) -> Result<Request, Refusal> {
    let headers = end_to_end(&admitted.headers);
    let asks_for_a_head = admitted.method == Method::HEAD;
    let raw = RawRequest {
        // A HEAD is the GET whose head it asks for (RFC 9110, section 9.3.2): the same operation, decided the same.
        method: if asks_for_a_head { Method::GET.as_str() } else { admitted.method.as_str() },
        method_override: admitted.method_override.as_deref(),
        host: None,
        path: &admitted.path,
        query: admitted.query.as_deref(),
        headers: &headers,
        content_type: admitted.content_type.as_deref(),
        body,
    };
    let request = connection
        .service
        .classify(&connection.name, &connection.account, &raw)
        .map_err(|error| refusal(&error))?;
    if asks_for_a_head && !is_a_get_that_reads(&request) {
        return Err(Refusal::new(
            RefusalCode::UnknownOperation,
            "there is no HEAD of what does more than read",
        )
        .expected("HEAD of a GET that only reads", format!("HEAD of `{}`", request.operation.id)));
    }
    Ok(request)
}

fn is_a_get_that_reads(request: &Request) -> bool {
    request.operation.method.as_str() == Method::GET.as_str()
        && request.effects.is_subset(Effects::NONE.with(Effect::Read))
}

fn refusal(error: &ClassifyError) -> Refusal {
    let (code, detail) = match error {
        ClassifyError::UnknownOperation(_) => {
            (RefusalCode::UnknownOperation, "the catalog has no such operation")
        }
        ClassifyError::Ambiguous(_) => {
            (RefusalCode::AmbiguousRequest, "the request can be read in more than one way")
        }
        ClassifyError::ForeignCredential(_) => {
            (RefusalCode::ForeignCredential, "the request carries a credential of its own")
        }
        ClassifyError::UnsupportedMediaType(_) => {
            (RefusalCode::UnsupportedMediaType, "the body is of a kind that the operation does not take")
        }
    };
    let misfit = error.misfit();
    let mut refusal = Refusal::new(code, detail).expected(&misfit.expected, &misfit.got);
    refusal.hint = misfit.hint.clone();
    refusal
}
