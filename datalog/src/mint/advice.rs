//! Advice for the person who makes a pass: the pass would do nothing, a restriction restricts nothing, or the pass
//! allows more than people usually mean.
//!
//! It refuses a pass that can do nothing; the rest are warnings. All of it comes from what is evaluated and from the
//! catalog, and permits nothing.
//!
//! - Invariant: A restriction that restricts nothing is reported where it is made
//!   (`a_restriction_that_holds_nothing_back_is_said`).

mod closed;
mod idle;

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use crate::catalog::Operation;
use crate::catalog::selector::Selector;
use crate::caveats::arg::sentence;
use crate::caveats::grants::is_same_account;
use crate::caveats::term_error::TermError;
use crate::caveats::times::span;
use crate::caveats::{explain, provenance};
use crate::mint::can::{Possible, Row};
use crate::pass::bounds::time_bound;
use crate::pass::content::{Answer, Content};
use crate::pass::verify::moment;
use crate::words::effect::Effect;
use crate::words::message::Message;
use crate::words::names::ConnectionName;
use crate::words::value::date_text;

/// A pass that lasts longer gets a warning.
const LONG: Duration = Duration::days(1);
/// Effects that people seldom mean to allow in passing.
const GRAVE: [Effect; 5] = [Effect::Delete, Effect::Share, Effect::Run, Effect::Secret, Effect::Admin];

/// An operation of the pass, and the best answer that it could get.
type BestAnswers<'a> = [(&'a Operation, Row)];

/// Refuses a pass that could never do anything.
pub(crate) fn sense(content: &Content, rows: &BestAnswers<'_>) -> Result<(), TermError> {
    if content.not_before > content.expires {
        let (begins, ends) = (date_text(content.not_before), date_text(content.expires));
        return Err(TermError::NeverHolds { begins, ends });
    }
    // If a connection's service is unknown here, nothing is known about it.
    let is_told = |name: &ConnectionName| rows.iter().any(|(_, row)| row.connection == name.as_str());
    if !content.connections.iter().all(|one| is_told(&one.name)) || rows.iter().any(|(_, row)| is_live(row)) {
        return Ok(());
    }
    let granted = content.grants.iter().filter(|(answer, _, _)| *answer != Answer::Deny);
    let whys: BTreeSet<&str> =
        granted.map(|(_, on, selector)| why_nothing(content, rows, on, selector)).collect();
    let mut whys: Vec<String> = whys.into_iter().map(str::to_owned).collect();
    let mut instead = None;
    for (number, block) in content.blocks.iter().enumerate() {
        for stopped in block.caveats.iter().filter_map(|caveat| closed::closed(content, number, caveat, rows))
        {
            whys.push(stopped.says);
            instead = instead.or(stopped.hint);
        }
    }
    Err(TermError::AllowsNothing { why: whys.join("; "), instead })
}

/// The warnings about a new pass.
pub(crate) fn of_pass(content: &Content, rows: &BestAnswers<'_>, begins: OffsetDateTime) -> Vec<Message> {
    let mut warnings = Vec::new();
    let lasts = moment(content.expires) - begins;
    if lasts > LONG {
        warnings.push(
            format!(
                "it lasts {}: whoever gets hold of it can use it for as long",
                span(lasts.whole_seconds())
            )
            .into(),
        );
    }
    warnings.extend(grave(content, rows));
    for (answer, on, selector) in &content.grants {
        let mut meant = meant(rows, on, selector).peekable();
        if *answer != Answer::Deny && meant.peek().is_some() && !meant.any(|(_, row)| is_live(row)) {
            let why = why_nothing(content, rows, on, selector);
            warnings.push(format!("`{selector}` on `{on}` allows nothing: {why}").into());
        }
    }
    warnings.extend(of_block(content, 0, rows));
    warnings
}

/// The warnings about the restrictions of one block.
pub(crate) fn of_block(content: &Content, number: usize, rows: &BestAnswers<'_>) -> Vec<Message> {
    let mut warnings = Vec::new();
    let mut say = |warning: Message| {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    };
    let live = || rows.iter().filter(|(_, row)| is_live(row));
    let Some(block) = content.blocks.get(number) else { return warnings };
    for caveat in &block.caveats {
        if time_bound(caveat).is_some() || is_same_account(caveat) {
            continue;
        }
        if let Some(stopped) = closed::closed(content, number, caveat, rows) {
            say(stopped);
        }
        if live().all(|(operation, row)| idle::is_idle(content, number, caveat, operation, row)) {
            let what = sentence::argument(caveat).map_or_else(
                || explain::caveat(caveat),
                |one| format!("the conditions on the arguments of {}", one.operation),
            );
            say(format!("this restricts nothing that the pass allows: {what}").into());
        } else if let Some((kind, _, what)) = provenance::leaves(caveat)
            && !live().any(|(operation, _)| provenance::is_shown_by(caveat, &kind, operation))
        {
            say(format!("nothing that the pass allows shows a {kind}, so there is none {what}").into());
        }
    }
    for limit in content.limits.iter().filter(|limit| limit.block == number) {
        if limit.max == 0 {
            say(format!("the budget `{}` is 0: it allows none", limit.name).into());
        } else if limit.measure == crate::pass::reservation::Measure::Recipients
            && !live().any(|(operation, _)| idle::reaches(operation))
        {
            say(format!(
                "the budget `{}` never counts: nothing that the pass allows reaches people",
                limit.name
            )
            .into());
        }
    }
    warnings
}

/// Grave effects that are allowed without asking, and without naming an operation.
fn grave(content: &Content, rows: &BestAnswers<'_>) -> Vec<Message> {
    let is_named = |row: &Row| {
        content.grants.iter().any(|(_, on, selector)| {
            on.as_str() == row.connection
                && matches!(selector, Selector::Operation(id) if id.as_str() == row.operation)
        })
    };
    let mut warnings = Vec::new();
    for connection in &content.connections {
        let own = || {
            rows.iter().filter(|(_, row)| {
                row.connection == connection.name.as_str()
                    && row.possible == Possible::Allow
                    && !is_named(row)
            })
        };
        let counts: Vec<String> = GRAVE
            .into_iter()
            .filter_map(|effect| {
                let count = own().filter(|(_, row)| row.effects.contains(effect)).count();
                (count > 0).then(|| format!("{count} that {}", verb(effect)))
            })
            .collect();
        let first = GRAVE.into_iter().find(|effect| own().any(|(_, row)| row.effects.contains(*effect)));
        if let Some(first) = first {
            warnings.push(format!(
                "operations on `{name}` are allowed without asking, among them {}: `--ask {name}:{first}` asks first",
                counts.join(", "),
                name = connection.name
            )
            .into());
        }
    }
    warnings
}

fn verb(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Send => "send",
        Effect::Share => "share",
        Effect::Delete => "delete",
        Effect::Run => "run code",
        Effect::Secret => "show secrets",
        Effect::Admin => "change settings",
    }
}

fn why_nothing(
    content: &Content,
    rows: &BestAnswers<'_>,
    on: &ConnectionName,
    selector: &Selector,
) -> &'static str {
    let denies = |operation: &Operation| {
        content
            .grants
            .iter()
            .any(|(answer, own, denied)| *answer == Answer::Deny && own == on && denied.matches(operation))
    };
    let covers = |operation: &Operation| {
        operation.effects.iter().all(|effect| {
            content.grants.iter().any(|(answer, own, granted)| {
                *answer != Answer::Deny && own == on && *granted == Selector::Effect(effect)
            })
        })
    };
    let is_effect = matches!(selector, Selector::Effect(_));
    if meant(rows, on, selector).all(|(operation, _)| denies(operation)) {
        "everything that it allows is also denied"
    } else if is_effect && !meant(rows, on, selector).any(|(operation, _)| covers(operation)) {
        "every operation with this effect has other effects that the pass does not allow"
    } else {
        "its restrictions leave no operation"
    }
}

fn meant<'a>(
    rows: &'a BestAnswers<'a>,
    on: &'a ConnectionName,
    selector: &'a Selector,
) -> impl Iterator<Item = &'a (&'a Operation, Row)> {
    rows.iter().filter(move |(operation, row)| row.connection == on.as_str() && selector.matches(operation))
}

fn is_live(row: &Row) -> bool {
    row.possible != Possible::Deny
}
