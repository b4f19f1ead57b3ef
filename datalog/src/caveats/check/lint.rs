//! Mistakes in a check that a person wrote, found before it is in a pass: it can never fail or never pass, it
//! compares different types, or one good fact among several satisfies it.
//!
//! Passes from elsewhere are not linted: their checks only narrow, however odd they are.

use std::collections::BTreeSet;

use crate::caveats::reach::TargetConnection;
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Pattern, Query, Slot, Unary};
use crate::engine::evaluate::{self, Steps, World};
use crate::engine::ordered::NONE;
use crate::words::effect::Effect;
use crate::words::value::{Text, Value};
use crate::words::vocabulary::{self, Count, TermType as Word};

/// What is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lint {
    #[error("it can never fail: {0}")]
    NeverFails(&'static str),
    #[error("it can never pass: {0}")]
    NeverPasses(String),
    #[error("it never matches: facts have `{1}` in place of `{0}`, since to that service both are one name")]
    Case(String, String),
    #[error("it never matches: nothing here touches a `{got}`; there are {known}")]
    Kind { got: String, known: String },
    #[error("it never matches: a `{kind}` is named {shapes}, not `{got}`")]
    Shape { kind: String, got: String, shapes: String },
    #[error(
        "it never matches: facts have `{1}` in place of `{0}`, since addresses and domains are in lower case"
    )]
    Address(String, String),
    #[error("it cannot be evaluated: {0}")]
    Types(String),
    #[error(
        "`check if {0}(…)` holds as soon as one of several fits: write `check all`, with `or` for none at all"
    )]
    Existential(String),
    #[error(
        "`check all {0}(…)` skips each one whose `${1}` no other predicate has: compare in a condition, such as `$p.contains($r)` with `thread_participants($p)`"
    )]
    Joined(String, String),
    #[error("a request that also reaches a stranger passes: one recipient that fits is enough")]
    Stranger,
    #[error("`{text}` fits `{slips}` too")]
    Boundary { text: String, slips: String },
    #[error(
        "`reject if {0}(…)` passes a request that has none: write `check all` with what is allowed, or name the value"
    )]
    Vacuous(String),
}

impl Lint {
    /// A check to write instead, if the error itself names none.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Stranger => {
                "`--to` and `--to-domain` hold every recipient; so does `check all recipient($r), $r == \"a@example.com\" or recipient_count(0)`, and `recipient_count(1)` beside a single one".into()
            }
            Self::Boundary { text, .. } => boundary(text),
            _ => A_CHECK.into(),
        }
    }
}

/// What a check looks like.
pub(crate) const A_CHECK: &str = "`check if effects($e), !$e.contains(\"send\")` is one";

/// Returns the first mistake.
pub(crate) fn lint(caveat: &Caveat) -> Result<(), Lint> {
    for query in &caveat.queries {
        constants(query)?;
        lower_case(query)?;
        for expression in &query.expressions {
            condition(expression, query)?;
        }
        several(caveat.kind, query)?;
        if is_certain(query) {
            return Err(match caveat.kind {
                Kind::One | Kind::All => Lint::NeverFails("every request has what it asks for"),
                Kind::Reject => Lint::NeverPasses("every request has what it rejects".into()),
            });
        }
    }
    stages(caveat)
}

/// The gateway evaluates a pass on the request, which has no items yet, and again on its answer.
fn stages(caveat: &Caveat) -> Result<(), Lint> {
    let of_item = |pattern: &Pattern| {
        &*pattern.name == "item_label"
            || vocabulary::find(&pattern.name).is_some_and(|word| word.count == Count::Item)
    };
    let stage = |pattern: &Pattern, name: &str| {
        let named = matches!(pattern.slots.first(), Some(Slot::Value(value)) if value.as_str() == Some(name));
        &*pattern.name == "stage" && named
    };
    let before = |query: &Query| !query.patterns.iter().any(|one| of_item(one) || stage(one, "response"));
    let after = |query: &Query| !query.patterns.iter().any(|one| stage(one, "request"));
    if caveat.kind != Kind::Reject && !caveat.queries.iter().any(before) {
        return Err(Lint::NeverPasses(
            "a request has no items yet: begin with `stage(\"request\") or …`".into(),
        ));
    }
    if caveat.kind != Kind::Reject && !caveat.queries.iter().any(after) {
        return Err(Lint::NeverPasses("no answer is at the stage `request`".into()));
    }
    Ok(())
}

/// Facts spell each thing in one way, so a check with another spelling never matches.
pub(crate) fn spelling(caveat: &Caveat, reach: &[TargetConnection<'_>]) -> Result<(), Lint> {
    let text = |slot: Option<&Slot>| match slot {
        Some(Slot::Value(Value::Str(text))) => Some(text.clone()),
        _ => None,
    };
    for query in &caveat.queries {
        for pattern in &query.patterns {
            let (Some(what), value) = (text(pattern.slots.first()), pattern.slots.get(1)) else { continue };
            if OF_KINDS.contains(&&*pattern.name) {
                is_kind(&what, reach)?;
            }
            let respelled = |got: &str| {
                reach.iter().find_map(|one| match &*pattern.name {
                    "resource" | "seen" | "created" => one.service.respelled(one.account, &what, got),
                    "arg" => one.service.argument_respelled(one.account, &what, got),
                    _ => None,
                })
            };
            // A text compared with a variable is in the same query.
            let compared = query.expressions.iter().flatten().flat_map(texts);
            let direct = text(value).into_iter();
            for got in direct.chain(compared.filter(|_| matches!(value, Some(Slot::Variable(_))))) {
                if let Some(expected) = respelled(&got) {
                    return Err(Lint::Case(got.to_string(), expected));
                }
                if OF_THINGS.contains(&&*pattern.name) && matches!(value, Some(Slot::Value(_))) {
                    is_named_so(&what, &got, reach)?;
                }
            }
        }
    }
    Ok(())
}

/// Words whose first term is a kind of things. In the first three the second term is an id.
const OF_KINDS: [&str; 6] = ["resource", "seen", "created", "unseen_count", "uncreated_count", "unnamed"];
const OF_THINGS: [&str; 3] = ["resource", "seen", "created"];

/// If no service here has a kind, no fact has it, so a check on it does nothing.
fn is_kind(kind: &str, reach: &[TargetConnection<'_>]) -> Result<(), Lint> {
    let known: BTreeSet<&str> = reach.iter().flat_map(|one| one.service.kinds()).collect();
    if reach.is_empty() || known.contains(kind) {
        return Ok(());
    }
    let known = known.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "none".into() } else { known };
    Err(Lint::Kind { got: kind.chars().take(40).collect(), known })
}

/// The same holds for an id of another shape.
fn is_named_so(kind: &str, id: &str, reach: &[TargetConnection<'_>]) -> Result<(), Lint> {
    let mut having = reach.iter().filter(|one| one.service.kinds().any(|known| known == kind)).peekable();
    if having.peek().is_none() || having.clone().any(|one| one.service.could_be(kind, id)) {
        return Ok(());
    }
    let shapes: BTreeSet<String> = having.filter_map(|one| one.service.shape(kind)).collect();
    let shapes = shapes.into_iter().collect::<Vec<_>>().join(" or ");
    Err(Lint::Shape { kind: kind.to_owned(), got: id.chars().take(80).collect(), shapes })
}

fn texts(op: &Op) -> Vec<Text> {
    match op {
        Op::Value(Value::Str(text)) => vec![text.clone()],
        Op::Value(Value::Set(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Str(text) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        Op::Closure(_, body) => body.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// There are eight effects. No request has any other.
fn constants(query: &Query) -> Result<(), Lint> {
    for pattern in query.patterns.iter().filter(|pattern| &*pattern.name == "effect") {
        if let Some(Slot::Value(Value::Str(name))) = pattern.slots.first()
            && name.parse::<Effect>().is_err()
        {
            return Err(Lint::NeverPasses(format!("`{name}` is not an effect")));
        }
    }
    Ok(())
}

/// Facts have addresses and domains in lower case, so another spelling never matches.
fn lower_case(query: &Query) -> Result<(), Lint> {
    let of_people = |pattern: &&Pattern| {
        ["recipient", "recipient_domain", "thread_participant", "thread_participants"]
            .contains(&&*pattern.name)
    };
    let slots: Vec<&Slot> = query.patterns.iter().filter(of_people).flat_map(|one| &one.slots).collect();
    let is_compared = slots.iter().any(|slot| matches!(slot, Slot::Variable(_)));
    let compared = query.expressions.iter().flatten().filter(|_| is_compared).flat_map(texts);
    let direct = slots.iter().filter_map(|slot| match slot {
        Slot::Value(Value::Str(text)) => Some(text.clone()),
        Slot::Value(_) | Slot::Variable(_) => None,
    });
    // Other texts in the query may have capitals: only those that look like an address or a domain count.
    let mut wrong = direct.chain(compared).filter(|text| text.contains(['@', '.']));
    match wrong.find(|text| text.bytes().any(|b| b.is_ascii_uppercase())) {
        Some(text) => Err(Lint::Address(text.to_string(), text.to_ascii_lowercase())),
        None => Ok(()),
    }
}

/// Finds a predicate that a request has several facts of, with a term that may differ between them.
fn several(kind: Kind, query: &Query) -> Result<(), Lint> {
    let open = |pattern: &&Pattern| {
        let many = vocabulary::find(&pattern.name).is_some_and(|word| word.count == Count::Several);
        // An approval is for one request, the one being judged.
        let single = &*pattern.name == "approved";
        many && !single && pattern.slots.iter().any(|slot| matches!(slot, Slot::Variable(_)))
    };
    match (kind, query.patterns.iter().find(open)) {
        (Kind::One, Some(pattern)) => Err(Lint::Existential(pattern.name.to_string())),
        (Kind::Reject, Some(pattern)) => Err(Lint::Vacuous(pattern.name.to_string())),
        _ => Ok(()),
    }?;
    if kind == Kind::All { joined(query) } else { Ok(()) }
}

/// `check all` tests only combinations that match all predicates, so it skips a fact without a partner.
fn joined(query: &Query) -> Result<(), Lint> {
    for (place, pattern) in query.patterns.iter().enumerate() {
        let many = vocabulary::REQUEST
            .iter()
            .any(|word| word.name == &*pattern.name && word.count == Count::Several);
        if !many || &*pattern.name == "approved" {
            continue;
        }
        let others = || query.patterns.iter().enumerate().filter(|(other, _)| *other != place);
        let shared = pattern.slots.iter().find(|slot| {
            matches!(slot, Slot::Variable(_)) && others().any(|(_, other)| other.slots.contains(slot))
        });
        if let Some(Slot::Variable(variable)) = shared {
            let variable = query.variables.get(*variable).map(ToString::to_string).unwrap_or_default();
            return Err(Lint::Joined(pattern.name.to_string(), variable));
        }
    }
    Ok(())
}

/// Whether it matches every request: every request has its words, no term is fixed, and there is no condition.
fn is_certain(query: &Query) -> bool {
    let mut seen = Vec::new();
    query.expressions.is_empty()
        && query.patterns.iter().all(|pattern| {
            vocabulary::find(&pattern.name).is_some_and(|word| word.count == Count::One)
                && pattern.slots.iter().all(|slot| match slot {
                    Slot::Variable(place) if !seen.contains(place) => {
                        seen.push(*place);
                        true
                    }
                    _ => false,
                })
        })
}

/// The type of a value within an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kinds {
    Of(&'static str),
    Set(Box<Kinds>),
    /// A set without members: of any type.
    Empty,
}

const TEXT: Kinds = Kinds::Of("a string");
const INTEGER: Kinds = Kinds::Of("an integer");
const BOOLEAN: Kinds = Kinds::Of("a boolean");
const DATE: Kinds = Kinds::Of("a date");
const BYTES: Kinds = Kinds::Of("bytes");

fn condition(ops: &[Op], query: &Query) -> Result<(), Lint> {
    let mut types = VariableTypes { known: vec![None; query.variables.len()] };
    for pattern in &query.patterns {
        types.learn(pattern);
    }
    let result = types.of(ops)?;
    if result != BOOLEAN {
        return Err(Lint::Types(format!("expected a condition, got {}", shown(&result))));
    }
    if !mentions_variable(ops) {
        let constant = Query {
            patterns: Vec::new(),
            expressions: vec![ops.to_vec()],
            variables: query.variables.clone(),
            reads: 0,
            needs: 0,
            doubts: Vec::new(),
        };
        let world = World::of(&NONE, &NONE, &NONE);
        return Err(match evaluate::matches(&constant, world, &mut Steps::new(10_000)) {
            Ok(true) => Lint::NeverFails("a condition is always true"),
            Ok(false) => Lint::NeverPasses("a condition is never true".into()),
            Err(error) => Lint::Types(error.to_string()),
        });
    }
    Ok(())
}

fn mentions_variable(ops: &[Op]) -> bool {
    ops.iter().any(|op| match op {
        Op::Variable(_) => true,
        Op::Closure(_, body) => mentions_variable(body),
        _ => false,
    })
}

struct VariableTypes {
    known: Vec<Option<Kinds>>,
}

enum OperandTypes<'a> {
    Value(Kinds),
    Closure(Option<usize>, &'a [Op]),
}

impl VariableTypes {
    fn learn(&mut self, pattern: &Pattern) {
        let Some(word) = vocabulary::find(&pattern.name) else { return };
        for (slot, kind) in pattern.slots.iter().zip(word.terms) {
            if let Slot::Variable(place) = slot {
                self.set(*place, Some(of_word(*kind)));
            }
        }
    }

    fn set(&mut self, place: usize, kind: Option<Kinds>) {
        if let Some(known) = self.known.get_mut(place) {
            *known = kind;
        }
    }

    fn of(&mut self, ops: &[Op]) -> Result<Kinds, Lint> {
        let mut stack: Vec<OperandTypes<'_>> = Vec::new();
        let value = |operand: Option<OperandTypes<'_>>| match operand {
            Some(OperandTypes::Value(kind)) => Ok(kind),
            _ => Err(Lint::Types("an operator lacks a value".into())),
        };
        for op in ops {
            let next = match op {
                Op::Value(value) => OperandTypes::Value(of_value(value)),
                Op::Variable(place) => {
                    let known = self.known.get(*place).cloned().flatten();
                    OperandTypes::Value(known.ok_or_else(|| Lint::Types("a variable has no type".into()))?)
                }
                Op::Closure(parameter, body) => OperandTypes::Closure(*parameter, body),
                Op::Unary(op) => OperandTypes::Value(unary(*op, value(stack.pop())?)?),
                Op::Binary(op) => {
                    let right = stack.pop();
                    let left = value(stack.pop())?;
                    OperandTypes::Value(match right {
                        Some(OperandTypes::Closure(parameter, body)) => {
                            self.closure(*op, &left, parameter, body)?
                        }
                        right => binary(*op, &left, &value(right)?)?,
                    })
                }
            };
            stack.push(next);
        }
        value(stack.pop())
    }

    fn closure(
        &mut self,
        op: Binary,
        left: &Kinds,
        parameter: Option<usize>,
        body: &[Op],
    ) -> Result<Kinds, Lint> {
        let inner = match (op, left, parameter) {
            (Binary::LazyAnd | Binary::LazyOr, Kinds::Of(_), None) if *left == BOOLEAN => self.of(body)?,
            (Binary::All | Binary::Any, Kinds::Set(item), Some(place)) => {
                self.set(place, Some((**item).clone()));
                let inner = self.of(body);
                self.set(place, None);
                inner?
            }
            _ => return Err(Lint::Types(format!("{} does not take this operator", shown(left)))),
        };
        if inner == BOOLEAN {
            Ok(BOOLEAN)
        } else {
            Err(Lint::Types(format!("expected a condition, got {}", shown(&inner))))
        }
    }
}

fn of_word(kind: Word) -> Kinds {
    match kind {
        Word::String => TEXT,
        Word::Integer => INTEGER,
        Word::Boolean => BOOLEAN,
        Word::Date => DATE,
        Word::Set => Kinds::Set(Box::new(TEXT)),
    }
}

fn of_value(value: &Value) -> Kinds {
    match value {
        Value::Int(_) => INTEGER,
        Value::Str(_) => TEXT,
        Value::Date(_) => DATE,
        Value::Bytes(_) => BYTES,
        Value::Bool(_) => BOOLEAN,
        Value::Set(items) => items.first().map_or(Kinds::Empty, |item| Kinds::Set(Box::new(of_value(item)))),
    }
}

fn shown(kind: &Kinds) -> String {
    match kind {
        Kinds::Of(name) => (*name).to_owned(),
        Kinds::Set(item) => {
            format!("a set of {}s", shown(item).trim_start_matches("an ").trim_start_matches("a "))
        }
        Kinds::Empty => "an empty set".into(),
    }
}

fn unary(op: Unary, value: Kinds) -> Result<Kinds, Lint> {
    match (op, &value) {
        (Unary::Parens, _) => Ok(value),
        (Unary::Negate, _) if value == BOOLEAN => Ok(BOOLEAN),
        (Unary::Length, Kinds::Set(_) | Kinds::Empty) => Ok(INTEGER),
        (Unary::Length, _) if value == TEXT || value == BYTES => Ok(INTEGER),
        _ => Err(Lint::Types(format!("{} does not take this operator", shown(&value)))),
    }
}

fn binary(op: Binary, left: &Kinds, right: &Kinds) -> Result<Kinds, Lint> {
    use Binary as B;
    let clash = || Lint::Types(format!("{} against {}", shown(left), shown(right)));
    let both = |kind: &Kinds| left == kind && right == kind;
    let sets = matches!(left, Kinds::Set(_) | Kinds::Empty) && matches!(right, Kinds::Set(_) | Kinds::Empty);
    let same = left == right || (sets && (*left == Kinds::Empty || *right == Kinds::Empty));
    let fits = match op {
        B::Equal | B::NotEqual | B::LooseEqual | B::LooseNotEqual => same,
        B::LessThan | B::GreaterThan | B::LessOrEqual | B::GreaterOrEqual => both(&INTEGER) || both(&DATE),
        B::Add | B::Sub | B::Mul | B::Div => return if both(&INTEGER) { Ok(INTEGER) } else { Err(clash()) },
        B::And | B::Or => both(&BOOLEAN),
        B::Prefix | B::Suffix => both(&TEXT),
        B::Contains => both(&TEXT) || (sets && same) || matches!(left, Kinds::Set(item) if **item == *right),
        B::Intersection | B::Union => return if sets && same { Ok(left.clone()) } else { Err(clash()) },
        B::LazyAnd | B::LazyOr | B::All | B::Any => false,
    };
    if fits { Ok(BOOLEAN) } else { Err(clash()) }
}

/// What to write so that a text matches only a whole domain or address.
pub(crate) fn boundary(text: &str) -> String {
    match text.split_once('@') {
        Some(("", _)) => format!("`.ends_with(\"{text}\")` matches the whole domain of an address"),
        Some((_, "")) => {
            format!("name the whole address, or add `.ends_with(\"@example.com\")` beside `{text}`")
        }
        Some(_) => format!("write `== \"{text}\"` for the one address"),
        None => format!(
            "write `.ends_with(\"@{0}\")` for an address, `== \"{0}\"` for a domain, and `.ends_with(\".{0}\")` for its subdomains",
            text.trim_start_matches('.')
        ),
    }
}
