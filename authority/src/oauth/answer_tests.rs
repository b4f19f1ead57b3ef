//! Tests the reader of token endpoints' answers: with a list of answers that providers give, and with properties.

use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Seeds {
    answer: Vec<Seed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    name: String,
    status: Option<u16>,
    r#type: Option<String>,
    body: Option<String>,
    hex: Option<String>,
    shape: Option<TokenShape>,
    occasion: Option<String>,
    access: Option<String>,
    unread: Option<String>,
    refresh: Option<String>,
    expires_in: Option<i64>,
    grant_ends_in: Option<i64>,
    scopes: Option<Vec<String>>,
    error: Option<String>,
    #[serde(default)]
    neither: bool,
}

impl Seed {
    fn bytes(&self) -> Vec<u8> {
        match (&self.body, &self.hex) {
            (Some(body), None) => body.clone().into_bytes(),
            (None, Some(hex)) => (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect(),
            _ => panic!("{}: one of `body` and `hex`", self.name),
        }
    }

    fn read(&self) -> Read {
        let occasion = match self.occasion.as_deref() {
            Some("refresh") => Occasion::Refresh,
            _ => Occasion::Consent,
        };
        let content_type = self.r#type.as_deref().unwrap_or("application/json");
        let content_type = Some(content_type).filter(|text| !text.is_empty());
        let answer = ProviderAnswer { status: self.status.unwrap_or(200), content_type, body: &self.bytes() };
        read(self.shape.unwrap_or_default(), occasion, &answer)
    }
}

fn seeds() -> Vec<Seed> {
    toml::from_str::<Seeds>(include_str!("answer_seeds.toml")).unwrap().answer
}

#[test]
fn answers_that_are_not_quite_the_standard_are_read_and_none_is_guessed_at() {
    for seed in seeds() {
        let name = &seed.name;
        let given = match seed.read() {
            Read::Error(told) => {
                assert_eq!(seed.error.as_deref(), Some(told.code.as_str()), "{name}");
                continue;
            }
            Read::Neither => {
                assert!(seed.neither, "{name}");
                continue;
            }
            Read::Given(given) => given,
        };
        assert!(seed.error.is_none() && !seed.neither, "{name}");
        let access = given.access.as_ref().ok().map(|token| token.expose_secret().to_owned());
        assert_eq!(access, seed.access, "{name}");
        assert_eq!(given.access.err().map(|unread| unread.to_string()), seed.unread, "{name}");
        assert_eq!(given.refresh.map(|token| token.expose_secret().to_owned()), seed.refresh, "{name}");
        assert_eq!(given.expires_in.map(Duration::whole_seconds), seed.expires_in, "{name}");
        assert_eq!(given.grant_ends_in.map(Duration::whole_seconds), seed.grant_ends_in, "{name}");
        assert_eq!(given.scopes, seed.scopes, "{name}");
    }
}

/// Returns the same lifetime in the ways in which providers write it.
fn lifetime(seconds: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("{seconds}")),
        Just(format!("\"{seconds}\"")),
        Just(format!("{seconds}.0")),
        Just(format!("\" {seconds}.75 \"")),
    ]
}

fn scope() -> impl Strategy<Value = String> {
    prop_oneof![Just(r#""x y""#), Just(r#""x,y""#), Just(r#"["x","y"]"#), Just(r#""x, y ""#),]
        .prop_map(String::from)
}

fn kind() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("bearer")), Just(Some("Bearer")), Just(Some("bEaReR "))]
}

/// Returns bytes that resemble an answer: an answer with one part replaced.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let bodies: Vec<Vec<u8>> = seeds().iter().map(Seed::bytes).collect();
    (
        proptest::sample::select(bodies),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any::<Vec<u8>>(),
    )
        .prop_map(|(mut body, from, to, with)| {
            let (from, to) = (from.index(body.len() + 1), to.index(body.len() + 1));
            body.splice(from.min(to)..from.max(to), with.into_iter().take(8));
            body
        })
}

proptest! {
    #[test]
    fn however_it_is_written_it_says_the_same(
        (seconds, expires) in (1..1_000_000u32).prop_flat_map(|n| (Just(n), lifetime(n))),
        scope in scope(),
        kind in kind(),
        is_before in any::<bool>(),
        has_mark in any::<bool>(),
    ) {
        let mut members = vec![format!("\"expires_in\":{expires}"), format!("\"scope\":{scope}"), "\"more\":[{}]".into()];
        members.extend(kind.map(|kind| format!("\"token_type\":\"{kind}\"")));
        let tokens = r#""access_token":"a.b-c_d~e+f/g=","refresh_token":"1//r""#.to_owned();
        members.insert(if is_before { 0 } else { members.len() }, tokens);
        let mark = if has_mark { "\u{feff}" } else { "" };
        let body = format!("{mark}{{{}}}", members.join(","));
        let answer = ProviderAnswer { status: 200, content_type: Some("application/json"), body: body.as_bytes() };
        let Read::Given(given) = read(TokenShape::Standard, Occasion::Refresh, &answer) else { panic!("{body}") };
        let (access, refresh) = (given.access.unwrap(), given.refresh.unwrap());
        prop_assert_eq!(access.expose_secret(), "a.b-c_d~e+f/g=");
        prop_assert_eq!(refresh.expose_secret(), "1//r");
        prop_assert_eq!(given.expires_in, Some(Duration::seconds(i64::from(seconds))));
        prop_assert_eq!(given.scopes, Some(vec!["x".to_owned(), "y".to_owned()]));
    }

    #[test]
    fn no_answer_makes_the_reader_fail_and_what_it_gives_fits_a_header(
        status in 100u16..600,
        content_type in proptest::option::of("[a-z/;= -]{0,40}"),
        body in prop_oneof![any::<Vec<u8>>(), mangled()],
        shape in prop_oneof![Just(TokenShape::Standard), Just(TokenShape::AuthedUser)],
        occasion in prop_oneof![Just(Occasion::Consent), Just(Occasion::Refresh)],
    ) {
        let answer = ProviderAnswer { status, content_type: content_type.as_deref(), body: &body };
        if let Read::Given(given) = read(shape, occasion, &answer) {
            prop_assert!((200..300).contains(&status));
            for token in given.access.iter().chain(&given.refresh) {
                let token = token.expose_secret();
                prop_assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            prop_assert!(given.expires_in.is_none_or(Duration::is_positive));
        }
    }
}
