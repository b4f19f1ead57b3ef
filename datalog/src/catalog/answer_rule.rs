//! Builds the rule on an operation's answers, from its line in the overlay and the overlay's rules on kinds.

use std::collections::BTreeSet;

use crate::catalog::answer::{AnswerLine, AnswerRule, Showing, ShownId, path, shown_parts};
use crate::catalog::description::FactsError;
use crate::catalog::overlay::Overlay;

impl AnswerLine {
    /// The rule, checked against the kinds of things that the service's operations touch.
    pub(crate) fn rule(&self, kinds: &BTreeSet<&str>, overlay: &Overlay) -> Result<AnswerRule, FactsError> {
        let told = !self.items.is_empty()
            || self.time.time.is_some()
            || !self.bare.is_empty()
            || !self.beside.is_empty();
        if self.shows != Showing::Items && told {
            return Err(FactsError::new("an answer that shows no items has no times and no lists of them"));
        }
        let mut shown = Vec::new();
        for (created, ids) in [(false, &self.seen), (true, &self.created)] {
            for (kind, id) in
                ids.iter().flat_map(|(kind, ids)| ids.as_slice().iter().map(move |id| (kind, id)))
            {
                if !kinds.contains(kind.as_str()) {
                    return Err(FactsError::new(format!(
                        "answers show `{kind}`, which no operation touches"
                    )));
                }
                let folded = self.folded.contains(kind) || overlay.folded_kinds.contains(kind);
                let own = overlay.own_kinds.get(kind).map(|word| word.as_str().into());
                let (kind, id) = (kind.as_str().into(), shown_parts(id)?);
                shown.push(ShownId { kind, id, created, folded, own });
            }
        }
        Ok(AnswerRule {
            shows: self.shows,
            items: path(&self.items),
            time: self.time.dated()?,
            labels: self.labels.as_deref().map(path),
            bare: self.bare.iter().map(|field| path(field)).collect(),
            beside: self.beside.iter().map(|field| path(field)).collect(),
            shown: shown.into(),
            stands_at: path(&self.stands_at),
        })
    }
}
