//! One compiled limit of a pass: a Datalog check (or a query of the policy) with numbered variables.
//!
//! Compiling refuses everything that a pass may not use (arrays, maps, null, regular expressions, bit operations,
//! external functions, scopes). So `evaluate` and biscuit-auth agree on all the rest.

use std::sync::Arc;

use biscuit_auth::builder::{self, Binary as B, Term, Unary as U};

use crate::words::value::{Terms, Text, Unsupported, Value};
use crate::words::vocabulary;

/// A predicate by number: its place in the vocabulary, or past that in the pass's own list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Predicate(u16);

impl Predicate {
    /// The number of a word of the vocabulary.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let place = vocabulary::words().position(|word| word.name == name)?;
        u16::try_from(place).ok().map(Self)
    }

    /// The number of a word of the request. In a constant, a wrong name does not compile.
    pub(crate) const fn of_request(name: &str) -> Self {
        // There are fewer words than bits.
        #[expect(clippy::cast_possible_truncation, reason = "at most 63")]
        Self(vocabulary::bit(name).trailing_zeros() as u16)
    }

    /// A bit for each word of the request vocabulary, to gather only what a pass reads; none for other predicates.
    pub(crate) const fn request_bit(self) -> u64 {
        if (self.0 as usize) < vocabulary::REQUEST.len() { 1 << self.0 } else { 0 }
    }

    /// A bit that predicates may share. It shows quickly that a predicate has no facts.
    pub(crate) const fn mark(self) -> u64 {
        1 << (self.0 % 64)
    }
}

/// Numbers the predicates that are not in the vocabulary.
#[derive(Debug, Default)]
pub(crate) struct Names {
    own: Vec<Arc<str>>,
}

impl Names {
    fn predicate(&mut self, name: &str) -> Predicate {
        if let Some(known) = Predicate::of(name) {
            return known;
        }
        let place = self.own.iter().position(|own| &**own == name).unwrap_or_else(|| {
            self.own.push(Arc::from(name));
            self.own.len() - 1
        });
        // A pass is at most 8,000 characters, so there are fewer names than a u16 holds.
        Predicate(u16::try_from(vocabulary::words().count() + place).unwrap_or(u16::MAX))
    }
}

/// A fact with its predicate numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub(crate) predicate: Predicate,
    pub(crate) name: Text,
    pub(crate) terms: Terms,
}

/// One place of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slot {
    Variable(usize),
    Value(Value),
}

/// A predicate to be matched against facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) predicate: Predicate,
    pub(crate) name: Text,
    pub(crate) slots: Vec<Slot>,
}

/// One operator of an expression in postfix order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    Value(Value),
    Variable(usize),
    Unary(Unary),
    Binary(Binary),
    Closure(Option<usize>, Vec<Op>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Negate,
    Parens,
    Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    LessThan,
    GreaterThan,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    NotEqual,
    LooseEqual,
    LooseNotEqual,
    Contains,
    Prefix,
    Suffix,
    Add,
    Sub,
    Mul,
    Div,
    And,
    Or,
    LazyAnd,
    LazyOr,
    Intersection,
    Union,
    All,
    Any,
}

/// A conjunction of patterns and conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) expressions: Vec<Vec<Op>>,
    /// The names of the variables, by number: first in the order in which the patterns name them, then the
    /// parameters of closures.
    pub(crate) variables: Vec<Arc<str>>,
    /// The words of the request vocabulary that it reads.
    pub(crate) reads: u64,
    /// The marks of the predicates that it needs facts of.
    pub(crate) needs: u64,
    /// If one of these matches, unnamed things of the request could change the answer of this query.
    pub(crate) doubts: Vec<Query>,
}

/// How a check uses its queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `check if`: there is a match.
    One,
    /// `check all`: at least one match of the patterns, and every one meets the conditions.
    All,
    /// `reject if`: there is no match.
    Reject,
}

/// A check. It holds if one of its queries does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caveat {
    pub kind: Kind,
    pub queries: Vec<Query>,
}

/// Why a check cannot be part of a pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    #[error("the variable `${0}` is in no predicate")]
    Unbound(String),
    #[error("the closure parameter `${0}` hides a variable of the same name")]
    Shadowed(String),
}

impl Caveat {
    /// Whether any of its queries reads the predicate of that name.
    pub fn mentions(&self, name: &str) -> bool {
        self.patterns().any(|pattern| &*pattern.name == name)
    }

    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.queries.iter().flat_map(|query| &query.patterns)
    }

    /// The words of the request vocabulary that it reads.
    pub(crate) fn reads(&self) -> u64 {
        self.queries.iter().fold(0, |bits, query| bits | query.reads)
    }
}

impl Fact {
    pub(crate) fn compile(fact: &builder::Fact, names: &mut Names) -> Result<Self, CompileError> {
        Ok(Self {
            predicate: names.predicate(&fact.predicate.name),
            name: fact.predicate.name.as_str().into(),
            terms: fact.predicate.terms.iter().map(Value::from_term).collect::<Result<Vec<_>, _>>()?.into(),
        })
    }

    /// The string in that place, if there is one.
    pub(crate) fn str(&self, place: usize) -> Option<&str> {
        self.terms.get(place).and_then(Value::as_str)
    }
}

impl Query {
    /// Some of its patterns, and its conditions without closures. The variables get new numbers, in the order in
    /// which they now appear.
    pub(crate) fn part(&self, mut patterns: Vec<Pattern>, mut expressions: Vec<Vec<Op>>) -> Self {
        let mut variables = Vec::new();
        let mut renumber = |place: &mut usize| {
            if let Some(name) = self.variables.get(*place) {
                *place = number(&mut variables, name);
            }
        };
        for slot in patterns.iter_mut().flat_map(|pattern| &mut pattern.slots) {
            if let Slot::Variable(place) = slot {
                renumber(place);
            }
        }
        for op in expressions.iter_mut().flatten() {
            if let Op::Variable(place) = op {
                renumber(place);
            }
        }
        let (reads, needs) = bits(&patterns);
        Self { patterns, expressions, variables, reads, needs, doubts: Vec::new() }
    }

    pub(crate) fn compile(rule: &builder::Rule, names: &mut Names) -> Result<Self, CompileError> {
        if !rule.scopes.is_empty() {
            return Err(Unsupported("`trusting`").into());
        }
        let mut variables = Vec::new();
        let mut patterns = Vec::new();
        for predicate in &rule.body {
            let mut slots = Vec::new();
            for term in &predicate.terms {
                slots.push(match term {
                    Term::Variable(name) => Slot::Variable(number(&mut variables, name)),
                    term => Slot::Value(Value::from_term(term)?),
                });
            }
            let name = predicate.name.as_str().into();
            patterns.push(Pattern { predicate: names.predicate(&predicate.name), name, slots });
        }
        let (reads, needs) = bits(&patterns);
        let mut scope = Variables { bound: variables.len(), variables };
        let expressions =
            rule.expressions.iter().map(|expression| scope.ops(&expression.ops)).collect::<Result<_, _>>()?;
        Ok(Self { patterns, expressions, variables: scope.variables, reads, needs, doubts: Vec::new() })
    }
}

/// The words that patterns read, and the marks of the predicates they need.
fn bits(patterns: &[Pattern]) -> (u64, u64) {
    let bits = |of: fn(Predicate) -> u64| patterns.iter().fold(0, |bits, one| bits | of(one.predicate));
    (bits(Predicate::request_bit), bits(Predicate::mark))
}

fn number(variables: &mut Vec<Arc<str>>, name: &str) -> usize {
    variables.iter().position(|known| &**known == name).unwrap_or_else(|| {
        variables.push(Arc::from(name));
        variables.len() - 1
    })
}

/// The variables in reach of an expression: those bound by predicates, then the closure parameters around it.
struct Variables {
    bound: usize,
    variables: Vec<Arc<str>>,
}

impl Variables {
    fn ops(&mut self, ops: &[builder::Op]) -> Result<Vec<Op>, CompileError> {
        self.ops_within(ops, &mut Vec::new())
    }

    fn ops_within(&mut self, ops: &[builder::Op], around: &mut Vec<usize>) -> Result<Vec<Op>, CompileError> {
        ops.iter().map(|op| self.op(op, around)).collect()
    }

    fn op(&mut self, op: &builder::Op, around: &mut Vec<usize>) -> Result<Op, CompileError> {
        Ok(match op {
            builder::Op::Value(Term::Variable(name)) => Op::Variable(self.lookup(name, around)?),
            builder::Op::Value(term) => Op::Value(Value::from_term(term)?),
            builder::Op::Unary(unary) => Op::Unary(self::unary(unary)?),
            builder::Op::Binary(binary) => Op::Binary(self::binary(binary)?),
            builder::Op::Closure(parameters, body) => match parameters.as_slice() {
                [] => Op::Closure(None, self.ops_within(body, around)?),
                [name] => {
                    if self.lookup(name, around).is_ok() {
                        return Err(CompileError::Shadowed(name.clone()));
                    }
                    let place = self.variables.len();
                    self.variables.push(Arc::from(name.as_str()));
                    around.push(place);
                    let body = self.ops_within(body, around)?;
                    around.pop();
                    Op::Closure(Some(place), body)
                }
                _ => return Err(Unsupported("a closure of several parameters").into()),
            },
        })
    }

    fn lookup(&self, name: &str, around: &[usize]) -> Result<usize, CompileError> {
        let reachable = |place: &usize| self.variables.get(*place).is_some_and(|known| &**known == name);
        (0..self.bound)
            .find(reachable)
            .or_else(|| around.iter().copied().find(reachable))
            .ok_or_else(|| CompileError::Unbound(name.to_owned()))
    }
}

fn unary(op: &U) -> Result<Unary, Unsupported> {
    Ok(match op {
        U::Negate => Unary::Negate,
        U::Parens => Unary::Parens,
        U::Length => Unary::Length,
        U::TypeOf => return Err(Unsupported("`.type()`")),
        U::Ffi(_) => return Err(Unsupported("an external function")),
    })
}

fn binary(op: &B) -> Result<Binary, Unsupported> {
    Ok(match op {
        B::LessThan => Binary::LessThan,
        B::GreaterThan => Binary::GreaterThan,
        B::LessOrEqual => Binary::LessOrEqual,
        B::GreaterOrEqual => Binary::GreaterOrEqual,
        B::Equal => Binary::Equal,
        B::NotEqual => Binary::NotEqual,
        B::HeterogeneousEqual => Binary::LooseEqual,
        B::HeterogeneousNotEqual => Binary::LooseNotEqual,
        B::Contains => Binary::Contains,
        B::Prefix => Binary::Prefix,
        B::Suffix => Binary::Suffix,
        B::Add => Binary::Add,
        B::Sub => Binary::Sub,
        B::Mul => Binary::Mul,
        B::Div => Binary::Div,
        B::And => Binary::And,
        B::Or => Binary::Or,
        B::LazyAnd => Binary::LazyAnd,
        B::LazyOr => Binary::LazyOr,
        B::Intersection => Binary::Intersection,
        B::Union => Binary::Union,
        B::All => Binary::All,
        B::Any => Binary::Any,
        B::Regex => {
            return Err(Unsupported("a regular expression: use starts_with, ends_with, contains or a set"));
        }
        B::BitwiseAnd | B::BitwiseOr | B::BitwiseXor => return Err(Unsupported("a bit operation")),
        B::Get => return Err(Unsupported("`.get()`")),
        B::Ffi(_) => return Err(Unsupported("an external function")),
        B::TryOr => return Err(Unsupported("`.try_or()`")),
    })
}
