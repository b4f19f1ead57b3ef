//! `hallpass demo`: plays the whole story on this machine with only this binary.
//!
//! It brings its own provider (`provider`: OAuth and a small mailbox). No other command can reach it, because the
//! module is private to this folder.
//!
//! - Invariant: Only the demo uses the demo's provider (`nothing_outside_this_folder_names_the_provider`).

mod agent;
mod cast;
mod checks;
mod person;
pub(crate) mod playing;
mod provider;
mod scenes;
mod stage;
mod step;
mod story;

#[cfg(test)]
pub(crate) use step::CameTo;
pub(crate) use step::{Outcome, Step, StoryReport, Who};
pub(crate) use story::play;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    fn sources(dir: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let nested = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
        nested.collect()
    }

    #[test]
    fn nothing_outside_this_folder_names_the_provider() {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let demo = src.join("demo");
        let outside: Vec<PathBuf> =
            sources(&src).into_iter().filter(|path| !path.starts_with(&demo)).collect();
        assert!(outside.len() > 3, "the sources were not found in {}", src.display());
        for path in outside {
            let text = fs::read_to_string(&path).unwrap();
            let names =
                |line: &str| line.contains("demo::") && (line.contains("provider") || line.contains('*'));
            let named = text.lines().find(|line| names(line) || line.contains("hallpass-demo"));
            assert_eq!(named, None, "in {}", path.display());
        }
        // No other file could name it: the compiler refuses that as long as this file has this line.
        let this = fs::read_to_string(demo.join("mod.rs")).unwrap();
        assert!(this.lines().any(|line| line == "mod provider;"));
    }
}
