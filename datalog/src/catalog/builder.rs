//! The parts that an operation is built from, and two small helpers for building.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::answer::AnswerRule;
use crate::catalog::answers::Answers;
use crate::catalog::description::Facts;
use crate::catalog::operation::{IdPart, ResourceRule};
use crate::catalog::overlay::Overlay;
use crate::catalog::types::Types;

/// A service while it is being built.
pub(crate) struct Builder {
    pub(crate) facts: Facts,
    pub(crate) overlay: Overlay,
    pub(crate) types: Types,
    pub(crate) index: HashMap<String, usize>,
    /// The overlay's resources, in its order.
    pub(crate) resources: Vec<ResourceRule>,
    /// The kinds of things that the service has, each once.
    pub(crate) kinds: Vec<Arc<str>>,
    pub(crate) twins: Arc<[[Arc<str>; 2]]>,
    /// The overlay's rules on answers, in its order.
    pub(crate) answers: Vec<Arc<AnswerRule>>,
    /// The rules on all answers.
    pub(crate) all: Arc<Answers>,
}

pub(crate) fn boxed(texts: &[String]) -> Vec<Box<str>> {
    texts.iter().map(|text| text.as_str().into()).collect()
}

/// Splits `{owner}/{repo}` into its arguments and the text between them.
pub(crate) fn id_parts(text: &str) -> Vec<IdPart> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            parts.push(IdPart::Text(before.into()));
        }
        parts.push(IdPart::Argument(name.into()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(IdPart::Text(rest.into()));
    }
    parts
}
