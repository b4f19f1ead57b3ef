//! The fixed upstream: a thread of its own that answers every request with the same 1 KiB of JSON.
//!
//! It answers 401 to any token but the one that the proxies must put in. So a proxy that forgets to swap shows as bad
//! answers, and not as a fast run. It also plays the OAuth provider for the set-up.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, Uri, header};
use tokio::net::TcpListener;

use crate::server;

/// The token that must arrive here.
pub(crate) const TOKEN: &str = "bench-access-token";

/// A function that is told of every request as it arrives.
pub(crate) type Watcher = Arc<dyn Fn(&Uri) + Send + Sync>;

/// Starts the upstream, which lasts as long as the process.
pub(crate) fn start() -> anyhow::Result<SocketAddr> {
    start_watched(Arc::new(|_| {}))
}

/// Starts the upstream with a watcher that is told of every request.
pub(crate) fn start_watched(watcher: Watcher) -> anyhow::Result<SocketAddr> {
    let (send, receive) = mpsc::channel();
    thread::Builder::new().name("upstream".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(serve(&send, watcher))
    })?;
    receive.recv().context("the upstream did not start")
}

async fn serve(started: &mpsc::Sender<SocketAddr>, watcher: Watcher) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    started.send(listener.local_addr()?)?;
    let page = Bytes::from(page());
    let watched = move |request: Request<Incoming>| {
        watcher(request.uri());
        answer(request, page.clone())
    };
    server::serve(listener, watched).await
}

async fn answer(request: Request<Incoming>, page: Bytes) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let known = request
        .headers()
        .get(header::AUTHORIZATION)
        .is_some_and(|value| value.as_bytes().strip_prefix(b"Bearer ") == Some(TOKEN.as_bytes()));
    // The body is read to the end, or the connection cannot be used again.
    let _ = request.into_body().collect().await;
    let (status, body) = match path.as_str() {
        "/token" => (StatusCode::OK, Bytes::from(token())),
        _ if !known => (StatusCode::UNAUTHORIZED, Bytes::from_static(b"{}")),
        "/userinfo" => (StatusCode::OK, Bytes::from_static(br#"{"email":"bench@example.com"}"#)),
        _ => (StatusCode::OK, page),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn token() -> String {
    serde_json::json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 86_400 }).to_string()
}

/// 1 KiB in the shape of a list of messages.
fn page() -> String {
    let mut page = r#"{"messages":["#.to_owned();
    for number in 0..16 {
        page.push_str(&format!(r#"{{"id":"18f0000000{number:06}","threadId":"18f0000000{number:06}"}},"#));
    }
    page.pop();
    let tail = r#"],"resultSizeEstimate":16,"nextPageToken":""#;
    let padding = 1024_usize.saturating_sub(page.len() + tail.len() + 2);
    page + tail + &"0".repeat(padding) + "\"}"
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_one_kibibyte_of_json() {
        let page = super::page();
        assert_eq!(page.len(), 1024);
        assert!(serde_json::from_str::<serde_json::Value>(&page).is_ok());
    }
}
