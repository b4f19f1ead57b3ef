//! The command line as text files: one for each story, and one for each kind of mistake.
//!
//! Each file runs in its own home. The list below names each file with the function that makes its home.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::Hallpass;

/// Runs the file of this name under `tests/cli/`.
fn check(name: &str, hallpass: &Hallpass) {
    let home = hallpass.home().to_str().unwrap().to_owned();
    let cases = trycmd::TestCases::new();
    cases
        .env("HALLPASS_HOME", &home)
        .env("NO_COLOR", "1")
        .insert_var("[HOME]", home)
        .unwrap()
        .case(format!("tests/cli/{name}.trycmd"));
    cases.run();
}

fn nothing() -> Hallpass {
    Hallpass::nowhere()
}

fn keys_and_settings() -> Hallpass {
    Hallpass::initialised()
}

fn one_connection() -> Hallpass {
    Hallpass::connected()
}

fn a_mistake_in_the_settings() -> Hallpass {
    let hallpass = Hallpass::initialised();
    hallpass.settings("[gateway]\nlistn = \"127.0.0.1:7411\"\n");
    hallpass
}

fn an_open_folder() -> Hallpass {
    let hallpass = Hallpass::initialised();
    std::fs::set_permissions(hallpass.home(), std::fs::Permissions::from_mode(0o755)).unwrap();
    hallpass
}

macro_rules! files {
    ($($name:ident: $home:ident;)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), &$home());
        })*

        #[test]
        fn every_text_file_is_run() {
            let names = std::fs::read_dir("tests/cli").unwrap().map(|file| file.unwrap().path());
            let mut files: Vec<_> = names
                .filter(|path| path.extension().is_some_and(|extension| extension == "trycmd"))
                .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            files.sort();
            assert_eq!(files, [$(stringify!($name)),*]);
        }
    };
}

files! {
    a_home_that_others_can_read: an_open_folder;
    a_missing_home: nothing;
    a_mistyped_command: nothing;
    arguments_that_are_wrong: nothing;
    completions: nothing;
    console: nothing;
    first_steps: nothing;
    json: keys_and_settings;
    keys: keys_and_settings;
    log_files: keys_and_settings;
    minting: one_connection;
    minting_mistakes: one_connection;
    names_of_nothing: one_connection;
    passes_that_are_none: nothing;
    services: nothing;
    settings_that_are_wrong: a_mistake_in_the_settings;
    stops: one_connection;
    templates: nothing;
}
