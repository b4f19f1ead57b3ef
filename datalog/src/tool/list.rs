//! The tools of a pass.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::operation::Operation;
use crate::catalog::service::Service;
use crate::mint::can::{self, Possible};
use crate::pass::content::{Connected, Content};
use crate::tool::schema::schema;
use crate::tool::{name, told};
use crate::words::names::ConnectionName;

/// The gateway's own tools. No operation has such a name.
pub(crate) const OWN: [&str; 5] =
    ["hallpass_pass", "hallpass_find", "hallpass_describe", "hallpass_call", "hallpass_propose"];

/// One operation on one connection, as an agent is offered it.
#[derive(Debug, Clone)]
pub struct Tool {
    pub name: String,
    pub title: String,
    pub description: String,
    /// JSON Schema of its arguments.
    pub input: Value,
    pub annotations: Value,
    pub connection: ConnectionName,
    pub operation: Arc<Operation>,
    pub possible: Possible,
}

/// An operation on a connection, found by the name of its tool.
#[derive(Debug, Clone)]
pub struct NamedTool {
    pub connection: ConnectionName,
    pub service: Arc<Service>,
    pub operation: Arc<Operation>,
}

impl Tool {
    /// The tool as MCP lists it.
    pub fn listed(&self) -> Value {
        json!({
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.input,
            "annotations": self.annotations,
        })
    }
}

/// The operations that the pass allows or asks about, in the order of its connections and the catalog.
pub fn tools(content: &Content, services: &[Arc<Service>]) -> Vec<Tool> {
    let named = all(content, services);
    let mut names = names(&named).into_iter();
    let mut tools = Vec::new();
    for ((operation, row), one) in can::rows(content, services).into_iter().zip(&named) {
        let name = names.next().unwrap_or_default();
        if row.possible == Possible::Deny {
            continue;
        }
        let title = told::title(operation);
        tools.push(Tool {
            name,
            description: told::description(operation, &row),
            input: schema(content, &one.connection, &one.service, operation),
            annotations: told::annotations(&title, operation, row.effects),
            title,
            connection: one.connection.clone(),
            operation: one.operation.clone(),
            possible: row.possible,
        });
    }
    tools
}

/// The operation whose tool has this name, whether the pass allows it or not.
pub fn find(content: &Content, services: &[Arc<Service>], name: &str) -> Option<NamedTool> {
    let all = all(content, services);
    let place = names(&all).iter().position(|known| known == name)?;
    all.into_iter().nth(place)
}

fn all(content: &Content, services: &[Arc<Service>]) -> Vec<NamedTool> {
    let on = |connected: &Connected| {
        let service = services.iter().find(|service| service.name == connected.service)?;
        Some((connected.name.clone(), service.clone()))
    };
    let connections = content.connections.iter().filter_map(on);
    connections
        .flat_map(|(connection, service)| {
            let operations = service.operations.clone();
            operations.into_iter().map(move |operation| NamedTool {
                connection: connection.clone(),
                service: service.clone(),
                operation,
            })
        })
        .collect()
}

fn names(all: &[NamedTool]) -> Vec<String> {
    name::names(all.iter().map(|one| (one.connection.as_str(), one.operation.own_id())), &OWN)
}
