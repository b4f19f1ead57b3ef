//! A pass in plain words, in the order in which a person asks: what it may do, what it asks about first, what it may
//! never do, and its limits.
//!
//! This is the one place that puts a pass into words. They come from the facts and caveats that are evaluated, and
//! leave nothing out: a caveat that no flag makes is shown as Datalog.
//!
//! - Invariant: The words shown for a pass mean what is evaluated, and nothing of the pass is left out
//!   (`what_is_shown_is_datalog_that_means_the_same`, `every_flag_changes_what_a_pass_says`,
//!   `a_check_that_only_looks_like_a_flags_is_shown_as_it_is`).

mod caveats;

use crate::catalog::selector::Selector;
use crate::caveats::limit;
use crate::decision::approval::Quorum;
use crate::mint::since::since;
use crate::pass::content::{Answer, Content};
use crate::words::value::date_text;

pub use crate::caveats::said::{About, Line};

/// Everything that a pass says.
pub fn lines(content: &Content) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut say = |about, text| lines.push(Line { about, text });
    let quorum = Quorum::of(content).words().map_or(String::new(), |words| format!(" ({words})"));
    for (about, answer) in
        [(About::May, Answer::Allow), (About::Asks, Answer::Ask), (About::Never, Answer::Deny)]
    {
        let of_asks = if answer == Answer::Ask { quorum.as_str() } else { "" };
        for text in granted(content, answer) {
            say(about, format!("{text}{of_asks}"));
        }
    }
    for line in caveats::lines(content) {
        let of_asks = if line.about == About::Asks { quorum.as_str() } else { "" };
        say(line.about, format!("{}{of_asks}", line.text));
    }
    for limit in &content.limits {
        say(About::AtMost, format!("{}{}", limit::size_of(limit), since(limit.block)));
    }
    for text in redacted(content) {
        say(About::Sees, text);
    }
    if content.not_before > 0 {
        say(About::When, format!("from {}", date_text(content.not_before)));
    }
    say(About::When, format!("until {}", date_text(content.expires)));
    // A stable sort: within one group the order of the pass stays.
    lines.sort_by_key(|line| line.about);
    lines
}

/// The grants with one answer, as one text for each connection.
fn granted(content: &Content, answer: Answer) -> Vec<String> {
    let of_answer = || content.grants.iter().filter(move |(own, _, _)| *own == answer);
    let mut connections: Vec<_> = of_answer().map(|(_, name, _)| name).collect();
    connections.sort();
    connections.dedup();
    let text = |name: &_| {
        let selectors = of_answer().filter(|(_, on, _)| on == name);
        let what: Vec<String> = selectors.map(|(_, _, selector)| described(selector)).collect();
        format!("{} on `{name}`", what.join(", "))
    };
    connections.into_iter().map(text).collect()
}

fn described(selector: &Selector) -> String {
    match selector {
        Selector::Effect(effect) => effect.to_string(),
        other if crate::catalog::selector::is_anything(other) => "anything".into(),
        other => format!("`{other}`"),
    }
}

fn redacted(content: &Content) -> Vec<String> {
    let mut connections: Vec<_> = content.redactions.iter().map(|one| &one.connection).collect();
    connections.sort();
    connections.dedup();
    let text = |name: &_| {
        let own = content.redactions.iter().filter(|one| one.connection == *name);
        let fields: Vec<String> = own.map(|one| format!("`{}`", one.field)).collect();
        format!("on `{name}` never {}", fields.join(", "))
    };
    connections.into_iter().map(text).collect()
}
