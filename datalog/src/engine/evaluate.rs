//! Runs a compiled query over facts, with Biscuit's semantics. An error, a wrong type or too few steps never means
//! yes.
//!
//! Steps are counted, not timed: the same pass and request always cost the same.

use crate::engine::caveat::{Binary, Caveat, Fact, Kind, Op, Pattern, Query, Slot, Unary};
use crate::engine::ordered::{NONE, Ordered};
use crate::words::value::Value;

/// Why a query has no answer. It is then neither true nor false, and the request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EvaluateError {
    #[error("an operator was given a value of the wrong type")]
    Type,
    #[error("an integer overflowed or was divided by zero")]
    Arithmetic,
    #[error("it takes more steps than a decision may")]
    Steps,
}

/// The facts that a query sees: the request's (and those of one item of its answer), the authority block's, and those of
/// the block it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World<'a> {
    facts: [&'a Ordered; 4],
}

impl<'a> World<'a> {
    pub(crate) fn of(request: &'a Ordered, authority: &'a Ordered, own: &'a Ordered) -> Self {
        Self { facts: [request, &NONE, authority, own] }
    }

    /// The same world with the facts of one item of an answer.
    pub(crate) fn and(self, item: &'a Ordered) -> Self {
        let [request, _, authority, own] = self.facts;
        Self { facts: [request, item, authority, own] }
    }

    /// Whether each predicate of the query has facts.
    fn could_match(&self, query: &Query) -> bool {
        let present = self.facts.iter().fold(0, |bits, facts| bits | facts.present());
        query.needs & !present == 0
    }
}

/// The work that one decision may do.
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

/// Whether one alternative of a check of this kind holds.
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
    if !world.could_match(query) {
        return Ok(false);
    }
    let found =
        Evaluation::of(query, world, steps).each(&query.patterns, &mut |conditions| Ok(!conditions))?;
    Ok(!found)
}

/// Whether there is a match of the patterns, and every one meets the conditions.
fn matches_all(query: &Query, world: World<'_>, steps: &mut Steps) -> Result<bool, EvaluateError> {
    if !world.could_match(query) {
        return Ok(false);
    }
    let mut some = false;
    let all = Evaluation::of(query, world, steps).each(&query.patterns, &mut |conditions| {
        some = true;
        Ok(conditions)
    })?;
    Ok(some && all)
}

struct Evaluation<'a, 's> {
    world: World<'a>,
    steps: &'s mut Steps,
    query: &'a Query,
    /// The variables that the patterns so far have bound, by number.
    bindings: Vec<&'a Value>,
    /// The parameters of the closures that are being run.
    items: Vec<(usize, OperandValue<'a>)>,
    stack: Vec<OperandValue<'a>>,
}

type Visit<'v> = &'v mut dyn FnMut(bool) -> Result<bool, EvaluateError>;

impl<'a, 's> Evaluation<'a, 's> {
    fn of(query: &'a Query, world: World<'a>, steps: &'s mut Steps) -> Self {
        let bindings = Vec::with_capacity(query.variables.len());
        Self { world, steps, query, bindings, items: Vec::new(), stack: Vec::new() }
    }

    /// Calls `visit` for every match, with whether it meets the conditions. Stops as soon as `visit` returns false.
    fn each(&mut self, patterns: &'a [Pattern], visit: Visit<'_>) -> Result<bool, EvaluateError> {
        let Some((pattern, rest)) = patterns.split_first() else {
            let conditions = self.conditions()?;
            return visit(conditions);
        };
        let before = self.bindings.len();
        for facts in self.world.facts {
            for fact in facts.with(pattern.predicate) {
                self.steps.take(1)?;
                self.bindings.truncate(before);
                if self.bind(pattern, fact)? && !self.each(rest, visit)? {
                    return Ok(false);
                }
            }
        }
        self.bindings.truncate(before);
        Ok(true)
    }

    /// Whether the fact is a match. Variables are numbered in the order in which they appear, so a variable is new
    /// exactly when it is the next one.
    fn bind(&mut self, pattern: &'a Pattern, fact: &'a Fact) -> Result<bool, EvaluateError> {
        if fact.terms.len() != pattern.slots.len() {
            return Ok(false);
        }
        for (slot, term) in pattern.slots.iter().zip(fact.terms.iter()) {
            let same = match slot {
                Slot::Value(value) => value == term,
                Slot::Variable(place) => match self.bindings.get(*place) {
                    Some(value) => *value == term,
                    None if *place == self.bindings.len() => {
                        self.bindings.push(term);
                        true
                    }
                    None => return Err(EvaluateError::Type),
                },
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn conditions(&mut self) -> Result<bool, EvaluateError> {
        let query = self.query;
        for expression in &query.expressions {
            if !self.truth(expression)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn truth(&mut self, ops: &'a [Op]) -> Result<bool, EvaluateError> {
        match self.run(ops)?.value()? {
            Value::Bool(truth) => Ok(*truth),
            _ => Err(EvaluateError::Type),
        }
    }

    fn run(&mut self, ops: &'a [Op]) -> Result<OperandValue<'a>, EvaluateError> {
        self.steps.take(ops.len())?;
        let base = self.stack.len();
        for op in ops {
            let operand = match op {
                Op::Value(value) => OperandValue::Known(value),
                Op::Variable(place) => self.variable(*place)?,
                Op::Closure(parameter, body) => OperandValue::Closure(*parameter, body),
                Op::Unary(op) => unary(*op, self.pop(base)?)?,
                Op::Binary(op) => {
                    let (right, left) = (self.pop(base)?, self.pop(base)?);
                    match right {
                        OperandValue::Closure(parameter, body) => {
                            self.closure(*op, &left, parameter, body)?
                        }
                        right => {
                            let (left, right) = (left.value()?, right.value()?);
                            self.steps.take(size(left) + size(right))?;
                            OperandValue::Made(binary(*op, left, right)?)
                        }
                    }
                }
            };
            self.stack.push(operand);
        }
        let result = self.pop(base)?;
        if self.stack.len() == base { Ok(result) } else { Err(EvaluateError::Type) }
    }

    /// Takes a value that this expression put on the stack, and nothing below.
    fn pop(&mut self, base: usize) -> Result<OperandValue<'a>, EvaluateError> {
        if self.stack.len() <= base {
            return Err(EvaluateError::Type);
        }
        self.stack.pop().ok_or(EvaluateError::Type)
    }

    fn variable(&self, place: usize) -> Result<OperandValue<'a>, EvaluateError> {
        if let Some(value) = self.bindings.get(place) {
            return Ok(OperandValue::Known(value));
        }
        let item = self.items.iter().rev().find(|(of, _)| *of == place);
        item.map(|(_, item)| item.clone()).ok_or(EvaluateError::Type)
    }

    fn closure(
        &mut self,
        op: Binary,
        left: &OperandValue<'a>,
        parameter: Option<usize>,
        body: &'a [Op],
    ) -> Result<OperandValue<'a>, EvaluateError> {
        let truth = |truth| Ok(OperandValue::Made(Value::Bool(truth)));
        match (op, left.value()?, parameter) {
            (Binary::LazyAnd, Value::Bool(false), None) => truth(false),
            (Binary::LazyOr, Value::Bool(true), None) => truth(true),
            (Binary::LazyAnd, Value::Bool(true), None) | (Binary::LazyOr, Value::Bool(false), None) => {
                self.run(body)
            }
            (Binary::All, Value::Set(_), Some(place)) => {
                truth(!self.some(left, place, body, Sought::False)?)
            }
            (Binary::Any, Value::Set(_), Some(place)) => truth(self.some(left, place, body, Sought::True)?),
            _ => Err(EvaluateError::Type),
        }
    }

    /// Whether `body` gives the sought result for some item of the set. It stops at the first.
    fn some(
        &mut self,
        set: &OperandValue<'a>,
        place: usize,
        body: &'a [Op],
        sought: Sought,
    ) -> Result<bool, EvaluateError> {
        match set {
            OperandValue::Known(Value::Set(items)) => {
                for item in items.iter() {
                    if sought.is(self.holds_for(OperandValue::Known(item), place, body)?) {
                        return Ok(true);
                    }
                }
            }
            OperandValue::Made(Value::Set(items)) => {
                for item in items.iter() {
                    if sought.is(self.holds_for(OperandValue::Made(item.clone()), place, body)?) {
                        return Ok(true);
                    }
                }
            }
            _ => return Err(EvaluateError::Type),
        }
        Ok(false)
    }

    fn holds_for(
        &mut self,
        item: OperandValue<'a>,
        place: usize,
        body: &'a [Op],
    ) -> Result<bool, EvaluateError> {
        self.items.push((place, item));
        let truth = self.truth(body);
        self.items.pop();
        truth
    }
}

/// The result of one item that settles all of them.
#[derive(Clone, Copy)]
enum Sought {
    True,
    False,
}

impl Sought {
    fn is(self, truth: bool) -> bool {
        match self {
            Self::True => truth,
            Self::False => !truth,
        }
    }
}

/// A value that an operator works on: one of the pass or the request in place, a computed one, or a closure.
#[derive(Clone)]
enum OperandValue<'a> {
    Known(&'a Value),
    Made(Value),
    Closure(Option<usize>, &'a [Op]),
}

impl OperandValue<'_> {
    fn value(&self) -> Result<&Value, EvaluateError> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Made(value) => Ok(value),
            Self::Closure(..) => Err(EvaluateError::Type),
        }
    }
}

fn unary(op: Unary, operand: OperandValue<'_>) -> Result<OperandValue<'_>, EvaluateError> {
    let length = |length: usize| i64::try_from(length).map(Value::Int).map_err(|_| EvaluateError::Arithmetic);
    Ok(OperandValue::Made(match (op, operand.value()?) {
        (Unary::Parens, _) => return Ok(operand),
        (Unary::Negate, Value::Bool(value)) => Value::Bool(!value),
        (Unary::Length, Value::Str(text)) => length(text.len())?,
        (Unary::Length, Value::Bytes(bytes)) => length(bytes.len())?,
        (Unary::Length, Value::Set(items)) => length(items.len())?,
        _ => return Err(EvaluateError::Type),
    }))
}

fn binary(op: Binary, left: &Value, right: &Value) -> Result<Value, EvaluateError> {
    use Binary as B;
    use Value::{Bool, Date, Int, Set, Str};
    Ok(match (op, left, right) {
        (B::Equal | B::LooseEqual, left, right) if same_type(left, right) => Bool(left == right),
        (B::NotEqual | B::LooseNotEqual, left, right) if same_type(left, right) => Bool(left != right),
        (B::LooseEqual, _, _) => Bool(false),
        (B::LooseNotEqual, _, _) => Bool(true),
        (op, Int(left), Int(right)) => integers(op, *left, *right)?,
        (B::LessThan, Date(left), Date(right)) => Bool(left < right),
        (B::GreaterThan, Date(left), Date(right)) => Bool(left > right),
        (B::LessOrEqual, Date(left), Date(right)) => Bool(left <= right),
        (B::GreaterOrEqual, Date(left), Date(right)) => Bool(left >= right),
        (B::Contains, Str(left), Str(right)) => Bool(left.contains(&**right)),
        (B::Prefix, Str(left), Str(right)) => Bool(left.starts_with(&**right)),
        (B::Suffix, Str(left), Str(right)) => Bool(left.ends_with(&**right)),
        (B::And, Bool(left), Bool(right)) => Bool(left & right),
        (B::Or, Bool(left), Bool(right)) => Bool(left | right),
        (B::Contains, Set(left), Set(right)) => Bool(left.is_superset(right)),
        (B::Contains, Set(left), right) => Bool(left.contains(right)),
        (B::Intersection, Set(left), Set(right)) => Value::set(left.intersection(right).cloned()),
        (B::Union, Set(left), Set(right)) => Value::set(left.union(right).cloned()),
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

/// The cost of looking at a value, beyond the operator's own step.
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
