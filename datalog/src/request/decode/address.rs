//! One address, or a list of them, in RFC 5322: only the part of the grammar that every reader understands the same
//! way.
//!
//! It refuses an address with a group, a comment, a quoted local part, a route, a domain literal, an empty list member,
//! or non-ASCII outside a display name. It guesses nothing.

use std::fmt;
use std::str::FromStr;

use crate::request::decode::word;

/// A mailbox `local@domain`, lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: String,
    at: usize,
}

/// Why a text is not one address, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got `{got}`")]
pub struct AddressError {
    expected: &'static str,
    got: String,
}

fn wrong(expected: &'static str, got: &str) -> AddressError {
    AddressError { expected, got: got.chars().take(120).flat_map(char::escape_debug).collect() }
}

impl Address {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = || wrong("a plain `local@domain` of ASCII letters", text);
        let (local, domain) = text.split_once('@').ok_or_else(bad)?;
        if text.len() > 254 || local.len() > 64 || !local.split('.').all(is_atom) || !is_domain(domain) {
            return Err(bad());
        }
        Ok(Self { text: text.to_ascii_lowercase(), at: local.len() })
    }
}

fn is_atom(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
}

/// At least two labels of letters, digits and inner hyphens; the last is not a number.
pub(crate) fn is_domain(domain: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

/// The addresses of a header's value, unfolded.
pub(super) fn list(value: &str) -> Result<Vec<Address>, AddressError> {
    if value.trim_matches([' ', '\t']).is_empty() {
        return Ok(Vec::new());
    }
    split(value)?.into_iter().map(mailbox).collect()
}

/// The addresses of a header's value, each with the name before it as it is written, without quotes. None if any part
/// cannot be read with certainty.
pub(super) fn named(value: &str) -> Option<Vec<(String, Address)>> {
    if value.trim_matches([' ', '\t']).is_empty() {
        return Some(Vec::new());
    }
    let one = |member: &str| {
        let address = mailbox(member).ok()?;
        let name =
            member.trim_end_matches([' ', '\t']).strip_suffix('>').and_then(|rest| rest.rsplit_once('<'));
        let name = name.map(|(name, _)| name.trim_matches([' ', '\t']).replace('"', ""));
        Some((name.unwrap_or_default(), address))
    };
    split(value).ok()?.into_iter().map(one).collect()
}

/// The members of a list: commas count outside quotes and angle brackets only.
fn split(value: &str) -> Result<Vec<&str>, AddressError> {
    let (mut members, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !angle => quoted = !quoted,
            _ if quoted => {}
            '<' if !angle => angle = true,
            '>' if angle => angle = false,
            '(' | ')' | ';' | ':' | '\\' | '[' | ']' | '"' | '<' | '>' => {
                return Err(wrong("no comments, groups, routes or literals in an address", value));
            }
            ',' if angle => return Err(wrong("no `,` in an address", value)),
            ',' => {
                members.push(value.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted || angle {
        return Err(wrong("every quote and bracket to be closed", value));
    }
    members.push(value.get(start..).unwrap_or_default());
    Ok(members)
}

fn mailbox(member: &str) -> Result<Address, AddressError> {
    let member = member.trim_matches([' ', '\t']);
    let Some(rest) = member.strip_suffix('>') else {
        return member.parse();
    };
    // The last `<` is the bracket: after it no quote can stand.
    let (name, address) = rest.rsplit_once('<').ok_or_else(|| wrong("`<` before `>`", member))?;
    display_name(name.trim_matches([' ', '\t']))?;
    address.parse()
}

/// A name shown before an address: words, quoted or not. It must not hold text that could be read as an address.
fn display_name(name: &str) -> Result<(), AddressError> {
    let mut rest = name;
    while !rest.is_empty() {
        rest = match rest.strip_prefix('"') {
            Some(inside) => {
                let end = closing(inside).ok_or_else(|| wrong("a quote that closes", name))?;
                let (text, after) = inside.split_at(end);
                if text.contains("=?") || text.contains('\\') {
                    return Err(wrong("a quoted name without escapes or encoded words", name));
                }
                after.get(1..).unwrap_or_default()
            }
            None => {
                let end = rest.find([' ', '\t', '"']).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                word::plain(word).ok_or_else(|| wrong("a name of plain or encoded words", name))?;
                after
            }
        };
        let trimmed = rest.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && trimmed.len() == rest.len() {
            return Err(wrong("a space between the words of a name", name));
        }
        rest = trimmed;
    }
    Ok(())
}

fn closing(text: &str) -> Option<usize> {
    text.find('"')
}
