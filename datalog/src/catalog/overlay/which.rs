//! Which operations a rule of an overlay is for: patterns over ids and addresses, resolved once.

use std::collections::HashSet;

use serde::Deserialize;

use crate::catalog::description::OperationLine;

/// Which operations a rule is for: any that one of the patterns matches.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Which {
    /// Operation ids, in which `*` stands for anything.
    #[serde(default)]
    pub(crate) operations: Vec<String>,
    /// `METHOD /path`; WRITE stands for every method but GET, ANY for all, `*` for anything.
    #[serde(default)]
    at: Vec<String>,
    /// Operation ids that are excluded.
    #[serde(default)]
    except: Vec<String>,
    #[serde(skip)]
    pub(crate) chosen: HashSet<String>,
}

impl Which {
    /// Whether the rule is for this operation. It is known once the overlay has settled.
    pub(crate) fn names(&self, op: &str) -> bool {
        self.chosen.contains(op)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.at.is_empty()
    }

    /// Chooses the operations, or returns the pattern that matches nothing.
    pub(crate) fn settle(&mut self, index: &Index<'_>) -> Result<(), String> {
        let mut chosen = HashSet::new();
        for pattern in &self.operations {
            let mut any = false;
            chosen.extend(index.by_id(pattern).inspect(|_| any = true).map(str::to_owned));
            if !any {
                return Err(pattern.clone());
            }
        }
        for pattern in &self.at {
            let mut any = false;
            chosen.extend(index.by_address(pattern).inspect(|_| any = true).map(str::to_owned));
            if !any {
                return Err(pattern.clone());
            }
        }
        for pattern in &self.except {
            let before = chosen.len();
            chosen.retain(|op| !glob(pattern, op));
            if chosen.len() == before {
                return Err(pattern.clone());
            }
        }
        self.chosen = chosen;
        Ok(())
    }
}

/// The operations in order, so that a pattern is compared only with those that start like it.
pub(crate) struct Index<'a> {
    ids: Vec<&'a str>,
    /// Path, method and id.
    addresses: Vec<(String, &'a str, &'a str)>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(operations: &'a [OperationLine]) -> Self {
        let mut ids: Vec<&str> = operations.iter().map(|line| line.op.as_str()).collect();
        ids.sort_unstable();
        let split = |line: &'a OperationLine| {
            let (method, path) = line.at.split_once(' ').unwrap_or_default();
            (untyped(path), method, line.op.as_str())
        };
        let mut addresses: Vec<(String, &str, &str)> = operations.iter().map(split).collect();
        addresses.sort_unstable();
        Self { ids, addresses }
    }

    pub(crate) fn by_id(&self, pattern: &str) -> impl Iterator<Item = &'a str> {
        let start = pattern.split('*').next().unwrap_or_default();
        let from = self.ids.partition_point(|id| *id < start);
        let near = self.ids.iter().skip(from).take_while(move |id| id.starts_with(start));
        near.filter(move |id| glob(pattern, id)).copied()
    }

    fn by_address(&self, pattern: &str) -> impl Iterator<Item = &'a str> {
        let (verb, path) = pattern.split_once(' ').unwrap_or(("", pattern));
        let start = path.split('*').next().unwrap_or_default();
        let from = self.addresses.partition_point(|(known, _, _)| known.as_str() < start);
        let near = self.addresses.iter().skip(from).take_while(move |(known, _, _)| known.starts_with(start));
        near.filter(move |(known, method, _)| is_verb(verb, method) && glob(path, known))
            .map(|(_, _, op)| *op)
    }
}

fn is_verb(pattern: &str, method: &str) -> bool {
    match pattern {
        "ANY" => true,
        "WRITE" => method != "GET",
        verb => verb == method,
    }
}

/// A path without types: `/a/{b:int}/{c+}` becomes `/a/{b}/{c}`.
fn untyped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut skipping = false;
    for c in path.chars() {
        match c {
            '{' | '}' => skipping = false,
            ':' | '+' if text.rfind('{') > text.rfind('}') => skipping = true,
            _ => {}
        }
        if !skipping {
            text.push(c);
        }
    }
    text
}

/// Whether `text` matches `pattern`, in which every `*` stands for anything.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match text.split_once(piece) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.len() >= last.len() && text.ends_with(last)
}
