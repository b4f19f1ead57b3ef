//! A walk over the whole catalog: for every operation a generated request must come out as exactly that operation, and
//! so must the rebuilt one. It covers every pair of overlapping templates.

use super::embedded;
use crate::catalog::matcher::Form;
use crate::catalog::template::Template;
use crate::catalog::{Field, Named, Operation, Service, Type};
use crate::classify::misfit::ClassifyError;
use crate::classify::raw::RawRequest;
use crate::request::canonical::Request;

/// A text that any argument takes, even an argument that must be a UUID.
fn word(service: &Service) -> &'static str {
    if service.uuids.is_empty() { "x" } else { "01234567-89ab-cdef-0123-456789abcdef" }
}

/// A value of a type, as it stands in a URL.
fn text_of(service: &Service, ty: &Type, name: &str) -> String {
    match service.types.resolve(ty) {
        Type::Int | Type::Number => "7".into(),
        Type::Bool => "true".into(),
        Type::Literal(value) => value.to_string(),
        Type::OneOf(options) => text_of(service, &options[0], name),
        Type::List(item) => text_of(service, item, name),
        _ if !service.uuids.is_empty() => word(service).into(),
        _ => format!("x{}x", name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "")),
    }
}

pub(crate) const NO_VALUE: &str = "it has no value";

/// A value of a type, as JSON, with the fields that it must have.
fn json_of(service: &Service, ty: &Type, depth: usize) -> String {
    // A type that has to hold itself has no values.
    if depth > 20 {
        return format!("{NO_VALUE:?}");
    }
    match service.types.resolve(ty) {
        Type::Null => "null".into(),
        Type::Int | Type::Number => "7".into(),
        Type::Bool => "true".into(),
        Type::Literal(value) => format!("{:?}", value.as_ref()),
        Type::String | Type::Any => format!("{:?}", word(service)),
        Type::List(item) => format!("[{}]", json_of(service, item, depth + 1)),
        Type::Map(value) => format!("{{\"k\":{}}}", json_of(service, value, depth + 1)),
        Type::OneOf(options) => json_of(service, &options[0], depth + usize::from(depth > 0)),
        Type::Named(at) => match service.types.entry(*at).unwrap() {
            Named::Alias(other) => json_of(service, other, depth),
            Named::Object { fields, .. } => {
                let kept: Vec<&Field> = fields.iter().filter(|field| field.required || depth == 0).collect();
                let fields = kept.iter().map(|field| {
                    format!("{:?}:{}", field.name.as_ref(), json_of(service, &field.ty, depth + 1))
                });
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }
        },
    }
}

fn path_of(service: &Service, operation: &Operation, form: Form, body: &str) -> String {
    let template: &Template = operation.template_of(form);
    let value = |parameter: &crate::catalog::PathParameter| {
        if let Some(word) = service.pinned.get(parameter.name.as_ref()) {
            return word.clone();
        }
        // A value that also stands in the body must agree with the body.
        match service.types.resolve(&parameter.ty) {
            Type::String if body.contains(&format!("{:?}:\"x\"", parameter.name.as_ref())) => "x".into(),
            Type::String if body.contains("\"id\":\"x\"") && is_the_bodys_id(operation, parameter) => {
                "x".into()
            }
            _ => text_of(service, &parameter.ty, &parameter.name),
        }
    };
    template.fill(&template.parameters.iter().map(value).collect::<Vec<_>>())
}

fn is_the_bodys_id(operation: &Operation, parameter: &crate::catalog::PathParameter) -> bool {
    let id = [crate::catalog::IdPart::Argument("id".into())];
    operation.same.iter().any(|same| same.argument == parameter.name && same.body == id)
}

/// The pairs of a parameter: with brackets, one for each value that its type has.
fn pairs_of(
    service: &Service,
    parameter: &crate::catalog::QueryParameter,
    value: String,
) -> Vec<(String, String)> {
    if !parameter.brackets {
        return vec![(parameter.name.to_string(), value)];
    }
    let mut pairs = Vec::new();
    bracketed(service, &parameter.ty, parameter.name.to_string(), &mut pairs);
    pairs
}

fn bracketed(service: &Service, ty: &Type, name: String, pairs: &mut Vec<(String, String)>) {
    if name.matches('[').count() > 5 {
        return;
    }
    match service.types.resolve(ty) {
        Type::OneOf(options) => bracketed(service, &options[0], name, pairs),
        Type::List(item) => bracketed(service, item, format!("{name}[0]"), pairs),
        Type::Map(inner) => bracketed(service, inner, format!("{name}[k]"), pairs),
        Type::Named(at) => {
            let Some(Named::Object { fields, rest }) = service.types.entry(*at) else { return };
            let top = name.matches('[').count() == 0;
            for field in fields.iter().filter(|field| field.required || top) {
                bracketed(service, &field.ty, format!("{name}[{}]", field.name), pairs);
            }
            if let (true, Some(rest)) = (fields.is_empty(), rest) {
                bracketed(service, rest, format!("{name}[k]"), pairs);
            }
        }
        ty => pairs.push((name, text_of(service, ty, "x"))),
    }
}

/// A form with a value for every name.
fn form_of(service: &Service, operation: &Operation) -> String {
    let value = |parameter: &crate::catalog::QueryParameter| {
        let id = service.ids.get(parameter.name.as_ref()).map(|letters| format!("{}0123", &letters[..1]));
        let text = match service.types.resolve(&parameter.ty) {
            Type::Any => "{\"a\":[1]}".to_owned(),
            _ => id.unwrap_or_else(|| text_of(service, &parameter.ty, &parameter.name)),
        };
        (parameter.name.clone(), text)
    };
    let all = operation.form().iter().flat_map(|parameter| {
        let (_, text) = value(parameter);
        pairs_of(service, parameter, text)
    });
    crate::request::wire::form(&all.map(|(name, text)| (name.into(), text)).collect::<Vec<_>>())
}

pub(crate) fn made_up(service: &Service, operation: &Operation, form: Form) -> Result<Request, String> {
    let json = operation.body.as_ref().and_then(|body| body.json.as_ref()).map(|ty| json_of(service, ty, 0));
    let media =
        operation.body.as_ref().and_then(|body| body.media.first()).map(|kind| kind.replace('*', "x"));
    let (content_type, body) = match (&json, form, media) {
        (Some(json), Form::Plain | Form::Shorter, _) => (Some("application/json".to_owned()), json.clone()),
        (_, form, Some(media)) if form == Form::Upload || operation.upload.is_none() => {
            (Some(media), "content".to_owned())
        }
        _ if !operation.form().is_empty() => {
            (Some("application/x-www-form-urlencoded".to_owned()), form_of(service, operation))
        }
        _ => (None, String::new()),
    };
    let mut query = String::new();
    if form == Form::Upload {
        query.push_str("uploadType=media");
    }
    let in_body = |name: &str| body.contains(&format!("{name:?}:"));
    for parameter in operation.query.iter().filter(|one| one.required || !in_body(&one.name)) {
        let agrees = body.contains(&format!("{:?}:", parameter.name.as_ref()));
        let value = match service.pinned.get(parameter.name.as_ref()) {
            Some(word) => word.clone(),
            None if agrees && matches!(service.types.resolve(&parameter.ty), Type::String) => "x".to_owned(),
            None => text_of(service, &parameter.ty, &parameter.name),
        };
        for (name, value) in pairs_of(service, parameter, value) {
            crate::request::wire::push_pair(&mut query, &name, &value);
        }
    }
    let path = path_of(service, operation, form, &body);
    let raw = RawRequest {
        query: (!query.is_empty()).then_some(&query),
        content_type: content_type.as_deref(),
        body: body.as_bytes(),
        ..RawRequest::new(operation.method.as_str(), &path)
    };
    read(service, &raw).map_err(|error| format!("{} {path}?{query} {body}: {error}", operation.id))
}

pub(crate) fn again(service: &Service, request: &Request) -> Request {
    let wire = request.wire_body();
    let raw = RawRequest {
        host: Some(request.upstream_host()),
        query: (!request.query.is_empty()).then_some(&request.query),
        content_type: wire.as_ref().map(|(kind, _)| kind.as_str()),
        body: wire.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default(),
        ..RawRequest::new(request.operation.method.as_str(), &request.path)
    };
    read(service, &raw).unwrap()
}

fn read(service: &Service, raw: &RawRequest<'_>) -> Result<Request, ClassifyError> {
    service.classify(&"test".parse().unwrap(), &"alice@example.com".parse().unwrap(), raw)
}

#[test]
fn a_request_for_any_operation_is_that_operation_and_so_is_what_is_rebuilt() {
    let mut wrong = Vec::new();
    for service in embedded().services() {
        for operation in &service.operations {
            let upload = operation.upload.as_ref().map(|_| Form::Upload);
            let shorter = operation.shorter.as_ref().map(|_| Form::Shorter);
            for form in [Form::Plain].into_iter().chain(upload).chain(shorter) {
                match made_up(service, operation, form) {
                    Ok(request) if request.operation.id == operation.id => {
                        let again = again(service, &request);
                        assert_eq!(again.operation.id, operation.id);
                        assert_eq!(again.digest(), request.digest(), "{}", operation.id);
                        assert_eq!(again.arguments, request.arguments, "{}", operation.id);
                    }
                    Ok(request) => {
                        wrong.push(format!("{} came out as {}", operation.id, request.operation.id));
                    }

                    Err(error) => wrong.push(error),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
