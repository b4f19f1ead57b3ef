//! Reads whole numbers on the command line. An error says as data what was expected.

/// A number that the argument does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotWithin {
    #[error("expected a whole number, got `{0}`")]
    NoNumber(String),
    #[error("expected {from} to {to}, got `{got}`")]
    Outside { from: u64, to: u64, got: String },
}

impl NotWithin {
    /// Returns the values that are accepted, to follow the word "expected".
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::NoNumber(_) => "a whole number".into(),
            Self::Outside { from, to, .. } => format!("{from} to {to}"),
        }
    }
}

/// Reads a number between these two, both included.
pub(super) fn within<const FROM: u64, const TO: u64, N: TryFrom<u64>>(text: &str) -> Result<N, NotWithin> {
    let outside = || NotWithin::Outside { from: FROM, to: TO, got: text.to_owned() };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotWithin::NoNumber(text.to_owned()));
    }
    let number: u64 = text.parse().map_err(|_| outside())?;
    let number = Some(number).filter(|number| (FROM..=TO).contains(number)).ok_or_else(outside)?;
    N::try_from(number).map_err(|_| outside())
}

pub(super) fn port(text: &str) -> Result<u16, NotWithin> {
    within::<0, { u16::MAX as u64 }, u16>(text)
}

pub(super) fn small(text: &str) -> Result<u32, NotWithin> {
    within::<0, { u32::MAX as u64 }, u32>(text)
}

pub(super) fn large(text: &str) -> Result<u64, NotWithin> {
    within::<0, { u64::MAX }, u64>(text)
}

/// Reads how many records to show, up to the largest page.
pub(super) fn a_page(text: &str) -> Result<u32, NotWithin> {
    within::<1, 1000, u32>(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_from_one_that_is_too_large_and_from_none() {
        assert_eq!(a_page("1000"), Ok(1000));
        for outside in ["0", "1001", "-1", "99999999999999999999999"] {
            assert!(
                matches!(a_page(outside), Err(NotWithin::Outside { from: 1, to: 1000, .. })),
                "{outside}"
            );
        }
        for none in ["", "-", "ten", "1.5", "+1", " 1", "0x1", "1e3"] {
            assert!(matches!(a_page(none), Err(NotWithin::NoNumber(_))), "{none}");
        }
        assert_eq!(port("65535"), Ok(65_535));
        assert!(port("65536").is_err());
    }
}
