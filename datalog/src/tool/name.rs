//! The names of tools: `gmail_users_messages_list` is `users.messages.list` on the connection `gmail`.
//!
//! A name depends only on the connection and the operation, so it is the same under every pass, unless two of them fold
//! to one name. The way back is the same table, never a reading of the name.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The longest name. Clients put a prefix before it, and allow 60 characters in all.
pub(crate) const LONGEST: usize = 48;

const SUFFIX: usize = 6;

/// Names for these pairs of a connection and an operation's own id, in their order. `taken` are other tools' names.
pub(crate) fn names<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, taken: &[&str]) -> Vec<String> {
    let pairs: Vec<(&str, &str)> = pairs.collect();
    let plain: Vec<String> = pairs.iter().map(|(connection, id)| folded(connection, id)).collect();
    let mut count: BTreeMap<&str, usize> = taken.iter().map(|name| (*name, 1)).collect();
    for name in &plain {
        *count.entry(name).or_default() += 1;
    }
    let is_alone = |name: &str| name.len() <= LONGEST && count.get(name) == Some(&1);
    let pairs = pairs.iter().zip(&plain);
    pairs
        .map(|((connection, id), plain)| match is_alone(plain) {
            true => plain.clone(),
            false => with_suffix(plain, connection, id),
        })
        .collect()
}

fn folded(connection: &str, id: &str) -> String {
    let fold = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("{connection}.{id}").chars().map(fold).collect()
}

fn with_suffix(plain: &str, connection: &str, id: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("{connection}\n{id}")));
    let start: String = plain.chars().take(LONGEST - SUFFIX - 1).collect();
    let suffix: String = digest.chars().take(SUFFIX).collect();
    format!("{start}_{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_plain_and_alone() {
        let long = "actions/set-github-actions-default-workflow-permissions-repository";
        let pairs = [
            ("gmail", "users.messages.list"),
            ("work", "users.messages.list"),
            ("a-b", "c"),
            ("a", "b/c"),
            ("git", long),
            ("hallpass", "pass"),
        ];
        let all = names(pairs.into_iter(), &["hallpass_pass"]);
        assert_eq!(all[0], "gmail_users_messages_list");
        assert_eq!(all[1], "work_users_messages_list");
        assert!(all[2].starts_with("a_b_c_") && all[3].starts_with("a_b_c_"), "{all:?}");
        assert_eq!(all[4].len(), LONGEST);
        assert!(all[5].starts_with("hallpass_pass_"), "{all:?}");
        let mut distinct = all.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')));
    }
}
