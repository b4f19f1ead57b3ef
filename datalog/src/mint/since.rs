//! Names the block of a pass that a line comes from.

/// Names the block; empty for the pass's own block.
pub(crate) fn since(block: usize) -> String {
    if block == 0 { String::new() } else { format!(" (block {block})") }
}
