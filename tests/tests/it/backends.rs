//! What a second backend of the store can rely on: the story that it must pass calls every method of the store's
//! traits, and only the store's one door names a backend.

use std::collections::BTreeSet;

use harness::{calls, source};

fn texts(of: impl Fn(&str) -> bool) -> Vec<String> {
    let files = source::sources("authority/src/store/").into_iter();
    files.filter(|file| of(&file.path)).map(|file| file.text).collect()
}

#[test]
fn the_story_calls_every_method_of_the_store() {
    let traits = texts(|path| path.matches('/').count() == 3);
    let methods: Vec<String> = traits.iter().flat_map(|text| calls::methods(text)).collect();
    assert!(methods.len() > 50, "the traits were read: {methods:?}");
    let chapters = texts(|path| path.starts_with("authority/src/store/story/"));
    assert!(chapters.len() > 5, "the story was read");
    let called: BTreeSet<String> = chapters.iter().flat_map(|text| calls::called_on("store", text)).collect();
    let untold: Vec<&String> =
        methods.iter().filter(|method| !called.contains(method.split("::").last().unwrap())).collect();
    assert!(untold.is_empty(), "the story calls none of these: {untold:?}");
}

/// If two methods had one name, a call of either would count for both.
#[test]
fn no_two_methods_of_the_store_have_one_name() {
    let traits = texts(|path| path.matches('/').count() == 3);
    let mut names = BTreeSet::new();
    for method in traits.iter().flat_map(|text| calls::methods(text)) {
        let name = method.split("::").last().unwrap().to_owned();
        assert!(names.insert(name), "{method}");
    }
}

/// Tests the check itself.
#[test]
fn a_call_is_seen_wherever_it_stands() {
    assert_eq!(
        calls::methods("pub trait A { fn b(&self); const C: u8; } trait D { fn e(); }"),
        ["A::b", "D::e"]
    );
    let text =
        r#"fn f() { store.one(1); assert!(g(store.two())); other.three(); store.four; "store.five()"; }"#;
    assert_eq!(calls::called_on("store", text).into_iter().collect::<Vec<_>>(), ["one", "two"]);
}
