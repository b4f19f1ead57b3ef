//! The response stage: the conditions that a pass puts on an answer, and what the agent gets of it.
//!
//! The caveats of a pass are judged twice: over the request, and again over each item of the answer, with the same
//! facts and those of the item. It is pure: it reads and writes no bytes, and permits no request.
//!
//! - Invariant: No field mask, form or nesting makes an answer show more than the full answer would
//!   (`a_mask_hides_no_word_about_items`, `no_form_that_is_asked_for_evades_what_is_asked_of_answers`,
//!   `what_stands_in_an_item_is_judged_by_its_own_time`).
//! - Invariant: A child sees no more of an answer than its parent, and no reason tells it more
//!   (`a_child_never_shows_more_than_its_parent`, `the_reason_of_a_later_block_says_no_more_than_the_ids`).

pub(crate) mod covers;
pub(crate) mod items;
pub(crate) mod nested;
pub(crate) mod redact;
pub(crate) mod revealed;
pub mod review;
pub(crate) mod stage;
pub(crate) mod strip;

use std::sync::Arc;

use crate::catalog::{Answers, Showing, Writing};
use crate::decision::judge::Question;
use crate::decision::types::{Ground, LiftableBy, Reason};
use crate::pass::content::{Answer, Content};
use crate::pass::verify::VerifiedPass;
use crate::request::asked::AnswerForm;
use crate::request::canonical::Request;
use crate::words::json::Json;
use crate::words::names::ConnectionName;
use redact::Redacted;

pub use crate::decision::response::review::{Revealed, Review, Reviewed, Unfit};
pub(crate) use crate::pass::asks::mentions_answers;
pub(crate) use crate::pass::asks::of_items;
pub use crate::pass::redaction::Redaction;
pub(crate) use crate::pass::redaction::redactions;
pub use crate::request::item::{Item, Shows};
pub use covers::{Covered, covered, dated};
pub use items::items;
pub(crate) use redact::hidden;
pub(crate) use stage::item_facts;

impl Review {
    /// The pass's conditions on the answer, or why no answer to this request could be judged. None if it has no
    /// conditions.
    pub(crate) fn of(pass: &Arc<VerifiedPass>, question: &Question<'_>) -> Result<Option<Self>, Unfit> {
        let (content, request) = (question.content, question.request);
        let (facts, mut caveats) =
            if content.asks_answers { stage::dependent(question) } else { Default::default() };
        let rule = request.operation.answer.as_deref();
        let remembers = content.asks_provenance && rule.is_some_and(|rule| !rule.shown.is_empty());
        let mut review = Self {
            pass: pass.clone(),
            facts,
            caveats: Vec::new(),
            hidden: hidden(content, request),
            redacted: Redacted::on(&content.redactions, request),
            writing: writing(content, request),
            remembers,
            now: question.now.unix_timestamp(),
        };
        let shows = rule.map_or(Showing::Untold, |rule| rule.shows);
        if shows == Showing::Nothing {
            caveats.clear();
        }
        review.caveats = caveats;
        if shows == Showing::Untold && !review.caveats.is_empty() {
            let got = format!("`{}`, whose answers are not described", request.operation.id);
            return Err(review.unreadable(&got));
        }
        if review.judges()
            && let Some(got) = unjudgeable(request)
        {
            return Err(review.unreadable(&got));
        }
        Ok((review.judges() || remembers).then_some(review))
    }

    /// Whether the whole answer must be read before any of it is passed on.
    pub fn judges(&self) -> bool {
        !self.caveats.is_empty() || !self.redacted.is_empty()
    }

    /// Reads a successful answer, and takes out everything that the pass hides.
    pub fn apply(&self, request: &Request, answer: Json) -> Result<Reviewed, Unfit> {
        let mut reviewed = Reviewed { answer, withheld: 0, changed: false, revealed: Revealed::default() };
        let rule = request.operation.answer.as_deref();
        if let Some(rule) = rule.filter(|_| !self.caveats.is_empty()) {
            items::judge(self, rule, request, &mut reviewed)?;
        }
        if !self.redacted.is_empty() {
            let places = redact::apply(&self.redacted, request, &mut reviewed.answer);
            reviewed.changed |= places > 0;
        }
        if let Some(rule) = rule.filter(|_| self.remembers) {
            reviewed.revealed = revealed::ids(rule, request, &reviewed.answer);
        }
        Ok(reviewed)
    }

    /// The words on items that a block may not read, so that a holder's check cannot ask about something that was
    /// redacted before it.
    fn hidden_from(&self, block: usize) -> u64 {
        self.hidden.get(block).copied().unwrap_or(u64::MAX)
    }

    /// The words on items that no reason mentions.
    fn hidden(&self) -> u64 {
        self.hidden.last().copied().unwrap_or(u64::MAX)
    }

    /// Why an unreadable answer is not passed on.
    pub fn unreadable(&self, got: &str) -> Unfit {
        let caveat = self.caveats.first().and_then(|at| self.caveat(*at));
        Unfit {
            ground: Ground::Unevaluable,
            reason: Box::new(Reason {
                block: self.caveats.first().map(|at| at.block),
                caveat: caveat.map(ToString::to_string).unwrap_or_default(),
                expected: "a complete JSON answer whose items the pass can judge".into(),
                got: got.to_owned(),
                kept: None,
                liftable_by: LiftableBy::Parent,
            }),
        }
    }
}

/// Why an answer in the requested form could not be judged.
fn unjudgeable(request: &Request) -> Option<String> {
    if request.headers.iter().any(|(name, _)| **name == *"range") {
        return Some("a request for part of an answer (`Range`)".to_owned());
    }
    match &request.asked.form {
        AnswerForm::Described => None,
        AnswerForm::Other(kind) => {
            let kind: String = kind.chars().take(80).flat_map(char::escape_debug).collect();
            Some(format!("a request for another form of answer (`Accept: {kind}`)"))
        }
        AnswerForm::Content => Some("a request for the content of a file".to_owned()),
    }
}

/// Whether the pass could change the data that this request reads. Its first block decides, by its grants on the
/// service and account on any connection. A later block takes nothing away from a person who holds the pass before
/// it.
pub fn writing(content: &Content, request: &Request) -> Writing {
    writing_on(content, &request.connection, &request.operation.all)
}

fn writing_on(content: &Content, connection: &ConnectionName, all: &Answers) -> Writing {
    let named = |name: &ConnectionName| content.connections.iter().find(|one| one.name == *name);
    let own = named(connection);
    let same = |name: &ConnectionName| {
        name == connection
            || named(name)
                .zip(own)
                .is_none_or(|(one, own)| one.service == own.service && one.account == own.account)
    };
    let changes = content
        .grants
        .iter()
        .any(|(answer, name, selector)| *answer != Answer::Deny && same(name) && all.changes_by(selector));
    if changes { Writing::Possible } else { Writing::Never }
}
