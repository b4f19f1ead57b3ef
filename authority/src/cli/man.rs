//! `hallpass man`: the manual pages, generated from the command's own definitions. For packagers; hidden.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::failure::Failure;
use crate::cli::context::Context;

/// Print the manual page, or write the pages of all commands
#[derive(Debug, Args)]
pub(super) struct Man {
    /// Write hallpass.1, hallpass-mint.1, … into DIR instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Pages {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    files: Vec<PathBuf>,
}

impl Man {
    pub(super) fn run(&self, context: &Context, definitions: clap::Command) -> Result<(), Failure> {
        let pages = match &self.out {
            Some(folder) => Pages { page: None, files: write_all(folder, definitions)? },
            None => Pages { page: Some(page(&definitions)?), files: Vec::new() },
        };
        context.term.result(&pages, || match &pages.page {
            Some(page) => page.clone(),
            None => pages.files.iter().map(|file| format!("{}\n", file.display())).collect(),
        })
    }
}

fn page(command: &clap::Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Failure::failed(format!("the manual page cannot be made: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn write_all(folder: &Path, definitions: clap::Command) -> Result<Vec<PathBuf>, Failure> {
    let mut root = definitions.disable_help_subcommand(true);
    root.build();
    let mut files = Vec::new();
    write_page(&root, folder, &mut files)?;
    Ok(files)
}

/// Writes the page of `command`, and the pages of the commands under it.
fn write_page(command: &clap::Command, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    // After the build, the display name has all the words of the command: `hallpass-keys-rotate`.
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, page(command)?)
        .map_err(|error| Failure::failed(format!("`{}` cannot be written: {error}", file.display())))?;
    files.push(file);
    for below in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        write_page(below, folder, files)?;
    }
    Ok(())
}
