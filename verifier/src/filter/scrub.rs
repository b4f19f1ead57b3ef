//! Keeps the credential out of answers: plain, in base64 and in hexadecimal, each in any escapes (`spelled`), and
//! across pieces.
//!
//! It masks each hit with as many asterisks as it has characters, so that announced lengths stay true. It holds back
//! only the end of a piece that may be the start of the credential, so that streams are not delayed. Compressed
//! bodies are unpacked first.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use datalog::ConnectionName;
use secrecy::{ExposeSecret, SecretString};

use crate::filter::spelled::{Needle, Sighted};

const MASK: u8 = b'*';

/// The shortest form to look for. Shorter ones would match everywhere.
const SHORTEST: usize = 6;

/// Every form of one credential to look for.
pub(crate) struct Needles(Vec<Needle>);

impl Needles {
    pub(crate) fn of(token: &SecretString) -> Self {
        let raw = token.expose_secret().as_bytes();
        let mut needles = vec![Needle::plain(raw.to_vec()), Needle::hexadecimal(hexadecimal(raw))];
        for form in in_base64(raw) {
            if !needles.iter().any(|known| *known.text == form) {
                needles.push(Needle::base64(form));
            }
        }
        needles.retain(|needle| needle.text.len() >= SHORTEST);
        Self(needles)
    }
}

/// Masks every hit. Returns whether there was one.
fn mask(data: &mut [u8], found: &[Range<usize>]) -> Scrubbed {
    for place in found {
        if let Some(hit) = data.get_mut(place.clone()) {
            hit.fill(MASK);
        }
    }
    if found.is_empty() { Scrubbed::Nothing } else { Scrubbed::Credential }
}

fn hexadecimal(raw: &[u8]) -> Vec<u8> {
    raw.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// Returns the part of the base64 form that does not depend on its neighbours, for each of the three alignments.
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
pub(crate) enum Scrubbed {
    Nothing,
    Credential,
}

/// Masks the credential in one answer, piece by piece.
pub(crate) struct Scrubber {
    needles: Arc<Needles>,
    held: Vec<u8>,
    found: Scrubbed,
}

impl Scrubber {
    pub(crate) fn new(needles: Arc<Needles>) -> Self {
        Self { needles, held: Vec::new(), found: Scrubbed::Nothing }
    }

    /// Takes a piece, and returns the bytes that may go on.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        if self.held.is_empty() {
            let sighted = Sighted::of(&self.needles.0, &piece);
            if sighted.found.is_empty() {
                let mut piece = piece;
                self.held = piece.split_off(sighted.open.unwrap_or(piece.len())).to_vec();
                return piece;
            }
            return self.pass(piece.to_vec(), &sighted);
        }
        let mut data = std::mem::take(&mut self.held);
        data.extend_from_slice(&piece);
        let sighted = Sighted::of(&self.needles.0, &data);
        self.pass(data, &sighted)
    }

    fn pass(&mut self, mut data: Vec<u8>, sighted: &Sighted) -> Bytes {
        if mask(&mut data, &sighted.found) == Scrubbed::Credential {
            self.found = Scrubbed::Credential;
        }
        // Masked bytes cannot be the start of anything.
        let masked = sighted.found.iter().map(|place| place.end).max().unwrap_or(0);
        let open = sighted.open.map_or(data.len(), |at| at.max(masked));
        self.held = data.split_off(open);
        Bytes::from(data)
    }

    /// Returns the bytes that were held back. Call it at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.held))
    }

    /// Masks the credential in a whole text, such as a header's value.
    pub(crate) fn whole(&mut self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        let sighted = Sighted::of(&self.needles.0, &text);
        if mask(&mut text, &sighted.found) == Scrubbed::Credential {
            self.found = Scrubbed::Credential;
        }
        text
    }

    pub(crate) fn occurs_in(&self, text: &[u8]) -> bool {
        !Sighted::of(&self.needles.0, text).found.is_empty()
    }

    pub(crate) fn found(&self) -> Scrubbed {
        self.found
    }
}

/// The needles of each connection's current credential, made once and not for each request.
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

    /// Returns a text with each character in one of its spellings, which `pick` chooses.
    fn escaped(text: &str, pick: impl Fn(usize) -> usize) -> String {
        let one = |(at, c): (usize, char)| {
            let byte = c as u32;
            match pick(at) % 14 {
                0 => c.to_string(),
                1 => format!("%{byte:02X}"),
                2 => format!("%{byte:02x}"),
                3 => format!("\\u{byte:04x}"),
                4 => format!("\\u{byte:04X}"),
                5 => format!("&#{byte};"),
                6 => format!("&#x{byte:x};"),
                7 => format!("&#x{byte:04X};"),
                8 => format!("\\x{byte:02x}"),
                9 => format!("%25{byte:02X}"),
                10 => format!("\\\\u{byte:04x}"),
                11 => format!("&amp;#{byte};"),
                12 => format!("\\{byte:03o}"),
                _ => format!("&#000{byte};"),
            }
        };
        text.chars().enumerate().map(one).collect()
    }

    fn hex(text: &str) -> String {
        String::from_utf8(hexadecimal(text.as_bytes())).unwrap()
    }

    fn forms() -> Vec<String> {
        let mut forms = vec![
            TOKEN.to_owned(),
            "ya29.a0%2FAfB%2Bsentinel%3D".to_owned(),
            "ya29.a0%2fAfB%2bsentinel%3d".to_owned(),
            "ya29.a0\\/AfB+sentinel=".to_owned(),
            "ya29.a0\\/AfB+sentinel\\u003d".to_owned(),
            "ya29&period;a0&sol;AfB&plus;sentinel&equals;".to_owned(),
            "ya29\\u{2e}a0&#47AfB+sentinel=".to_owned(),
            hex(TOKEN),
            hex(TOKEN).to_uppercase(),
            hex(TOKEN)
                .chars()
                .enumerate()
                .map(|(at, c)| if at % 3 == 0 { c.to_ascii_uppercase() } else { c })
                .collect(),
        ];
        forms.extend((1..14).map(|form| escaped(TOKEN, |_| form)));
        forms.extend((1..14).map(|form| escaped(TOKEN, |at| at * form + form)));
        for before in ["", "u", "us", "user:"] {
            let base64 = STANDARD_NO_PAD.encode(format!("{before}{TOKEN}"));
            let lines: Vec<&str> = [&base64[..9], &base64[9..20], &base64[20..]].into();
            forms.extend(["\n", "\r\n", "\\n", "\\r\\n", "%0A", "&#10;"].map(|line| lines.join(line)));
            forms.push(escaped(&base64, |at| at));
            forms.push(base64.replace('/', "\\/").replace('+', "%2B"));
            forms.push(base64);
            forms.push(URL_SAFE_NO_PAD.encode(format!("{before}{TOKEN}!?")));
        }
        forms.push(escaped(&hex(TOKEN), |at| at % 3));
        forms
    }

    /// Whether a reader who undoes every escape could find the credential in a text.
    fn tells(text: &str) -> bool {
        let lower = text.to_lowercase();
        let core =
            [hex("sentinel"), "sentinel".into(), STANDARD_NO_PAD.encode("sentinel")[..10].to_lowercase()];
        core.iter().any(|core| lower.contains(core.as_str()))
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
                assert!(out.contains("********") && !tells(&out), "{form} cut at {cut}: {out}");
                assert!(out.starts_with("before ") && out.ends_with(" after"), "{out}");
                // Nothing of the credential is left, except base64 characters that depend on their neighbours.
                let left: String = out["before ".len()..out.len() - " after".len()].replace('*', "");
                assert!(left.len() <= 48, "{form} cut at {cut}: {out}");
            }
            let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert!(!tells(&String::from_utf8(scrub(&single)).unwrap()), "{form} byte by byte");
        }
    }

    #[test]
    fn a_piece_that_cannot_be_the_start_of_the_credential_is_not_held_back() {
        let mut scrubber = Scrubber::new(Arc::new(Needles::of(&SecretString::from(TOKEN))));
        assert_eq!(scrubber.push(Bytes::from_static(b"data: {}\n\n")), "data: {}\n\n");
        assert_eq!(scrubber.push(Bytes::from_static(b"data: ya")), "data: ");
        assert_eq!(scrubber.push(Bytes::from_static(b"k\n\n")), "yak\n\n");
        assert_eq!(
            scrubber.push(Bytes::from_static(b"a line\\nand 10% of &amp; that")),
            "a line\\nand 10% of &amp; that"
        );
    }

    proptest! {
        #[test]
        fn any_mix_of_spellings_is_masked(picks in prop::collection::vec(0..14_usize, 40), cut in 0..400_usize) {
            let text = format!("before {} after", escaped(TOKEN, |at| picks[at]));
            let (a, b) = text.as_bytes().split_at(cut.min(text.len()));
            let out = String::from_utf8(scrub(&[a, b])).unwrap();
            let middle = &out["before ".len()..out.len() - " after".len()];
            prop_assert!(middle.bytes().all(|byte| byte == b'*'), "{out}");
        }

        #[test]
        fn what_is_not_the_credential_passes_unchanged(pieces in prop::collection::vec("[a-y ./*%&;#x0-9\\\\\r\n]{0,40}", 0..8)) {
            let raw: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
            prop_assert_eq!(scrub(&raw), pieces.concat().into_bytes());
        }
    }
}
