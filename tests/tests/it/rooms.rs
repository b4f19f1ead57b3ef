//! The floor plan: the rooms of each crate, the order in which they may use each other, and no circles among files.

use harness::rooms::House;
use harness::source;

/// A room uses only rooms before it.
pub(crate) const ROOMS: [(&str, &str); 3] = [
    ("datalog", "words engine catalog request classify pass caveats decision mint record tool lib"),
    (
        "verifier",
        "clock config meter caller tasks in_flight facts ports refusal memory half_open heads entrance filter authority \
         record gateway upstream answer steps pipeline would surface server readers lib",
    ),
    (
        "authority",
        "clock nearest when home vault audit question stopped store config keys health oauth templates catalog \
         breaker fact_words desk app notify api console serve demo cli lib",
    ),
];

fn house(crate_: &str) -> House {
    House::read(&source::root().join(crate_).join("src"))
}

/// The room of a file: its first folder, or the file itself if it stands alone.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

#[test]
fn no_files_need_each_other_in_a_circle() {
    for (name, _) in ROOMS {
        let circles = house(name).circles();
        assert!(circles.is_empty(), "{name}: {circles:#?}");
    }
}

#[test]
fn a_room_needs_only_rooms_before_it() {
    for (name, rooms) in ROOMS {
        let rooms: Vec<&str> = rooms.split_whitespace().collect();
        let edges = house(name).edges();
        assert!(edges.len() > 100, "{name}: the needs were read: {}", edges.len());
        let place = |file: &str| {
            rooms
                .iter()
                .position(|known| *known == room(file))
                .unwrap_or_else(|| panic!("{name}: {file} is in no room of the list"))
        };
        let wrong: Vec<String> = edges
            .iter()
            .filter(|edge| place(&edge.from) < place(&edge.to))
            .map(|edge| format!("{} needs {} for {}", edge.from, edge.to, edge.names.join(", ")))
            .collect();
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}

/// A word means one thing in a crate, whoever sees it.
#[test]
fn no_type_name_stands_for_two_things() {
    for (name, _) in ROOMS {
        let house = house(name);
        let types = house.types();
        assert!(types.len() > 80, "{name}: the types were read: {}", types.len());
        let twice: Vec<_> = types.iter().filter(|(_, files)| files.len() > 1).collect();
        assert!(twice.is_empty(), "{name}: {twice:#?}");
    }
}

/// Code uses the store only by its traits, not its database. The store has one door.
#[test]
fn only_the_store_and_who_opens_it_know_the_database() {
    let edges = house("authority").edges();
    let into: Vec<_> = edges.iter().filter(|edge| edge.to.starts_with("store/sqlite/")).collect();
    assert!(into.len() > 20, "the needs were read: {}", into.len());
    let may = |file: &str| file.starts_with("store/sqlite/") || file == "store/open.rs";
    let wrong: Vec<&str> = into.iter().map(|edge| edge.from.as_str()).filter(|from| !may(from)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The check itself: it sees every way to write a use, and nothing else.
#[test]
fn a_need_is_seen_however_it_is_written() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d; mod e; mod f; mod g; pub use d::Deep;"),
        ("a.rs", "use crate::{b, c::Thing}; pub fn one() { b::call(); } pub fn two(_: Thing) {}"),
        ("b.rs", "pub fn call() { super::c::help() }"),
        ("c.rs", "pub struct Thing; pub fn help() { assert!(crate::d::is_so()); }"),
        ("d/mod.rs", "mod deep; pub use deep::Deep; pub fn is_so() -> bool { true }"),
        ("d/deep.rs", "pub struct Deep;"),
        (
            "e.rs",
            "pub fn make() -> crate::Deep { crate::Deep }\n#[cfg(test)] mod tests { use crate::a::one; }",
        ),
        ("f.rs", "use crate::d::*; pub fn f(_: Deep) {}"),
        ("g.rs", "pub fn g() { let b = 1; let _ = b; }"),
    ];
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("d")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let house = House::read(folder.path());
    let needs: Vec<String> =
        house.edges().iter().map(|edge| format!("{} -> {}", edge.from, edge.to)).collect();
    assert_eq!(
        needs,
        [
            "a.rs -> b.rs",
            "a.rs -> c.rs",
            "b.rs -> c.rs",
            "c.rs -> d/mod.rs",
            "e.rs -> d/deep.rs",
            "f.rs -> d/deep.rs",
        ]
    );
    assert!(house.circles().is_empty());
    std::fs::write(folder.path().join("d/deep.rs"), "pub struct Deep(crate::f::F); ").unwrap();
    std::fs::write(folder.path().join("f.rs"), "use crate::d::*; pub struct F(Deep);").unwrap();
    assert_eq!(House::read(folder.path()).circles(), [["d/deep.rs", "f.rs"]]);
}
