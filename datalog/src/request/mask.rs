//! A mask for a partial answer: Google's `fields`, as in `id,messages(id,payload/body)`.
//!
//! It answers one question: is a field missing because the agent did not ask for it? An unreadable mask keeps no field,
//! so that a missing field is never taken for an empty one. It does not shape an answer.

/// Names in names.
const DEEPEST: usize = 20;

/// The parts of an answer that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask(Vec<Kept>);

/// A field, and the parts of it that were asked for; all of it if none is named.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    name: Box<str>,
    below: Vec<Kept>,
}

impl Mask {
    pub(crate) fn read(text: &str) -> Self {
        let whole = |(kept, rest): (Vec<Kept>, &str)| rest.is_empty().then_some(kept);
        Self(list(text, 0).and_then(whole).unwrap_or_default())
    }

    /// Whether the request asks for everything at the path.
    pub(crate) fn keeps<'a>(&self, path: impl Iterator<Item = &'a str>) -> bool {
        keeps(&self.0, &path.collect::<Vec<_>>())
    }
}

fn keeps(kept: &[Kept], path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let named = kept.iter().filter(|one| &*one.name == *first || &*one.name == "*");
    named.into_iter().any(|one| one.below.is_empty() || keeps(&one.below, rest))
}

/// `a,b/c,d(e)` up to a `)` or the end.
fn list(mut text: &str, depth: usize) -> Option<(Vec<Kept>, &str)> {
    let mut kept = Vec::new();
    loop {
        let (one, rest) = path(text, depth)?;
        kept.push(one);
        match rest.strip_prefix(',') {
            Some(rest) => text = rest,
            None => return Some((kept, rest)),
        }
    }
}

fn path(text: &str, depth: usize) -> Option<(Kept, &str)> {
    if depth > DEEPEST {
        return None;
    }
    let end = text.find([',', '/', '(', ')']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '@');
    if name.is_empty() || !(name == "*" || name.chars().all(plain)) {
        return None;
    }
    let (below, rest) = match rest.chars().next() {
        Some('/') => {
            let (one, rest) = path(rest.get(1..)?, depth + 1)?;
            (vec![one], rest)
        }
        Some('(') => {
            let (below, rest) = list(rest.get(1..)?, depth + 1)?;
            (below, rest.strip_prefix(')')?)
        }
        _ => (Vec::new(), rest),
    };
    Some((Kept { name: name.into(), below }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_what_it_names_whole_and_nothing_beside_it() {
        for (mask, path, kept) in [
            ("labelIds", "labelIds", true),
            ("id,labelIds", "labelIds", true),
            ("*", "labelIds", true),
            ("messages", "messages.labelIds", true),
            ("messages(id,labelIds)", "messages.labelIds", true),
            ("messages/labelIds,id", "messages.labelIds", true),
            ("messages/*", "messages.labelIds", true),
            ("*/labelIds", "messages.labelIds", true),
            ("a/b(c,d/e)", "a.b.d.e", true),
            ("messages(id)", "messages.labelIds", false),
            ("id,snippet", "labelIds", false),
            ("labelIds/x", "labelIds", false),
            ("labelids", "labelIds", false),
            ("messages", "labelIds", false),
            // An unreadable mask keeps nothing.
            ("", "labelIds", false),
            ("labelIds,", "labelIds", false),
            ("labelIds)", "labelIds", false),
            ("(labelIds)", "labelIds", false),
            ("messages(labelIds", "messages.labelIds", false),
            ("messages.labelIds", "messages.labelIds", false),
            ("id, labelIds", "labelIds", false),
            ("labelIds()", "labelIds", false),
            ("a/(labelIds)", "a.labelIds", false),
        ] {
            assert_eq!(Mask::read(mask).keeps(path.split('.')), kept, "{mask}: {path}");
        }
        let deep = "a(".repeat(500) + "labelIds" + &")".repeat(500);
        assert!(!Mask::read(&deep).keeps(["a"].into_iter()));
    }
}
