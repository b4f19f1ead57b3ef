//! Builds an overlay's rules on things into one operation: how its requests name things, and which things it may touch
//! without naming them. It reads no request.

use std::sync::Arc;

use crate::catalog::builder::{Builder, boxed, id_parts};
use crate::catalog::description::{FactsError, OperationLine};
use crate::catalog::operation::{Folds, IdPart, Operation, ResourceRule, Revision, Same};
use crate::catalog::overlay::{Overlay, ResourceLine, RevisionLine};
use crate::catalog::template::Template;

/// A rule from the overlay, for any operation.
pub(crate) fn rule(overlay: &Overlay, line: &ResourceLine) -> ResourceRule {
    ResourceRule {
        kind: line.kind.as_str().into(),
        id: id_parts(&line.id),
        around: boxed(&line.around),
        strip: boxed(&line.strip),
        values: boxed(&line.values),
        letters: line.letters.as_str().into(),
        folds: folds(overlay, &line.kind),
        cut: line.cut.as_deref().map(Into::into),
        when: Vec::new(),
        unless: Vec::new(),
    }
}

fn folds(overlay: &Overlay, kind: &str) -> Folds {
    if overlay.folded_kinds.contains(kind) { Folds::ToLower } else { Folds::Nothing }
}

/// Whether a name like `fileId` or `hook_id` is the id of the thing at the end of a path. An argument named `id` must
/// agree with the body anyway.
fn is_id(name: &str) -> bool {
    name != "id" && (name.ends_with("Id") || name.ends_with("_id") || name.ends_with("ID"))
}

impl Builder {
    /// Adds all rules on things to the operation.
    pub(crate) fn add_things(
        &self,
        line: &OperationLine,
        operation: &mut Operation,
    ) -> Result<(), FactsError> {
        operation.resources = self.named(line, operation);
        operation.unnamed = self.unnamed(line, operation)?;
        operation.revisions = self.revisions(line, operation)?;
        operation.touched = self.touched(line);
        operation.twins = self.twins.clone();
        operation.same = self.same(line, operation)?;
        Ok(())
    }

    fn named(&self, line: &OperationLine, operation: &Operation) -> Vec<ResourceRule> {
        let rules = self.overlay.resources.iter().zip(&self.resources);
        rules
            .filter(|(written, _)| written.which.is_empty() || written.which.names(&line.op))
            .filter(|(_, rule)| rule.id.iter().all(|part| self.has_argument(operation, part)))
            .map(|(_, rule)| rule.clone())
            .collect()
    }

    fn unnamed(&self, line: &OperationLine, operation: &Operation) -> Result<Vec<ResourceRule>, FactsError> {
        let mut rules = Vec::new();
        for written in &self.overlay.unnamed {
            let shared = |names: &[String]| -> Vec<Arc<str>> {
                names.iter().map(|name| name.as_str().into()).collect()
            };
            let (when, unless) = (shared(&written.when), shared(&written.unless));
            let id = id_parts(&written.name);
            // As for resources, the rule is for operations with these arguments. If it names operations, it is only for
            // those.
            let is_named = written.which.is_empty() || written.which.names(&line.op);
            if !is_named || !id.iter().all(|part| self.has_argument(operation, part)) {
                continue;
            }
            let given = when.iter().chain(&unless).map(|name| IdPart::Argument(name.clone()));
            self.check_parts(operation, given)?;
            rules.extend(written.kinds.iter().map(|kind| ResourceRule {
                kind: kind.as_str().into(),
                id: id.clone(),
                around: Vec::new(),
                strip: Vec::new(),
                values: boxed(&written.values),
                letters: written.letters.as_str().into(),
                folds: folds(&self.overlay, kind),
                cut: None,
                when: when.clone(),
                unless: unless.clone(),
            }));
        }
        Ok(rules)
    }

    fn revisions(&self, line: &OperationLine, operation: &Operation) -> Result<Vec<Revision>, FactsError> {
        let has = |rule: &&RevisionLine| {
            let argument = IdPart::Argument(rule.argument.as_str().into());
            let is_named = rule.which.is_empty() || rule.which.names(&line.op);
            is_named && self.has_argument(operation, &argument)
        };
        let rules = self.overlay.revisions.iter().filter(has);
        let mut revisions = Vec::new();
        for rule in rules {
            let named = rule.repository.iter().map(|name| IdPart::Argument(name.as_str().into()));
            self.check_parts(operation, named)?;
            revisions.push(Revision {
                argument: rule.argument.as_str().into(),
                repository: rule.repository.as_deref().map(Into::into),
                defaults: rule.defaults,
            });
        }
        Ok(revisions)
    }

    /// The kinds that a line limits to some operations, and the kinds without such a line.
    fn touched(&self, line: &OperationLine) -> Vec<Arc<str>> {
        let may = |kind: &&Arc<str>| {
            let mut own =
                self.overlay.kinds.iter().filter(|one| one.names.iter().any(|name| **name == ***kind));
            let restricted = own.clone().next().is_some();
            !restricted || own.any(|one| one.which.names(&line.op))
        };
        self.kinds.iter().filter(may).cloned().collect()
    }

    fn same(&self, line: &OperationLine, operation: &Operation) -> Result<Vec<Same>, FactsError> {
        let mut all = Vec::new();
        for rule in self.overlay.same.iter().filter(|rule| rule.which.names(&line.op)) {
            let body = id_parts(&rule.body);
            let argument: Arc<str> = rule.argument.as_str().into();
            self.check_parts(operation, body.iter().cloned().chain([IdPart::Argument(argument.clone())]))?;
            all.push(Same { argument, body, begins: rule.begins });
        }
        let id: Arc<str> = "id".into();
        let is_other = self.overlay.other_ids.contains(&line.op);
        let in_body = operation.body.is_some() && !is_other && self.has_in_body(operation, &id);
        let templates = [Some(&operation.template), operation.upload.as_ref()];
        let last = templates.into_iter().flatten().filter_map(Template::addressed);
        for argument in last.filter(|name| in_body && is_id(name)) {
            let one =
                Same { argument: argument.clone(), body: vec![IdPart::Argument(id.clone())], begins: false };
            if !all.contains(&one) {
                all.push(one);
            }
        }
        Ok(all)
    }

    fn check_parts(
        &self,
        operation: &Operation,
        parts: impl IntoIterator<Item = IdPart>,
    ) -> Result<(), FactsError> {
        let missing = |part: &IdPart| !self.has_argument(operation, part);
        match parts.into_iter().find(missing) {
            Some(IdPart::Argument(name)) => Err(FactsError::new(format!(
                "`{}` has no `{name}` that the overlay's rule is on",
                operation.id
            ))),
            _ => Ok(()),
        }
    }
}
