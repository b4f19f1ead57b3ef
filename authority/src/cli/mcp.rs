//! `hallpass mcp`: a bridge for MCP clients that start a program and speak over its standard input and output.
//!
//! Each line is one message. It goes to the gateway with a pass that the bridge minted from a template, and the answer
//! comes back as a line. The pass is minted again when it has run out, and revoked when the client goes away. Inside
//! `hallpass run`, the bridge uses that run's pass and mints none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use clap::Args;
use datalog::ConnectionName;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::AbortHandle;

use super::failure::Failure;
use super::from_template::{self, TemplatePass};
use super::term::Tone;
use super::when;
use crate::cli::context::{Context, block_on};

/// How long the messages that are under way may take once the client has closed its end.
const GRACE: Duration = Duration::from_secs(2);
/// The longest line.
const LONGEST: usize = 10 * 1024 * 1024;
/// An error of this bridge. JSON-RPC keeps -32768 to -32000 for itself.
const OURS: i32 = 1;

/// Serve a pass to an MCP client over standard input and output
///
/// For a client that starts its MCP servers as programs: `hallpass agent add` writes its configuration. The pass is
/// minted from the template when the client starts this, minted again when it runs out, and revoked at the end. Inside
/// `hallpass run` no template is needed: the run's own pass is used.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: hallpass mcp --template inbox-triage")]
pub(super) struct Mcp {
    /// The template of the pass (`hallpass templates` lists them)
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Show the tools of this connection alone
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
}

/// What a message needs on its way.
struct Bridge {
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

impl Mcp {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        block_on(async {
            match (&self.template, outer(context)) {
                // A template would be a second pass, which the run neither narrows nor ends.
                (_, Some((gateway, pass))) => {
                    if self.template.is_some() {
                        context.term.say_in(Tone::Quiet, "uses the pass of the run, and not the template");
                    }
                    let bridge = Arc::new(self.bridge(&gateway, pass)?);
                    bridge.serve(None).await
                }
                (Some(template), None) => self.with_a_template(context, template).await,
                (None, None) => Err(Failure::usage("expected --template NAME, got none")
                    .or_hint("`hallpass templates` lists them; inside `hallpass run` none is needed")),
            }
        })
    }

    async fn with_a_template(&self, context: &Context, template: &str) -> Result<(), Failure> {
        let TemplatePass { minted, gateway } = from_template::mint(context, template).await?;
        let ends = when::at(minted.info.expires);
        context.term.say_in(Tone::Quiet, format!("pass {} of `{template}`, until {ends}", minted.info.id));
        let bridge = Arc::new(self.bridge(&gateway, minted.pass.clone())?);
        let renewal = Renewal { context, template, minted: Mutex::new(minted) };
        let served = bridge.serve(Some(&renewal)).await;
        let last = renewal.minted.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(failure) =
            from_template::revoke(context, last.info.id.as_str(), "the client has ended").await
        {
            context.term.warn(failure.message);
        }
        served
    }

    fn bridge(&self, gateway: &str, pass: String) -> Result<Bridge, Failure> {
        let http = Client::builder(TokioExecutor::new()).build_http();
        let url = match &self.connection {
            Some(name) => format!("{gateway}/{name}/mcp"),
            None => format!("{gateway}/mcp"),
        };
        let out = tokio::sync::Mutex::new(tokio::io::stdout());
        let url =
            url.parse().map_err(|_| Failure::failed(format!("`{url}` is not the address of a gateway")))?;
        Ok(Bridge { http, url, pass: Mutex::new(pass), out, running: Mutex::new(HashMap::new()) })
    }
}

/// Returns the gateway and the pass of the run that this command is within.
fn outer(context: &Context) -> Option<(String, String)> {
    let pass = context.environment.pass.as_ref()?.expose_secret().to_owned();
    Some((context.environment.gateway.clone()?, pass))
}

/// A pass that can be minted again.
struct Renewal<'a> {
    context: &'a Context,
    template: &'a str,
    minted: Mutex<crate::app::Minted>,
}

impl Renewal<'_> {
    async fn renewed(&self) -> Result<String, Failure> {
        let last = self.minted.lock().unwrap_or_else(PoisonError::into_inner).info.clone();
        // A pass that runs out at once would be minted without an end.
        if self.context.clock.now() - last.created < time::Duration::seconds(2) {
            return Err(Failure::failed("the template's passes run out as soon as they are minted"));
        }
        from_template::is_not_stopped(self.context, last.id.as_str()).await?;
        let minted = from_template::mint(self.context, self.template).await?.minted;
        let pass = minted.pass.clone();
        *self.minted.lock().unwrap_or_else(PoisonError::into_inner) = minted;
        Ok(pass)
    }
}

impl Bridge {
    /// Serves lines until the client closes them, or this process is told to end.
    async fn serve(self: &Arc<Self>, renewal: Option<&Renewal<'_>>) -> Result<(), Failure> {
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

/// Returns the headers that repeat the body, as the newer era needs them over HTTP.
fn headers(message: &Value) -> Vec<(&'static str, String)> {
    let version = value_at(message, "/params/_meta/io.modelcontextprotocol~1protocolVersion");
    let Some(version) = version.as_str() else { return Vec::new() };
    let method = value_at(message, "/method").as_str().unwrap_or_default();
    let mut headers = vec![("mcp-protocol-version", version.to_owned()), ("mcp-method", method.to_owned())];
    if let Some(name) =
        value_at(message, "/params/name").as_str().or(value_at(message, "/params/uri").as_str())
    {
        use base64::Engine;
        let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
        let packed = || format!("=?base64?{}?=", base64::engine::general_purpose::STANDARD.encode(name));
        headers.push(("mcp-name", if is_plain { name.to_owned() } else { packed() }));
    }
    headers
}

/// Returns the value at a pointer (RFC 6901); null if there is none.
fn value_at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn error(id: &Value, why: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": OURS, "message": why}})
}
