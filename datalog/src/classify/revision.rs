//! Names for a point in a repository's history, as GitHub reads them: a branch, a tag or a commit, or two of them with
//! dots between. Each may belong to another repository (`OWNER:BRANCH`, `OWNER:REPOSITORY:BRANCH`).
//!
//! If the text alone does not tell (which fork an owner means, what `HEAD` or `main~1` is), the point is unnamed.
//! GitHub shows a fork's commit by its hash in every repository of the network. Nobody can guess a whole hash, so a
//! holder of one was given it. Part of a hash can be guessed, so it may mean another repository's commit.

use crate::catalog::operation::{Operation, Revision};
use crate::classify::things::{Things, id_text};
use crate::request::argument::Argument;

pub(crate) fn read(operation: &Operation, arguments: &[Argument], things: &mut Things) {
    let text = |name: &str| arguments.iter().find(|one| &*one.name == name).and_then(id_text);
    for rule in &operation.revisions {
        let (Some(owner), Some(repository)) = (text("owner"), text("repo")) else { continue };
        let other = rule.repository.as_deref().and_then(text);
        let path = RepositoryPath { owner: &owner, repository: &repository, other: other.as_deref() };
        let values: Vec<String> =
            arguments.iter().filter(|one| one.name == rule.argument).filter_map(id_text).collect();
        absent(rule, &values, things);
        for side in values.iter().flat_map(|value| sides(value)) {
            path.side(side, things);
        }
    }
}

fn absent(rule: &Revision, values: &[String], things: &mut Things) {
    if values.is_empty() && rule.defaults {
        things.refer("branch", "HEAD");
    }
}

/// The sides of a comparison. No name of a branch, tag or commit has two dots in it.
fn sides(text: &str) -> Vec<&str> {
    match text.split_once("...").or_else(|| text.split_once("..")) {
        Some((left, right)) => vec![left, right],
        None => vec![text],
    }
}

/// The repository of the path, and the one that another argument names beside it.
struct RepositoryPath<'a> {
    owner: &'a str,
    repository: &'a str,
    other: Option<&'a str>,
}

impl RepositoryPath<'_> {
    fn side(&self, text: &str, things: &mut Things) {
        let parts: Vec<&str> = text.split(':').collect();
        let is_whole = parts.iter().all(|part| !part.is_empty());
        match parts.as_slice() {
            [revision] if is_whole => {
                names_in(&self.named(self.owner, self.other.unwrap_or(self.repository)), revision, things);
            }
            [owner, revision] if is_whole => match self.of(&owner.to_ascii_lowercase()) {
                Some(repository) => names_in(&repository, revision, things),
                None => unknown(text, things),
            },
            [owner, repository, revision] if is_whole => {
                names_in(&self.named(&owner.to_ascii_lowercase(), repository), revision, things);
            }
            _ => unknown(text, things),
        }
    }

    /// The repository of that owner: the path's own, or the named one. Nobody knows which fork of the network
    /// another owner has.
    fn of(&self, owner: &str) -> Option<String> {
        match self.other {
            Some(other) => Some(self.named(owner, other)),
            None if owner == self.owner => Some(self.named(owner, self.repository)),
            None => None,
        }
    }

    fn named(&self, owner: &str, repository: &str) -> String {
        let repository = repository.to_ascii_lowercase();
        let repository = repository.strip_suffix(".git").unwrap_or(&repository);
        if repository.contains('/') { repository.to_owned() } else { format!("{owner}/{repository}") }
    }
}

fn unknown(text: &str, things: &mut Things) {
    ["repo", "branch", "commit"].into_iter().for_each(|kind| things.refer(kind, text));
}

/// Adds everything that one name may be in one repository.
fn names_in(repository: &str, text: &str, things: &mut Things) {
    things.name("repo", repository.to_owned());
    let short = text.strip_prefix("refs/").unwrap_or(text);
    let is_hash = text.len() >= 4 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(branch) = short.strip_prefix("heads/") {
        things.name("branch", format!("{repository}/{branch}"));
    } else if let Some(tag) = short.strip_prefix("tags/") {
        things.name("tag", format!("{repository}/{tag}"));
    } else if let Some(number) = short.strip_prefix("pull/").and_then(|rest| rest.split('/').next()) {
        things.name("pull", format!("{repository}#{number}"));
        things.name("issue", format!("{repository}#{number}"));
    } else if is_hash && matches!(text.len(), 40 | 64) {
        things.name("commit", format!("{repository}/{}", text.to_ascii_lowercase()));
    } else if short.len() < text.len() || is_relative(text) {
        ["branch", "commit"].into_iter().for_each(|kind| things.refer(kind, text));
    } else {
        things.name("branch", format!("{repository}/{text}"));
        things.name("tag", format!("{repository}/{text}"));
        if is_hash {
            things.name("commit", format!("{repository}/{}", text.to_ascii_lowercase()));
            things.refer("repo", text);
        }
    }
}

/// Whether a text like `HEAD`, `main~1`, `v1^{}` or `@{upstream}` depends on another point. It is no name of a branch.
fn is_relative(text: &str) -> bool {
    text.eq_ignore_ascii_case("HEAD") || text.contains(['~', '^', '@', '\\', '?', '*', '[', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, other: Option<&str>) -> String {
        let mut things = Things::default();
        let path = RepositoryPath { owner: "octo", repository: "hello", other };
        sides(text).into_iter().for_each(|side| path.side(side, &mut things));
        let named = things.resources.iter().map(|one| format!("{} {}", one.kind, one.id));
        let referred = things.unnamed.iter().map(|one| format!("{} ? {}", one.kind, one.name));
        named.chain(referred).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_point_in_history_names_its_repository_or_says_that_it_does_not() {
        let hash = "a".repeat(40);
        let lines: Vec<String> = [
            "main...dev",
            "main..dev",
            "main",
            "refs/heads/main",
            "heads/a/b",
            "refs/tags/v1",
            "refs/pull/7/head",
            "pull/7/merge",
            "HEAD",
            "head",
            "main~1",
            "main^",
            "@{-1}",
            "beef",
            "BEEF123",
            hash.as_str(),
            "octo:dev",
            "Octo:dev",
            "evil:main",
            "evil:fork:main",
            "Evil:Fork.git:main",
            "a:b:c:d",
            ":x",
            "x:",
            "",
            "refs/notes/x",
            "main...octo:secret:main",
            "main...evil:main",
        ]
        .into_iter()
        .map(|text| format!("{text} = {}", told(text, None)))
        .chain(
            ["dev", "evil:dev", "octo:dev"]
                .map(|text| format!("{text} of fork = {}", told(text, Some("fork")))),
        )
        .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
