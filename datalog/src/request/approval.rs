//! Whether a person said yes to a request.

/// Whether the decision had an approval, which sending then uses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    None,
    Given,
}
