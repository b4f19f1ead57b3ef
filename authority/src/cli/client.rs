//! The way to the authority's API: over its socket if an authority runs, and otherwise the same router in this process.
//!
//! Both ways speak the same requests, so a command cannot tell them apart. In-process, the client holds the home's lock
//! as long as it lives. Nothing here knows what a resource means.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tower_service::Service as _;

use super::failure::{Failure, FailureKind};
use crate::api::{self, Problem};
use crate::app::{App, OpenError};
use crate::cli::context::Context;
use crate::home::Home;

/// A longer answer is refused. The API splits large answers into pages.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
/// The longest time that a call can take: a token exchange with a slow provider.
const DEADLINE: Duration = Duration::from_secs(90);
/// How long another command may hold the home before this one gives up.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// One authority, running or in this process.
pub(super) enum Client {
    Socket(PathBuf),
    InProcess(Router),
}

impl Client {
    /// Returns the running authority of the home, or one in this process.
    pub(super) async fn open(context: &Context) -> Result<Self, Failure> {
        let home = context.home()?;
        let give_up = Instant::now() + LOCK_PATIENCE;
        loop {
            if let Some(client) = Self::running(&home).await? {
                return Ok(client);
            }
            match App::open(&home, context.config(&home)?, context.clock.clone()) {
                // Another command is working, or an authority is about to listen.
                Err(OpenError::InUse(_)) if Instant::now() < give_up => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Ok(app) => return Ok(Self::InProcess(api::administration(app))),
                Err(error) => return Err(Failure::failed(error)),
            }
        }
    }

    /// Returns the running authority. If there is none, the error says `otherwise`: what that means for the caller.
    pub(super) async fn needed(context: &Context, otherwise: &str) -> Result<Self, Failure> {
        let home = context.home()?;
        if !context.config(&home)?.store.of(&home).is_made() {
            return Err(Failure::failed(OpenError::NotInitialised(home.dir().to_owned())));
        }
        Self::running(&home).await?.ok_or_else(|| {
            Failure::failed(format!("no authority runs on this home, so {otherwise}"))
                .or_hint("start one with `hallpass serve`")
        })
    }

    /// Returns the authority that runs on `home`, if there is one.
    pub(super) async fn running(home: &Home) -> Result<Option<Self>, Failure> {
        let socket = home.socket();
        if !socket_is_trustworthy(&socket)? {
            return Ok(None);
        }
        match UnixStream::connect(&socket).await {
            Ok(_) => Ok(Some(Self::Socket(socket))),
            // Nobody listens: the authority that made the socket was killed.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::failed(format!("`{}` does not answer: {error}", socket.display()))),
        }
    }

    /// Whether it is a running authority, and not one in this process.
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Socket(_))
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    pub(super) async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, Failure> {
        self.call(Method::POST, path, json(body)?).await
    }

    pub(super) async fn put<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::PUT, path, Bytes::new()).await
    }

    pub(super) async fn put_json<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, Failure> {
        self.call(Method::PUT, path, json(body)?).await
    }

    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::DELETE, path, Bytes::new()).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Result<T, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "hallpass")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .map_err(|error| Failure::failed(error.to_string()))?;
        let sent = async {
            match self {
                Self::Socket(socket) => over_socket(socket, request).await,
                Self::InProcess(router) => in_process(router.clone(), request).await,
            }
        };
        let (status, body) = tokio::time::timeout(DEADLINE, sent)
            .await
            .map_err(|_| Failure::failed(format!("the authority did not answer within {DEADLINE:?}")))??;
        answer(status, &body)
    }
}

/// Whether there is a socket that only the owner can reach. Anybody who could replace it could read minted passes.
fn socket_is_trustworthy(socket: &Path) -> Result<bool, Failure> {
    let Ok(found) = std::fs::symlink_metadata(socket) else { return Ok(false) };
    let shown = socket.display();
    if !found.file_type().is_socket() {
        return Err(Failure::failed(format!("`{shown}` is not a socket")).or_hint("move it away"));
    }
    let mode = found.permissions().mode() & 0o777;
    if mode != 0o600 {
        return Err(Failure::failed(format!("expected mode 600 on `{shown}`, got {mode:o}"))
            .or_hint("stop the authority, look who changed it, and start it again"));
    }
    let home = socket.parent().and_then(|folder| std::fs::metadata(folder).ok());
    if home.is_some_and(|home| home.uid() != found.uid()) {
        return Err(Failure::failed(format!("`{shown}` belongs to another user than the folder it is in")));
    }
    Ok(true)
}

async fn over_socket(socket: &Path, request: Request<Body>) -> Result<(StatusCode, Bytes), Failure> {
    let lost = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("the authority at `{}` went away: {error}", socket.display()))
    };
    let stream = UnixStream::connect(socket).await.map_err(|error| lost(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| lost(&error))?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(|error| lost(&error))?;
        collect(response.map(Body::new)).await
    };
    // The connection ends when the exchange drops its sender. The exchange returns how it ended.
    let (answer, _) = tokio::join!(exchange, connection);
    answer
}

async fn in_process(mut router: Router, request: Request<Body>) -> Result<(StatusCode, Bytes), Failure> {
    let Ok(response) = router.call(request).await;
    collect(response).await
}

async fn collect(response: Response<Body>) -> Result<(StatusCode, Bytes), Failure> {
    let (parts, body) = response.into_parts();
    let body = http_body_util::Limited::new(body, LARGEST_ANSWER)
        .collect()
        .await
        .map_err(|error| Failure::failed(format!("the authority's answer was cut off: {error}")))?;
    Ok((parts.status, body.to_bytes()))
}

fn json<B: Serialize>(body: &B) -> Result<Bytes, Failure> {
    serde_json::to_vec(body).map(Bytes::from).map_err(Failure::failed)
}

fn answer<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, Failure> {
    if !status.is_success() {
        return Err(match serde_json::from_slice::<Problem>(body) {
            Ok(problem) => refusal(problem),
            Err(_) => Failure::failed(format!("the authority answered {status} without saying why")),
        });
    }
    // If the answer has no body, the caller gets `null`.
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Failure::failed(format!("the authority's answer was not understood: {error}")))
        .map_err(|failure| failure.or_hint("the authority may be of another version: restart it"))
}

fn refusal(problem: Problem) -> Failure {
    let kind = match problem.status {
        // A name that does not exist is a typing error.
        400 | 404 | 422 => FailureKind::Usage,
        403 => FailureKind::Refused,
        _ => FailureKind::Failed,
    };
    Failure { kind, message: problem.detail, hint: problem.hint }
}

/// Returns `path` with those fields of `query` that are set.
pub(super) fn with_query<Q: Serialize>(path: &str, query: &Q) -> Result<String, Failure> {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    if let serde_json::Value::Object(fields) = serde_json::to_value(query).map_err(Failure::failed)? {
        for (name, value) in fields {
            match value {
                serde_json::Value::Null => {}
                serde_json::Value::String(text) => drop(pairs.append_pair(&name, &text)),
                other => drop(pairs.append_pair(&name, &other.to_string())),
            }
        }
    }
    Ok(format!("{path}?{}", pairs.finish()))
}
