//! The treatment of an answer on its way to the agent.
//!
//! - Invariant: The content of a file is passed on unchanged (`what_a_file_holds_is_passed_on_as_it_is`,
//!   `a_file_is_no_answer_that_a_pass_could_judge`, `a_text_that_begins_with_a_url_stays_as_it_was_written`).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use datalog::catalog::Service;
use http::StatusCode;

use crate::answer::permit::StreamPermit;
use crate::filter::rewrite::{Origins, Rewriter};
use crate::filter::scrub::Scrubber;
use crate::filter::withhold::Withholder;
use crate::memory::MemoryShare;
use crate::ports::CarriedOut;
use crate::refusal::{Fault, FaultCode};
use crate::upstream::unpack::Cut;

/// The treatment of an answer on its way.
pub(crate) struct Treatment {
    pub scrubber: Scrubber,
    pub origins: Origins,
    pub permit: StreamPermit,
    pub service: Arc<Service>,
    pub shows: Shows,
    /// Memory for the answer, if it is reviewed.
    pub room: Option<MemoryShare>,
}

/// How much of an answer the agent asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Everything,
    /// HEAD: status and headers. The answer is judged all the same.
    Head,
}

/// The steps for JSON only.
pub(crate) struct JsonTreatment {
    withholder: Option<Withholder>,
    rewriter: Rewriter,
}

impl JsonTreatment {
    /// Masks these fields, and leads these origins back to the gateway.
    pub(crate) fn new(masked: &[String], origins: Origins) -> Self {
        Self { withholder: Withholder::of(masked), rewriter: Rewriter::new(origins) }
    }

    /// Takes a piece, and returns the bytes that may go on.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        let piece = match &mut self.withholder {
            Some(withholder) => withholder.push(piece),
            None => piece,
        };
        self.rewriter.push(&piece)
    }

    /// Returns the bytes that were held back. Call it at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        let held = self.withholder.as_mut().map(Withholder::finish).unwrap_or_default();
        joined(self.rewriter.push(&held), &self.rewriter.finish())
    }
}

/// Returns the fault for an incomplete answer.
pub(crate) fn cut(status: StatusCode, detail: &str) -> Fault {
    Fault { carried_out: CarriedOut::by(status), ..Fault::after(FaultCode::UpstreamUnreachable, detail) }
}

/// Returns the fault for an answer that broke off or could not be unpacked.
pub(crate) fn broken_off(status: StatusCode, broken: Cut) -> Fault {
    match broken {
        Cut::Gone => cut(status, broken.as_str()),
        Cut::NotGzip | Cut::Bomb => unusable(status, broken.as_str()),
    }
}

/// Returns the fault for an answer that is never passed on, however often it is requested.
pub(crate) fn unusable(status: StatusCode, detail: &str) -> Fault {
    Fault::unusable(CarriedOut::by(status), detail)
}

pub(crate) fn joined(first: Bytes, rest: &Bytes) -> Bytes {
    if rest.is_empty() {
        return first;
    }
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(rest);
    whole.freeze()
}
