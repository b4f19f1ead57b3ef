//! For any input: no panic, and the output reads back as itself.

use proptest::prelude::*;

use super::classify::classify;
use crate::classify::raw::RawRequest;

fn path() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("gmail".to_owned()),
        Just("v1".into()),
        Just("users".into()),
        Just("me".into()),
        Just("messages".into()),
        Just("repos".into()),
        Just("issues".into()),
        Just("contents".into()),
        Just("branches".into()),
        Just("protection".into()),
        Just("labels".into()),
        Just("compare".into()),
        Just("gists".into()),
        Just("public".into()),
        Just("7".into()),
        Just("api".into()),
        Just("chat.postMessage".into()),
        Just("conversations.open".into()),
        "[a-z.%0-9A-F:+/@~!-]{0,6}",
        "(%[0-9a-fA-F]{2}|[a-z./]){0,4}",
    ];
    prop::collection::vec(word, 0..8).prop_map(|words| format!("/{}", words.join("/")))
}

fn query() -> impl Strategy<Value = Option<String>> {
    let pair = (
        "(q|maxResults|labelIds|alt|state|page|key|channel|text|users|blocks|[a-z%]{1,4})",
        "([a-z0-9+%]{0,5}|%[0-9A-F]{2}|true|json|open|C0123|U0123,U0124|%5B%22U0123%22%5D)",
    );
    prop::option::of(prop::collection::vec(pair, 0..4).prop_map(|pairs| {
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..60),
        "((channel|text|users|blocks|link_names)=(C0123|U0123|1|%5B%5D|a%0Ab|true)&?){0,3}".prop_map(String::into_bytes),
        "\\{(\"(title|body|labels|raw|id|ids|name|channel|text|users|blocks)\":(\"[a-z\\\\]{0,3}\"|\\[\"a\"\\]|[0-9]{1,3}|null|\\{\\}),?){0,3}\\}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_out_is_itself_again(
        service in prop_oneof![Just("gmail"), Just("github"), Just("google-calendar"), Just("google-drive"), Just("slack")],
        method in prop_oneof![Just("GET"), Just("POST"), Just("PUT"), Just("PATCH"), Just("DELETE"), Just("get")],
        path in path(),
        query in query(),
        kind in prop::option::of(prop_oneof![Just("application/json"), Just("message/rfc822"), Just("multipart/related; boundary=x"), Just("application/x-www-form-urlencoded")]),
        body in body(),
    ) {
        let raw = RawRequest { query: query.as_deref(), content_type: kind, body: &body, ..RawRequest::new(method, &path) };
        if let Ok(request) = classify(service, &raw) {
            let wire = request.wire_body();
            let again = RawRequest {
                path: &request.path,
                query: (!request.query.is_empty()).then_some(&request.query),
                content_type: wire.as_ref().map(|(kind, _)| kind.as_str()),
                body: wire.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default(),
                ..raw
            };
            let again = classify(service, &again).unwrap();
            prop_assert_eq!(again.digest(), request.digest());
            prop_assert!(request.effects.is_subset(request.operation.effects));
        }
    }

    #[test]
    fn arbitrary_text_never_panics(method in ".{0,8}", path in ".{0,40}", query in prop::option::of(".{0,30}"), kind in prop::option::of(".{0,20}"), wanted in prop::option::of(".{0,5}"), body in prop::collection::vec(any::<u8>(), 0..80)) {
        for service in ["gmail", "github", "google-calendar", "google-drive", "slack"] {
            let _ = classify(service, &RawRequest {
                method: &method, method_override: wanted.as_deref(), host: None, path: &path, query: query.as_deref(), headers: &[("accept", &path)], content_type: kind.as_deref(), body: &body,
            });
        }
    }
}
