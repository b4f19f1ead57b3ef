//! The tools that a client sees: all of a pass, or three that find, describe and call the others.

use std::sync::Arc;

use datalog::catalog::Service;
use datalog::{ConnectionName, Content, NamedTool, Tool, VerifiedPass, find_tool, tools};
use serde_json::{Value, json};

use crate::config::ToolsShown;
use crate::gateway::Gateway;
use crate::surface::mcp::place::McpPlace;

/// Clients show a model no more tools than this, and no longer list.
const MOST_TOOLS: usize = 60;
const MOST_BYTES: usize = 64 * 1024;
/// The most words of one search.
const MOST_WORDS: usize = 12;
/// The most tools that one search names.
const FOUND: usize = 20;

pub(crate) const PASS: &str = "hallpass_pass";
pub(crate) const FIND: &str = "hallpass_find";
pub(crate) const DESCRIBE: &str = "hallpass_describe";
pub(crate) const CALL: &str = "hallpass_call";

/// The operations behind one address, under one pass.
pub(crate) struct ToolReach<'a> {
    content: &'a Content,
    services: Vec<Arc<Service>>,
    place: &'a McpPlace,
}

impl<'a> ToolReach<'a> {
    pub(crate) fn of(gateway: &Gateway, pass: &'a VerifiedPass, place: &'a McpPlace) -> Self {
        let content = pass.content();
        let connections =
            content.connections.iter().filter_map(|one| gateway.authority.connection(&one.name));
        Self { content, services: connections.map(|one| one.service.clone()).collect(), place }
    }

    /// Returns the tools, in the order of the pass's connections.
    fn tools(&self) -> Vec<Tool> {
        let mut all = tools(self.content, &self.services);
        all.retain(|tool| self.place.holds(&tool.connection));
        all
    }

    pub(crate) fn find(&self, name: &str) -> Option<NamedTool> {
        find_tool(self.content, &self.services, name).filter(|tool| self.place.holds(&tool.connection))
    }

    /// Returns the connection of a tool, if that connection is of the pass and is not connected any more.
    pub(crate) fn lost(&self, gateway: &Gateway, name: &str) -> Option<ConnectionName> {
        let fold = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let begins = |one: &ConnectionName| {
            let start: String = one.as_str().chars().map(fold).collect();
            name.strip_prefix(start.as_str()).is_some_and(|rest| rest.starts_with('_'))
        };
        let names = self.content.connections.iter().map(|one| &one.name);
        let mut lost =
            names.filter(|one| self.place.holds(one) && gateway.authority.connection(one).is_none());
        lost.find(|one| begins(one)).cloned()
    }

    /// Returns what `tools/list` answers.
    pub(crate) fn listed(&self, shown: ToolsShown) -> Vec<Value> {
        let all: Vec<Value> = self.tools().iter().map(Tool::listed).collect();
        let is_long = || {
            all.len() > MOST_TOOLS || all.iter().map(|one| one.to_string().len()).sum::<usize>() > MOST_BYTES
        };
        let finds = match shown {
            ToolsShown::All => false,
            ToolsShown::Find => true,
            ToolsShown::Auto => is_long(),
        };
        let mut listed = if finds { finders(all.len()) } else { all };
        listed.push(of_pass());
        listed
    }

    /// Returns the schema and the description of one tool.
    pub(crate) fn described(&self, name: &str) -> Option<Value> {
        self.tools().iter().find(|tool| tool.name == name).map(Tool::listed)
    }

    /// Returns the tools that these words are about, the best first, one line each.
    pub(crate) fn found(&self, about: &str) -> String {
        let words = about.split_whitespace().take(MOST_WORDS);
        let words: Vec<String> =
            words.map(|word| word.chars().take(40).collect::<String>().to_lowercase()).collect();
        let all = self.tools();
        let mut scored: Vec<(usize, &Tool)> = all.iter().map(|tool| (score(tool, &words), tool)).collect();
        scored.retain(|(score, _)| *score > 0 || words.is_empty());
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let count = scored.len();
        let line = |(_, tool): &(usize, &Tool)| format!("{}: {}", tool.name, tool.title);
        let lines: Vec<String> = scored.iter().take(FOUND).map(line).collect();
        match (count, count.saturating_sub(FOUND)) {
            (0, _) => format!("none of {} tools is about that: use other words", all.len()),
            (_, 0) => lines.join("\n"),
            (_, more) => format!("{}\n[{more} more: use more words]", lines.join("\n")),
        }
    }
}

fn score(tool: &Tool, words: &[String]) -> usize {
    let (name, title) = (tool.name.to_lowercase(), tool.title.to_lowercase());
    let description = tool.description.to_lowercase();
    let one = |word: &String| match (title.contains(word.as_str()), name.contains(word.as_str())) {
        (true, true) => 3,
        (true, false) | (false, true) => 2,
        (false, false) => usize::from(description.contains(word.as_str())),
    };
    words.iter().map(one).sum()
}

fn of_pass() -> Value {
    json!({
        "name": PASS,
        "title": "What this pass allows",
        "description": "Says what the pass allows, asks about and limits, what is left of its budgets, and until when it holds. It changes nothing.",
        "inputSchema": {"type": "object", "properties": {}, "additionalProperties": false},
        "annotations": {"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false},
    })
}

fn finders(count: usize) -> Vec<Value> {
    let text = |what: &str| json!({"type": "string", "description": what});
    let tool = |name: &str, title: &str, description: String, properties: Value, annotations: Value| {
        let needed: Vec<&String> = properties.as_object().into_iter().flat_map(|all| all.keys()).collect();
        let input = json!({"type": "object", "properties": properties, "required": needed, "additionalProperties": false});
        json!({"name": name, "title": title, "description": description, "inputSchema": input, "annotations": annotations})
    };
    let reads = || json!({"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false});
    vec![
        tool(
            FIND,
            "Find a tool",
            format!(
                "Finds tools of this pass by words, such as `list messages`. The pass has {count}; find one here, describe it, then call it."
            ),
            json!({"about": text("a few words")}),
            reads(),
        ),
        tool(
            DESCRIBE,
            "Describe a tool",
            "Returns a tool's description and the schema of its arguments, with the limits of the pass."
                .into(),
            json!({"tool": text("its name, as hallpass_find says it")}),
            reads(),
        ),
        tool(
            CALL,
            "Call a tool",
            "Calls a tool with arguments that fit its schema. The pass decides on each call.".into(),
            json!({"tool": text("its name"), "arguments": {"type": "object"}}),
            json!({"readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": true}),
        ),
    ]
}
