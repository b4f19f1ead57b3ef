//! An agent's preferences, from a header.

use std::time::Duration;

use http::HeaderMap;

use crate::steps::arrived::Patience;

/// Returns how long the agent prefers to wait: `Prefer: wait=N` (RFC 7240, section 4.3).
pub(crate) fn patience(headers: &HeaderMap) -> Option<Patience> {
    let preferences = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    // If a preference is repeated, the first one counts.
    let wait = preferences.flat_map(|line| line.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"').parse::<u64>().ok())
    })??;
    Patience::of(Duration::from_secs(wait))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn seconds(lines: &[&'static str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("prefer", HeaderValue::from_static(line));
        }
        patience(&headers).map(|patience| patience.lasts().as_secs())
    }

    #[test]
    fn a_preference_to_wait_is_read_as_rfc_7240_writes_it_and_bounded() {
        assert_eq!(seconds(&["wait=60"]), Some(60));
        assert_eq!(seconds(&["respond-async, Wait=10; x"]), Some(10));
        assert_eq!(seconds(&["return=minimal", "wait=\"5\""]), Some(5));
        assert_eq!(seconds(&["wait=100000"]), Some(300));
        for none in ["wait=0", "wait", "wait=-1", "wait=soon", "await=5"] {
            assert_eq!(seconds(&[none]), None, "{none}");
        }
        assert_eq!(seconds(&[]), None);
    }
}
