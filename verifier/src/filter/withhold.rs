//! Masks fields of JSON answers, by name, that hold another credential.
//!
//! The catalog names the fields. Each character of their text is masked, so that announced lengths stay true. It
//! works on pieces of any size, and reads no more of the JSON than the value after such a name.

use bytes::Bytes;
use memchr::memmem;

const MASK: u8 = b'*';

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
    /// The names with their quotes.
    names: Vec<Vec<u8>>,
    held: Vec<u8>,
    place: PlaceOfMask,
}

impl Withholder {
    /// Returns the withholder for these fields; none if the service has no such fields.
    pub(crate) fn of(fields: &[String]) -> Option<Self> {
        let names: Vec<_> = fields.iter().map(|field| format!("\"{field}\"").into_bytes()).collect();
        (!names.is_empty()).then_some(Self { names, held: Vec::new(), place: PlaceOfMask::Elsewhere })
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

    /// Where the first name in `data` ends.
    fn next(&self, data: &[u8]) -> Option<usize> {
        self.names.iter().filter_map(|name| memmem::find(data, name).map(|at| at + name.len())).min()
    }

    /// How many bytes at the end of `data` may be the start of a name.
    fn open_end(&self, data: &[u8]) -> usize {
        let longest = |name: &Vec<u8>| {
            (1..name.len())
                .rev()
                .find(|length| name.get(..*length).is_some_and(|start| data.ends_with(start)))
        };
        self.names.iter().filter_map(longest).max().unwrap_or(0)
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
