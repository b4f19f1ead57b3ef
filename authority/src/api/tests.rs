//! Every path of the API against both of its doors.

use std::os::unix::fs::PermissionsExt as _;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower_service::Service as _;

use super::*;
use crate::clock::Clock;
use crate::config::types::Config;
use crate::home::Home;

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
const PUBLIC: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/.well-known/hallpass"];

struct Authority {
    app: Arc<App>,
    _home: tempfile::TempDir,
}

fn authority() -> Authority {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let home = Home::at(folder.path());
    App::init(&home, &Config::default(), &Clock::System).unwrap();
    Authority { app: App::open(&home, Config::default(), Clock::System).unwrap(), _home: folder }
}

impl Authority {
    fn administration(&self) -> Router {
        administration(self.app.clone())
    }

    fn public(&self) -> Router {
        public(self.app.clone(), Arc::new(|| "# metrics\n".into()), "127.0.0.1:7412".parse().unwrap())
    }
}

async fn send(router: &Router, method: Method, path: &str, host: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", host)
        .header("content-type", "application/json")
        .body(Body::from("{}"))
        .unwrap();
    let response = router.clone().call(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

fn administrative_paths() -> Vec<String> {
    administrative_routes()
        .into_iter()
        .map(|(path, _)| path.replace("{name}", "gmail").replace("{attempt}", "a").replace("{id}", "1"))
        .collect()
}

#[tokio::test]
async fn nothing_administrative_answers_on_tcp() {
    let authority = authority();
    let paths = administrative_paths();
    assert!(paths.len() >= 12, "the walk found only {paths:?}");
    for path in &paths {
        for method in METHODS {
            let (status, body) = send(&authority.public(), method.clone(), path, "127.0.0.1:7412").await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {body}");
            let nothing = method == Method::HEAD || body.contains("there is nothing at this path");
            assert!(nothing, "{method} {path} has a handler: {body}");
        }
    }
}

#[tokio::test]
async fn every_administrative_path_answers_in_process_and_public_ones_do_not() {
    let authority = authority();
    for path in administrative_paths() {
        let mut answered = Vec::new();
        for method in METHODS {
            let (status, body) = send(&authority.administration(), method.clone(), &path, "hallpass").await;
            if status != StatusCode::METHOD_NOT_ALLOWED && !body.contains("there is nothing at this path") {
                answered.push(method);
            }
        }
        assert!(!answered.is_empty(), "{path} answers nothing");
    }
    for path in PUBLIC {
        let (status, _) = send(&authority.administration(), Method::GET, path, "hallpass").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn public_paths_only_read() {
    let authority = authority();
    for path in PUBLIC {
        for method in METHODS {
            let (status, body) = send(&authority.public(), method.clone(), path, "127.0.0.1:7412").await;
            let reads = matches!(method, Method::GET | Method::HEAD);
            let expected = if reads { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED };
            assert_eq!(status, expected, "{method} {path}: {body}");
        }
    }
}

#[tokio::test]
async fn a_host_that_is_not_the_listeners_is_refused() {
    let authority = authority();
    for host in ["rebound.example:7412", "127.0.0.1:80", "127.0.0.1", "127.0.0.1:7412.example", ""] {
        for path in PUBLIC.into_iter().chain(["/v1/passes"]) {
            let (status, _) = send(&authority.public(), Method::GET, path, host).await;
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host} {path}");
        }
    }
    let (status, _) = send(&authority.public(), Method::GET, "/healthz", "localhost:7412").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn the_public_keys_are_all_that_is_told_of_the_roots() {
    let authority = authority();
    let (_, body) = send(&authority.public(), Method::GET, "/.well-known/hallpass", "localhost:7412").await;
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    let key = &told["root_keys"][0];
    let fields: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["algorithm", "id", "public_key", "status"]);
    assert_eq!(key["public_key"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn what_was_sent_wrong_is_a_problem_document() {
    let authority = authority();
    let router = authority.administration();
    for (method, path) in
        [(Method::POST, "/v1/revocations"), (Method::GET, "/v1/log?after=soon"), (Method::GET, "/v2")]
    {
        let (status, body) = send(&router, method, path, "hallpass").await;
        let problem: Problem = serde_json::from_str(&body).unwrap();
        assert_eq!(problem.status, status.as_u16(), "{path}");
        assert!(status.is_client_error() && !problem.detail.is_empty(), "{path}: {body}");
    }
}
