//! The parts of a described sign-in that are kept: addresses and scopes that every reader understands the same way.
//!
//! A description comes from outside. An address with a user name before its host, another scheme, or an odd letter
//! could send a person's consent to another place than it seems. A bad scope could break a line.

use crate::catalog::description::SignIn;

impl SignIn {
    /// The sound parts, and a sentence for each part that was left out.
    pub(crate) fn sound(mut self) -> (Self, Vec<String>) {
        let mut notes = Vec::new();
        let addresses = [
            ("authorization", &mut self.authorize_url),
            ("token", &mut self.token_url),
            ("device", &mut self.device_url),
            ("revocation", &mut self.revoke_url),
        ];
        for (what, address) in addresses {
            if address.as_deref().is_some_and(|address| !is_address(address)) {
                *address = None;
                notes.push(format!(
                    "the {what} address of its sign-in is left out: expected https://HOST/PATH"
                ));
            }
        }
        // If the description names no host, the address is a path below the `base_url`.
        let is_place = |place: &str| is_address(place) || (place.starts_with('/') && is_tail(place));
        if self.userinfo_url.as_deref().is_some_and(|place| !is_place(place)) {
            (self.userinfo_url, self.account_field) = (None, None);
            notes.push("where it says whose account it is is left out: expected https://HOST/PATH".into());
        }
        let before = self.scopes.len();
        self.scopes.retain(|scope| is_scope(scope));
        if self.scopes.len() < before {
            notes.push(format!(
                "{} scopes are left out: a scope has no spaces or quotes",
                before - self.scopes.len()
            ));
        }
        (self, notes)
    }
}

/// `https://HOST[:PORT][/PATH][?QUERY]` in plain letters.
fn is_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let Some((authority, tail)) = rest.split_at_checked(end) else { return false };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(is_label) && port.parse::<u16>().is_ok_and(|port| port > 0) && is_tail(tail)
}

/// A path and a query as in RFC 3986: only plain letters, no fragment, no backslash.
fn is_tail(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%?".contains(&b))
        && !text.starts_with("//")
}

/// Whether a text is one scope (RFC 6749, section 3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(authorize_url: &str) -> bool {
        let sign_in = SignIn { authorize_url: Some(authorize_url.into()), ..SignIn::default() };
        let (sound, notes) = sign_in.sound();
        assert_eq!(sound.authorize_url.is_none(), notes.len() == 1);
        sound.authorize_url.is_some()
    }

    #[test]
    fn an_address_that_reads_like_another_is_left_out() {
        for sound in [
            "https://id.example/authorize",
            "https://id.example:8443/a/b?tenant=x&y=%20",
            "https://xn--bcher-kva.example",
        ] {
            assert!(kept(sound), "{sound}");
        }
        for unsound in [
            "https://u:p@evil.example/t",
            "https://id.example@evil.example/t",
            "https://id.example\\@evil.example/t",
            "https://id.example\r\nX: y",
            "https://id.example/a b",
            "https://id.example/\u{202e}x",
            "https://b\u{fc}cher.example/",
            "https://id.example/#fragment",
            "https://",
            "https://.example/",
            "https://id.example:0/",
            "https://id.example:99999/",
            "https://[::1]/",
            "http://id.example/",
            "javascript:alert(1)",
            "//id.example/",
            "https://id.example//evil",
        ] {
            assert!(!kept(unsound), "{unsound}");
        }
    }

    #[test]
    fn what_is_no_scope_is_left_out() {
        let scopes =
            ["mail.read", "https://x.example/auth", "x\u{1b}[2J", "a b", "a\"b", "a\nb", "", "\u{202e}"];
        let sign_in = SignIn { scopes: scopes.map(String::from).to_vec(), ..SignIn::default() };
        let (sound, notes) = sign_in.sound();
        assert_eq!(sound.scopes, ["mail.read", "https://x.example/auth"]);
        assert_eq!(notes, ["6 scopes are left out: a scope has no spaces or quotes"]);
    }
}
