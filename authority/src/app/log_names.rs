//! The names in a filter of the log. A filter may find nothing, or name something that does not exist. These checks
//! tell which of the two it is.

use datalog::{Message, RevocationId};

use crate::app::{App, AppError, LogQuery};
use crate::nearest;

impl App {
    /// Refuses a filter for something that does not exist. Call this if the filter found nothing.
    pub async fn check_names(&self, query: &LogQuery) -> Result<(), AppError> {
        if let Some(name) = &query.connection
            && !self.live().contains_key(name)
            && self.is_empty(LogQuery { connection: Some(name.clone()), ..LogQuery::default() }).await?
        {
            return Err(self.no_connection(name));
        }
        if let Some(id) = &query.pass {
            self.known_pass(id).await?;
        }
        if let Some(operation) = &query.operation {
            self.known_operation(operation).await?;
        }
        if let Some(decision) = &query.decision
            && !verifier::decisions().any(|known| known == decision)
            && self.is_empty(LogQuery { decision: Some(decision.clone()), ..LogQuery::default() }).await?
        {
            let hint = nearest::hint(decision, verifier::decisions());
            return Err(AppError::not_found(
                Message::new(format!("there is no decision `{decision}`")).hint(hint),
            ));
        }
        Ok(())
    }

    /// Refuses an id that belongs to no pass minted here and to no request in the log.
    pub async fn known_pass(&self, id: &RevocationId) -> Result<(), AppError> {
        let is_minted = !self.store.known_passes(&[id.to_string()]).await?.is_empty();
        let of_pass = LogQuery { pass: Some(id.clone()), ..LogQuery::default() };
        match is_minted || !self.is_empty(of_pass).await? {
            true => Ok(()),
            false => Err(crate::app::pass::no_pass(id.as_str())),
        }
    }

    async fn known_operation(&self, name: &str) -> Result<(), AppError> {
        let catalog = self.catalog();
        let ids = || catalog.services().flat_map(|service| &service.operations).map(|one| one.id.as_str());
        let is_known = match name.strip_suffix('*') {
            Some(beginning) => ids().any(|id| id.starts_with(beginning)),
            None => ids().any(|id| id == name),
        };
        let on_record = LogQuery { operation: Some(name.to_owned()), ..LogQuery::default() };
        if is_known || !self.is_empty(on_record).await? {
            return Ok(());
        }
        let hint = match nearest::nearest(name.trim_end_matches('*'), ids()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`hallpass services show SERVICE` lists them".into(),
        };
        Err(AppError::not_found(Message::new(format!("there is no operation `{name}`")).hint(hint)))
    }

    async fn is_empty(&self, query: LogQuery) -> Result<bool, AppError> {
        Ok(self.log(LogQuery { limit: Some(1), ..query }).await?.is_empty())
    }
}
