//! `hallpass demo`, as a person runs it.

use std::process::{Command, Output};

use serde_json::Value;

#[expect(clippy::unwrap_used, reason = "what a test cannot set up ends it")]
fn demo(arguments: &[&str]) -> (Output, std::path::PathBuf) {
    let home = tempfile::tempdir().unwrap().path().join("a-home-of-the-persons");
    let output = Command::new(env!("CARGO_BIN_EXE_hallpass"))
        .arg("demo")
        .args(arguments)
        .env("HALLPASS_HOME", &home)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    (output, home)
}

#[test]
fn the_story_happens_as_told_and_leaves_the_persons_home_alone() {
    let (output, home) = demo(&["--json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(said, "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["outcome"], "as-told");
    assert_eq!(report["not_reached"], serde_json::json!([]));
    let came_to: Vec<&str> =
        report["steps"].as_array().unwrap().iter().map(|step| step["observed"].as_str().unwrap()).collect();
    for code in ["done", "approval-required", "denied", "budget-exhausted", "pass-revoked"] {
        assert!(came_to.contains(&code), "nothing came to {code}: {came_to:?}");
    }
    assert!(!home.exists());
}

#[test]
fn the_story_is_told_in_lines_without_colour_where_nobody_looks() {
    let (output, _) = demo(&[]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.lines().any(|line| line.starts_with("✗ agent") && line.contains("denied:")), "{told}");
    assert!(!told.contains('\u{1b}'));
}
