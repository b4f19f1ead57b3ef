//! Whether bytes that are about to be sent hold a pass: this one, a relative's, anybody's, in any encoding.
//!
//! It looks for the one thing that every pass has: an authority block with the fact `pass_id`. It looks in the bytes
//! and in everything that they could encode: base64 at any offset and with anything between its letters; escapes of
//! URLs, JSON, mail and HTML; and each of these inside another. It does not search for one text, and checks no
//! signature, because an expired pass should not be sent either. It cannot see a pass that is hidden on purpose (in a
//! cipher, or in two halves).
//!
//! - Invariant: No pass goes upstream, in any encoding, and each pass has exactly one text
//!   (`no_pass_goes_upstream_wherever_it_is_written`, `a_pass_has_one_text`).

mod escapes;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;

/// The name of the fact, which the block holds as plain bytes.
const NAME: &[u8] = b"pass_id";
/// An authority block with that fact is never shorter: its public key alone has 32 bytes.
const LEAST: usize = 100;
/// The keys and signatures of a pass are random, so every encoding of it has more letters than this.
const FEWEST: u32 = 8;
/// How deep encodings are decoded. A pass in an attachment of a message in a JSON field is four deep.
const DEEPEST: u8 = 6;
/// How often escapes are removed from one text.
const ROUNDS: usize = 4;
/// The work limit, as a multiple of the input's length.
const WORK: usize = 64;
const LEAST_WORK: usize = 1 << 20;

/// What a search of bytes found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// No visible pass.
    Nothing,
    Pass,
    /// More nested encodings than are decoded.
    TooMuch,
}

/// Searches bytes that are about to be sent.
pub fn carried(bytes: &[u8]) -> Carried {
    let left = bytes.len().saturating_mul(WORK).max(LEAST_WORK);
    let mut search = PassSearch { left, name: memmem::Finder::new(NAME) };
    match search.look(bytes, 0) {
        Ok(()) => Carried::Nothing,
        Err(found) => found,
    }
}

struct PassSearch {
    /// Bytes that may still be looked at.
    left: usize,
    name: memmem::Finder<'static>,
}

impl PassSearch {
    fn charge(&mut self, bytes: usize) -> Result<(), Carried> {
        self.left = self.left.checked_sub(bytes).ok_or(Carried::TooMuch)?;
        Ok(())
    }

    fn look(&mut self, bytes: &[u8], depth: u8) -> Result<(), Carried> {
        if bytes.len() < LEAST {
            return Ok(());
        }
        self.charge(bytes.len())?;
        if self.holds_a_pass(bytes) {
            return Err(Carried::Pass);
        }
        if depth == DEEPEST {
            return Ok(());
        }
        self.base64(bytes, depth)?;
        self.unescaped(bytes, depth)
    }

    /// Removes escapes, kind by kind and round by round, and searches the result each time. Escapes may be nested in
    /// any order, and no letter of a pass begins one.
    fn unescaped(&mut self, bytes: &[u8], depth: u8) -> Result<(), Carried> {
        let mut text: Option<Vec<u8>> = None;
        for _ in 0..ROUNDS {
            let mut found = false;
            for decode in escapes::ALL {
                let Some(decoded) = decode(text.as_deref().unwrap_or(bytes)) else { continue };
                self.charge(decoded.len())?;
                if self.holds_a_pass(&decoded) {
                    return Err(Carried::Pass);
                }
                self.base64(&decoded, depth)?;
                text = Some(decoded);
                found = true;
            }
            if !found {
                break;
            }
        }
        Ok(())
    }

    /// Reads the letters of base64, in either alphabet, whatever is between them: a line break, a quote, a quoting
    /// mark. Nobody knows where a text begins among them, so each of the four offsets is tried.
    fn base64(&mut self, bytes: &[u8], depth: u8) -> Result<(), Carried> {
        let mut letters = Vec::with_capacity(bytes.len());
        for byte in bytes {
            match MEANS.get(usize::from(*byte)).copied().unwrap_or(SKIPPED) {
                SKIPPED => {}
                // A wrong offset gives random bytes, which hold no long ASCII text, so this ends.
                FOREIGN if depth == 0 => {}
                BREAK | FOREIGN => {
                    self.letters(&letters, depth)?;
                    letters.clear();
                }
                letter => letters.push(letter),
            }
        }
        self.letters(&letters, depth)
    }

    fn letters(&mut self, letters: &[u8], depth: u8) -> Result<(), Carried> {
        if letters.len() < LEAST || distinct(letters) < FEWEST {
            return Ok(());
        }
        for offset in 0..4 {
            let from = letters.get(offset..).unwrap_or_default();
            let whole = from.get(..from.len() - from.len() % 4).unwrap_or_default();
            if let Ok(decoded) = STANDARD_NO_PAD.decode(whole) {
                self.look(&decoded, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Whether a Biscuit's field `authority` (2) occurs anywhere in the bytes, with a block (1) that holds the name.
    fn holds_a_pass(&self, bytes: &[u8]) -> bool {
        let names: Vec<usize> = self.name.find_iter(bytes).collect();
        let (Some(first), Some(last)) = (names.first(), names.last()) else { return false };
        let before = bytes.get(..*last).unwrap_or_default();
        memchr::memchr_iter(0x12, before).any(|at| {
            let Some((signed, end)) = field(bytes, at + 1) else { return false };
            let block = bytes.get(signed).filter(|tag| **tag == 0x0a).and_then(|_| field(bytes, signed + 1));
            let Some((from, to)) = block.filter(|(_, to)| *to <= end && *to > *first) else { return false };
            let next = names.partition_point(|name| *name < from);
            names.get(next).is_some_and(|name| name + NAME.len() <= to)
        })
    }
}

/// How many different letters there are. Each is in ASCII.
fn distinct(letters: &[u8]) -> u32 {
    letters.iter().fold(0_u128, |seen, letter| seen | 1 << (letter & 0x7f)).count_ones()
}

/// A character that changes nothing between letters.
const SKIPPED: u8 = 0;
/// A control character, which ends a text of letters.
const BREAK: u8 = 1;
/// A byte beyond ASCII.
const FOREIGN: u8 = 2;

/// For each byte its meaning, or its letter in the standard alphabet.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it, and every byte has a place")]
const MEANS: [u8; 256] = {
    let mut means = [SKIPPED; 256];
    let mut byte = 0_u8;
    loop {
        means[byte as usize] = match byte {
            b'-' => b'+',
            b'_' => b'/',
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => byte,
            0x01..=0x08 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f => BREAK,
            0x80.. => FOREIGN,
            _ => SKIPPED,
        };
        if byte == u8::MAX {
            break means;
        }
        byte += 1;
    }
};

/// Where the content of a length-delimited field begins and ends, given the place of its length.
fn field(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut length = 0_usize;
    for (count, byte) in bytes.get(at..)?.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * count);
        if byte & 0x80 == 0 {
            let from = at + count + 1;
            let to = from.checked_add(length)?;
            return (to <= bytes.len()).then_some((from, to));
        }
    }
    None
}

#[cfg(test)]
mod tests;
