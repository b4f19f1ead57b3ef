//! Every page is tried by those who must not get it: a stranger, an agent with a pass, another session, another site.

use std::os::unix::fs::PermissionsExt as _;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use secrecy::ExposeSecret as _;
use tower_service::Service as _;

use super::*;
use crate::app::{SignInArgs, SignedIn, StopReport};
use crate::clock::Clock;
use crate::config::types::Config;
use crate::home::Home;

const HOST: &str = "127.0.0.1:7412";
const OWN: &str = "http://127.0.0.1:7412";
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

struct Desk {
    app: Arc<App>,
    router: Router,
    _end: watch::Sender<bool>,
    _home: tempfile::TempDir,
}

/// One answer, read.
struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    text: String,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let home = Home::at(folder.path());
        App::init(&home, &Config::default(), &Clock::System).unwrap();
        let app = App::open(&home, Config::default(), Clock::System).unwrap();
        let (end, ended) = watch::channel(false);
        let router = router(app.clone(), HOST.parse().unwrap(), ended);
        Self { app, router, _end: end, _home: folder }
    }

    async fn code(&self) -> String {
        self.app
            .sign_in_link(SignInArgs::default())
            .await
            .unwrap()
            .url
            .split_once("code=")
            .unwrap()
            .1
            .to_owned()
    }

    async fn person(&self) -> SignedIn {
        self.app.sign_in(&self.code().await).await.unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        // A stream of events has no end; its beginning is enough.
        let is_stream =
            parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let text = match is_stream {
            true => String::new(),
            false => String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned(),
        };
        Answer { status: parts.status, headers: parts.headers, text }
    }

    fn is_stopped(&self) -> bool {
        matches!(self.app.stop_report(), StopReport { stopped: true, .. })
    }
}

fn cookie(of: &SignedIn) -> String {
    format!("{}={}", guard::COOKIE, of.id.expose_secret())
}

fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header(header::HOST, HOST)
}

/// Returns a form as a browser sends it from a page of the console.
fn form(of: &SignedIn, path: &str) -> http::request::Builder {
    request(Method::POST, &format!("/s/{}{path}", of.session.place))
        .header(header::COOKIE, cookie(of))
        .header(header::ORIGIN, OWN)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

fn fields(csrf: &str) -> Body {
    Body::from(format!("csrf={csrf}"))
}

fn paths(place: &str) -> Vec<String> {
    let known = |path: &str| {
        path.replace("{id}", "p_0123456789abcdefghijkl").replace("{seq}", "1").replace("{name}", "gmail")
    };
    pages_of_a_person().into_iter().map(|(path, _)| format!("/s/{place}{}", known(path))).collect()
}

/// Checks that the page shows nothing of the authority, and that nothing was done.
fn is_refused(answer: &Answer, what: &str) {
    let refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED);
    assert!(refused, "{what}: {} {}", answer.status, answer.text);
    assert!(!answer.text.contains("csrf") && !answer.text.contains("/sign-out"), "{what}: {}", answer.text);
}

#[tokio::test]
async fn nobody_and_no_pass_gets_a_page_of_the_console() {
    let desk = Desk::new();
    let person = desk.person().await;
    let paths = paths(&person.session.place);
    assert!(paths.len() >= 15, "the walk found only {paths:?}");
    for path in &paths {
        for method in METHODS {
            let nobody = request(method.clone(), path).body(Body::empty()).unwrap();
            is_refused(&desk.send(nobody).await, &format!("nobody {method} {path}"));
            let agent = request(method.clone(), path)
                .header(header::AUTHORIZATION, "Bearer hallpass_EoQBCiEKC3Bhc3Nfb2ZfYW4")
                .header(header::COOKIE, "hallpass-session=hallpass_EoQBCiEKC3Bhc3Nfb2ZfYW4")
                .header(header::ORIGIN, OWN)
                .body(Body::empty())
                .unwrap();
            is_refused(&desk.send(agent).await, &format!("an agent {method} {path}"));
        }
    }
    assert!(!desk.is_stopped());
}

#[tokio::test]
async fn a_session_opens_its_own_place_and_no_other() {
    let desk = Desk::new();
    let (one, two) = (desk.person().await, desk.person().await);
    for path in paths(&two.session.place) {
        let crossed = request(Method::GET, &path).header(header::COOKIE, cookie(&one)).body(Body::empty());
        is_refused(&desk.send(crossed.unwrap()).await, &path);
    }
    let both = format!("{}; {}; other=1", cookie(&one), cookie(&two));
    let own = request(Method::GET, &format!("/s/{}/now", two.session.place)).header(header::COOKIE, both);
    let answer = desk.send(own.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "a cookie that somebody else set does not lock a person out");
}

#[tokio::test]
async fn every_page_answers_its_person() {
    let desk = Desk::new();
    let person = desk.person().await;
    for path in paths(&person.session.place) {
        let get = request(Method::GET, &path).header(header::COOKIE, cookie(&person)).body(Body::empty());
        let answer = desk.send(get.unwrap()).await;
        let expected =
            [StatusCode::OK, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST];
        assert!(expected.contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
    }
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_own_session() {
    let desk = Desk::new();
    let (one, two) = (desk.person().await, desk.person().await);
    for csrf in ["", "wrong", two.session.csrf()] {
        let answer = desk.send(form(&one, "/stop").body(fields(csrf)).unwrap()).await;
        is_refused(&answer, csrf);
    }
    let json = request(Method::POST, &format!("/s/{}/stop", one.session.place))
        .header(header::COOKIE, cookie(&one))
        .header(header::ORIGIN, OWN)
        .header(header::CONTENT_TYPE, "application/json");
    is_refused(&desk.send(json.body(fields(one.session.csrf())).unwrap()).await, "JSON");
    assert!(!desk.is_stopped());
    let own = form(&one, "/stop").body(fields(one.session.csrf())).unwrap();
    assert_eq!(desk.send(own).await.status, StatusCode::SEE_OTHER);
    assert!(desk.is_stopped());
}

#[tokio::test]
async fn a_form_from_another_origin_is_refused() {
    let desk = Desk::new();
    let person = desk.person().await;
    let path = format!("/s/{}/stop", person.session.place);
    let sent = |origin: Option<&str>, site: Option<&str>| {
        let mut request = request(Method::POST, &path)
            .header(header::COOKIE, cookie(&person))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        desk.send(request.body(fields(person.session.csrf())).unwrap())
    };
    for (origin, site) in [
        (None, None),
        (None, Some("same-origin")),
        (Some("null"), Some("same-origin")),
        (Some("http://127.0.0.1:3000"), None),
        (Some("http://127.0.0.1:3000"), Some("same-site")),
        (Some("https://127.0.0.1:7412"), None),
        (Some("http://localhost:7412"), None),
        (Some(OWN), Some("cross-site")),
        (Some(OWN), Some("same-site")),
    ] {
        is_refused(&sent(origin, site).await, &format!("{origin:?} {site:?}"));
    }
    assert!(!desk.is_stopped());
    assert_eq!(sent(Some(OWN), None).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_page_that_another_site_leads_to_is_refused() {
    let desk = Desk::new();
    let person = desk.person().await;
    for (site, status) in [
        ("cross-site", StatusCode::FORBIDDEN),
        ("same-site", StatusCode::FORBIDDEN),
        ("none", StatusCode::OK),
        ("same-origin", StatusCode::OK),
    ] {
        let get = request(Method::GET, &format!("/s/{}/passes", person.session.place))
            .header(header::COOKIE, cookie(&person))
            .header("sec-fetch-site", site);
        assert_eq!(desk.send(get.body(Body::empty()).unwrap()).await.status, status, "{site}");
    }
}

#[tokio::test]
async fn another_host_is_refused_on_every_page() {
    let desk = Desk::new();
    let person = desk.person().await;
    let mut all = paths(&person.session.place);
    all.extend(pages_of_anybody().into_iter().map(|(path, _)| path.to_owned()));
    for path in &all {
        for host in ["rebound.example:7412", "127.0.0.1", "127.0.0.1:7411", "127.0.0.1:7412.example"] {
            let get = Request::builder()
                .uri(path)
                .header(header::HOST, host)
                .header(header::COOKIE, cookie(&person));
            let answer = desk.send(get.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_forbids_what_a_page_does_not_need() {
    let desk = Desk::new();
    let person = desk.person().await;
    let mut all = paths(&person.session.place);
    all.extend(pages_of_anybody().into_iter().map(|(path, _)| path.to_owned()));
    for path in &all {
        for of in [cookie(&person), String::new()] {
            let get = request(Method::GET, path).header(header::COOKIE, of);
            let answer = desk.send(get.body(Body::empty()).unwrap()).await;
            let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(answer.headers[header::X_FRAME_OPTIONS], "DENY");
            let cached = answer.headers[header::CACHE_CONTROL].to_str().unwrap();
            assert!(
                cached == "no-store" || path.starts_with("/assets/") || cached == "no-cache",
                "{path}: {cached}"
            );
            for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
                assert!(
                    !answer.text.contains(inline) || path.starts_with("/assets/"),
                    "{path} has `{inline}`"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_link_is_looked_at_for_free_and_spent_by_pressing_once() {
    let desk = Desk::new();
    let code = desk.code().await;
    for _ in 0..2 {
        let look = request(Method::GET, &format!("/sign-in?code={code}")).body(Body::empty()).unwrap();
        assert_eq!(desk.send(look).await.status, StatusCode::OK);
    }
    let press = |origin: &'static str| {
        request(Method::POST, "/sign-in")
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("code={code}")))
            .unwrap()
    };
    is_refused(&desk.send(press("http://evil.example")).await, "another site");
    let answer = desk.send(press(OWN)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let place = answer.headers[header::LOCATION].to_str().unwrap().trim_end_matches("/now");
    assert!(place.len() > 20 && place.starts_with("/s/"), "{place}");
    for attribute in ["HttpOnly", "SameSite=Strict", &format!("Path={place};")] {
        assert!(set.contains(attribute), "{set}");
    }
    is_refused(&desk.send(press(OWN)).await, "a second time");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let desk = Desk::new();
    let person = desk.person().await;
    let out = form(&person, "/sign-out").body(fields(person.session.csrf())).unwrap();
    assert_eq!(desk.send(out).await.status, StatusCode::SEE_OTHER);
    let get = request(Method::GET, &format!("/s/{}/now", person.session.place));
    let answer = desk.send(get.header(header::COOKIE, cookie(&person)).body(Body::empty()).unwrap()).await;
    is_refused(&answer, "after signing out");
}

#[tokio::test]
async fn streams_of_changes_are_bounded_and_end_with_their_session() {
    let desk = Desk::new();
    let person = desk.person().await;
    let events = || {
        let path = format!("/s/{}/events", person.session.place);
        request(Method::GET, &path).header(header::COOKIE, cookie(&person)).body(Body::empty()).unwrap()
    };
    let mut open = Vec::new();
    for _ in 0..MOST_STREAMS {
        let response = desk.router.clone().call(events()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        open.push(response.into_body());
    }
    let one_more = desk.router.clone().call(events()).await.unwrap();
    assert_eq!(one_more.status(), StatusCode::SERVICE_UNAVAILABLE);
    desk.app.stop(None).await.unwrap();
    let mut last = open.pop().unwrap();
    let told = last.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(told.starts_with(b"event: change"), "{told:?}");
    desk.app.sign_out(&person.session).await;
    assert!(last.frame().await.is_none(), "the stream ended");
}

#[tokio::test]
async fn a_person_who_stops_reads_how_many_requests_could_not_be_called_back() {
    use verifier::ports::Trust as _;
    let desk = Desk::new();
    let person = desk.person().await;
    let _under_way = desk.app.in_flight().begin();
    let stop = form(&person, "/stop").body(fields(person.session.csrf())).unwrap();
    let answer = desk.send(stop).await;
    let page = answer.headers[header::LOCATION].to_str().unwrap().to_owned();
    let get = request(Method::GET, &page).header(header::COOKIE, cookie(&person)).body(Body::empty());
    let shown = desk.send(get.unwrap()).await.text;
    assert!(shown.contains("Stopped: no request of any pass is forwarded"), "{shown}");
    assert!(shown.contains("could not be called back in time: 1."), "{shown}");
}
