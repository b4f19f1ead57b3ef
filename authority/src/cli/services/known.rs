//! Helpers that the commands on services share.

use datalog::ServiceName;
use datalog::catalog::Catalog;

use crate::app::CatalogChange;
use crate::cli::client::Client;
use crate::cli::context::{Context, block_on};
use crate::cli::failure::Failure;
use crate::home::Home;
use crate::nearest::nearest;

/// Tells the running authority of the home to reload its services.
pub(crate) fn taken_at_once(home: &Home, context: &Context) -> Result<(), Failure> {
    block_on(async {
        let Some(client) = Client::running(home).await? else { return Ok(()) };
        let change: CatalogChange = client.post("/v1/services/reload", &()).await?;
        if !change.services.is_empty() {
            context.term.say("the running authority uses it now");
        }
        Ok(())
    })
}

pub(crate) fn unknown(name: &ServiceName, catalog: &Catalog) -> Failure {
    let known = || catalog.services().map(|service| service.name.as_str());
    let failure = Failure::usage(format!("there is no service `{name}`"));
    match nearest(name.as_str(), known()) {
        Some(near) => failure.or_hint(format_args!("did you mean `{near}`?")),
        None => failure.or_hint(format_args!(
            "there are {}; `hallpass services import FILE` adds another",
            known().collect::<Vec<_>>().join(", ")
        )),
    }
}
