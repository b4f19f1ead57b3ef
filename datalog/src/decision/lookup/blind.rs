//! Look-ups for the person who is asked. The person must see what a request does. If the request does not say it,
//! Hallpass looks it up first.
//!
//! A request may name a draft, an event or a permission only by its id. If Hallpass does not find it, nobody could know
//! what a yes means, so nobody is asked. The readers of a target place may stay unknown, because an account can write
//! there without seeing them; the approver is told so.
//!
//! - Invariant: A person is never asked about a request if Hallpass could not find out what it does
//!   (`nobody_is_asked_about_what_is_named_by_an_id_and_not_found`,
//!   `nobody_is_asked_about_a_draft_that_could_not_be_looked_up`).

use crate::catalog::finds::Finds;
use crate::decision::lookup::targets;
use crate::request::canonical::Request;
use crate::request::decode::error::DecodeError;
use crate::request::found::{Observed, Unfound};

impl Finds {
    /// Whether the look-up shows what a request does, or whom it reaches.
    fn is_shown(self) -> bool {
        self == Self::Draft || self.reaches()
    }

    /// Whether the failure of this look-up hides what the request does.
    fn blinds(self, unfound: Unfound) -> bool {
        match (self, unfound) {
            // It was found, but reaches more people than anybody can list.
            (_, Unfound::Anybody | Unfound::Partial) => self == Self::Draft,
            (Self::Calendar | Self::Access, Unfound::Refused) => false,
            _ => self.is_shown(),
        }
    }
}

/// The first look-up that a question for a person lacks.
pub(crate) fn lacking(request: &Request, observed: &Observed) -> Option<Finds> {
    let untried = |finds: &Finds| {
        let mut all = targets_of(*finds, request, observed);
        all.any(|target| target.is_ok_and(|target| observed.at(*finds, &target).is_none()))
    };
    Finds::ALL.into_iter().filter(|finds| finds.is_shown()).find(untried)
}

/// The first failed look-up that hides from the person what a yes means.
pub(crate) fn blind(request: &Request, observed: &Observed) -> Option<DecodeError> {
    let hidden = |finds: Finds| {
        let unfound = targets_of(finds, request, observed).filter_map(move |target| match target {
            Ok(target) => observed.at(finds, &target)?.err(),
            Err(unfound) => Some(unfound),
        });
        let mut blinding = unfound.filter(move |unfound| finds.blinds(*unfound));
        blinding.next().map(|unfound| DecodeError::Unfound(finds, unfound))
    };
    Finds::ALL.into_iter().find_map(hidden)
}

fn targets_of<'a>(
    finds: Finds,
    request: &'a Request,
    observed: &'a Observed,
) -> impl Iterator<Item = Result<String, Unfound>> + 'a {
    let looks = request.operation.looks.iter().filter(move |look| look.finds == finds);
    looks.flat_map(move |look| targets(look, request, observed))
}
