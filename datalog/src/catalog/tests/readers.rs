//! Who reads what an operation changes: checked for every operation of every service, by the overlays' own rules.

use std::sync::Arc;

use super::{embedded, service};
use crate::catalog::description::Facts;
use crate::catalog::overlay::Overlay;
use crate::catalog::{EMBEDDED, Format, IdPart, Operation, Readers};
use crate::words::effect::{Effect, Effects};

/// Whether the operation leaves something new that others could read.
fn changes(operation: &Operation) -> bool {
    let looks_or_removes = Effects::NONE.with(Effect::Read).with(Effect::Secret).with(Effect::Delete);
    !operation.effects.is_subset(looks_or_removes)
}

/// The operations that change something, each with its rule on who reads it.
fn rules_on_readers(name: &str, facts: &str, overlay: &str) -> Vec<Arc<Operation>> {
    let (facts, mut overlay) = (Facts::parse(facts).unwrap(), Overlay::parse(overlay).unwrap());
    overlay.settle(&facts.operations).unwrap();
    let rule = |operation: &'static Arc<Operation>| {
        let id = operation.id.as_str().strip_prefix(&format!("{name}.")).unwrap();
        let rule = overlay.readers.iter().position(|rule| rule.which.names(id));
        let rule = rule.unwrap_or_else(|| panic!("no rule says who reads what `{}` changes", operation.id));
        assert_eq!(overlay.readers[rule].are, operation.readers, "{}", operation.id);
        (operation, rule)
    };
    let found: Vec<_> =
        service(name).operations.iter().filter(|operation| changes(operation)).map(rule).collect();
    for (number, rule) in overlay.readers.iter().enumerate() {
        assert!(found.iter().any(|(_, used)| *used == number), "{name}: `{}` is for nothing", rule.because);
    }
    found.into_iter().map(|(operation, _)| operation.clone()).collect()
}

#[test]
fn every_operation_that_changes_something_has_a_rule_on_who_reads_it() {
    let mut own = Vec::new();
    for (name, facts, overlay, _) in EMBEDDED {
        for operation in rules_on_readers(name, facts, overlay) {
            if operation.readers == Readers::Own {
                own.push(operation.id.to_string());
            }
        }
    }
    own.sort();
    insta::assert_snapshot!("operations_of_which_nobody_else_reads_what_they_change", own.join("\n"));
}

/// Arguments of a path that name nothing with readers of its own.
const UNREAD: [&str; 3] = ["userId", "permissionId", "revisionId"];

#[test]
fn who_reads_is_told_of_everything_that_an_address_names() {
    let told = embedded().operations().filter(|one| one.readers == Readers::Told && changes(one));
    for operation in told {
        let required = operation.decode.iter().any(|one| one.required || one.format == Format::Rfc822);
        let looked = |name: &str| {
            let mut looks = operation.looks.iter().filter(|look| look.finds.reaches());
            looks.any(|look| look.get.iter().any(|part| *part == IdPart::Argument(name.into())))
        };
        for parameter in &operation.template.parameters {
            assert!(
                required || looked(&parameter.name) || UNREAD.contains(&&*parameter.name),
                "who reads `{}` of `{}` is not looked up",
                parameter.name,
                operation.id
            );
        }
    }
}
