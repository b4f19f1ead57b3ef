//! The surface that a request came over.

/// The surface that a request came over. It is on record, and no decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    BaseUrl,
    Mcp,
    /// A caller in the same process.
    Direct,
}

impl Mode {
    pub const ALL: [Self; 3] = [Self::BaseUrl, Self::Mcp, Self::Direct];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::BaseUrl => "base-url",
            Self::Mcp => "mcp",
            Self::Direct => "direct",
        }
    }
}
