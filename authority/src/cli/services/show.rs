//! `hallpass services show`: the operations of a service and their effects. If nobody reviewed the effects, it also
//! shows the source of each, and can print an overlay to start a review with.

use clap::Args;
use datalog::catalog::{Basis, Catalog, Operation, Service};
use datalog::{Effect, Effects, ServiceName};
use serde::Serialize;

use super::super::failure::Failure;
use super::super::table::Table;
use crate::cli::context::Context;
use crate::cli::services::known::unknown;

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The service's name
    name: ServiceName,
    /// Show only operations with this effect
    #[arg(long, value_name = "EFFECT", conflicts_with = "as_overlay")]
    effect: Option<Effect>,
    /// Print the assumed effects as an overlay, for you to correct
    #[arg(long)]
    as_overlay: bool,
}

#[derive(Debug, Serialize)]
struct ShownService<'a> {
    id: &'a str,
    address: String,
    effects: Effects,
    derived: Vec<Derived>,
}

/// An effect, and why it is assumed.
#[derive(Debug, Serialize)]
struct Derived {
    effect: Effect,
    because: String,
}

impl Show {
    pub(super) fn run(&self, catalog: &Catalog, context: &Context) -> Result<(), Failure> {
        let service = catalog.service(&self.name).ok_or_else(|| unknown(&self.name, catalog))?;
        if self.as_overlay {
            let text = overlay(service);
            return context.term.document(&text, || text.trim_end().to_owned());
        }
        let wanted =
            |operation: &&Operation| self.effect.is_none_or(|effect| operation.effects.contains(effect));
        let operations = service.operations.iter().map(AsRef::as_ref).filter(wanted);
        let operations: Vec<ShownService<'_>> = operations.map(shown).collect();
        context.term.result(&operations, || match service.reviewed {
            true => {
                let mut table = Table::new(["OPERATION", "EFFECTS", "ADDRESS"]);
                for operation in &operations {
                    let effects = operation.effects.to_string().into();
                    table.row([operation.id.into(), effects, operation.address.as_str().into()]);
                }
                table.render(&context.term)
            }
            false => {
                let mut table = Table::new(["OPERATION", "EFFECTS", "ADDRESS", "DERIVED FROM"]);
                for operation in &operations {
                    let effects = operation.effects.to_string().into();
                    let derived = because(&operation.derived).into();
                    table.row([operation.id.into(), effects, operation.address.as_str().into(), derived]);
                }
                table.render(&context.term)
            }
        })
    }
}

fn shown(operation: &Operation) -> ShownService<'_> {
    let derived = |basis: &Basis| Derived { effect: basis.effect, because: basis.because.to_string() };
    ShownService {
        id: operation.id.as_str(),
        address: operation.address(),
        effects: operation.effects,
        derived: operation.derived.iter().map(derived).collect(),
    }
}

fn because(derived: &[Derived]) -> String {
    let each: Vec<String> = derived.iter().map(|one| format!("{}: {}", one.effect, one.because)).collect();
    each.join("; ")
}

/// Returns the assumed effects as an overlay. Until somebody edits it, it changes nothing.
fn overlay(service: &Service) -> String {
    let mut text = format!(
        "# {}: what its operations do. Correct what is wrong, and keep it as NAME.overlay.toml beside the service, or\n\
         # import the description again with --overlay. Effects are read, write, send, share, delete, run, secret, admin.\n\n\
         # An operation that is not listed is assumed at its worst.\nunlisted = \"at-worst\"\n\n[effects]\n",
        service.name
    );
    for operation in &service.operations {
        let op = operation.id.as_str().split_once('.').map_or("", |(_, op)| op);
        let effects: Vec<String> = operation.effects.iter().map(|effect| format!("\"{effect}\"")).collect();
        let derived = because(&shown(operation).derived);
        text.push_str(&format!(
            "# {}: {derived}\n\"{op}\" = [{}]\n",
            operation.address(),
            effects.join(", ")
        ));
    }
    text
}
