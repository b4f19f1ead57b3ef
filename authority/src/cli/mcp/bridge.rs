//! Takes lines from a client, sends each to the gateway, and writes what comes back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::AbortHandle;

use super::message::{error, headers, value_at};
use super::renewal::Renewal;
use crate::cli::failure::Failure;

/// How long the messages that are under way may take once the client has closed its end.
const GRACE: Duration = Duration::from_secs(2);
/// The longest line.
const LONGEST: usize = 10 * 1024 * 1024;

/// What a message needs on its way.
pub(super) struct Bridge {
    http: Client<HttpConnector, Full<Bytes>>,
    url: Uri,
    pass: Mutex<String>,
    /// Taken for writing one line.
    out: tokio::sync::Mutex<tokio::io::Stdout>,
    running: Mutex<HashMap<String, RunningMessage>>,
}

/// A message whose answer has not come.
struct RunningMessage {
    abort: AbortHandle,
    /// It is answered by events, until the client goes away.
    is_subscription: bool,
}

/// A message that came with a pass that had run out.
struct Expired {
    message: Value,
    /// The very line that the client wrote.
    line: Vec<u8>,
    pass: String,
}

/// How the gateway answered one message.
enum Answered {
    /// The lines that are still to be written.
    Lines(Vec<Value>),
    PassExpired,
}

impl Bridge {
    pub(super) fn new(url: &str, pass: String) -> Result<Self, Failure> {
        let url =
            url.parse().map_err(|_| Failure::failed(format!("`{url}` is not the address of a gateway")))?;
        let http = Client::builder(TokioExecutor::new()).build_http();
        let out = tokio::sync::Mutex::new(tokio::io::stdout());
        Ok(Self { http, url, pass: Mutex::new(pass), out, running: Mutex::new(HashMap::new()) })
    }

    /// Serves lines until the client closes them, or this process is told to end.
    pub(super) async fn serve(self: &Arc<Self>, renewal: Option<&Renewal<'_>>) -> Result<(), Failure> {
        let told = told_to_end()?;
        tokio::pin!(told);
        let mut lines = BufReader::new(tokio::io::stdin());
        let (expired, mut again) = tokio::sync::mpsc::unbounded_channel::<Expired>();
        let mut text = Vec::new();
        loop {
            tokio::select! {
                read = lines.read_until(b'\n', &mut text) => {
                    read.map_err(|error| Failure::failed(format!("the input cannot be read: {error}")))?;
                    if text.is_empty() {
                        break;
                    }
                    let line = std::mem::take(&mut text);
                    self.take(&line, &expired).await;
                }
                Some(message) = again.recv() => self.repeat(message, renewal, &expired).await,
                () = &mut told => return Ok(()),
            }
        }
        // A script writes its messages, closes its end and waits for the answers.
        let last_answers = tokio::time::timeout(GRACE, async {
            while self.running().values().any(|message| !message.is_subscription) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        tokio::select! {
            _ = last_answers => {}
            () = &mut told => {}
        }
        Ok(())
    }

    async fn take(self: &Arc<Self>, line: &[u8], expired: &tokio::sync::mpsc::UnboundedSender<Expired>) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        if line.len() > LONGEST {
            return self.write(&error(&Value::Null, "the message is longer than 10 MB")).await;
        }
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            let parse = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32_700, "message": "the line is not JSON"}});
            return self.write(&parse).await;
        };
        if value_at(&message, "/method") == "notifications/cancelled" {
            if let Some(running) = self.running().remove(&value_at(&message, "/params/requestId").to_string())
            {
                running.abort.abort();
            }
            return;
        }
        self.send(message, line.to_vec(), expired.clone());
    }

    /// Sends a message on its own, so that a call that waits for a person holds up no other.
    fn send(
        self: &Arc<Self>,
        message: Value,
        line: Vec<u8>,
        expired: tokio::sync::mpsc::UnboundedSender<Expired>,
    ) {
        let (bridge, id) = (self.clone(), value_at(&message, "/id").to_string());
        let is_subscription = value_at(&message, "/method") == "subscriptions/listen";
        let key = id.clone();
        let task = tokio::spawn(async move {
            let pass = bridge.pass();
            match bridge.answered(&message, line.clone(), &pass).await {
                Answered::Lines(lines) => {
                    for line in &lines {
                        bridge.write(line).await;
                    }
                }
                // If nobody listens any more, the bridge has ended.
                Answered::PassExpired => _ = expired.send(Expired { message, line, pass }),
            }
            bridge.running().remove(&key);
        });
        self.running().insert(id, RunningMessage { abort: task.abort_handle(), is_subscription });
    }

    /// Sends a message again, under a new pass.
    async fn repeat(
        self: &Arc<Self>,
        Expired { message, line, pass }: Expired,
        renewal: Option<&Renewal<'_>>,
        expired: &tokio::sync::mpsc::UnboundedSender<Expired>,
    ) {
        let now = self.pass();
        let renewed = match renewal {
            // Another message has had it minted again meanwhile.
            _ if now != pass => Ok(now),
            Some(renewal) => renewal.renewed().await.map_err(|failure| failure.message),
            None => Err("the pass has ended, with the run that it belongs to".to_owned()),
        };
        match renewed {
            Ok(pass) => {
                *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = pass;
                self.send(message, line, expired.clone());
            }
            Err(why) => self.write(&error(value_at(&message, "/id"), &why)).await,
        }
    }

    async fn answered(&self, message: &Value, line: Vec<u8>, pass: &str) -> Answered {
        let id = value_at(message, "/id");
        let mut request = Request::post(self.url.clone())
            .header(AUTHORIZATION, format!("Bearer {pass}"))
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream");
        for (name, value) in headers(message) {
            request = request.header(name, value);
        }
        let Ok(request) = request.body(Full::from(line)) else {
            return self.failed(id, "the message cannot be sent over HTTP");
        };
        let response = match self.http.request(request).await {
            Ok(response) => response,
            Err(why) => return self.failed(id, &format!("the gateway does not answer: {why}")),
        };
        let (head, body) = response.into_parts();
        let status = head.status;
        let kind = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if kind.starts_with(b"text/event-stream") {
            return match self.streamed(body, id).await {
                true => Answered::Lines(Vec::new()),
                false => self.failed(id, "the gateway's answer broke off"),
            };
        }
        let Ok(body) = body.collect().await.map(Collected::to_bytes) else {
            return self.failed(id, "the gateway's answer broke off");
        };
        match serde_json::from_slice::<Value>(&body) {
            Ok(answer) if value_at(&answer, "/jsonrpc") == "2.0" => Answered::Lines(vec![answer]),
            Ok(problem) if value_at(&problem, "/code") == "pass-expired" => Answered::PassExpired,
            Ok(problem) => self.failed(
                id,
                value_at(&problem, "/message").as_str().unwrap_or("the gateway refused the message"),
            ),
            Err(_) if status.is_success() => Answered::Lines(Vec::new()),
            Err(_) => self.failed(id, &format!("the gateway answered {status}")),
        }
    }

    /// Writes each event as it comes: a client waits for the first one of a subscription. Returns whether the answer
    /// to this message was among them.
    async fn streamed(&self, mut body: Incoming, id: &Value) -> bool {
        let (mut text, mut is_answered) = (BytesMut::new(), false);
        while let Some(Ok(frame)) = body.frame().await {
            text.extend_from_slice(&frame.into_data().unwrap_or_default());
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line = text.split_to(end + 1);
                let event = line.strip_prefix(b"data: ").and_then(|data| serde_json::from_slice(data).ok());
                if let Some(event) = event {
                    is_answered |= value_at(&event, "/id") == id && value_at(&event, "/method").is_null();
                    self.write(&event).await;
                }
            }
        }
        is_answered
    }

    fn failed(&self, id: &Value, why: &str) -> Answered {
        Answered::Lines(if id.is_null() { Vec::new() } else { vec![error(id, why)] })
    }

    async fn write(&self, value: &Value) {
        let mut out = self.out.lock().await;
        let line = format!("{value}\n");
        // If the client has gone away, it has read enough.
        let _ = out.write_all(line.as_bytes()).await;
        let _ = out.flush().await;
    }

    fn pass(&self) -> String {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, RunningMessage>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until this process is told to end.
fn told_to_end() -> Result<impl Future<Output = ()>, Failure> {
    let signals = |kind| signal(kind).map_err(|error| Failure::failed(error.to_string()));
    let mut terminate = signals(SignalKind::terminate())?;
    let mut hangup = signals(SignalKind::hangup())?;
    let mut interrupt = signals(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
