//! Everything that belongs to one service is in its folder of the catalog, not in the code of the gateway or the
//! authority.

use std::collections::BTreeSet;

use datalog::catalog::Catalog;
use datalog::catalog::marks::marks;
use harness::source;

/// The places that name a service anyway, and why.
const REASONS: [(&str, &str); 21] = [
    ("authority/src/cli/attenuate.rs", "an example in help"),
    ("authority/src/cli/can.rs", "an example in help"),
    ("authority/src/cli/connect.rs", "an example in help"),
    ("authority/src/cli/init.rs", "an example in help"),
    ("authority/src/cli/mint.rs", "an example in help"),
    ("authority/src/cli/run/mod.rs", "an example in help"),
    ("authority/src/cli/run/nested.rs", "an example in a hint"),
    ("authority/src/cli/stop.rs", "an example in help"),
    ("authority/src/config/keys.rs", "examples in the settings file that `init` writes"),
    ("authority/src/config/secret_file.rs", "the file format in which Google gives out a client"),
    ("authority/src/console/mint_form.rs", "examples in the form"),
    ("authority/src/demo/", "the demo plays a mailbox"),
    ("authority/src/store/story", "a test that every store runs"),
    ("authority/src/templates.rs", "the names of templates that come with the program"),
    ("authority/src/templates_tests.rs", "tests"),
    ("verifier/src/answer/dialect.rs", "the ways in which clients show an error"),
    ("verifier/src/filter/inflate.rs", "a hint that names the setting of the clients that compress"),
    ("verifier/src/refusal/spoken.rs", "the ways in which clients show an error"),
    ("verifier/src/refusal/table.rs", "tests"),
    ("verifier/src/refusal/explanation.rs", "the ways in which clients show an error"),
    ("verifier/src/surface/mistake.rs", "an example in a hint"),
];

/// The names of services and of their owners, and all marks by which their overlays recognize them.
fn words() -> BTreeSet<String> {
    let mut words: BTreeSet<String> = BTreeSet::new();
    for service in Catalog::embedded().expect("the catalog loads").services() {
        // `google` covers `google-drive`: drive and calendar are ordinary words.
        words.extend(service.name.as_str().split('-').next().map(String::from));
    }
    for service in marks() {
        let (credential, clients) = (&service.credential, &service.clients);
        words.extend(credential.headers.iter().chain(credential.tokens.keys()).cloned());
        words.extend(clients.agents.iter().chain(&clients.headers).chain(&clients.accept).cloned());
        words.extend(clients.paths.iter().filter(|path| !path.ends_with("*.*")).cloned());
    }
    // `xox`, `1//` and similar texts occur in other words, and every OAuth client has a `secret_file`.
    let tells = |word: &String| word.len() > 3 && word != "secret_";
    words.into_iter().map(|word| word.to_lowercase()).filter(tells).collect()
}

#[test]
fn no_code_of_the_gateway_or_the_authority_names_a_service_without_a_reason() {
    let words = words();
    assert!(words.contains("notion") && words.contains("ghp_") && words.contains("/repos/"), "{words:?}");
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for source in ["verifier/src", "authority/src"].iter().flat_map(|folder| source::sources(folder)) {
        let reason = REASONS.iter().position(|(path, _)| source.path.starts_with(path));
        for (number, line) in source.said().to_lowercase().lines().enumerate() {
            let Some(word) = words.iter().find(|word| line.contains(word.as_str())) else { continue };
            match reason {
                Some(reason) => _ = used.insert(reason),
                None if source.is_test() => {}
                None => wrong.push(format!("{}:{}: `{word}`", source.path, number + 1)),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "put it into the service's overlay, or give a reason here:\n{}",
        wrong.join("\n")
    );
    let dead: Vec<_> = REASONS.iter().enumerate().filter(|(at, _)| !used.contains(at)).collect();
    assert!(dead.is_empty(), "reasons that apply to nothing: {dead:?}");
}
