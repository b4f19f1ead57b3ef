//! Every seed, and small changes of it, through its door. A crash that the fuzzer finds becomes a seed.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use hallpass_fuzz::{DOORS, Door};

/// How many changes of each seed are tried.
const CHANGES: u64 = 200;

fn seeds(door: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(door);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "`{door}` has seeds");
    files
}

/// xorshift64: the same changes on every machine.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 33).unwrap()
}

/// One small change: a byte flipped, put in or taken out, or a piece repeated.
fn changed(seed: &[u8], state: &mut u64) -> Vec<u8> {
    const LIKELY: &[u8] = b"\0\t\n\r \"%&'()*+,-./:;<=>?@[\\]{}0aA\x7f\x80\xc3\xe2\xff";
    let mut bytes = seed.to_vec();
    for _ in 0..=next(state) % 3 {
        let at = next(state) % (bytes.len() + 1);
        let byte = LIKELY[next(state) % LIKELY.len()];
        match next(state) % 4 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => {
                let end = (at + next(state) % 16).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes.insert(at, byte),
        }
    }
    bytes
}

fn holds(name: &str, door: Door, seed: &Path) {
    let bytes = fs::read(seed).unwrap();
    door(&bytes);
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..CHANGES {
        let changed = changed(&bytes, &mut state);
        let held = catch_unwind(|| door(&changed));
        assert!(held.is_ok(), "`{name}`, from {}: {:?}", seed.display(), String::from_utf8_lossy(&changed));
    }
}

#[test]
fn every_reader_holds_what_it_promises_of_its_seeds_and_of_changes_of_them() {
    for (name, door) in DOORS {
        for seed in seeds(name) {
            holds(name, door, &seed);
        }
    }
}
