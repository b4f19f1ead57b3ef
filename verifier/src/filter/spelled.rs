//! Finds one text in every spelling that an answer may use: each character plain or escaped, in any mix.
//!
//! It knows percent escapes (`%79`, and `%2579` for a double one), JSON and its relatives (`\u0079`, `\x79`, `\171`,
//! `\/`) and HTML (`&#121;`, `&#x79;`, `&sol;`). Base64 and hexadecimal may be broken into lines as well. It looks for
//! one text, and decodes nothing else.

use std::ops::Range;

use memchr::{memchr2_iter, memchr3_iter, memmem};
use zeroize::Zeroizing;

/// How many times an escape may be escaped: backslashes before it, `25` in a percent escape, `amp;` in a reference.
const AGAIN: usize = 8;
/// The most zeros before a number.
const ZEROS: usize = 8;

/// A text to look for.
pub(crate) struct Needle {
    pub(crate) text: Zeroizing<Vec<u8>>,
    /// Whether capital and small letters are equal.
    folded: bool,
    /// Whether line breaks may stand inside it.
    broken: bool,
    /// For each byte, its places in the text.
    places: Vec<Vec<u16>>,
}

/// Which letters are the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letters {
    Exact,
    /// Capitals count as small letters.
    Folded,
}

/// How a text continues from some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Continuation {
    /// The text ends here.
    Whole(usize),
    /// The piece ends before this can be told.
    Open,
    No,
}

/// The meaning of an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Byte(u8, usize),
    Open,
    None,
}

impl Needle {
    pub(crate) fn plain(text: Vec<u8>) -> Self {
        Self::of(text, Letters::Exact)
    }

    /// Returns the needle for base64, which lines may break.
    pub(crate) fn base64(text: Vec<u8>) -> Self {
        Self { broken: true, ..Self::of(text, Letters::Exact) }
    }

    /// Returns the needle for hexadecimal digits, in capital or small letters.
    pub(crate) fn hexadecimal(text: Vec<u8>) -> Self {
        Self { broken: true, ..Self::of(text, Letters::Folded) }
    }

    fn of(text: Vec<u8>, letters: Letters) -> Self {
        let folded = letters == Letters::Folded;
        let mut places = vec![Vec::new(); 256];
        for (place, byte) in text.iter().enumerate() {
            let place = u16::try_from(place).unwrap_or(u16::MAX);
            for written in [*byte, if folded { byte.to_ascii_uppercase() } else { *byte }] {
                if let Some(known) = places.get_mut(usize::from(written))
                    && known.last() != Some(&place)
                {
                    known.push(place);
                }
            }
        }
        Self { text: Zeroizing::new(text), folded, broken: false, places }
    }

    /// Finds the text where it is written without any escape.
    fn plainly(&self, data: &[u8], mut found: impl FnMut(Range<usize>)) {
        let length = self.text.len();
        if self.folded {
            return self.folded_in(data, &mut found);
        }
        memmem::find_iter(data, self.text.as_slice()).for_each(|at| found(at..at + length));
    }

    /// Returns how many bytes at the end of the data are the beginning of the text, written without any escape.
    fn start_at_end(&self, data: &[u8]) -> usize {
        let window = data.len().saturating_sub(self.text.len() - 1);
        let tail = data.get(window..).unwrap_or_default();
        let starts = |from: &usize| {
            let end = tail.get(*from..).unwrap_or_default();
            self.text.get(..end.len()).is_some_and(|start| self.same(end, start))
        };
        let Some(first) = self.text.first() else { return 0 };
        let other = if self.folded { first.to_ascii_uppercase() } else { *first };
        memchr2_iter(*first, other, tail).find(starts).map_or(0, |from| tail.len() - from)
    }

    /// Finds the text in capital and small letters. It examines one byte in each `length` bytes. Wherever the text
    /// stands, it holds one of these bytes, and that byte is a hexadecimal digit.
    fn folded_in(&self, data: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let length = self.text.len();
        let mut at = length - 1;
        while let Some(byte) = data.get(at) {
            if !byte.is_ascii_hexdigit() {
                at += length;
                continue;
            }
            let is_digit = |byte: &&u8| byte.is_ascii_hexdigit();
            let back =
                data.get(..at).unwrap_or_default().iter().rev().take_while(is_digit).take(length).count();
            let ahead = data.get(at..).unwrap_or_default().iter().take_while(is_digit).count();
            let run = at - back..at + ahead;
            let windows = data.get(run.clone()).unwrap_or_default().windows(length).enumerate();
            for (offset, _) in windows.filter(|(_, window)| self.same(window, &self.text)) {
                found(run.start + offset..run.start + offset + length);
            }
            at = run.end + length;
        }
    }

    /// Returns the lengths of all beginnings of the text that stand, written plain, just before a place.
    fn before<'a>(&'a self, data: &'a [u8], anchor: usize) -> impl Iterator<Item = usize> + 'a {
        let last = anchor.checked_sub(1).and_then(|at| data.get(at));
        let places = last.and_then(|last| self.places.get(usize::from(*last)));
        let inside = places.into_iter().flatten().map(|place| usize::from(*place) + 1);
        inside.filter(move |before| *before < self.text.len() && self.is_start(data, anchor, *before))
    }

    /// Whether the first `before` bytes of the text, written plain, stand just before a place.
    fn is_start(&self, data: &[u8], anchor: usize, before: usize) -> bool {
        let plain = anchor.checked_sub(before).and_then(|from| data.get(from..anchor));
        plain.zip(self.text.get(..before)).is_some_and(|(plain, own)| self.same(plain, own))
    }

    fn places_of(&self, byte: u8) -> impl Iterator<Item = usize> {
        self.places.get(usize::from(byte)).into_iter().flatten().map(|place| usize::from(*place))
    }

    fn same(&self, one: &[u8], other: &[u8]) -> bool {
        if self.folded { one.eq_ignore_ascii_case(other) } else { one == other }
    }

    /// Whether the rest of the text, from its byte number `from`, stands at `at`.
    fn goes_on(&self, data: &[u8], mut at: usize, from: usize) -> Continuation {
        let mut rest = self.text.get(from..).unwrap_or_default();
        while let Some((wanted, after)) = rest.split_first() {
            let Some(byte) = data.get(at) else { return Continuation::Open };
            let (written, length) = match byte {
                b'%' | b'\\' | b'&' => match unit(data.get(at..).unwrap_or_default()) {
                    Unit::Byte(written, length) => (written, length),
                    Unit::Open => return Continuation::Open,
                    Unit::None => match self.line(data.get(at..).unwrap_or_default()) {
                        Unit::Byte(_, length) => (b'\n', length),
                        Unit::Open => return Continuation::Open,
                        Unit::None => (*byte, 1),
                    },
                },
                byte => (*byte, 1),
            };
            at += length;
            if self.same(&[written], &[*wanted]) {
                rest = after;
            } else if !(self.broken && matches!(written, b'\n' | b'\r')) {
                return Continuation::No;
            } else if rest.len() == self.text.len() {
                // The text does not begin with a line break.
                return Continuation::No;
            }
        }
        Continuation::Whole(at)
    }

    /// Reads a line break that JSON escaped as `\n` or `\r`, once or several times.
    fn line(&self, data: &[u8]) -> Unit {
        let slashes = data.iter().take_while(|byte| **byte == b'\\').count();
        if !self.broken || slashes == 0 || slashes > AGAIN {
            return Unit::None;
        }
        match data.get(slashes) {
            None => Unit::Open,
            Some(b'n' | b'r') => Unit::Byte(b'\n', slashes + 1),
            Some(_) => Unit::None,
        }
    }
}

/// The places of the texts in some data, and the first place at which a text may continue beyond the end.
#[derive(Debug, Default)]
pub(crate) struct Sighted {
    pub(crate) found: Vec<Range<usize>>,
    pub(crate) open: Option<usize>,
}

impl Sighted {
    /// Looks for all of the texts.
    pub(crate) fn of(needles: &[Needle], data: &[u8]) -> Self {
        let mut sighted = Self::default();
        for needle in needles {
            needle.plainly(data, |place| sighted.found.push(place));
            let start = needle.start_at_end(data);
            if start > 0 {
                sighted.opens(data.len() - start);
            }
        }
        // Any other spelling has a first escape, or a first line break, somewhere.
        for anchor in memchr3_iter(b'%', b'\\', b'&', data) {
            let found = unit(data.get(anchor..).unwrap_or_default());
            for needle in needles {
                match found {
                    Unit::Byte(b'\n' | b'\r', _) if needle.broken => {
                        sighted.look_before(needle, data, anchor);
                    }
                    Unit::Byte(byte, _) => {
                        let starts =
                            needle.places_of(byte).filter(|before| needle.is_start(data, anchor, *before));
                        starts.for_each(|before| sighted.look(needle, data, anchor, before));
                    }
                    Unit::None if !needle.broken => {}
                    Unit::None => sighted.look_before(needle, data, anchor),
                    Unit::Open => {
                        sighted.opens(anchor);
                        sighted.look_before(needle, data, anchor);
                    }
                }
            }
        }
        for needle in needles.iter().filter(|needle| needle.broken) {
            memchr2_iter(b'\r', b'\n', data).for_each(|anchor| sighted.look_before(needle, data, anchor));
        }
        sighted
    }

    fn look_before(&mut self, needle: &Needle, data: &[u8], anchor: usize) {
        for before in needle.before(data, anchor) {
            self.look(needle, data, anchor, before);
        }
    }

    fn look(&mut self, needle: &Needle, data: &[u8], anchor: usize, before: usize) {
        match needle.goes_on(data, anchor, before) {
            Continuation::Whole(end) => self.found.push(anchor - before..end),
            Continuation::Open => self.opens(anchor - before),
            Continuation::No => {}
        }
    }

    fn opens(&mut self, at: usize) {
        self.open = Some(self.open.map_or(at, |known| known.min(at)));
    }
}

/// Returns the character that an escape at the start of the data stands for.
fn unit(data: &[u8]) -> Unit {
    match data.first() {
        Some(b'%') => percent(data),
        Some(b'\\') => backslash(data),
        Some(b'&') => reference(data),
        _ => Unit::None,
    }
}

fn percent(data: &[u8]) -> Unit {
    let mut at = 1;
    for _ in 0..AGAIN {
        match data.get(at..at + 2) {
            Some(b"25") if data.get(at + 2).is_none_or(u8::is_ascii_hexdigit) => at += 2,
            _ => break,
        }
    }
    match number(data, at, 16, 2..=2) {
        // `%25` at the end, or before something that is no escape, is a percent sign.
        Unit::None if at > 1 => Unit::Byte(b'%', at),
        found => found,
    }
}

fn backslash(data: &[u8]) -> Unit {
    let slashes = data.iter().take_while(|byte| **byte == b'\\').count();
    if slashes > AGAIN {
        return Unit::None;
    }
    let (digits, radix) = match data.get(slashes) {
        None => return Unit::Open,
        Some(b'/') => return Unit::Byte(b'/', slashes + 1),
        Some(b'u') if data.get(slashes + 1) == Some(&b'{') => {
            return closed(number(data, slashes + 2, 16, 1..=6), data, b'}');
        }
        Some(b'u') => (4, 16),
        Some(b'U') => (8, 16),
        Some(b'x') => (2, 16),
        Some(b'0'..=b'3') => return number(data, slashes, 8, 3..=3),
        Some(_) => return Unit::None,
    };
    number(data, slashes + 1, radix, digits..=digits)
}

fn reference(data: &[u8]) -> Unit {
    const NAMED: [(&[u8], u8); 12] = [
        (b"sol;", b'/'),
        (b"plus;", b'+'),
        (b"equals;", b'='),
        (b"lowbar;", b'_'),
        (b"period;", b'.'),
        (b"hyphen;", b'-'),
        (b"dash;", b'-'),
        (b"colon;", b':'),
        (b"tilde;", b'~'),
        (b"percnt;", b'%'),
        (b"num;", b'#'),
        (b"bsol;", b'\\'),
    ];
    let mut at = 1;
    for _ in 0..AGAIN {
        if data.get(at..).is_some_and(|rest| rest.starts_with(b"amp;")) {
            at += 4;
        }
    }
    let rest = data.get(at..).unwrap_or_default();
    if let Some(after) = rest.strip_prefix(b"#") {
        let (from, radix, most) = match after.first() {
            None => return Unit::Open,
            Some(b'x' | b'X') => (at + 2, 16, 2 + ZEROS),
            Some(_) => (at + 1, 10, 3 + ZEROS),
        };
        return match number(data, from, radix, 1..=most) {
            Unit::Byte(byte, end) if data.get(end) == Some(&b';') => Unit::Byte(byte, end + 1),
            found => found,
        };
    }
    let named = NAMED.iter().find(|(name, _)| rest.starts_with(name));
    match named {
        Some((name, byte)) => Unit::Byte(*byte, at + name.len()),
        None if NAMED.iter().any(|(name, _)| name.starts_with(rest)) || b"amp;".starts_with(rest) => {
            Unit::Open
        }
        None => Unit::None,
    }
}

/// Returns the byte whose number is at `at`, and where the number ends.
fn number(data: &[u8], at: usize, radix: u32, digits: std::ops::RangeInclusive<usize>) -> Unit {
    let (mut value, mut count) = (0_u32, 0);
    while count < *digits.end() {
        match data.get(at + count).map(|byte| char::from(*byte).to_digit(radix)) {
            None => return Unit::Open,
            Some(None) => break,
            Some(Some(digit)) => value = value.saturating_mul(radix).saturating_add(digit),
        }
        count += 1;
    }
    match u8::try_from(value) {
        Ok(byte) if count >= *digits.start() => Unit::Byte(byte, at + count),
        _ => Unit::None,
    }
}

fn closed(unit: Unit, data: &[u8], by: u8) -> Unit {
    match unit {
        Unit::Byte(byte, end) => match data.get(end) {
            None => Unit::Open,
            Some(found) if *found == by => Unit::Byte(byte, end + 1),
            Some(_) => Unit::None,
        },
        other => other,
    }
}
