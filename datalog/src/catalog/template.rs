//! A path template: `/repos/{owner}/{repo}/issues/{issue_number:int}`, `/contents/{path+}`, `/{id}:disable`.
//!
//! It is parsed from the facts when the catalog loads, and filled in when a request is built. The matcher finds the
//! template of a path.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::description::FactsError;
use crate::catalog::path::{push_escaped, push_escaped_parts};
use crate::catalog::types::{self, Type};

/// How much of a path one parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// One segment, without a slash in it.
    One,
    /// One segment that may hold an escaped slash. The slash is sent escaped.
    Escaped,
    /// One or more segments. An escaped slash equals a plain one, and is sent plain.
    Many,
}

/// A parameter in a path.
#[derive(Debug, Clone)]
pub struct PathParameter {
    pub name: Arc<str>,
    pub ty: Type,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplatePart {
    Literal(Box<str>),
    /// A parameter, by its place in the template's parameters.
    Parameter(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplateSegment {
    Literal(Box<str>),
    Parts(Vec<TemplatePart>),
}

/// A path with parameters.
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) segments: Vec<TemplateSegment>,
    pub parameters: Vec<PathParameter>,
}

impl Template {
    /// The parameter that is the whole last segment, if there is one.
    pub(crate) fn addressed(&self) -> Option<&Arc<str>> {
        match self.segments.last() {
            Some(TemplateSegment::Parts(parts)) => match parts.as_slice() {
                [TemplatePart::Parameter(at)] => self.parameters.get(*at).map(|parameter| &parameter.name),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn parse(text: &str, index: &HashMap<String, usize>) -> Result<Self, FactsError> {
        let bad = |why: &str| FactsError::new(format!("`{text}` is not a path template: {why}"));
        let rest = text.strip_prefix('/').ok_or_else(|| bad("expected `/` at the start"))?;
        let mut template = Self { segments: Vec::new(), parameters: Vec::new() };
        if rest.is_empty() {
            return Ok(template);
        }
        let (rest, ends_in_slash) = rest.strip_suffix('/').map_or((rest, false), |rest| (rest, true));
        for raw in split_outside_braces(rest) {
            let parts = template.parts(raw, index)?;
            template.segments.push(match (parts.as_slice(), raw.contains('{')) {
                ([], _) => return Err(bad("a segment is empty")),
                ([TemplatePart::Literal(text)], false) => TemplateSegment::Literal(text.clone()),
                _ => TemplateSegment::Parts(parts),
            });
        }
        if ends_in_slash {
            template.segments.push(TemplateSegment::Literal("".into()));
        }
        Ok(template)
    }

    fn parts(&mut self, raw: &str, index: &HashMap<String, usize>) -> Result<Vec<TemplatePart>, FactsError> {
        let mut parts = Vec::new();
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('{') {
            let (inside, after) =
                after.split_once('}').ok_or_else(|| FactsError::new(format!("`{raw}` has an open brace")))?;
            if !before.is_empty() {
                parts.push(TemplatePart::Literal(before.into()));
            }
            let (inside, span) =
                inside.strip_suffix('+').map_or((inside, Span::One), |inside| (inside, Span::Many));
            let (name, ty) = inside.split_once(':').unwrap_or((inside, "string"));
            parts.push(TemplatePart::Parameter(self.parameters.len()));
            self.parameters.push(PathParameter { name: name.into(), ty: types::parse(ty, index)?, span });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(TemplatePart::Literal(rest.into()));
        }
        Ok(parts)
    }

    /// The template without its last segment, if that is only a parameter.
    pub(crate) fn shorter(&self) -> Option<Self> {
        let mut template = self.clone();
        match template.segments.pop()? {
            TemplateSegment::Parts(parts) if matches!(parts.as_slice(), [TemplatePart::Parameter(_)]) => {
                template.parameters.pop();
                Some(template)
            }
            _ => None,
        }
    }

    /// The parameter of several segments that ends the template, if there is one.
    pub(crate) fn last_parameter(&self) -> Option<&PathParameter> {
        match self.segments.last()? {
            TemplateSegment::Parts(parts) => match parts.as_slice() {
                [TemplatePart::Parameter(at)] => {
                    self.parameters.get(*at).filter(|last| last.span == Span::Many)
                }
                _ => None,
            },
            TemplateSegment::Literal(_) => None,
        }
    }

    /// The template without types: `/repos/{owner}/{repo}`.
    pub fn shown(&self) -> String {
        self.render(|text, parameter| {
            text.push('{');
            text.push_str(&parameter.name);
            text.push('}');
        })
    }

    /// The path with these values, in the order of the parameters.
    pub(crate) fn fill(&self, values: &[String]) -> String {
        let mut next = values.iter();
        self.render(|text, parameter| {
            let value = next.next().map(String::as_str).unwrap_or_default();
            match parameter.span {
                Span::One | Span::Escaped => push_escaped(text, value),
                Span::Many => push_escaped_parts(text, value),
            }
        })
    }

    fn render(&self, mut parameter: impl FnMut(&mut String, &PathParameter)) -> String {
        let mut text = String::with_capacity(64);
        for segment in &self.segments {
            text.push('/');
            match segment {
                TemplateSegment::Literal(literal) => text.push_str(literal),
                TemplateSegment::Parts(parts) => {
                    for part in parts {
                        match part {
                            TemplatePart::Literal(literal) => text.push_str(literal),
                            TemplatePart::Parameter(at) => {
                                if let Some(described) = self.parameters.get(*at) {
                                    parameter(&mut text, described);
                                }
                            }
                        }
                    }
                }
            }
        }
        if text.is_empty() {
            text.push('/');
        }
        text
    }
}

fn split_outside_braces(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '/' && depth == 0
    })
    .collect()
}
