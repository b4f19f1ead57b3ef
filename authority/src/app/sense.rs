//! Checks of a pass before it is minted that only the authority can make: whether anybody could approve its asks, and
//! whether its accounts granted what it allows.
//!
//! - Invariant: A pass that nobody could approve, or that allows nothing, is not minted
//!   (`a_pass_that_nobody_could_approve_is_not_minted`, `a_pass_that_would_allow_nothing_is_not_made`).

use std::collections::BTreeMap;

use datalog::can::{self, Possible};
use datalog::{ApproverName, Message, MintArgs, Minted};

use crate::app::approvers::OWNER;
use crate::app::{App, AppError, ApproverStatus};
use crate::nearest;

/// The most operations that one warning names.
const NAMED: usize = 3;

impl App {
    /// Refuses a pass that nobody could ever approve.
    pub(super) fn can_be_asked(&self, args: &MintArgs) -> Result<(), AppError> {
        let trusted = self.approvers().into_iter().filter(|one| one.status == ApproverStatus::Trusted);
        let mut names: Vec<String> = trusted.map(|one| one.name.to_string()).collect();
        // The owner's key is made when it is first needed.
        let owner_may = !self.approvers().iter().any(|one| one.name.as_str() == OWNER);
        if owner_may {
            names.push(OWNER.into());
        }
        let is_known = |name: &ApproverName| names.iter().any(|known| known == name.as_str());
        if let Some(unknown) = args.approve_by.iter().find(|name| !is_known(name)) {
            let near = nearest::nearest(unknown.as_str(), names.iter().map(String::as_str));
            let hint = match near {
                Some(near) => {
                    format!("did you mean `{near}`? `hallpass approvers add {unknown}` makes an approver")
                }
                None => format!("`hallpass approvers add {unknown}` makes one"),
            };
            return Err(AppError::invalid(
                Message::new(format!("no approver is called `{unknown}`")).hint(hint),
            ));
        }
        let needed = args.approvers.unwrap_or(1);
        let may = if args.approve_by.is_empty() { names.len() } else { args.approve_by.len() };
        if usize::try_from(needed).is_ok_and(|needed| needed > may) && args.approve_by.is_empty() {
            names.sort();
            let says = format!(
                "the pass asks {needed} approvers, and there {} {may}: {}",
                if may == 1 { "is" } else { "are" },
                names.join(", ")
            );
            return Err(AppError::invalid(
                Message::new(says).hint("`hallpass approvers add NAME` makes one"),
            ));
        }
        Ok(())
    }

    /// Returns the warnings about a pass that would be minted, or was.
    pub(super) fn warnings(&self, minted: &Minted) -> Vec<Message> {
        let mut warnings = minted.warnings.clone();
        let services: Vec<_> = self.catalog().services().cloned().collect();
        let live = self.live();
        let mut short: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in can::table(&minted.content, &services) {
            let granted = live.iter().find(|(name, _)| name.as_str() == row.connection).map(|(_, one)| one);
            let operation = granted.and_then(|one| {
                let service = services.iter().find(|service| service.name == one.service)?;
                service.operations.iter().find(|own| own.id.as_str() == row.operation)
            });
            let (Some(granted), Some(operation), true) = (granted, operation, row.possible != Possible::Deny)
            else {
                continue;
            };
            let is_told = services
                .iter()
                .filter(|service| service.name == granted.service)
                .any(|service| service.operations.iter().any(|one| one.names_any(&granted.scopes())));
            if is_told && !operation.is_within(&granted.scopes()) {
                short.entry(row.connection).or_default().push(row.operation);
            }
        }
        for (connection, operations) in short {
            let named: Vec<String> = operations.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
            let more = operations.len().checked_sub(NAMED).filter(|more| *more > 0);
            let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
            warnings.push(format!(
                "the account of `{connection}` did not grant {}{more}: the service will refuse that; connect it again with --scope",
                named.join(", ")
            ).into());
        }
        warnings
    }
}
