//! Examples in other languages stand beside this folder; `narrow` is the one in Rust. Each is run by a test.

use datalog::catalog::Catalog;
use datalog::{AttenuateArgs, Attenuated, Narrowing, attenuate, flags};
use time::OffsetDateTime;

/// What a Rust agent does before it starts a helper: a pass that only reads, for five minutes, made offline.
pub fn narrow(pass: &str, now: OffsetDateTime) -> anyhow::Result<Attenuated> {
    let services: Vec<_> = Catalog::embedded()?.services().cloned().collect();
    let narrower = AttenuateArgs {
        only: vec!["read".into()],
        narrow: Narrowing::default().with(&flags::FOR, ["5m"]),
        ..AttenuateArgs::default()
    };
    Ok(attenuate(pass, &narrower, &services, now)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datalog::{KnownConnection, MintArgs, MintTerms, PassId, RootKeyPair};
    use time::macros::datetime;

    #[test]
    fn a_helper_is_handed_a_pass_that_only_reads() {
        let now = datetime!(2026-11-22 09:00:00 UTC);
        let catalog = Catalog::embedded().unwrap();
        let gmail = KnownConnection {
            name: "gmail".parse().unwrap(),
            account: "me@example.com".parse().unwrap(),
            service: catalog.service(&"gmail".parse().unwrap()).unwrap().clone(),
        };
        let allow = ["gmail:read", "gmail:write"].map(str::to_owned).to_vec();
        let args = MintArgs { task: "answer my mail".into(), allow, ..MintArgs::default() };
        let terms = MintTerms::parse(&args, &[gmail], now).unwrap();
        let key = RootKeyPair::from_seed(1, [7; 32]);
        let parent = terms.mint(&PassId::from_random([1; 16]), &key).unwrap();

        let child = narrow(&parent.text, now).unwrap();
        let lost: Vec<&str> = child.loses.iter().map(|loss| loss.operation.as_str()).collect();
        assert!(lost.contains(&"gmail.users.drafts.create"), "{lost:?}");
        assert!(!lost.contains(&"gmail.users.messages.get"), "{lost:?}");
    }
}
