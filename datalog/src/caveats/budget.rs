//! A budget that a person asks for, as facts and as the check that reads its count.

use std::fmt;

use biscuit_auth::builder::{Check, Fact, Predicate, Term};
use biscuit_auth::macros::{check, fact};

use crate::catalog::selector::{Selector, Target};
use crate::caveats::elsewhere::{self, either};
use crate::engine::caveat::Caveat;
use crate::pass::limits::Limit;
use crate::pass::reservation::{Measure, Window};
use crate::words::names::ConnectionName;

/// A budget as a person asks for it: `send=3`, `send=3/h`, `gmail:recipients=5`, `bytes=10MB/d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) target: Target,
    pub(crate) measure: Measure,
    pub(crate) window: Option<Window>,
    pub(crate) max: i64,
}

/// The name that the budget has in the pass.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.measure, &self.target.connection) {
            (Measure::Requests, _) => self.target.fmt(f)?,
            (counted, Some(connection)) => write!(f, "{connection}:{}", counted.as_str())?,
            (counted, None) => f.write_str(counted.as_str())?,
        }
        self.window.map_or(Ok(()), |window| write!(f, "/{}", window.letter()))
    }
}

impl Budget {
    /// The facts that state it under this name.
    pub(crate) fn facts(&self, name: &str) -> Vec<Fact> {
        let mut facts = vec![self.size(name)];
        if let Some(window) = self.window {
            let seconds = i64::try_from(window.seconds()).unwrap_or(i64::MAX);
            facts.push(fact!(r#"budget_window({name}, {seconds})"#, name = name, seconds = seconds));
        }
        if self.measure != Measure::Requests {
            let counted = self.measure.as_str();
            facts.push(fact!(r#"budget_counts({name}, {what})"#, name = name, what = counted));
        }
        facts
    }

    /// The check that reads its count.
    pub(crate) fn check(&self, name: &str) -> Check {
        let max = self.max;
        let within = match self.measure {
            Measure::Requests => check!(r#"check if used({name}, $n), $n < {max}"#, name = name, max = max),
            counted => {
                let mut room = check!(
                    r#"check if used({name}, $n), cost({name}, $c), $n + $c <= {max}"#,
                    name = name,
                    max = max
                );
                if counted == Measure::Recipients {
                    // The count of recipients has to be known: an unknown one must not pass for nobody.
                    let known = Predicate::new("recipient_count".into(), vec![Term::Variable("r".into())]);
                    room.queries.iter_mut().for_each(|query| query.body.push(known.clone()));
                }
                room
            }
        };
        match elsewhere::of_target(&self.target) {
            Some(elsewhere) => either(elsewhere, within),
            None => within,
        }
    }

    fn size(&self, name: &str) -> Fact {
        let max = self.max;
        let connection = self.target.connection.as_ref().map_or("*", ConnectionName::as_str);
        match &self.target.selector {
            Selector::Effect(effect) => fact!(
                r#"budget_effect({name}, {c}, {e}, {max})"#,
                name = name,
                c = connection,
                e = effect.as_str(),
                max = max
            ),
            Selector::Operation(id) => fact!(
                r#"budget_operation({name}, {c}, {o}, {max})"#,
                name = name,
                c = connection,
                o = id.as_str(),
                max = max
            ),
            Selector::Glob { prefix, suffix } => fact!(
                r#"budget_glob({name}, {c}, {start}, {end}, {max})"#,
                name = name,
                c = connection,
                start = prefix.as_str(),
                end = suffix.as_str(),
                max = max
            ),
        }
    }
}

/// Whether the caveat is the very check that stands beside the limit's facts.
pub(crate) fn is_check_of(limit: &Limit, caveat: &Caveat) -> bool {
    let Ok(max) = i64::try_from(limit.max) else { return false };
    let own = Budget { target: limit.target.clone(), measure: limit.measure, window: limit.window, max };
    caveat.is_of(&own.check(&limit.name))
}
