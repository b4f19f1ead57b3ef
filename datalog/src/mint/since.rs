//! Which block of a pass says a line.

/// Nothing for the pass's own block.
pub(crate) fn since(block: usize) -> String {
    if block == 0 { String::new() } else { format!(" (block {block})") }
}
