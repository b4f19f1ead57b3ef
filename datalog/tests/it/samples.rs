//! The sample tokens of biscuit-auth, presented as an agent would: none of them is a pass, and none makes the reader
//! panic.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use datalog::{PassCache, RootKeys, inspect};
use time::macros::datetime;

#[test]
fn tokens_that_are_no_passes_are_refused_whatever_they_hold() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().expect("packages");
    let biscuit = packages.iter().find(|package| package["name"] == "biscuit-auth").expect("biscuit-auth");
    let manifest = Path::new(biscuit["manifest_path"].as_str().expect("a path"));
    let samples = manifest.parent().expect("a folder").join("samples");

    let file = std::fs::read(samples.join("samples.json")).expect("the list of samples");
    let list: serde_json::Value = serde_json::from_slice(&file).expect("JSON");
    let digits = list["root_public_key"].as_str().expect("a key");
    let key: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect();
    let roots = RootKeys::new([(0, key.try_into().expect("32 bytes"))]);
    let cases = list["testcases"].as_array().expect("cases");
    assert!(cases.len() >= 38, "{} samples", cases.len());
    for case in cases {
        let name = case["filename"].as_str().expect("a name");
        let bytes = std::fs::read(samples.join(name)).expect("a sample");
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        assert!(inspect(&text).is_err(), "{name} was read as a pass");
        let now = datetime!(2026-11-22 09:00:00 UTC);
        assert!(PassCache::new(1).verify(&text, &roots, &|_| false, now).is_err(), "{name} was accepted");
    }
}
