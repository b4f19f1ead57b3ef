//! Turns Google Discovery documents (`discovery#restDescription`) into facts.
//!
//! Paths come from `flatPath`, which spells out what `path` writes as `{+name}`, so that two methods with one `path`
//! stay apart. Parameters that carry a credential, or that turn the answer into a script, are left out of the facts. So
//! they can never be sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::schema::Schemas;
use crate::catalog::description::{DescriptionSource, OperationLine, SignIn};
use crate::catalog::import::draft::{Draft, ImportError, Imported, host_of, operation_id, service_name};
use crate::words::names::ServiceName;

/// Service-wide parameters that are not imported: they never leave the gateway, or (`alt` and `upload_protocol`) depend
/// on the operation.
const LEFT_OUT: [&str; 6] = ["access_token", "oauth_token", "key", "callback", "alt", "upload_protocol"];

pub(crate) fn import(document: &Value, name: Option<ServiceName>) -> Result<Imported, ImportError> {
    let own_name = text(document, "name").ok_or(ImportError::Missing("name"))?;
    let service = match name {
        Some(name) => name,
        None => service_name(own_name)?,
    };
    let root =
        text(document, "rootUrl").or(text(document, "baseUrl")).ok_or(ImportError::Missing("rootUrl"))?;
    let host = host_of(root).ok_or(ImportError::Missing("host in its rootUrl"))?;
    let named = document.get("schemas").and_then(Value::as_object);
    let resolve = move |reference: &str| {
        named.and_then(|named| named.get(reference)).map(|schema| (reference.to_owned(), schema))
    };
    let mut schemas = Schemas::new(Box::new(resolve));
    let mut query = BTreeMap::new();
    let wide = document.get("parameters").and_then(Value::as_object);
    for (name, parameter) in wide.into_iter().flatten() {
        if !LEFT_OUT.contains(&name.as_str()) && name != "uploadType" {
            query.insert(name.clone(), schemas.expression(parameter, name));
        }
    }
    query.insert("alt".into(), "'json'".into());
    let mut walk = DiscoveryWalk {
        prefix: format!("{}.", own_name),
        base: text(document, "servicePath").unwrap_or_default(),
        schemas: &mut schemas,
        ids: BTreeSet::new(),
        operations: Vec::new(),
        excluded: Vec::new(),
    };
    walk.resource(document, 0);
    let (operations, excluded) = (walk.operations, walk.excluded);
    let draft = Draft {
        service,
        title: text(document, "title").unwrap_or(own_name).to_owned(),
        source: DescriptionSource::Discovery,
        revision: text(document, "revision").unwrap_or_default().to_owned(),
        sign_in: sign_in(document, &host),
        hosts: vec![host],
        query,
        request_headers: Vec::new(),
        operations,
        excluded,
        schemas,
    };
    Ok(draft.finish())
}

/// The scope that lets Hallpass ask Google whose account it is.
const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";

/// Google's sign-in is the same for all its APIs, and the description has the scopes.
fn sign_in(document: &Value, host: &str) -> Option<SignIn> {
    let scopes = document.pointer("/auth/oauth2/scopes").and_then(Value::as_object)?;
    if !host.ends_with(".googleapis.com") {
        return None;
    }
    // Hallpass also asks who is signed in.
    let scopes = scopes.keys().map(String::as_str).chain([EMAIL]).map(str::to_owned);
    let parameters = [("access_type", "offline"), ("prompt", "consent")];
    Some(SignIn {
        authorize_url: Some("https://accounts.google.com/o/oauth2/v2/auth".into()),
        token_url: Some("https://oauth2.googleapis.com/token".into()),
        device_url: Some("https://oauth2.googleapis.com/device/code".into()),
        revoke_url: Some("https://oauth2.googleapis.com/revoke".into()),
        userinfo_url: Some("https://www.googleapis.com/oauth2/v2/userinfo".into()),
        account_field: Some("email".into()),
        scopes: scopes.collect(),
        authorize_parameters: parameters.map(|(name, value)| (name.into(), value.into())).into(),
        keeps_refresh_token: true,
    })
}

struct DiscoveryWalk<'w, 'a> {
    prefix: String,
    base: &'a str,
    schemas: &'w mut Schemas<'a>,
    ids: BTreeSet<String>,
    operations: Vec<OperationLine>,
    /// Methods that are not imported, each with the reason.
    excluded: Vec<String>,
}

impl<'a> DiscoveryWalk<'_, 'a> {
    fn resource(&mut self, resource: &'a Value, depth: usize) {
        if depth > 20 {
            self.schemas.note("resources are nested too deep: left out from there");
            return;
        }
        for (_, method) in resource.get("methods").and_then(Value::as_object).into_iter().flatten() {
            if let Some(operation) = self.method(method) {
                self.operations.push(operation);
            }
        }
        for (_, inner) in resource.get("resources").and_then(Value::as_object).into_iter().flatten() {
            self.resource(inner, depth + 1);
        }
    }

    fn method(&mut self, method: &'a Value) -> Option<OperationLine> {
        let full_id = text(method, "id").unwrap_or("unnamed");
        let wanted = full_id.strip_prefix(&self.prefix).unwrap_or(full_id);
        let verb = text(method, "httpMethod").unwrap_or("GET");
        if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&verb) {
            let why =
                format!("`{}`: the method {} is not forwarded", full_id.escape_debug(), verb.escape_debug());
            self.excluded.push(why);
            return None;
        }
        let op = operation_id(wanted, &mut self.ids);
        let Some(path) = text(method, "flatPath").or(text(method, "path")) else {
            self.excluded.push(format!("`{}`: it has no path", full_id.escape_debug()));
            return None;
        };
        let parameters = method.get("parameters").and_then(Value::as_object);
        let template = self.template(path, parameters);
        let mut line =
            OperationLine { at: format!("{verb} /{}{template}", self.base), op, ..OperationLine::default() };
        for (name, parameter) in parameters.into_iter().flatten() {
            if text(parameter, "location") == Some("query") {
                let flag = |key| parameter.get(key).and_then(Value::as_bool) == Some(true);
                let marks = format!(
                    "{}{}",
                    if flag("repeated") { "*" } else { "" },
                    if flag("required") { "!" } else { "" }
                );
                let ty = self.schemas.expression(parameter, name);
                line.query.insert(format!("{name}{marks}"), ty);
            }
        }
        if method.get("supportsMediaDownload").and_then(Value::as_bool) == Some(true) {
            line.query.insert("alt".into(), "'json'|'media'".into());
            // A method without a described answer can answer only with a file, and does so without being asked.
            line.content = method.get("response").is_none();
        }
        let scopes = method.get("scopes").and_then(Value::as_array).into_iter().flatten();
        line.scopes = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
        line.scopes.sort();
        if let Some(request) = method.get("request") {
            line.body = Some(self.schemas.expression(request, &line.op));
        }
        if let Some(upload) = method.get("mediaUpload") {
            let accept = upload.get("accept").and_then(Value::as_array);
            line.media = accept.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            if line.media.is_empty() {
                line.media.push("*/*".into());
            }
            let simple = upload.pointer("/protocols/simple/path").and_then(Value::as_str);
            line.upload =
                simple.map(|path| format!("/{}", self.template(path.trim_start_matches('/'), parameters)));
        }
        if let Some(response) = method.get("response") {
            line.answers = super::openapi::credential_names(self.schemas, response);
        }
        Some(line)
    }

    /// The template with the types of its parameters: `{id}`, `{zone:#Zone}`, `{name+}` for `{+name}`.
    fn template(&mut self, path: &str, parameters: Option<&'a Map<String, Value>>) -> String {
        let mut text = String::with_capacity(path.len());
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            let (name, mark) = name.strip_prefix('+').map_or((name, ""), |name| (name, "+"));
            let ty = parameters.and_then(|all| all.get(name)).map(|schema| self.schemas.word(schema, name));
            text.push_str(before);
            text.push('{');
            text.push_str(name);
            if let Some(ty) = ty.filter(|ty| ty != "string") {
                text.push(':');
                text.push_str(&ty);
            }
            text.push_str(mark);
            text.push('}');
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
