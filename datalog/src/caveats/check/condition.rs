//! The types of a condition, and whether it is one: it can be true and it can be false.

use crate::caveats::check::finding::Lint;
use crate::engine::caveat::{Binary, Op, Pattern, Query, Slot, Unary};
use crate::engine::evaluate::{self, Steps, World};
use crate::engine::ordered::NONE;
use crate::words::value::Value;
use crate::words::vocabulary::{self, TermType as Word};

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

pub(super) fn condition(ops: &[Op], query: &Query) -> Result<(), Lint> {
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
