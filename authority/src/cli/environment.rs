//! What the command line reads of the environment beside what clap reads for a flag.

#[expect(clippy::disallowed_methods, reason = "the command line's own corner of the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether `NO_COLOR` (no-color.org) leaves colour on, and the terminal is one that has it.
pub(super) fn colour_is_wanted() -> bool {
    variable("NO_COLOR").is_none() && variable("TERM").is_none_or(|term| term != "dumb")
}

/// The pass that an agent was given.
pub(super) fn pass() -> Option<String> {
    variable("HALLPASS_PASS")
}
