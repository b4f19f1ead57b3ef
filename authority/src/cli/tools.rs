//! `hallpass can PASS --tools`: a pass as the tools that an MCP client sees.

use std::sync::Arc;

use datalog::can::Possible;
use datalog::catalog::Catalog;
use datalog::{Content, Tool};
use serde_json::Value;

use super::failure::Failure;
use super::table::{Cell, Table};
use super::term::Tone;
use crate::cli::context::Context;

/// Prints the tools; in JSON exactly as `tools/list` answers them.
pub(super) fn print(content: &Content, catalog: &Catalog, context: &Context) -> Result<(), Failure> {
    let services: Vec<_> = catalog.services().map(Arc::clone).collect();
    let tools = datalog::tools(content, &services);
    let listed: Vec<Value> = tools.iter().map(Tool::listed).collect();
    context.term.result(&listed, || table(&tools).render(&context.term))
}

fn table(tools: &[Tool]) -> Table<4> {
    let mut table = Table::new(["TOOL", "ANSWER", "ARGUMENTS", "DOES"]);
    for tool in tools {
        let (word, tone) = match tool.possible {
            Possible::Allow => ("allow", Tone::Good),
            Possible::Ask => ("ask", Tone::Warn),
            Possible::Deny => ("deny", Tone::Bad),
        };
        table.row([
            tool.name.as_str().into(),
            Cell::in_tone(word, tone),
            arguments(&tool.input).into(),
            tool.title.as_str().into(),
        ]);
    }
    table
}

/// The names of the arguments, with `?` behind those that may be left out.
fn arguments(input: &Value) -> String {
    let needed =
        |name: &str| input["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let names = input["properties"].as_object().into_iter().flat_map(serde_json::Map::keys);
    let mut names: Vec<&String> = names.collect();
    names.sort_by_key(|name| !needed(name));
    let shown = |name: &&String| if needed(name) { (*name).clone() } else { format!("{name}?") };
    names.iter().map(shown).collect::<Vec<_>>().join(", ")
}
