//! "Anything else passes": the alternatives that stand before a check so that it is about one operation or connection.
//!
//! They are made here and read back here, so that both agree.

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;

use crate::catalog::selector::{Selector, Target, is_anything};
use crate::engine::caveat::{Binary, Caveat, Op, Query, Slot, Unary};
use crate::words::names::ConnectionName;

/// Holds where one of the two holds.
pub(crate) fn either(mut left: Check, right: Check) -> Check {
    left.queries.extend(right.queries);
    left
}

/// Holds on every other connection.
pub(crate) fn of_connection(name: &ConnectionName) -> Check {
    check!(r#"check if connection($c), $c !== {name}"#, name = name.as_str())
}

/// The check, on that connection alone; on every one where none is named.
pub(crate) fn on_connection(connection: Option<&ConnectionName>, check: Check) -> Check {
    match connection {
        None => check,
        Some(name) => either(of_connection(name), check),
    }
}

/// Holds for every operation that the target does not mean.
pub(crate) fn but_for(target: &Target) -> Check {
    let other = match &target.selector {
        Selector::Effect(effect) => {
            check!(r#"check if effects($e), !$e.contains({effect})"#, effect = effect.as_str())
        }
        Selector::Operation(id) => check!(r#"check if operation($o), $o !== {id}"#, id = id.as_str()),
        Selector::Glob { prefix, suffix } => check!(
            r#"check if operation($o), !($o.starts_with({start}) && $o.ends_with({end}))"#,
            start = prefix.as_str(),
            end = suffix.as_str()
        ),
    };
    on_connection(target.connection.as_ref(), other)
}

/// The same; none where the target means everything.
pub(crate) fn of_target(target: &Target) -> Option<Check> {
    match &target.connection {
        Some(name) if is_anything(&target.selector) => Some(of_connection(name)),
        None if is_anything(&target.selector) => None,
        _ => Some(but_for(target)),
    }
}

/// A check taken apart: where it is about something, and its other alternatives.
pub(crate) struct Elsewhere<'a> {
    connection: Option<&'a str>,
    subject: Option<CheckSubject<'a>>,
    pub(crate) rest: &'a [Query],
}

/// The operations that a check is about.
enum CheckSubject<'a> {
    Operation(String),
    Effect(&'a str),
}

/// One alternative that is met elsewhere.
enum Other<'a> {
    Connection(&'a str),
    Subject(CheckSubject<'a>),
}

/// Takes the leading alternatives off, each kind once.
pub(crate) fn read(caveat: &Caveat) -> Elsewhere<'_> {
    let mut read = Elsewhere { connection: None, subject: None, rest: &caveat.queries };
    while let Some((first, rest)) = read.rest.split_first() {
        match other(first) {
            Some(Other::Connection(name)) if read.connection.is_none() => read.connection = Some(name),
            Some(Other::Subject(subject)) if read.subject.is_none() => read.subject = Some(subject),
            _ => break,
        }
        read.rest = rest;
    }
    read
}

fn other(query: &Query) -> Option<Other<'_>> {
    let ([pattern], [condition]) = (query.patterns.as_slice(), query.expressions.as_slice()) else {
        return None;
    };
    let [Slot::Variable(0)] = pattern.slots.as_slice() else { return None };
    match (&*pattern.name, condition.as_slice()) {
        ("connection", [Op::Variable(0), Op::Value(name), Op::Binary(Binary::NotEqual)]) => {
            Some(Other::Connection(name.as_str()?))
        }
        ("operation", [Op::Variable(0), Op::Value(id), Op::Binary(Binary::NotEqual)]) => {
            Some(Other::Subject(CheckSubject::Operation(format!("`{}`", id.as_str()?))))
        }
        (
            "effects",
            [Op::Variable(0), Op::Value(effect), Op::Binary(Binary::Contains), Op::Unary(Unary::Negate)],
        ) => Some(Other::Subject(CheckSubject::Effect(effect.as_str()?))),
        ("operation", [rest @ .., Op::Unary(Unary::Negate)]) => {
            glob(rest).map(|glob| Other::Subject(CheckSubject::Operation(glob)))
        }
        _ => None,
    }
}

fn glob(ops: &[Op]) -> Option<String> {
    let [start @ .., Op::Closure(None, end), Op::Binary(Binary::LazyAnd), Op::Unary(Unary::Parens)] = ops
    else {
        return None;
    };
    Some(format!("`{}*{}`", affix(start, Binary::Prefix)?, affix(end, Binary::Suffix)?))
}

/// The text that an operation's id has to begin or end with.
pub(crate) fn affix(condition: &[Op], op: Binary) -> Option<&str> {
    match condition {
        [Op::Variable(0), Op::Value(text), Op::Binary(found)] if *found == op => text.as_str(),
        _ => None,
    }
}

impl Elsewhere<'_> {
    /// ` on \`gmail\``, or nothing.
    pub(crate) fn connection_text(&self) -> String {
        self.connection.map_or(String::new(), |name| format!(" on `{name}`"))
    }

    pub(crate) fn connection(&self) -> Option<&str> {
        self.connection
    }

    /// The operations in short, as a line of a pass has them.
    pub(crate) fn subject(&self) -> Option<String> {
        self.subject.as_ref().map(|subject| match subject {
            CheckSubject::Operation(text) => text.clone(),
            CheckSubject::Effect(effect) => (*effect).to_owned(),
        })
    }

    fn subject_in_full(&self) -> Option<String> {
        self.subject.as_ref().map(|subject| match subject {
            CheckSubject::Operation(text) => text.clone(),
            CheckSubject::Effect(effect) => format!("what has the effect `{effect}`"),
        })
    }

    /// The sentence of a check whose last alternative says `end`.
    pub(crate) fn sentence(&self, end: &str) -> String {
        match (self.subject_in_full(), self.connection) {
            (Some(subject), _) => format!("{subject}{}: {end}", self.connection_text()),
            (None, None) => end.to_owned(),
            (None, Some(_)) => format!("anything{}: {end}", self.connection_text()),
        }
    }

    /// The sentence of a check that has no other alternative.
    pub(crate) fn excluded(&self) -> Option<String> {
        Some(format!("anything but {}{}", self.subject_in_full()?, self.connection_text()))
    }
}
