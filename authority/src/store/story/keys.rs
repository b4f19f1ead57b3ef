//! Root keys, and the value that shows whether the vault key is the right one.

use super::*;
use crate::vault::Sealed;

pub(super) async fn tell(store: &dyn Store) {
    let key =
        |id| RootKeyRow { id, public: [1; 32], seed: Some(Sealed(vec![9])), created: NOW, is_retired: false };
    store.root_created(key(1), event(Event::RootCreated)).await.unwrap();
    assert!(store.root_created(key(1), event(Event::RootCreated)).await.is_err(), "an id is given once");
    store.root_created(key(2), event(Event::RootCreated)).await.unwrap();
    store.root_retired(1, event(Event::RootRetired)).await.unwrap();
    let keys = store.root_keys().await.unwrap();
    assert_eq!(keys.iter().map(|key| (key.id, key.is_retired)).collect::<Vec<_>>(), [(1, true), (2, false)]);
    assert!(keys[0].seed.is_none() && keys[1].seed.is_some());
    // If a change failed, it is not in the log.
    assert_eq!(store.chain_after(0, 10).await.unwrap().len(), 3);

    let first = store.vault_check(Sealed(vec![5])).await.unwrap();
    assert!(store.vault_check(Sealed(vec![6])).await.unwrap() == first, "the first one stays");
}
