//! Writes the facts file of a service from its description: `import_service DESCRIPTION NAME OUT`.
//!
//! How the embedded facts under `datalog/catalog/` are made anew when a provider publishes a revision. Review
//! the diff, then the snapshots of the catalog's tests: they show every operation whose effects are new.

use std::io::Write;

use datalog::catalog::import::{Options, import};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [description, name, out] = arguments.as_slice() else {
        return Err("expected DESCRIPTION NAME OUT".into());
    };
    let options = Options::named(name.parse()?);
    let imported = import(&std::fs::read(description)?, options)?;
    std::fs::write(out, &imported.facts_text)?;
    let mut terminal = std::io::stderr().lock();
    writeln!(terminal, "{} operations, {} types", imported.report.operations, imported.report.types)?;
    for note in &imported.report.notes {
        writeln!(terminal, "- {note}")?;
    }
    Ok(())
}
