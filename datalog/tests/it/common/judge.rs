//! Another mail reader, in another language, to compare with ours.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

/// Runs the script of this name in the tests' folder. Returns what it reads in each message.
pub(crate) fn judged<T: DeserializeOwned>(script: &str, messages: &[Vec<u8>]) -> Vec<T> {
    let script = format!("{}/tests/it/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut child =
        Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = messages.iter().map(|message| STANDARD.encode(message) + "\n").collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
