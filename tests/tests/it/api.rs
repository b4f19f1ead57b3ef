//! What each crate offers the others. A change of it is seen here before anybody depends on it.

use harness::{api, source};

const CRATES: [&str; 3] = ["datalog", "verifier", "authority"];

/// If the change is meant: `cp target/offered/*.txt tests/offered/`.
#[test]
fn each_crate_offers_the_names_that_are_written_down() {
    let found = source::root().join("target/offered");
    std::fs::create_dir_all(&found).unwrap();
    let mut wrong = Vec::new();
    for name in CRATES {
        let offered = api::names(&source::root().join(name).join("src"));
        let file = format!("{name}.txt");
        std::fs::write(found.join(&file), offered.join("\n") + "\n").unwrap();
        let written =
            std::fs::read_to_string(source::root().join("tests/offered").join(&file)).unwrap_or_default();
        let written: Vec<&str> = written.lines().collect();
        let new = offered.iter().filter(|one| !written.contains(&one.as_str()));
        wrong.extend(new.map(|one| format!("{name} offers {one}, which is not written down")));
        let gone = written.iter().filter(|one| !offered.iter().any(|known| known == *one));
        wrong.extend(gone.map(|one| format!("{name} no longer offers {one}")));
    }
    assert!(
        wrong.is_empty(),
        "{}\nto write it down: cp target/offered/*.txt tests/offered/",
        wrong.join("\n")
    );
}
