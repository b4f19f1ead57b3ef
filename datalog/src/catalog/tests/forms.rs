//! Claims about arguments whatever carries them: a query, a form, a JSON body, GET or POST.

use super::classify::classify;
use crate::classify::misfit::ClassifyError;
use crate::classify::raw::RawRequest;
use crate::request::argument::Scalar;
use crate::request::canonical::{Body, Request};
use crate::words::message::Message;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json; charset=utf-8";

fn raw<'a>(method: &'a str, path: &'a str) -> RawRequest<'a> {
    RawRequest::new(method, path)
}

fn post(query: Option<&str>, kind: &str, body: &str) -> Result<Request, ClassifyError> {
    let raw = raw("POST", "/api/chat.postMessage");
    classify("slack", &RawRequest { query, content_type: Some(kind), body: body.as_bytes(), ..raw })
}

fn refused(answer: Result<Request, ClassifyError>) -> String {
    let error = answer.expect_err("was understood");
    format!("{}: {}", error.code(), Message::from(&error).in_full())
}

#[test]
fn a_request_is_one_request_whatever_carries_its_arguments() {
    let form = post(None, FORM, "text=a+b%0Ac&channel=C0123&unfurl_links=0").unwrap();
    let json = post(None, JSON, r#"{"channel":"C0123","text":"a b\nc","unfurl_links":false}"#).unwrap();
    let mixed = post(Some("channel=C0123"), FORM, "unfurl_links=false&text=a%20b%0Ac").unwrap();
    let all = "unfurl_links=False&text=a%20b%0Ac&channel=C0123";
    let get =
        classify("slack", &RawRequest { query: Some(all), ..raw("GET", "/api/chat.postMessage") }).unwrap();
    for other in [json, mixed, get] {
        assert_eq!(other.digest(), form.digest());
        assert_eq!(other.arguments, form.arguments);
    }
    assert_eq!(form.operation.id.as_str(), "slack.chat.postMessage");
    assert_eq!((form.query.as_str(), form.operation.method.as_str()), ("", "POST"));
    let (kind, bytes) = form.wire_body().unwrap();
    assert_eq!(kind, FORM);
    assert_eq!(String::from_utf8(bytes).unwrap(), "channel=C0123&text=a%20b%0Ac&unfurl_links=false");
    let shown: Vec<String> =
        form.arguments.iter().map(|one| format!("{} {:?}", one.name, one.value)).collect();
    assert_eq!(shown, ["channel String(\"C0123\")", "text String(\"a b\\nc\")", "unfurl_links Bool(false)"]);
    assert_eq!(form.resources.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["C0123"]);
}

#[test]
fn an_argument_in_two_carriers_is_refused_even_where_both_agree() {
    for (query, kind, body) in [
        (Some("channel=C0123"), FORM, "channel=C0123&text=x"),
        (Some("channel=C0123"), FORM, "channel=C0999&text=x"),
        (Some("text=x&channel=C0123"), JSON, r#"{"channel":"C0123"}"#),
        (None, FORM, "channel=C0123&channel=C0999&text=x"),
        (None, FORM, "channel=C0123&chann%65l=C0999&text=x"),
        (None, JSON, r#"{"channel":"C0123","channel":"C0999"}"#),
        (Some("channel=C0123&channel=C0123"), FORM, "text=x"),
    ] {
        let said = refused(post(query, kind, body));
        assert!(said.starts_with("ambiguous-request"), "{query:?} {body}: {said}");
    }
}

#[test]
fn a_token_among_the_arguments_is_refused_wherever_it_stands() {
    for (query, kind, body) in [
        (Some("token=xoxp-1"), FORM, "channel=C0123"),
        (None, FORM, "channel=C0123&token=xoxp-1"),
        (None, FORM, "channel=C0123&%74oken=xoxp-1"),
        (None, JSON, r#"{"channel":"C0123","token":"xoxp-1"}"#),
    ] {
        let said = refused(post(query, kind, body));
        assert!(said.starts_with("foreign-credential"), "{said}");
        assert!(!said.contains("xoxp"), "{said}");
    }
}

#[test]
fn a_form_that_is_not_understood_is_refused() {
    for (query, kind, body, code) in [
        (None, "multipart/form-data; boundary=x", "--x--", "unsupported-media-type"),
        (None, "text/plain", "channel=C0123", "unsupported-media-type"),
        (None, "application/x-www-form-urlencoded; charset=utf-16", "channel=C0123", "ambiguous-request"),
        (None, FORM, "channel[]=C0123&text=x", "ambiguous-request"),
        (None, FORM, "channel=C0123&text", "ambiguous-request"),
        (None, FORM, "channel=C0123;text=x", "ambiguous-request"),
        (None, FORM, "channel=C0123&text=%00", "ambiguous-request"),
        (None, FORM, "channel=C0123&text=%ff", "ambiguous-request"),
        (None, FORM, "text=x", "ambiguous-request"),
        (None, FORM, "channel=C0123&user=U0123", "ambiguous-request"),
        (None, FORM, "channel=C0123&unfurl_links=yes", "ambiguous-request"),
        (None, FORM, "channel=C0123&blocks=%7B%22a%22%3A1%2C%22a%22%3A2%7D", "ambiguous-request"),
        (None, JSON, r#"[{"channel":"C0123"}]"#, "ambiguous-request"),
        (None, JSON, r#"{"channel":["C0123"]}"#, "ambiguous-request"),
        (None, JSON, r#"{"channel":"C0123","text":null}"#, "ambiguous-request"),
    ] {
        let said = refused(post(query, kind, body));
        assert!(said.starts_with(code), "{body}: {said}");
    }
    let get = raw("GET", "/api/chat.postMessage");
    let body = RawRequest { content_type: Some(FORM), body: b"channel=C0123&text=x", ..get };
    assert!(refused(classify("slack", &body)).starts_with("ambiguous-request"));
    let upload = refused(post(None, "multipart/form-data; boundary=x", "--x--"));
    assert!(upload.contains("hint: a file is not sent as an argument"), "{upload}");
}

#[test]
fn a_conversation_has_one_name() {
    for channel in ["%23general", "general", "@alice", "c0123", "C0123%20", "C01-23", "", "T0123"] {
        let said = refused(post(None, FORM, &format!("channel={channel}&text=x")));
        assert!(said.contains("the id of `channel`"), "{channel}: {said}");
    }
    assert!(post(None, FORM, "channel=U0123&text=x").is_ok(), "a direct message");
}

#[test]
fn json_in_text_is_there_and_cannot_be_compared() {
    let blocks = "%5B%7B%22type%22%3A%20%22divider%22%7D%5D";
    let form = post(None, FORM, &format!("channel=C0123&blocks={blocks}")).unwrap();
    let json = post(None, JSON, r#"{"channel":"C0123","blocks":[{"type":"divider"}]}"#).unwrap();
    let text = post(None, JSON, r#"{"channel":"C0123","blocks":"[{\"type\":\"divider\"}]"}"#).unwrap();
    assert_eq!((form.digest(), form.digest()), (json.digest(), text.digest()));
    let value = &form.arguments.iter().find(|one| &*one.name == "blocks").unwrap().value;
    assert_eq!(*value, Scalar::Other("[{\"type\":\"divider\"}]".into()));
}

#[test]
fn every_person_of_a_list_is_one() {
    let open = raw("POST", "/api/conversations.open");
    let people = |kind, body: &str| {
        let request = RawRequest { content_type: Some(kind), body: body.as_bytes(), ..open };
        classify("slack", &request).map(|request| {
            let ids: Vec<String> = request.resources.into_iter().map(|one| one.id).collect();
            ids.join(" ")
        })
    };
    for (kind, body) in [
        (FORM, "users=U0123,U0124"),
        (FORM, "users=U0123%2C+U0124"),
        (FORM, "users=%5B%22U0123%22%2C%22U0124%22%5D"),
        (JSON, r#"{"users":["U0123","U0124"]}"#),
        (JSON, r#"{"users":"U0123,U0124"}"#),
    ] {
        assert_eq!(people(kind, body).unwrap(), "U0123 U0124", "{body}");
    }
    for (kind, body) in [
        (JSON, r#"{"users":["U0123,U0124"]}"#),
        (FORM, "users=U0123,,U0124"),
        (FORM, "users=U0123,"),
        (JSON, r#"{"users":[["U0123"]]}"#),
        (FORM, "users=U0123,alice"),
    ] {
        assert!(people(kind, body).is_err(), "{body}");
    }
    let empty = RawRequest { content_type: Some(FORM), body: b"users=", ..open };
    let empty = classify("slack", &empty).unwrap();
    assert_eq!(empty.arguments[0].value, Scalar::Other("[]".into()), "an empty list is there");
    assert!(matches!(empty.body, Body::Form(_)));
}
