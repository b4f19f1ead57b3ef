//! Runs a compiled query over facts. The semantics are Biscuit's; an error, a wrong type or running out of
//! steps is never a yes.
//!
//! The steps are counted, not timed: the same pass and request always cost the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::caveat::{Binary, Caveat, Fact, Kind, Op, Pattern, Query, Slot, Unary};
use crate::value::Value;

/// Why a query has no answer. It is then neither true nor false, and the request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    #[error("an operator was given a value of the wrong type")]
    Type,
    #[error("an integer overflowed or was divided by zero")]
    Arithmetic,
    #[error("it takes more steps than a decision may")]
    Steps,
}

/// The facts that a query sees: the request's, the authority block's, and those of the block it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) facts: [&'a [Fact]; 3],
}

/// How much work one decision may be.
#[derive(Debug)]
pub(crate) struct Steps(u32);

impl Steps {
    pub(crate) fn new(limit: u32) -> Self {
        Self(limit)
    }

    fn take(&mut self, count: usize) -> Result<(), EvaluateError> {
        let count = u32::try_from(count).map_err(|_| EvaluateError::Steps)?;
        self.0 = self.0.checked_sub(count).ok_or(EvaluateError::Steps)?;
        Ok(())
    }
}

/// Whether the check holds.
pub(crate) fn holds(caveat: &Caveat, world: World<'_>, steps: &mut Steps) -> Result<bool, EvaluateError> {
    for query in &caveat.queries {
        if one_holds(caveat.kind, query, world, steps)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether one alternative of a check of that kind holds.
pub(crate) fn one_holds(
    kind: Kind,
    query: &Query,
    world: World<'_>,
    steps: &mut Steps,
) -> Result<bool, EvaluateError> {
    match kind {
        Kind::One => matches(query, world, steps),
        Kind::All => matches_all(query, world, steps),
        Kind::Reject => Ok(!matches(query, world, steps)?),
    }
}

/// Whether some match of the patterns meets the conditions.
pub(crate) fn matches(query: &Query, world: World<'_>, steps: &mut Steps) -> Result<bool, EvaluateError> {
    let mut search = Search { world, steps, bindings: vec![None; query.variables.len()], query };
    let found = search.each(&query.patterns, &mut |conditions| Ok(!conditions))?;
    Ok(!found)
}

/// Whether there is a match of the patterns, and every one meets the conditions.
fn matches_all(query: &Query, world: World<'_>, steps: &mut Steps) -> Result<bool, EvaluateError> {
    let mut search = Search { world, steps, bindings: vec![None; query.variables.len()], query };
    let mut some = false;
    let all = search.each(&query.patterns, &mut |conditions| {
        some = true;
        Ok(conditions)
    })?;
    Ok(some && all)
}

struct Search<'a, 's> {
    world: World<'a>,
    steps: &'s mut Steps,
    bindings: Vec<Option<Value>>,
    query: &'a Query,
}

type Visit<'v> = &'v mut dyn FnMut(bool) -> Result<bool, EvaluateError>;

impl<'a> Search<'a, '_> {
    /// Calls `visit` for every match with whether it meets the conditions; stops where that returns false.
    fn each(&mut self, patterns: &'a [Pattern], visit: Visit<'_>) -> Result<bool, EvaluateError> {
        let Some((pattern, rest)) = patterns.split_first() else {
            let conditions = self.conditions()?;
            return visit(conditions);
        };
        for facts in self.world.facts {
            for fact in facts {
                self.steps.take(1)?;
                if fact.predicate != pattern.predicate || fact.terms.len() != pattern.slots.len() {
                    continue;
                }
                let mut bound = Vec::new();
                let proceed = !self.bind(pattern, fact, &mut bound) || self.each(rest, visit)?;
                for place in bound {
                    if let Some(binding) = self.bindings.get_mut(place) {
                        *binding = None;
                    }
                }
                if !proceed {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn bind(&mut self, pattern: &Pattern, fact: &Fact, bound: &mut Vec<usize>) -> bool {
        pattern.slots.iter().zip(&fact.terms).all(|(slot, term)| match slot {
            Slot::Value(value) => value == term,
            Slot::Variable(place) => match self.bindings.get_mut(*place) {
                Some(Some(value)) => value == term,
                Some(empty) => {
                    *empty = Some(term.clone());
                    bound.push(*place);
                    true
                }
                None => false,
            },
        })
    }

    fn conditions(&mut self) -> Result<bool, EvaluateError> {
        let query = self.query;
        for expression in &query.expressions {
            match self.run(expression)? {
                Value::Bool(true) => {}
                Value::Bool(false) => return Ok(false),
                _ => return Err(EvaluateError::Type),
            }
        }
        Ok(true)
    }

    fn run(&mut self, ops: &[Op]) -> Result<Value, EvaluateError> {
        self.steps.take(ops.len())?;
        let mut stack: Vec<Operand<'_>> = Vec::with_capacity(4);
        for op in ops {
            let operand = match op {
                Op::Value(value) => Operand::Value(value.clone()),
                Op::Variable(place) => {
                    let bound = self.bindings.get(*place).and_then(Clone::clone);
                    Operand::Value(bound.ok_or(EvaluateError::Type)?)
                }
                Op::Closure(parameter, body) => Operand::Closure(*parameter, body),
                Op::Unary(op) => Operand::Value(unary(*op, value(stack.pop())?)?),
                Op::Binary(op) => {
                    let right = stack.pop().ok_or(EvaluateError::Type)?;
                    let left = value(stack.pop())?;
                    Operand::Value(match right {
                        Operand::Value(right) => {
                            self.steps.take(size(&left) + size(&right))?;
                            binary(*op, left, right)?
                        }
                        Operand::Closure(parameter, body) => self.closure(*op, left, parameter, body)?,
                    })
                }
            };
            stack.push(operand);
        }
        let result = value(stack.pop())?;
        if stack.is_empty() { Ok(result) } else { Err(EvaluateError::Type) }
    }

    fn closure(
        &mut self,
        op: Binary,
        left: Value,
        parameter: Option<usize>,
        body: &[Op],
    ) -> Result<Value, EvaluateError> {
        match (op, left, parameter) {
            (Binary::LazyAnd, Value::Bool(false), None) => Ok(Value::Bool(false)),
            (Binary::LazyOr, Value::Bool(true), None) => Ok(Value::Bool(true)),
            (Binary::LazyAnd, Value::Bool(true), None) | (Binary::LazyOr, Value::Bool(false), None) => {
                self.run(body)
            }
            (Binary::All, Value::Set(items), Some(place)) => self.quantify(&items, place, body, false),
            (Binary::Any, Value::Set(items), Some(place)) => self.quantify(&items, place, body, true),
            _ => Err(EvaluateError::Type),
        }
    }

    /// Runs `body` for each item until one gives `until`.
    fn quantify(
        &mut self,
        items: &BTreeSet<Value>,
        place: usize,
        body: &[Op],
        until: bool,
    ) -> Result<Value, EvaluateError> {
        for item in items {
            self.set(place, Some(item.clone()));
            let result = self.run(body);
            self.set(place, None);
            match result? {
                Value::Bool(result) if result == until => return Ok(Value::Bool(until)),
                Value::Bool(_) => {}
                _ => return Err(EvaluateError::Type),
            }
        }
        Ok(Value::Bool(!until))
    }

    fn set(&mut self, place: usize, value: Option<Value>) {
        if let Some(binding) = self.bindings.get_mut(place) {
            *binding = value;
        }
    }
}

enum Operand<'a> {
    Value(Value),
    Closure(Option<usize>, &'a [Op]),
}

fn value(operand: Option<Operand<'_>>) -> Result<Value, EvaluateError> {
    match operand {
        Some(Operand::Value(value)) => Ok(value),
        _ => Err(EvaluateError::Type),
    }
}

fn unary(op: Unary, value: Value) -> Result<Value, EvaluateError> {
    let length = |length: usize| i64::try_from(length).map(Value::Int).map_err(|_| EvaluateError::Arithmetic);
    match (op, value) {
        (Unary::Parens, value) => Ok(value),
        (Unary::Negate, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (Unary::Length, Value::Str(text)) => length(text.len()),
        (Unary::Length, Value::Bytes(bytes)) => length(bytes.len()),
        (Unary::Length, Value::Set(items)) => length(items.len()),
        _ => Err(EvaluateError::Type),
    }
}

fn binary(op: Binary, left: Value, right: Value) -> Result<Value, EvaluateError> {
    use Binary as B;
    use Value::{Bool, Date, Int, Set, Str};
    Ok(match (op, left, right) {
        (B::Equal | B::LooseEqual, left, right) if same_type(&left, &right) => Bool(left == right),
        (B::NotEqual | B::LooseNotEqual, left, right) if same_type(&left, &right) => Bool(left != right),
        (B::LooseEqual, _, _) => Bool(false),
        (B::LooseNotEqual, _, _) => Bool(true),
        (op, Int(left), Int(right)) => integers(op, left, right)?,
        (B::LessThan, Date(left), Date(right)) => Bool(left < right),
        (B::GreaterThan, Date(left), Date(right)) => Bool(left > right),
        (B::LessOrEqual, Date(left), Date(right)) => Bool(left <= right),
        (B::GreaterOrEqual, Date(left), Date(right)) => Bool(left >= right),
        (B::Contains, Str(left), Str(right)) => Bool(left.contains(&*right)),
        (B::Prefix, Str(left), Str(right)) => Bool(left.starts_with(&*right)),
        (B::Suffix, Str(left), Str(right)) => Bool(left.ends_with(&*right)),
        (B::And, Bool(left), Bool(right)) => Bool(left & right),
        (B::Or, Bool(left), Bool(right)) => Bool(left | right),
        (B::Contains, Set(left), Set(right)) => Bool(left.is_superset(&right)),
        (B::Contains, Set(left), right) => Bool(left.contains(&right)),
        (B::Intersection, Set(left), Set(right)) => {
            Set(Arc::new(left.intersection(&right).cloned().collect()))
        }
        (B::Union, Set(left), Set(right)) => Set(Arc::new(left.union(&right).cloned().collect())),
        _ => return Err(EvaluateError::Type),
    })
}

fn integers(op: Binary, left: i64, right: i64) -> Result<Value, EvaluateError> {
    use Value::{Bool, Int};
    let number = |result: Option<i64>| result.map(Int).ok_or(EvaluateError::Arithmetic);
    Ok(match op {
        Binary::LessThan => Bool(left < right),
        Binary::GreaterThan => Bool(left > right),
        Binary::LessOrEqual => Bool(left <= right),
        Binary::GreaterOrEqual => Bool(left >= right),
        Binary::Add => number(left.checked_add(right))?,
        Binary::Sub => number(left.checked_sub(right))?,
        Binary::Mul => number(left.checked_mul(right))?,
        Binary::Div => number(left.checked_div(right))?,
        _ => return Err(EvaluateError::Type),
    })
}

/// What it costs to look at a value beyond the step of the operator itself.
fn size(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len() / 256,
        Value::Bytes(bytes) => bytes.len() / 256,
        Value::Set(items) => items.len() / 4,
        Value::Int(_) | Value::Date(_) | Value::Bool(_) => 0,
    }
}

fn same_type(left: &Value, right: &Value) -> bool {
    std::mem::discriminant(left) == std::mem::discriminant(right)
}
