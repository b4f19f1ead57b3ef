//! Which answers of an operation are the bytes of a file.

/// Operations whose answers are the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRule {
    /// The rule holds only if one of these media types is requested, where `*` stands for anything. Without any, it
    /// always holds.
    pub accept: Box<[Box<str>]>,
}
