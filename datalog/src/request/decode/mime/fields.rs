//! The fields that describe a part: its type, its encoding, whether it is a file. Each has one accepted spelling.

use crate::request::decode::error::MimeError;
use crate::request::decode::header::single;

/// How the content of a part is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Base64,
    QuotedPrintable,
}

pub(super) fn encoding(value: Option<&str>) -> Result<Encoding, MimeError> {
    let Some(value) = value else { return Ok(Encoding::Plain) };
    match value.trim_matches([' ', '\t']).to_ascii_lowercase().as_str() {
        "7bit" | "8bit" | "binary" => Ok(Encoding::Plain),
        "quoted-printable" => Ok(Encoding::QuotedPrintable),
        "base64" => Ok(Encoding::Base64),
        _ => Err(MimeError::Field("Content-Transfer-Encoding")),
    }
}

pub(crate) struct ContentType {
    /// `type/subtype`, lower case.
    pub essence: String,
    /// Without the boundary.
    pub parameters: Parameters,
    pub(super) boundary: Option<String>,
}

impl ContentType {
    pub(super) fn of(value: Option<&str>) -> Result<Self, MimeError> {
        const NAME: &str = "Content-Type";
        let wrong = || MimeError::Field(NAME);
        let Some(value) = value else {
            return Ok(Self { essence: "text/plain".into(), parameters: Vec::new(), boundary: None });
        };
        let (essence, mut parameters) = parameters(value, NAME)?;
        let (kind, subtype) = essence.split_once('/').ok_or_else(wrong)?;
        if !is_token(kind) || !is_token(subtype) {
            return Err(wrong());
        }
        let mut boundary = None;
        for (name, value) in &parameters {
            // Only some readers join the pieces of a boundary, or read one in another character set.
            if name.starts_with("boundary")
                && (name != "boundary" || boundary.replace(value.clone()).is_some())
            {
                return Err(wrong());
            }
        }
        parameters.retain(|(name, _)| name != "boundary");
        let valid = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b);
        match boundary {
            Some(text) if !(1..=70).contains(&text.len()) || !text.bytes().all(valid) => {
                Err(MimeError::Boundary)
            }
            boundary => Ok(Self { essence, parameters, boundary }),
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What `Content-Disposition` says, with the names in it.
pub(crate) struct Disposition {
    pub parameters: Parameters,
    /// Whether any reader could take the part for a file: it has a name, or is not shown in the text.
    pub is_file: bool,
}

impl Disposition {
    pub(super) fn of(fields: &[(String, String)]) -> Result<Self, MimeError> {
        const NAME: &str = "Content-Disposition";
        let kind = single(fields, "content-type")?.unwrap_or_default().to_ascii_lowercase();
        let named = kind.contains("name");
        let Some(value) = single(fields, "content-disposition")? else {
            return Ok(Self { parameters: Vec::new(), is_file: named });
        };
        let (disposition, parameters) = parameters(value, NAME)?;
        let is_file =
            disposition != "inline" || parameters.iter().any(|(name, _)| name.contains("name")) || named;
        Ok(Self { parameters, is_file })
    }
}

pub(crate) type Parameters = Vec<(String, String)>;

/// `value; name=token; name="quoted"`: value and names in lower case.
fn parameters(value: &str, field: &'static str) -> Result<(String, Parameters), MimeError> {
    let wrong = || MimeError::Field(field);
    let plain = |c: char| c == '\t' || (' '..='~').contains(&c);
    if !value.chars().all(plain) || value.contains(['(', ')', '\\']) {
        return Err(wrong());
    }
    let (essence, mut rest) = value.split_once(';').unwrap_or((value, ""));
    let essence = essence.trim_matches([' ', '\t']).to_ascii_lowercase();
    let mut found: Parameters = Vec::new();
    loop {
        rest = rest.trim_matches([' ', '\t']);
        if rest.is_empty() {
            break;
        }
        let (name, after) = rest.split_once('=').ok_or_else(wrong)?;
        let (text, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(wrong)?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        let quoted = rest.get(name.len() + 1..).is_some_and(|value| value.starts_with('"'));
        let text = if quoted { text } else { text.trim_end_matches([' ', '\t']) };
        if !is_token(name) || (!quoted && !is_token(text)) {
            return Err(wrong());
        }
        let name = name.to_ascii_lowercase();
        if found.iter().any(|(known, _)| *known == name) {
            return Err(wrong());
        }
        found.push((name, text.to_owned()));
        let after = after.trim_start_matches([' ', '\t']);
        rest = match after.strip_prefix(';') {
            Some(rest) => rest,
            None if after.is_empty() => "",
            None => return Err(wrong()),
        };
    }
    Ok((essence, found))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b))
}
