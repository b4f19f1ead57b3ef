//! Classify: finds the operation of an agent's request in the catalog.
//!
//! The catalog names the operation and builds the canonical request; this step calls it. An unknown request is
//! refused here, and nothing is guessed.
//!
//! - Invariant: A HEAD is decided, counted and judged like its GET, and shows nothing of the body
//!   (`a_head_takes_from_the_budgets_of_its_get`,
//!   `a_head_of_what_the_pass_does_not_allow_or_does_more_than_read_is_refused`,
//!   `the_answer_to_a_head_is_judged_and_shows_no_ids`).

use datalog::{ClassifyError, Effect, Effects, Request};
use http::Method;

use crate::answer::treatment::Shows;
use crate::refusal::{Refusal, RefusalCode};
use crate::steps::arrived::Arrived;

/// Finds the one operation of a request.
pub(crate) fn classify(arrived: &Arrived) -> Result<Request, Refusal> {
    let connection = arrived.trusted.connection();
    let request = arrived
        .read(|raw| connection.service.classify(&connection.name, &connection.account, raw))
        .map_err(|error| refusal(&error))?;
    if arrived.shows == Shows::Head && !is_a_get_that_reads(&request) {
        return Err(Refusal::new(
            RefusalCode::UnknownOperation,
            "an operation that does more than read has no HEAD",
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
            (RefusalCode::AmbiguousRequest, "the request cannot be understood with certainty")
        }
        ClassifyError::ForeignCredential(_) => {
            (RefusalCode::ForeignCredential, "the request carries another credential")
        }
        ClassifyError::UnsupportedMediaType(_) => {
            (RefusalCode::UnsupportedMediaType, "the operation does not take this kind of body")
        }
    };
    let misfit = error.misfit();
    let mut refusal = Refusal::new(code, detail).expected(&misfit.expected, &misfit.got);
    refusal.hint = misfit.hint.clone();
    refusal
}
