//! Which answers of an operation are the bytes of a file.

/// Operations whose answers are the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRule {
    /// Only if one of these media types is requested, where `*` stands for anything; always if there are none.
    pub accept: Box<[Box<str>]>,
}
