//! Masks fields of JSON answers, by name, that hold another credential.
//!
//! The catalog names the fields. Each character of their text is masked, so that announced lengths stay true. It
//! works on pieces of any size, and reads no more of the JSON than the value after such a name.

use bytes::Bytes;
use memchr::memchr_iter;

const MASK: u8 = b'*';

/// The bytes of one escaped letter: `\u0074`.
const ESCAPED: usize = 6;

/// The place in the JSON where a piece ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlaceOfMask {
    Elsewhere,
    /// After a field's name, before its colon.
    Named,
    /// After the colon.
    Before,
    /// In the masked text.
    Inside,
    /// In it, after a backslash.
    Escaped,
}

/// Masks the fields of one answer, piece by piece.
pub(crate) struct Withholder {
    names: Vec<Box<[u8]>>,
    /// The bytes of the longest name with its quotes, where each of its letters is escaped.
    longest: usize,
    held: Vec<u8>,
    place: PlaceOfMask,
}

impl Withholder {
    /// Returns the withholder for these fields; none if the service has no such fields.
    pub(crate) fn of(fields: &[String]) -> Option<Self> {
        let names: Vec<Box<[u8]>> = fields.iter().map(|field| field.as_bytes().into()).collect();
        let longest = names.iter().map(|name| name.len()).max()? * ESCAPED + 2;
        Some(Self { names, longest, held: Vec::new(), place: PlaceOfMask::Elsewhere })
    }

    /// Takes a piece, and returns the bytes that may go on.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        if self.held.is_empty()
            && self.place == PlaceOfMask::Elsewhere
            && self.next(&piece).is_none()
            && self.open_end(&piece) == 0
        {
            return piece;
        }
        let mut data = std::mem::take(&mut self.held);
        data.extend_from_slice(&piece);
        let mut at = 0;
        while let Some(rest) = data.get_mut(at..).filter(|rest| !rest.is_empty()) {
            if self.place != PlaceOfMask::Elsewhere {
                at += self.step(rest);
                continue;
            }
            match self.next(rest) {
                Some(end) => {
                    self.place = PlaceOfMask::Named;
                    at += end;
                }
                None => {
                    let passes = rest.len() - self.open_end(rest);
                    self.held = data.split_off(at + passes);
                    break;
                }
            }
        }
        Bytes::from(data)
    }

    /// Returns the bytes that were held back. Call it at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.held))
    }

    /// Returns the end of the first name in `data`.
    fn next(&self, data: &[u8]) -> Option<usize> {
        memchr_iter(b'"', data).find_map(|at| match self.name_at(data.get(at..)?) {
            NameAt::Ends(length) => Some(at + length),
            NameAt::Open | NameAt::Other => None,
        })
    }

    /// Returns how many bytes at the end of `data` may be the start of a name.
    fn open_end(&self, data: &[u8]) -> usize {
        let from = data.len().saturating_sub(self.longest);
        let end = data.get(from..).unwrap_or_default();
        let is_open = |at: &usize| end.get(*at..).is_some_and(|rest| self.name_at(rest) == NameAt::Open);
        memchr_iter(b'"', end).find(is_open).map_or(0, |at| end.len() - at)
    }

    /// Reads one of the names at a quote.
    fn name_at(&self, data: &[u8]) -> NameAt {
        let mut found = NameAt::Other;
        for name in &self.names {
            match read_name(name, data) {
                NameAt::Other => {}
                NameAt::Open => found = NameAt::Open,
                NameAt::Ends(length) => return NameAt::Ends(length),
            }
        }
        found
    }

    /// Looks at the first byte after a name. Returns how many bytes are done.
    fn step(&mut self, data: &mut [u8]) -> usize {
        let Some(byte) = data.first_mut() else { return 0 };
        self.place = match (self.place, *byte) {
            (PlaceOfMask::Named | PlaceOfMask::Before, b' ' | b'\t' | b'\r' | b'\n') => self.place,
            (PlaceOfMask::Named, b':') => PlaceOfMask::Before,
            (PlaceOfMask::Before, b'"') => PlaceOfMask::Inside,
            (PlaceOfMask::Inside, b'"') => PlaceOfMask::Elsewhere,
            (PlaceOfMask::Inside | PlaceOfMask::Escaped, found) => {
                *byte = MASK;
                if self.place == PlaceOfMask::Inside && found == b'\\' {
                    PlaceOfMask::Escaped
                } else {
                    PlaceOfMask::Inside
                }
            }
            // The value is no text. Another name may begin here.
            (_, _) => {
                self.place = PlaceOfMask::Elsewhere;
                return 0;
            }
        };
        1
    }
}

/// What stands at a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameAt {
    /// A name. It has so many bytes with its quotes.
    Ends(usize),
    /// The start of a name, or all of it but the last quote.
    Open,
    Other,
}

/// Reads the name at a quote. Each letter may be plain or escaped, as JSON allows.
fn read_name(name: &[u8], data: &[u8]) -> NameAt {
    let mut at = 1;
    for letter in name {
        let rest = data.get(at..).unwrap_or_default();
        let escaped = || [format!("\\u{letter:04x}"), format!("\\u{letter:04X}")].into_iter();
        at += match rest.first() {
            None => return NameAt::Open,
            Some(byte) if byte == letter => 1,
            Some(b'\\') if escaped().any(|one| rest.starts_with(one.as_bytes())) => ESCAPED,
            Some(b'\\') if escaped().any(|one| one.as_bytes().starts_with(rest)) => return NameAt::Open,
            Some(_) => return NameAt::Other,
        };
    }
    match data.get(at) {
        None => NameAt::Open,
        Some(b'"') => NameAt::Ends(at + 1),
        Some(_) => NameAt::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withheld(text: &str, size: usize) -> String {
        let mut withholder = Withholder::of(&["token".to_owned(), "to".to_owned()]).unwrap();
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            out.extend_from_slice(&withholder.push(Bytes::copy_from_slice(piece)));
        }
        out.extend_from_slice(&withholder.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_named_field_is_masked_wherever_the_answer_is_cut() {
        for (text, want) in [
            (r#"{"id":1,"token":"abc","x":"abc"}"#, r#"{"id":1,"token":"***","x":"abc"}"#),
            (
                "[{\"token\" :\n \"a\\\"b\\\\\"},{\"to\":\"c\"}]",
                "[{\"token\" :\n \"******\"},{\"to\":\"*\"}]",
            ),
            (
                r#"{"token":"","token":null,"to":{"token":"a"}}"#,
                r#"{"token":"","token":null,"to":{"token":"*"}}"#,
            ),
            (r#"["token","to","a"]"#, r#"["token","to","a"]"#),
            (r#"{"body":"\"token\":\"a\"","tokens":"b"}"#, r#"{"body":"\"token\":\"a\"","tokens":"b"}"#),
            (r#"{"t\u006Fk\u0065n":"abc","\u0074o":"d"}"#, r#"{"t\u006Fk\u0065n":"***","\u0074o":"*"}"#),
            (r#"{"t\u006fke\u0":"abc","to\u0":"d"}"#, r#"{"t\u006fke\u0":"abc","to\u0":"d"}"#),
            (r#"{"token":"a","#, r#"{"token":"*","#),
            (r#"{"tok"#, r#"{"tok"#),
        ] {
            for size in 1..=text.len() {
                assert_eq!(withheld(text, size), want, "pieces of {size}");
            }
        }
    }

    #[test]
    fn a_service_without_such_fields_has_none() {
        assert!(Withholder::of(&[]).is_none());
    }
}
