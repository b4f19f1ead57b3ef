//! Fields with brackets, in a query and in a form: read as one value, refused where readers differ.

use serde_json::json;

use crate::catalog::Service;
use crate::catalog::import::draft::Options;
use crate::catalog::import::import;
use crate::classify::raw::RawRequest;
use crate::request::argument::Scalar;
use crate::request::canonical::Request;

/// A payment in the style of a provider that writes everything with brackets, and a list that filters with them.
fn service() -> Service {
    let line = json!({"type": "object", "required": ["price"], "properties": {"price": {"type": "integer"}, "name": {"type": "string"}}});
    let fields = json!({"type": "object", "required": ["amount"], "properties": {
        "amount": {"type": "integer"}, "live": {"type": "boolean"},
        "lines": {"type": "array", "items": line}, "expand": {"type": "array", "items": {"type": "string"}},
        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        "payer": {"type": "object", "properties": {"address": {"type": "object", "properties": {"city": {"type": "string"}}}}},
    }});
    let deep = json!({"style": "deepObject", "explode": true});
    let created = json!({"anyOf": [{"type": "object", "properties": {"gt": {"type": "integer"}, "lt": {"type": "integer"}}}, {"type": "integer"}]});
    let document = json!({"openapi": "3.0.0", "info": {"title": "Pay", "version": "1"}, "servers": [{"url": "https://pay.example"}], "paths": {
    "/charges": {
        "get": {"operationId": "list", "parameters": [
            {"name": "created", "in": "query", "style": "deepObject", "schema": created},
            {"name": "ids[]", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
            {"name": "fields", "in": "query", "explode": false, "schema": {"type": "array", "items": {"type": "string"}}},
        ], "responses": {}},
        "post": {"operationId": "create", "requestBody": {"content": {"application/x-www-form-urlencoded": {
            "schema": fields, "encoding": {"lines": deep, "expand": deep, "metadata": deep, "payer": deep}}}}, "responses": {}},
    }}});
    let imported = import(document.to_string().as_bytes(), Options::named("pay".parse().unwrap())).unwrap();
    Service::load(&imported.facts_text, None).unwrap()
}

fn read(method: &str, query: &str, body: &str) -> Result<Request, String> {
    let raw = RawRequest {
        method,
        method_override: None,
        host: None,
        path: "/charges",
        query: (!query.is_empty()).then_some(query),
        headers: &[],
        content_type: (!body.is_empty()).then_some("application/x-www-form-urlencoded"),
        body: body.as_bytes(),
    };
    service()
        .classify(&"pay".parse().unwrap(), &"me".parse().unwrap(), &raw)
        .map_err(|error| format!("{}: {error}", error.code()))
}

fn shown(request: &Request) -> Vec<String> {
    let value = |value: &Scalar| match value {
        Scalar::String(text) => format!("{text:?}"),
        Scalar::Int(number) => number.to_string(),
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Other(text) => text.clone(),
    };
    request.arguments.iter().map(|one| format!("{}={}", one.name, value(&one.value))).collect()
}

#[test]
fn a_form_with_brackets_is_arguments_by_dotted_path() {
    let body = "amount=5&lines[0][price]=7&lines[0][name]=a&lines[1][price]=8&expand[]=x&expand[]=y\
        &metadata[order]=o%201&payer[address][city]=Paris&live=true";
    let request = read("POST", "", body).unwrap();
    let mut arguments = shown(&request);
    arguments.sort();
    assert_eq!(
        arguments,
        [
            "amount=5",
            "expand=\"x\"",
            "expand=\"y\"",
            "lines.name=\"a\"",
            "lines.price=7",
            "lines.price=8",
            "live=true",
            "metadata.*.value=\"o 1\"",
            "metadata.*=\"order\"",
            "payer.address.city=\"Paris\"",
        ]
    );
    let (_, bytes) = request.wire_body().unwrap();
    let sent = String::from_utf8(bytes).unwrap();
    assert_eq!(read("POST", "", &sent).unwrap().digest(), request.digest(), "{sent}");
    assert!(sent.contains("lines%5B0%5D%5Bprice%5D=7") && sent.contains("expand%5B%5D=x"), "{sent}");
    let escaped = body.replace('[', "%5B").replace(']', "%5D");
    assert_eq!(read("POST", "", &escaped).unwrap().digest(), request.digest());
}

#[test]
fn a_query_with_brackets_and_lists_is_read_value_by_value() {
    let request = read("GET", "created[gt]=5&ids[]=a&ids[]=b&fields=x,y", "").unwrap();
    assert_eq!(shown(&request), ["fields=\"x\"", "fields=\"y\"", "created.gt=5", "ids=\"a\"", "ids=\"b\""]);
    assert_eq!(read("GET", &request.query, "").unwrap().digest(), request.digest());
    assert_eq!(shown(&read("GET", "created=5", "").unwrap()), ["created=5"]);
    // A reader that decodes first takes an escaped comma for a comma. So it ends a value here too.
    assert_eq!(shown(&read("GET", "fields=x%2Cy", "").unwrap()), ["fields=\"x\"", "fields=\"y\""]);
}

#[test]
fn brackets_that_two_readers_could_read_differently_are_refused() {
    for body in [
        // A field that appears twice, or as two kinds of value.
        "amount=5&metadata[a]=1&metadata[a]=2",
        "amount=5&metadata=x",
        "amount=5&metadata[a]=1&metadata=x",
        "amount=5&metadata[a][b]=1",
        "amount=5&payer[address]=x&payer[address][city]=y",
        // Keys that are empty, are places in a list, or that some readers drop; brackets that do not fit.
        "amount=5&metadata[]=1",
        "amount=5&metadata[0]=1",
        "amount=5&metadata[__proto__]=1",
        "amount=5&metadata[a=1",
        "amount=5&metadata[a]b=1",
        "amount=5&metadata]a[=1",
        "amount=5&metadata[[a]]=1",
        "amount=5&metadata[ a]=1",
        "amount=5&metadata.a=1",
        // Lists with gaps, out of order, in both styles, or with places that are no plain numbers.
        "amount=5&lines[1][price]=7",
        "amount=5&lines[1][price]=7&lines[0][price]=8",
        "amount=5&lines[00][price]=7",
        "amount=5&lines[-0][price]=7",
        "amount=5&lines[][price]=7",
        "amount=5&expand[]=x&expand[0]=y",
        "amount=5&expand=x",
        "amount=5&lines[0][price]=7&lines[0][price]=8",
        // Fields and values that the description does not have.
        "amount=5&lines[0][cost]=7",
        "amount=5&lines[0][name]=a",
        "amount=5&lines[0][price]=x",
        "amount=5&payer[name]=x",
        "amount=5&amount[x]=7",
        "amount[0]=5",
        "metadata[a]=1",
    ] {
        let error = read("POST", "", body).expect_err(body);
        assert!(error.starts_with("ambiguous-request"), "{body}: {error}");
    }
    let many: String = (0..25).map(|n| format!("&expand[{n}]=x")).collect();
    assert!(read("POST", "", &format!("amount=5{many}")).is_err(), "more than a list holds elsewhere");
    for query in [
        "created[gt]=x",
        "created[gte]=5",
        "created=5&created[gt]=5",
        "ids=a",
        "ids[1]=a",
        "fields=x,,y",
        "fields=x&fields=y",
    ] {
        assert!(read("GET", query, "").is_err(), "{query}");
    }
}
