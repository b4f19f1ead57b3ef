//! OpenAPI 3.0 and 3.1 to facts.
//!
//! Path-level and referenced parameters, bodies, servers and ways to sign in are followed. Callbacks and webhooks are
//! calls that the provider makes, and are not operations. What cannot be forwarded exactly is left out with the reason.

pub(crate) mod account;
pub(crate) mod answers;
pub(crate) mod body;
pub(crate) mod json;
pub(crate) mod parameters;
pub(crate) mod security;
pub(crate) mod servers;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::schema::Schemas;
use crate::catalog::description::{DescriptionSource, OperationLine, SignIn};
use crate::catalog::import::draft::{Draft, ImportError, Imported, Options, operation_id, service_name};
use crate::catalog::import::openapi::json::string;
use account::WhoAmI;
use parameters::{exploded, is_harmless_header, parameters, query_parameter, query_type, template};
use security::Security;
use servers::{Server, server_of};

pub(crate) use answers::credential_names;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub(crate) fn import(document: &Value, options: Options) -> Result<Imported, ImportError> {
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or("imported");
    let service = match options.name {
        Some(name) => name,
        None => service_name(title)?,
    };
    let paths = document.get("paths").and_then(Value::as_object).ok_or(ImportError::Missing("paths"))?;
    let resolve = move |reference: &str| {
        let pointer = reference.strip_prefix('#')?;
        let name = pointer.rsplit('/').next()?.replace("~1", "/").replace("~0", "~");
        document.pointer(pointer).map(|target| (name, target))
    };
    let mut schemas = Schemas::new(Box::new(resolve));
    let server = server_of(document).unwrap_or_default();
    servers::note_choices(&mut schemas, document, &server);
    let mut walk = OpenApiWalk {
        schemas,
        security: Security::read(document, options.bearer),
        server: &server,
        ids: BTreeSet::new(),
        operations: Vec::new(),
        excluded: Vec::new(),
        headers: BTreeSet::new(),
        who: None,
    };
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
        walk.item(path, item);
    }
    let OpenApiWalk { schemas, security, operations, excluded, headers, who, .. } = walk;
    if operations.is_empty() && !excluded.is_empty() {
        return Err(security::nothing_left(&excluded));
    }
    let sign_in = with_account(security.sign_in(&server), who, &server);
    let draft = Draft {
        service,
        title: title.to_owned(),
        source: DescriptionSource::OpenApi,
        revision: revision(document),
        hosts: if server.host.is_empty() { Vec::new() } else { vec![server.host] },
        query: BTreeMap::new(),
        request_headers: headers.into_iter().collect(),
        sign_in: (sign_in != SignIn::default()).then_some(sign_in),
        operations,
        excluded,
        schemas,
    };
    Ok(draft.finish())
}

/// Adds the address that says whose account it is. If the server has no host, it is a path below the `base_url`.
fn with_account(sign_in: SignIn, who: Option<WhoAmI>, server: &Server) -> SignIn {
    let Some(who) = who else { return sign_in };
    let root = if server.host.is_empty() { String::new() } else { format!("https://{}", server.host) };
    SignIn { userinfo_url: Some(format!("{root}{}", who.path)), account_field: Some(who.field), ..sign_in }
}

struct OpenApiWalk<'a, 's> {
    schemas: Schemas<'a>,
    security: Security<'a>,
    server: &'s Server,
    ids: BTreeSet<String>,
    operations: Vec<OperationLine>,
    excluded: Vec<String>,
    /// Request headers that operations take and that may be sent.
    headers: BTreeSet<String>,
    who: Option<WhoAmI>,
}

impl<'a> OpenApiWalk<'a, '_> {
    fn item(&mut self, path: &str, item: &'a Value) {
        let item = self.schemas.target(item);
        for (verb, operation) in item.as_object().into_iter().flatten() {
            let address = || format!("{} {}", verb.to_uppercase(), path.escape_debug());
            if ["head", "options", "trace"].contains(&verb.as_str()) {
                self.excluded.push(format!("{}: the method is not forwarded", address()));
            }
            if !METHODS.contains(&verb.as_str()) {
                continue;
            }
            if let Some(why) = self.security.refuses(operation) {
                self.excluded.push(format!("{}: {why}", address()));
                continue;
            }
            if let Err(why) = self.operation(path, item, verb, operation) {
                self.excluded.push(format!("{}: {why}", address()));
            }
        }
    }

    fn operation(
        &mut self,
        path: &str,
        item: &'a Value,
        verb: &str,
        operation: &'a Value,
    ) -> Result<(), String> {
        let all = parameters(&self.schemas, item, operation);
        let server = server_of(operation).or_else(|| server_of(item));
        let server = server.as_ref().unwrap_or(self.server);
        let template = template(&mut self.schemas, path, &all)?;
        let wanted = operation.get("operationId").and_then(Value::as_str).filter(|id| !id.trim().is_empty());
        let wanted = wanted.map_or_else(|| format!("{verb}{path}"), str::to_owned);
        let mut line = OperationLine { op: operation_id(&wanted, &mut self.ids), ..OperationLine::default() };
        for parameter in all {
            self.parameter(&mut line, parameter);
        }
        if let Some(body) = operation.get("requestBody").map(|body| self.schemas.target(body)) {
            body::read_body(&mut self.schemas, body, &mut line);
        }
        self.answers(&mut line, operation);
        line.at = format!("{} {}{template}", verb.to_uppercase(), server.prefix);
        line.host = (server.host != self.server.host && !server.host.is_empty()).then(|| server.host.clone());
        if verb == "get" && line.host.is_none() {
            let path = format!("{}{path}", server.prefix);
            let found = account::who_am_i(&self.schemas, &path, operation);
            self.who = account::surer(self.who.take(), found);
        }
        self.operations.push(line);
        Ok(())
    }

    fn parameter(&mut self, line: &mut OperationLine, parameter: &'a Value) {
        let (Some(name), Some(place)) = (string(parameter, "name"), string(parameter, "in")) else { return };
        match place {
            "query" if self.security.is_key(name) => {
                self.schemas.note(format!(
                    "the query parameter `{}` carries a credential: left out",
                    name.escape_debug()
                ));
            }
            "query" if name.is_empty() || name.ends_with(['!', '*']) => {
                self.schemas.note(format!(
                    "the query parameter `{}` has a name that cannot be written: left out",
                    name.escape_debug()
                ));
            }
            "query" => match exploded(&self.schemas, parameter) {
                fields if fields.is_empty() => {
                    line.query.extend(query_parameter(&mut self.schemas, parameter, name));
                }
                fields => {
                    for (name, schema) in fields {
                        let (ty, repeats) = query_type(&mut self.schemas, schema, &name);
                        line.query.insert(format!("{name}{}", if repeats { "*" } else { "" }), ty);
                    }
                }
            },
            "header" if is_harmless_header(name) => _ = self.headers.insert(name.to_ascii_lowercase()),
            "header" if is_own_header(name) => {}
            "header" => self.schemas.note(format!(
                "the header parameter `{}` is left out: an overlay's `request_headers` lets it through",
                name.escape_debug()
            )),
            "cookie" => {
                self.schemas.note(format!("the cookie parameter `{}` is left out", name.escape_debug()));
            }
            _ => {}
        }
    }

    fn answers(&self, line: &mut OperationLine, operation: &'a Value) {
        let responses = operation.get("responses").and_then(Value::as_object);
        let mut answers = BTreeSet::new();
        let mut kinds = BTreeSet::new();
        for (code, response) in responses.into_iter().flatten() {
            line.redirects |= matches!(code.as_str(), "301" | "302" | "303" | "307" | "308");
            let content = self.schemas.target(response).get("content").and_then(Value::as_object);
            for (kind, media) in content.into_iter().flatten().filter(|_| code.starts_with('2')) {
                kinds.insert(kind.to_ascii_lowercase());
                if let Some(schema) = media.get("schema") {
                    answers.extend(credential_names(&self.schemas, schema));
                }
            }
        }
        line.answers = answers.into_iter().collect();
        line.content = !kinds.is_empty() && !kinds.iter().any(|kind| kind.contains("json"));
    }
}

fn revision(document: &Value) -> String {
    match document.pointer("/info/version") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Whether a header has its own place: it is the credential, or the body implies it.
fn is_own_header(name: &str) -> bool {
    ["authorization", "content-type", "accept"].contains(&name.to_ascii_lowercase().as_str())
}
