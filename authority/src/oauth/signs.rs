//! What services tell a connection's owner in their answers to agents. It is noted, and people are told once.
//!
//! An answer may hold anything, so an address is kept only if it is at one of the service's own sites.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use url::Url;
use verifier::ports::Sign;

use super::live::Live;
use super::refresh::Refresher;
use crate::audit::plain;
use crate::health::Concern;

/// People are told the same thing again only after this long.
const AGAIN: Duration = Duration::days(1);
/// How many scopes and operations are kept, and how long each may be. The service chooses them, so they need a limit.
const MOST: usize = 32;
const LONGEST: usize = 200;
const LONGEST_LINK: usize = 2_000;

impl Refresher {
    /// Notes a sign in memory at once. Another task tells people.
    pub(crate) fn noticed(self: &Arc<Self>, live: &Arc<Live>, generation: u64, sign: Sign) {
        let now = self.clock.now();
        // A sign about an older token may no longer be true.
        if live.known().is_none_or(|known| known.generation != generation) {
            return;
        }
        let (concern, again) = match sign {
            Sign::Refused => return live.state().note(Concern::TokenRefused, now),
            Sign::NotDialled { host, address, range } => {
                let concern = Concern::AddressRefused { host, address, range: range.to_owned() };
                return live.state().note(concern, now);
            }
            Sign::Owner { deed, link } => {
                let link = match link {
                    Some(link) => Some(link).filter(|link| is_of_service(live, link)),
                    // If the sign has no address, the known one stays.
                    None => link_of(live, now),
                };
                let was_told = live.state().noted("sign-on").is_some_and(|(_, at)| now - at < AGAIN);
                let concern = Concern::SignOn { deed, link };
                live.state().note(concern.clone(), now);
                if was_told {
                    return;
                }
                (concern, now - AGAIN)
            }
            Sign::MissingScopes { scopes, operation } => {
                let named: Vec<String> = scopes.iter().map(|scope| clipped(scope)).collect();
                let operation = operation.as_str();
                let short = operation.strip_prefix(&format!("{}.", live.service)).unwrap_or(operation);
                let before = live.concerns(now);
                match missing_scopes_with(&before, named, short) {
                    Some(concern) => {
                        live.state().note(concern.clone(), now);
                        (concern, OffsetDateTime::UNIX_EPOCH)
                    }
                    None => return,
                }
            }
        };
        let (this, live) = (self.clone(), live.clone());
        self.spawn(async move { this.tell(&live, &concern, again).await });
    }
}

/// Returns the known address, if it is still good.
fn link_of(live: &Live, now: OffsetDateTime) -> Option<String> {
    live.concerns(now).into_iter().find_map(|concern| match concern {
        Concern::SignOn { link, .. } => link,
        _ => None,
    })
}

/// Returns the known missing scopes together with these; none if these add nothing.
fn missing_scopes_with(before: &[Concern], scopes: Vec<String>, operation: &str) -> Option<Concern> {
    let known = before.iter().find_map(|concern| match concern {
        Concern::MissingScopes { scopes, operations } => Some((scopes.clone(), operations.clone())),
        _ => None,
    });
    let (mut all, mut operations) = known.unwrap_or_default();
    let is_known = operations.iter().any(|known| known == operation);
    let new: Vec<String> = scopes.into_iter().filter(|scope| !all.contains(scope)).collect();
    if is_known || all.len() + new.len() > MOST || operations.len() >= MOST {
        return None;
    }
    all.extend(new);
    operations.push(operation.to_owned());
    Some(Concern::MissingScopes { scopes: all, operations })
}

fn clipped(text: &str) -> String {
    plain(text).chars().take(LONGEST).collect()
}

/// Whether an address is at a site that the service or the person's settings name: over TLS, without a user name or
/// a password.
fn is_of_service(live: &Live, link: &str) -> bool {
    let Ok(url) = Url::parse(link) else { return false };
    let sites = live.provider.sites();
    let is_site = url.host_str().is_some_and(|host| sites.iter().any(|site| site == host));
    let is_plain = link.len() <= LONGEST_LINK && plain(link) == link && !link.contains(' ');
    url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && is_site && is_plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_added_to_what_was_known() {
        let first = missing_scopes_with(&[], vec!["a".into()], "x").unwrap();
        let Concern::MissingScopes { scopes, operations } = &first else { panic!() };
        assert_eq!(
            (scopes.as_slice(), operations.as_slice()),
            (&["a".to_owned()][..], &["x".to_owned()][..])
        );
        assert_eq!(
            missing_scopes_with(std::slice::from_ref(&first), vec!["a".into()], "x"),
            None,
            "nothing new"
        );
        let more = missing_scopes_with(&[first], vec!["b".into()], "y").unwrap();
        let Concern::MissingScopes { scopes, operations } = more else { panic!() };
        assert_eq!((scopes.len(), operations.len()), (2, 2));
    }
}
