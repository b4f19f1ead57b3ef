//! Builds what undoes an operation, from the overlay's lines.

use crate::catalog::builder::Builder;
use crate::catalog::description::{FactsError, OperationLine};
use crate::catalog::method::Method;
use crate::catalog::overlay::UndoLine;
use crate::catalog::undo::Undo;

impl Builder {
    /// The undoing request for the operation, by the first rule that names it.
    pub(crate) fn undo(&self, line: &OperationLine) -> Result<Option<Undo>, FactsError> {
        let Some(rule) = self.overlay.undo.iter().find(|rule| rule.which.names(&line.op)) else {
            return Ok(None);
        };
        let by = self.undoes(rule, line).ok_or_else(|| {
            FactsError::new(format!("`{}` would be undone by `{}`, which is no operation", line.op, rule.by))
        })?;
        Ok(Some(Undo { by: self.id(by)?, note: rule.note.as_deref().map(Into::into) }))
    }

    /// The operation that the rule names: by its id, or by its method at the same address.
    fn undoes(&self, rule: &UndoLine, line: &OperationLine) -> Option<&OperationLine> {
        let path = line.at.split_once(' ').map(|(_, path)| path);
        let mut all = self.facts.operations.iter();
        match Method::parse(&rule.by) {
            None => all.find(|one| one.op == rule.by),
            Some(method) => all.find(|one| {
                one.at.split_once(' ').is_some_and(|(verb, at)| verb == method.as_str() && Some(at) == path)
            }),
        }
    }
}
