//! Finds the one template that a path matches.
//!
//! It is a tree over segments, so that the cost does not grow with the number of operations. A literal beats a
//! parameter. If two templates match and neither is more literal in every place, both are refused, because nobody can
//! say which one the service would take.
//!
//! - Invariant: A path is one operation or none, for every operation of the catalog
//!   (`a_request_for_any_operation_is_that_operation_and_so_is_what_is_rebuilt`).

use std::collections::HashMap;

use crate::catalog::Method;
use crate::catalog::path::Segment;
use crate::catalog::template::{Span, Template, TemplatePart, TemplateSegment};

/// The form in which an operation is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// The upload variant, whose body is content.
    Upload,
    /// The path without its last parameter.
    Shorter,
}

/// The end of a template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) method: Method,
    pub(crate) operation: usize,
    pub(crate) form: Form,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize>,
    mixed: Vec<(Vec<Option<Box<str>>>, usize)>,
    one: Option<usize>,
    many: Option<usize>,
    ends: Vec<End>,
}

/// The tree of one service.
#[derive(Debug)]
pub(crate) struct Matcher {
    nodes: Vec<Node>,
}

/// A matching template, with the values of its parameters.
#[derive(Debug)]
pub(crate) struct Match<'m> {
    pub(crate) ends: &'m [End],
    pub(crate) values: Vec<String>,
    node: usize,
}

/// The outcome of a search.
#[derive(Debug)]
pub(crate) enum MatchOutcome<'m> {
    Nothing,
    /// The most literal template; several if they differ only in the kinds of their parameters.
    Best(Vec<Match<'m>>),
    /// Several templates match, and none is the most literal.
    Several,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Literal,
    Mixed(&'p [Option<Box<str>>], usize),
    One(usize),
    Many(usize, usize),
}

struct Trail<'p> {
    steps: Vec<Step<'p>>,
    /// For each segment of the path, how literally it matched.
    ranks: Vec<u8>,
}

struct Candidate<'p> {
    node: usize,
    steps: Vec<Step<'p>>,
    ranks: Vec<u8>,
}

const LITERAL: u8 = 3;
const MIXED: u8 = 2;
const ONE: u8 = 1;
const MANY: u8 = 0;

impl Default for Matcher {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Matcher {
    pub(crate) fn add(&mut self, template: &Template, end: End) {
        let mut at = 0;
        for segment in &template.segments {
            let fresh = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else { return };
            at = match segment {
                TemplateSegment::Literal(text) => *node.literals.entry(text.clone()).or_insert(fresh),
                TemplateSegment::Parts(parts) => match parts.as_slice() {
                    [TemplatePart::Parameter(index)] => {
                        let many = template.parameters.get(*index).is_some_and(|p| p.span == Span::Many);
                        *(if many { &mut node.many } else { &mut node.one }).get_or_insert(fresh)
                    }
                    parts => {
                        let shape = shape_of(parts);
                        match node.mixed.iter().find(|(known, _)| *known == shape) {
                            Some((_, known)) => *known,
                            None => {
                                node.mixed.push((shape, fresh));
                                fresh
                            }
                        }
                    }
                },
            };
            if at == fresh {
                self.nodes.push(Node::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.ends.push(end);
        }
    }

    pub(crate) fn find(&self, path: &[Segment<'_>]) -> MatchOutcome<'_> {
        let mut candidates = Vec::new();
        let mut trail =
            Trail { steps: Vec::with_capacity(path.len()), ranks: Vec::with_capacity(path.len()) };
        self.walk(0, 0, path, &mut trail, &mut candidates);
        let best = candidates.iter().find(|best| candidates.iter().all(|other| at_least(best, other)));
        match best {
            Some(best) => {
                let equal = candidates.iter().filter(|candidate| candidate.ranks == best.ranks);
                MatchOutcome::Best(equal.map(|candidate| self.found(candidate, path)).collect())
            }
            None if candidates.is_empty() => MatchOutcome::Nothing,
            None => MatchOutcome::Several,
        }
    }

    fn walk<'m>(
        &'m self,
        at: usize,
        position: usize,
        path: &[Segment<'_>],
        trail: &mut Trail<'m>,
        candidates: &mut Vec<Candidate<'m>>,
    ) {
        let Some(node) = self.nodes.get(at) else { return };
        let Some(segment) = path.get(position) else {
            if !node.ends.is_empty() {
                let (steps, ranks) = (trail.steps.clone(), trail.ranks.clone());
                candidates.push(Candidate { node: at, steps, ranks });
            }
            return;
        };
        let mut follow = |next: usize, step: Step<'m>, rank: u8, length: usize| {
            let (steps, ranks) = (trail.steps.len(), trail.ranks.len());
            trail.steps.push(step);
            trail.ranks.extend(std::iter::repeat_n(rank, length));
            self.walk(next, position + length, path, trail, candidates);
            trail.steps.truncate(steps);
            trail.ranks.truncate(ranks);
        };
        if !segment.slashed {
            if let Some(next) = node.literals.get(segment.text.as_ref()) {
                follow(*next, Step::Literal, LITERAL, 1);
            }
            for (shape, next) in &node.mixed {
                if take_apart(shape, &segment.text).is_some() {
                    follow(*next, Step::Mixed(shape, position), MIXED, 1);
                }
            }
        }
        // The empty segment after a trailing slash is no value.
        if segment.text.is_empty() {
            return;
        }
        if let Some(next) = node.one {
            follow(next, Step::One(position), ONE, 1);
        }
        if let Some(next) = node.many {
            let values = path.iter().skip(position).take_while(|segment| !segment.text.is_empty()).count();
            for length in 1..=values {
                let rank = if length == 1 { ONE } else { MANY };
                follow(next, Step::Many(position, position + length), rank, length);
            }
        }
    }

    fn found(&self, best: &Candidate<'_>, path: &[Segment<'_>]) -> Match<'_> {
        let mut values = Vec::with_capacity(best.steps.len());
        let text = |at: usize| path.get(at).map(|segment| segment.text.as_ref()).unwrap_or_default();
        for step in &best.steps {
            match *step {
                Step::Literal => {}
                Step::One(at) => values.push(text(at).to_owned()),
                Step::Mixed(shape, at) => values.extend(take_apart(shape, text(at)).unwrap_or_default()),
                Step::Many(from, to) => {
                    let parts: Vec<&str> = (from..to).map(text).collect();
                    values.push(parts.join("/"));
                }
            }
        }
        let ends = self.nodes.get(best.node).map(|node| node.ends.as_slice()).unwrap_or_default();
        Match { ends, values, node: best.node }
    }
}

impl Match<'_> {
    /// Whether both are the same template with the same values.
    pub(crate) fn same_as(&self, other: &Match<'_>) -> bool {
        self.node == other.node && self.values == other.values
    }
}

fn at_least(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    one.ranks.iter().zip(&other.ranks).all(|(a, b)| a >= b)
}

/// The literals of a segment in order, with none in place of each parameter.
fn shape_of(parts: &[TemplatePart]) -> Vec<Option<Box<str>>> {
    let literal = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => Some(text.clone()),
        TemplatePart::Parameter(_) => None,
    };
    parts.iter().map(literal).collect()
}

/// The values of the parameters in a segment such as `{base}...{head}`; none unless it matches in exactly one way. A
/// value may not be empty, and may not hold the literal that ends it.
fn take_apart(shape: &[Option<Box<str>>], text: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut rest = text;
    let mut open = false;
    for part in shape {
        match part {
            None if open => return None,
            None => open = true,
            Some(literal) if open => {
                let (value, after) = rest.split_once(literal.as_ref())?;
                let is_only = !value.is_empty() && !after.contains(literal.as_ref());
                values.push(is_only.then(|| value.to_owned())?);
                (rest, open) = (after, false);
            }
            Some(literal) => rest = rest.strip_prefix(literal.as_ref())?,
        }
    }
    if open {
        values.push((!rest.is_empty()).then(|| rest.to_owned())?);
        rest = "";
    }
    rest.is_empty().then_some(values)
}
