//! `--arg 'gmail.users.messages.list: maxResults<=10, q contains "is:unread"'`, read and turned into caveats.
//!
//! Closed world: once an operation's arguments are constrained, one that is not mentioned is denied; the
//! path's own parameters are mentioned by the operation. A name must be there, unless it ends in `?`.

use std::collections::BTreeSet;
use std::str::Chars;

use biscuit_auth::builder::{Check, Predicate, Term};
use biscuit_auth::macros::check;

use crate::catalog::{ArgumentType, Operation, Service};
use crate::names::ConnectionName;
use crate::selector::{Selector, Target};
use crate::terms::{self, Reach, TermError};

/// What one `--arg` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arguments {
    target: Target,
    conditions: Vec<Condition>,
    /// Names that need no mention.
    implied: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    name: String,
    optional: bool,
    /// None where any value will do.
    test: Option<(ArgumentType, Test)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Text(TextTest, String),
    In(BTreeSet<String>),
    Number(NumberTest, i64),
    NumberIn(BTreeSet<i64>),
    Is(bool),
}

impl Test {
    /// In lower case, as facts have names that the service compares ignoring case.
    fn folded(self) -> Self {
        match self {
            Self::Text(test, text) => Self::Text(test, text.to_ascii_lowercase()),
            Self::In(texts) => Self::In(texts.iter().map(|text| text.to_ascii_lowercase()).collect()),
            Self::Number(..) | Self::NumberIn(_) | Self::Is(_) => self,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextTest {
    Contains,
    StartsWith,
    /// By segment: the path itself, or what is below it.
    Under,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberTest {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Reads one flag. The operation decides what type a value has.
pub(crate) fn read(text: &str, reach: &[Reach<'_>]) -> Result<Arguments, TermError> {
    let wrong = |why: String| TermError::Argument { text: text.chars().take(160).collect(), why };
    let (target, conditions) =
        split(text).ok_or_else(|| wrong("expected `OPERATION: CONDITION, …`".into()))?;
    let target = terms::target(target, reach)?;
    let Selector::Operation(id) = &target.selector else {
        return Err(wrong("expected the id of one operation before the `:`".into()));
    };
    let service = reach.iter().map(|one| one.service).find(|service| service.operation(id).is_some());
    let (Some(service), Some(operation)) = (service, service.and_then(|service| service.operation(id)))
    else {
        return Err(wrong("no such operation".into()));
    };
    let implied = service.implied_arguments(operation).into_iter().map(str::to_owned).collect();
    let mut words = Words::of(conditions);
    let mut read = Vec::new();
    if words.peek().is_some() {
        loop {
            read.push(condition(&mut words, service, operation).map_err(&wrong)?);
            match words.next().map_err(&wrong)? {
                None => break,
                Some(Word::Symbol(",")) => {}
                Some(word) => return Err(wrong(format!("expected `,` before {}", word.shown()))),
            }
        }
    }
    Ok(Arguments { target, conditions: read, implied })
}

/// The target and the conditions. A `:` after a connection's name belongs to the target.
fn split(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_once(':')?;
    if first.contains('.') {
        return Some((first.trim(), rest));
    }
    let (second, conditions) = rest.split_once(':')?;
    Some((text.get(..first.len() + 1 + second.len())?.trim(), conditions))
}

fn condition(words: &mut Words<'_>, service: &Service, operation: &Operation) -> Result<Condition, String> {
    let name = match words.next()? {
        Some(Word::Name(name)) => name,
        other => return Err(format!("expected the name of an argument, got {}", shown(other.as_ref()))),
    };
    let (name, optional) = match name.strip_suffix('?') {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    };
    let types = service.argument(operation, &name);
    if types.is_empty() {
        let known = service.argument_names(operation).join(", ");
        let known = if known.is_empty() { "none".into() } else { known };
        return Err(format!("`{}` has no argument `{name}`; it has {known}", operation.id));
    }
    let test = match words.peek() {
        None | Some(',') => None,
        Some(_) => Some(test(words, &types).map_err(|why| format!("`{name}`: {why}"))?),
    };
    let test = if service.folds(&name) { test.map(|(kind, test)| (kind, test.folded())) } else { test };
    Ok(Condition { name, optional, test })
}

fn test(words: &mut Words<'_>, types: &BTreeSet<ArgumentType>) -> Result<(ArgumentType, Test), String> {
    let operator = words.next()?;
    let operator = match &operator {
        Some(Word::Symbol(symbol)) => *symbol,
        Some(Word::Name(name)) => name.as_str(),
        _ => return Err(format!("expected an operator, got {}", shown(operator.as_ref()))),
    };
    match operator {
        "=" => one_of(&[words.value()?], types),
        "in" => one_of(&words.list()?, types),
        "<" | "<=" | ">" | ">=" => {
            let number = words.value()?.number()?;
            let test = match operator {
                "<" => NumberTest::Less,
                "<=" => NumberTest::AtMost,
                ">" => NumberTest::More,
                _ => NumberTest::AtLeast,
            };
            typed(types, ArgumentType::Integer, Test::Number(test, number))
        }
        "contains" => text(TextTest::Contains, words, types),
        "starts_with" => text(TextTest::StartsWith, words, types),
        "under" => text(TextTest::Under, words, types),
        other => Err(format!("expected =, in, <, <=, >, >=, contains, starts_with or under, got `{other}`")),
    }
}

fn text(
    test: TextTest,
    words: &mut Words<'_>,
    types: &BTreeSet<ArgumentType>,
) -> Result<(ArgumentType, Test), String> {
    let value = words.value()?.text();
    if value.is_empty() {
        return Err("expected a text that is not empty".into());
    }
    let value = if test == TextTest::Under { value.trim_end_matches('/').to_owned() } else { value };
    typed(types, ArgumentType::String, Test::Text(test, value))
}

fn typed(
    types: &BTreeSet<ArgumentType>,
    wanted: ArgumentType,
    test: Test,
) -> Result<(ArgumentType, Test), String> {
    if types.contains(&wanted) {
        return Ok((wanted, test));
    }
    let own: Vec<&str> = types.iter().map(|one| one.as_str()).collect();
    Err(format!("it is {}, and the test is for {}", own.join(" or "), wanted.as_str()))
}

/// Equality with one of several values, in the type that the argument has and they all read as.
fn one_of(values: &[Literal], types: &BTreeSet<ArgumentType>) -> Result<(ArgumentType, Test), String> {
    let quoted = values.iter().any(|value| matches!(value, Literal::Quoted(_)));
    if types.contains(&ArgumentType::Integer)
        && !quoted
        && let Ok(numbers) = values.iter().map(Literal::number).collect()
    {
        return Ok((ArgumentType::Integer, Test::NumberIn(numbers)));
    }
    if let ([Literal::Bare(word)], true, false) = (values, types.contains(&ArgumentType::Boolean), quoted)
        && let Ok(flag) = word.parse()
    {
        return Ok((ArgumentType::Boolean, Test::Is(flag)));
    }
    let texts = values.iter().map(Literal::text).collect();
    typed(types, ArgumentType::String, Test::In(texts))
}

/// The caveats of all flags together: those on one operation are one closed world.
pub(crate) fn caveats(all: &[Arguments]) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut done: Vec<&Target> = Vec::new();
    for one in all {
        if done.contains(&&one.target) {
            continue;
        }
        done.push(&one.target);
        let Selector::Operation(id) = &one.target.selector else { continue };
        let same = || all.iter().filter(|other| other.target == one.target);
        let mut names: BTreeSet<&str> = one.implied.iter().map(String::as_str).collect();
        names.extend(same().flat_map(|other| &other.conditions).map(|condition| condition.name.as_str()));
        let place = Place { id: id.as_str(), connection: one.target.connection.as_ref() };
        checks.push(place.closed(&names));
        for condition in same().flat_map(|other| &other.conditions) {
            checks.extend(place.condition(condition));
        }
    }
    checks
}

/// The operation that caveats are about.
#[derive(Clone, Copy)]
struct Place<'a> {
    id: &'a str,
    connection: Option<&'a ConnectionName>,
}

impl Place<'_> {
    fn closed(self, names: &BTreeSet<&str>) -> Check {
        let names = Term::Set(names.iter().map(|name| Term::Str((*name).to_owned())).collect());
        self.only(check!(r#"reject if arg_name($n), !{names}.contains($n)"#, names = names))
    }

    fn condition(self, condition: &Condition) -> Vec<Check> {
        let name = condition.name.as_str();
        let Some((kind, test)) = &condition.test else {
            return if condition.optional {
                Vec::new()
            } else {
                vec![self.present(check!(r#"check if arg_name({n})"#, n = name))]
            };
        };
        let kind = kind.as_str();
        let mut checks = Vec::new();
        if !condition.optional {
            checks.push(self.present(check!(r#"check if arg_type({n}, {t})"#, n = name, t = kind)));
        }
        // A value of another type would be looked at by no test.
        checks.push(self.only(check!(r#"reject if arg_type({n}, $t), $t !== {t}"#, n = name, t = kind)));
        checks.push(self.only(violation(name, test)));
        checks
    }

    /// A `check if` that holds for every other operation.
    fn present(self, mut check: Check) -> Check {
        let mut elsewhere = check!(r#"check if operation($o), $o !== {id}"#, id = self.id);
        if let Some(name) = self.connection {
            let other = check!(r#"check if connection($c), $c !== {name}"#, name = name.as_str());
            elsewhere.queries.extend(other.queries);
        }
        elsewhere.queries.append(&mut check.queries);
        elsewhere
    }

    /// A `reject if` that looks at this operation only.
    fn only(self, mut check: Check) -> Check {
        for query in &mut check.queries {
            let here = |name: &str, value: &str| Predicate::new(name.into(), vec![Term::Str(value.into())]);
            query.body.insert(0, here("operation", self.id));
            if let Some(name) = self.connection {
                query.body.insert(0, here("connection", name.as_str()));
            }
        }
        check
    }
}

/// Matches where some value of the argument does not meet the test.
fn violation(name: &str, test: &Test) -> Check {
    match test {
        Test::Number(NumberTest::Less, n) => {
            check!(r#"reject if arg_int({a}, $v), $v >= {n}"#, a = name, n = *n)
        }
        Test::Number(NumberTest::AtMost, n) => {
            check!(r#"reject if arg_int({a}, $v), $v > {n}"#, a = name, n = *n)
        }
        Test::Number(NumberTest::More, n) => {
            check!(r#"reject if arg_int({a}, $v), $v <= {n}"#, a = name, n = *n)
        }
        Test::Number(NumberTest::AtLeast, n) => {
            check!(r#"reject if arg_int({a}, $v), $v < {n}"#, a = name, n = *n)
        }
        Test::NumberIn(numbers) => {
            let set = Term::Set(numbers.iter().map(|n| Term::Integer(*n)).collect());
            check!(r#"reject if arg_int({a}, $v), !{set}.contains($v)"#, a = name, set = set)
        }
        Test::Is(flag) => check!(r#"reject if arg_bool({a}, $v), $v !== {f}"#, a = name, f = *flag),
        Test::In(texts) => {
            let set = Term::Set(texts.iter().map(|text| Term::Str(text.clone())).collect());
            check!(r#"reject if arg({a}, $v), !{set}.contains($v)"#, a = name, set = set)
        }
        Test::Text(TextTest::Contains, text) => {
            check!(r#"reject if arg({a}, $v), !$v.contains({x})"#, a = name, x = text.as_str())
        }
        Test::Text(TextTest::StartsWith, text) => {
            check!(r#"reject if arg({a}, $v), !$v.starts_with({x})"#, a = name, x = text.as_str())
        }
        Test::Text(TextTest::Under, text) => {
            let below = format!("{text}/");
            check!(
                r#"reject if arg({a}, $v), $v !== {x}, !$v.starts_with({below})"#,
                a = name,
                x = text.as_str(),
                below = below
            )
        }
    }
}

/// A value as it was typed.
enum Literal {
    Quoted(String),
    Bare(String),
}

impl Literal {
    fn text(&self) -> String {
        match self {
            Self::Quoted(text) | Self::Bare(text) => text.clone(),
        }
    }

    fn number(&self) -> Result<i64, String> {
        match self {
            Self::Bare(text) => text.parse().map_err(|_| format!("expected a whole number, got `{text}`")),
            Self::Quoted(text) => Err(format!("expected a whole number, got \"{text}\"")),
        }
    }
}

enum Word {
    Name(String),
    Quoted(String),
    Symbol(&'static str),
}

impl Word {
    fn shown(&self) -> String {
        match self {
            Self::Name(text) => format!("`{text}`"),
            Self::Quoted(text) => format!("\"{text}\""),
            Self::Symbol(text) => format!("`{text}`"),
        }
    }
}

fn shown(word: Option<&Word>) -> String {
    word.map_or_else(|| "the end".into(), Word::shown)
}

struct Words<'a> {
    rest: Chars<'a>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: text.chars() }
    }

    fn peek(&mut self) -> Option<char> {
        let text = self.rest.as_str().trim_start();
        self.rest = text.chars();
        text.chars().next()
    }

    fn take(&mut self, symbol: &'static str) -> bool {
        match self.rest.as_str().strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest.chars();
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Result<Option<Word>, String> {
        let Some(first) = self.peek() else { return Ok(None) };
        if first == '"' {
            return self.quoted().map(Some);
        }
        for symbol in ["<=", ">=", "==", "=", "<", ">", ",", "(", ")"] {
            if self.take(symbol) {
                return Ok(Some(Word::Symbol(if symbol == "==" { "=" } else { symbol })));
            }
        }
        let text = self.rest.as_str();
        let end = text.find(|c: char| c.is_whitespace() || "<>=,()\"".contains(c)).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest.chars();
        Ok(Some(Word::Name(word.to_owned())))
    }

    fn quoted(&mut self) -> Result<Word, String> {
        self.rest.next();
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return Ok(Word::Quoted(text)),
                '\\' => text.extend(self.rest.next()),
                c => text.push(c),
            }
        }
        Err("a quote is not closed".into())
    }

    fn value(&mut self) -> Result<Literal, String> {
        match self.next()? {
            Some(Word::Quoted(text)) => Ok(Literal::Quoted(text)),
            Some(Word::Name(text)) => Ok(Literal::Bare(text)),
            other => Err(format!("expected a value, got {}", shown(other.as_ref()))),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>, String> {
        let Some(Word::Symbol("(")) = self.next()? else { return Err("expected `(` after `in`".into()) };
        let mut values = Vec::new();
        loop {
            values.push(self.value()?);
            match self.next()? {
                Some(Word::Symbol(")")) => return Ok(values),
                Some(Word::Symbol(",")) => {}
                other => return Err(format!("expected `,` or `)`, got {}", shown(other.as_ref()))),
            }
        }
    }
}
