//! Turns text with escapes into the bytes that it stands for, leniently: everything that any reader could make of it.
//!
//! Each function returns nothing if it finds no escape, and never more bytes than it got.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;
use percent_encoding::percent_decode;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

type Decoder = fn(&[u8]) -> Option<Vec<u8>>;

pub(super) const ALL: [Decoder; 5] = [percent, quoted_printable, json, html, words];

/// `%5F`.
fn percent(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut escapes = memchr::memchr_iter(b'%', bytes).filter_map(|at| bytes.get(at + 1..at + 3));
    escapes.any(|digits| hex(digits).is_some()).then(|| percent_decode(bytes).collect())
}

/// `=5F`, and a line that continues behind `=` (RFC 2045, section 6.7).
fn quoted_printable(bytes: &[u8]) -> Option<Vec<u8>> {
    replaced(bytes, b'=', |rest| match rest {
        [b'\r', b'\n', ..] => Some((2, None)),
        [b'\n', ..] => Some((1, None)),
        [high, low, ..] => hex(&[*high, *low]).map(|code| (2, Some(code))),
        _ => None,
    })
}

/// `\u005f`, `\/`, `\n`: as in JSON and many other languages.
fn json(bytes: &[u8]) -> Option<Vec<u8>> {
    replaced(bytes, b'\\', |rest| match rest {
        [b'u', a, b, c, d, ..] => Some((5, Some(hex(&[*a, *b, *c, *d])?))),
        [b'x', a, b, ..] => Some((3, Some(hex(&[*a, *b])?))),
        [b'n' | b'r' | b't' | b'b' | b'f', ..] => Some((1, Some(u32::from(b' ')))),
        [other, ..] => Some((1, Some(u32::from(*other)))),
        [] => None,
    })
}

/// `&#95;` and `&#x5f;`, and the few named characters that a pass can have.
fn html(bytes: &[u8]) -> Option<Vec<u8>> {
    const NAMES: [(&[u8], u8); 4] =
        [(b"lowbar;", b'_'), (b"UnderBar;", b'_'), (b"hyphen;", b'-'), (b"dash;", b'-')];
    replaced(bytes, b'&', |rest| {
        if let Some((name, byte)) = NAMES.iter().find(|(name, _)| rest.starts_with(name)) {
            return Some((name.len(), Some(u32::from(*byte))));
        }
        let number = rest.strip_prefix(b"#")?;
        let (radix, digits, taken) = match number {
            [b'x' | b'X', digits @ ..] => (16, digits, 2),
            digits => (10, digits, 1),
        };
        let length = digits.iter().take(8).take_while(|digit| char::from(**digit).is_digit(radix)).count();
        let code = std::str::from_utf8(digits.get(..length)?).ok()?;
        let code = u32::from_str_radix(code, radix).ok()?;
        let ends = usize::from(digits.get(length) == Some(&b';'));
        Some((taken + length + ends, Some(code)))
    })
}

/// `=?utf-8?B?aGFsbA==?=` (RFC 2047): only the words, joined.
fn words(bytes: &[u8]) -> Option<Vec<u8>> {
    let begins = memmem::find_iter(bytes, b"=?").filter_map(|at| bytes.get(at + 2..));
    let words: Vec<u8> = begins.filter_map(word).flatten().collect();
    (!words.is_empty()).then_some(words)
}

/// `utf-8?B?aGFsbA==?=`, and whatever follows.
fn word(text: &[u8]) -> Option<Vec<u8>> {
    let mut parts = text.split(|byte| *byte == b'?');
    let (_, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    match encoding {
        b"B" | b"b" => LENIENT.decode(text).ok(),
        b"Q" | b"q" => quoted_printable(text).or_else(|| Some(text.to_vec())),
        _ => None,
    }
}

/// Replaces the escape behind each `mark`; none if there is no escape. `read` gives the length of an escape, and its
/// code.
fn replaced(bytes: &[u8], mark: u8, read: impl Fn(&[u8]) -> Option<(usize, Option<u32>)>) -> Option<Vec<u8>> {
    memchr::memchr(mark, bytes)?;
    let mut out = Vec::with_capacity(bytes.len());
    let (mut rest, mut found) = (bytes, false);
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        let Some((taken, code)) = (*byte == mark).then(|| read(behind)).flatten() else {
            out.push(*byte);
            continue;
        };
        found = true;
        rest = behind.get(taken..).unwrap_or_default();
        if let Some(code) = code {
            // No pass has such a character, so any separator can stand for it.
            out.push(u8::try_from(code).unwrap_or(b' '));
        }
    }
    found.then_some(out)
}

fn hex(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(text, 16).ok()
}
