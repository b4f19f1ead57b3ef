//! Keeps the credential out of answers: raw, percent-encoded, JSON-escaped or in base64, also across pieces.
//!
//! What is found is masked with as many asterisks, so that lengths that were announced stay true. Only the end
//! of a piece that may be the start of the credential is held back, so that streams are not delayed. It does
//! not look into compressed bodies: those are refused before.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use datalog::ConnectionName;
use memchr::{memchr, memmem};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::Mutex;
use zeroize::Zeroizing;

const MASK: u8 = b'*';

/// Forms shorter than this would be found everywhere.
const SHORTEST: usize = 6;

/// Every form of one credential that is looked for.
pub(crate) struct Needles(Vec<Zeroizing<Vec<u8>>>);

impl Needles {
    pub(crate) fn of(token: &SecretString) -> Self {
        let raw = token.expose_secret();
        let mut forms = vec![raw.as_bytes().to_vec()];
        forms.extend(percent_encoded(raw));
        forms.extend(json_escaped(raw));
        forms.extend(in_base64(raw.as_bytes()));
        let mut needles: Vec<Zeroizing<Vec<u8>>> = Vec::with_capacity(forms.len());
        for form in forms.into_iter().map(Zeroizing::new) {
            if form.len() >= SHORTEST && !needles.contains(&form) {
                needles.push(form);
            }
        }
        Self(needles)
    }

    /// Masks every occurrence; answers whether there was one.
    fn mask(&self, data: &mut [u8]) -> Found {
        let mut found = Found::Nothing;
        for needle in &self.0 {
            let mut from = 0;
            while let Some(at) = data.get(from..).and_then(|rest| memmem::find(rest, needle)) {
                let (start, end) = (from + at, from + at + needle.len());
                if let Some(hit) = data.get_mut(start..end) {
                    hit.fill(MASK);
                }
                found = Found::Credential;
                from = end;
            }
        }
        found
    }

    fn occurs_in(&self, data: &[u8]) -> bool {
        self.0.iter().any(|needle| memmem::find(data, needle).is_some())
    }

    /// How many bytes at the end of `data` may be the start of a form.
    fn open_end(&self, data: &[u8]) -> usize {
        self.0.iter().map(|needle| longest_start(data, needle)).max().unwrap_or(0)
    }
}

/// The length of the longest end of `data` that is a beginning, but not the whole, of `needle`.
fn longest_start(data: &[u8], needle: &[u8]) -> usize {
    let Some((first, _)) = needle.split_first() else { return 0 };
    let window = data.len().saturating_sub(needle.len() - 1);
    let mut tail = data.get(window..).unwrap_or_default();
    while let Some(at) = memchr(*first, tail) {
        tail = tail.get(at..).unwrap_or_default();
        if needle.starts_with(tail) {
            return tail.len();
        }
        tail = tail.get(1..).unwrap_or_default();
    }
    0
}

fn percent_encoded(raw: &str) -> [Vec<u8>; 2] {
    const SET: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let upper = percent_encoding::utf8_percent_encode(raw, SET).to_string();
    let lower = raw
        .bytes()
        .map(|byte| match byte {
            b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        })
        .collect::<String>();
    [upper.into_bytes(), lower.into_bytes()]
}

/// The two escapes that JSON writers use beyond need: `\/`, and `\u003d` for HTML's sake.
fn json_escaped(raw: &str) -> [Vec<u8>; 3] {
    [
        raw.replace('/', "\\/").into_bytes(),
        raw.replace('=', "\\u003d").into_bytes(),
        raw.replace('/', "\\/").replace('=', "\\u003d").into_bytes(),
    ]
}

/// What of the base64 form is the same whatever stands before and after, for each of the three alignments.
fn in_base64(raw: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::with_capacity(6);
    for (before, unsure) in [(0, 0), (1, 2), (2, 3)] {
        let mut padded = vec![0; before];
        padded.extend_from_slice(raw);
        let sure = padded.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            forms.extend(text.as_bytes().get(unsure..sure).map(<[u8]>::to_vec));
        }
    }
    forms
}

/// Whether a piece held the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Credential,
}

/// Masks the credential in one answer, piece by piece.
pub(crate) struct Scrubber {
    needles: Arc<Needles>,
    held: Vec<u8>,
    found: Found,
}

impl Scrubber {
    pub(crate) fn new(needles: Arc<Needles>) -> Self {
        Self { needles, held: Vec::new(), found: Found::Nothing }
    }

    /// Takes a piece; gives what may go on.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        if self.held.is_empty() && !self.needles.occurs_in(&piece) {
            let passes = piece.len() - self.needles.open_end(&piece);
            let mut piece = piece;
            self.held = piece.split_off(passes).to_vec();
            return piece;
        }
        let mut data = std::mem::take(&mut self.held);
        data.extend_from_slice(&piece);
        if self.needles.mask(&mut data) == Found::Credential {
            self.found = Found::Credential;
        }
        self.held = data.split_off(data.len() - self.needles.open_end(&data));
        Bytes::from(data)
    }

    /// What was held back, at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.held))
    }

    /// A whole text, such as a header's value.
    pub(crate) fn whole(&mut self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        if self.needles.mask(&mut text) == Found::Credential {
            self.found = Found::Credential;
        }
        text
    }

    pub(crate) fn occurs_in(&self, text: &[u8]) -> bool {
        self.needles.occurs_in(text)
    }

    pub(crate) fn found(&self) -> Found {
        self.found
    }
}

/// The needles of each connection's current credential, so that they are made once and not per request.
#[derive(Default)]
pub(crate) struct NeedleCache(Mutex<HashMap<ConnectionName, (SecretString, Arc<Needles>)>>);

impl NeedleCache {
    pub(crate) fn of(&self, connection: &ConnectionName, token: &SecretString) -> Arc<Needles> {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((of, needles)) = known.get(connection)
            && of.expose_secret() == token.expose_secret()
        {
            return needles.clone();
        }
        let needles = Arc::new(Needles::of(token));
        known.insert(connection.clone(), (token.clone(), needles.clone()));
        needles
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "ya29.a0/AfB+sentinel=";

    fn scrub(pieces: &[&[u8]]) -> Vec<u8> {
        let mut scrubber = Scrubber::new(Arc::new(Needles::of(&SecretString::from(TOKEN))));
        let mut out = Vec::new();
        for piece in pieces {
            out.extend_from_slice(&scrubber.push(Bytes::copy_from_slice(piece)));
        }
        out.extend_from_slice(&scrubber.finish());
        out
    }

    fn forms() -> Vec<String> {
        let mut forms = vec![
            TOKEN.to_owned(),
            "ya29.a0%2FAfB%2Bsentinel%3D".to_owned(),
            "ya29.a0%2fAfB%2bsentinel%3d".to_owned(),
            "ya29.a0\\/AfB+sentinel=".to_owned(),
            "ya29.a0\\/AfB+sentinel\\u003d".to_owned(),
        ];
        for before in ["", "u", "us", "user:"] {
            forms.push(STANDARD_NO_PAD.encode(format!("{before}{TOKEN}")));
            forms.push(URL_SAFE_NO_PAD.encode(format!("{before}{TOKEN}!?")));
        }
        forms
    }

    #[test]
    fn every_form_of_the_credential_is_masked_wherever_the_answer_is_cut() {
        for form in forms() {
            let text = format!("before {form} after");
            for cut in 0..text.len() {
                let (a, b) = text.as_bytes().split_at(cut);
                let out = scrub(&[a, b]);
                assert_eq!(out.len(), text.len());
                let out = String::from_utf8(out).unwrap();
                assert!(out.contains("********") && !out.contains("sentinel"), "{form} cut at {cut}: {out}");
                assert!(out.starts_with("before ") && out.ends_with(" after"), "{out}");
            }
        }
    }

    #[test]
    fn a_piece_that_cannot_be_the_start_of_the_credential_is_not_held_back() {
        let mut scrubber = Scrubber::new(Arc::new(Needles::of(&SecretString::from(TOKEN))));
        assert_eq!(scrubber.push(Bytes::from_static(b"data: {}\n\n")), "data: {}\n\n");
        assert_eq!(scrubber.push(Bytes::from_static(b"data: ya")), "data: ");
        assert_eq!(scrubber.push(Bytes::from_static(b"k\n\n")), "yak\n\n");
    }

    proptest! {
        #[test]
        fn what_is_not_the_credential_passes_unchanged(pieces in prop::collection::vec("[a-y ./*]{0,40}", 0..8)) {
            let raw: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
            prop_assert_eq!(scrub(&raw), pieces.concat().into_bytes());
        }
    }
}
