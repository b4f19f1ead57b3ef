//! Every surface gives the same result: the same decision, the same request to the service, the same record, the same
//! answer.
//!
//! Each surface plays a case on a stage of its own, and the test compares everything that shows outside. A new
//! surface is a row of `SURFACES`, and must give the same results as the others in every case.

mod careless;
mod case;
mod cases;
mod mcp;
mod outcome;
mod surfaces;

use std::collections::BTreeSet;
use std::thread;

use crate::common::Stage;
use case::Case;
use cases::FAMILIES;
use outcome::{Came, play, shown};
use surfaces::{Door, SURFACES};

/// Returns the flaws in the result of a case on one surface.
fn flaws(case: &Case, door: &Door, came: &Came, first: &Came) -> Vec<String> {
    let mut flaws = Vec::new();
    if came.words() != case.comes() {
        flaws.push(format!("{:?} came, not {:?}: {}", came.words(), case.comes(), shown(&came.got)));
    }
    if came.lines() != case.sends {
        flaws.push(format!("{:?} was sent, not {:?}", came.lines(), case.sends));
    }
    if !came.is_recorded_as(&case.records) {
        flaws.push(format!("{:#?} is recorded, not {:?}", came.records, case.records));
    }
    let unlike = came.differences(first).into_iter();
    flaws.extend(unlike.map(|what| format!("unlike by the first surface, {what}")));
    flaws
        .into_iter()
        .map(|flaw| format!("{}: {}, by {}: {flaw}", case.family, case.name, door.name))
        .collect()
}

/// Returns the rows of a family, and their flaws.
fn compared(cases: &[Case], doors: &[Door]) -> (String, Vec<String>) {
    let (mut rows, mut flawed) = (String::new(), Vec::new());
    for case in cases {
        let mut first = None;
        rows.push_str(&format!("{:<15} {:<53}", case.family, case.name));
        for door in doors {
            let came = play(case, door);
            let found = flaws(case, door, &came, first.as_ref().unwrap_or(&came));
            let mark = if found.is_empty() { "as it has to" } else { "OTHERWISE" };
            rows.push_str(&format!("{}: {}; ", door.name, mark));
            flawed.extend(found);
            first.get_or_insert(came);
        }
        rows.push_str(&format!("{}\n", case.comes().join(", ")));
    }
    (rows, flawed)
}

#[test]
fn every_case_comes_out_the_same_by_every_surface() {
    let all: Vec<(String, Vec<String>)> = thread::scope(|scope| {
        let families: Vec<_> =
            FAMILIES.iter().map(|family| scope.spawn(|| compared(&family(), &SURFACES))).collect();
        families.into_iter().map(|family| family.join().unwrap()).collect()
    });
    let (table, flawed): (String, Vec<Vec<String>>) = all.into_iter().unzip();
    let flawed = flawed.concat();
    println!("{table}");
    assert!(flawed.is_empty(), "{}", flawed.join("\n\n"));
}

/// What a tool call has in common with its request by the base URL.
fn in_common(came: &Came) -> String {
    // Before a pass is known, nobody knows the tool: the record has the method of the message.
    let record = |one: &String| {
        one.replace("None None \"POST\"", "None None").replace("None None \"GET\"", "None None")
    };
    let records: Vec<String> = came.records.iter().map(record).collect();
    format!(
        "{:?}\n{:?}\n{records:#?}\n{:?}\n{} leases\n{:?}\n{:?}",
        came.words(),
        came.lines(),
        came.budgets,
        came.leases,
        came.questions,
        came.shown
    )
}

#[test]
fn every_case_that_tools_can_make_comes_out_the_same_over_mcp() {
    let tools = Door { name: "MCP", open: |stage| Box::new(mcp::Tools::on(stage)) };
    let known = mcp::Tools::on(&Stage::new());
    let (mut played, mut all) = (0, 0);
    for case in FAMILIES.iter().flat_map(|family| family()) {
        all += 1;
        if !mcp::can_play(&known, &case) {
            continue;
        }
        let (by_tools, by_url) = (play(&case, &tools), play(&case, &SURFACES[0]));
        if by_tools.words().iter().any(|word| word == mcp::NO_TOOL) {
            assert!(by_tools.sent.is_empty() && by_tools.records.is_empty() && by_url.sent.is_empty());
            continue;
        }
        let differs = "comes out otherwise over MCP";
        assert_eq!(in_common(&by_tools), in_common(&by_url), "{}: {} {differs}", case.family, case.name);
        played += 1;
    }
    println!("{played} of {all} cases were played over MCP");
    assert!(played > 30, "{played} of {all}");
}

/// Codes that not every surface can have: they come from HTTP's framing, from an agent that goes away, or from a
/// question whether a request would be allowed.
const OF_A_SURFACE: [&str; 7] = [
    "pass-missing",
    "length-required",
    "abandoned",
    "would-allow",
    "would-ask",
    "would-deny",
    "would-depend",
];

#[test]
fn every_word_that_a_request_is_decided_by_is_in_a_case() {
    let cases = FAMILIES.iter().flat_map(|family| family());
    let mut brought: BTreeSet<&str> = cases.flat_map(|case| case.comes()).collect();
    assert!(brought.remove("200"));
    brought.insert("allow");
    let missing: Vec<&str> = verifier::decisions()
        .filter(|word| !brought.contains(word) && !OF_A_SURFACE.contains(word))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
