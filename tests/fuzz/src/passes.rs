//! Readers of passes and of the flags that make them.

use datalog::{MintArgs, MintTerms, Narrowing, PassCache, RootKeyPair, RootKeys, flags, inspect};

use crate::{NOW, connection};

/// A pass's text. A pass that is verified can also be read.
pub fn token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = inspect(text);
    let roots = RootKeys::new([RootKeyPair::from_seed(1, [7; 32]).public()]);
    if PassCache::new(1).verify(text, &roots, &|_| false, NOW).is_ok() {
        assert!(read.is_ok(), "what is verified can be read");
    }
}

/// A check in Datalog, as a person writes it.
pub fn check(bytes: &[u8]) {
    narrowed(bytes, |text| Narrowing::default().with(&flags::CHECK, [text]));
}

/// A limit on arguments, as a person writes it.
pub fn argument(bytes: &[u8]) {
    narrowed(bytes, |text| {
        Narrowing::default().with(&flags::ARG, [format!("gmail.users.messages.list: {text}")])
    });
}

/// If a flag is understood, the pass can be minted, and the minted pass can be read.
fn narrowed(bytes: &[u8], narrow: impl Fn(String) -> Narrowing) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let args = MintArgs {
        task: "fuzz".into(),
        allow: vec!["gmail:read".into()],
        narrow: narrow(text.to_owned()),
        ..MintArgs::default()
    };
    let Ok(terms) = MintTerms::parse(&args, &[connection("gmail")], NOW) else { return };
    let Ok(minted) = terms.mint(&datalog::PassId::from_random([9; 16]), &RootKeyPair::from_seed(1, [7; 32]))
    else {
        return;
    };
    assert!(inspect(&minted.text).is_ok(), "{}", minted.text);
}
