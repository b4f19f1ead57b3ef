//! Another control, if `nginx` is installed: nginx asks a service about every request (auth_request).
//!
//! People who do not write a proxy put this before an API. The service that nginx asks here checks nothing. Its CPU
//! time counts, because a decision in another process is not free.

use std::convert::Infallible;
use std::fs;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::process::{self, Proxy};
use crate::server;
use crate::upstream::TOKEN;

const START_DEADLINE: Duration = Duration::from_secs(5);

/// nginx, and the service that it asks.
pub(crate) struct Nginx {
    pub(crate) proxy: Proxy,
    _folder: TempDir,
}

impl Nginx {
    /// Starts nginx; none if it is not installed.
    pub(crate) fn start(upstream: SocketAddr) -> anyhow::Result<Option<Self>> {
        let there = Command::new("nginx").arg("-v").stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let check = Proxy::start(&["check"])?;
        let folder = tempfile::Builder::new().prefix("hallpass-bench-nginx-").tempdir()?;
        // nginx cannot pick a port: it gets one that was free a moment ago.
        let address = StdListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let prefix = folder.path();
        fs::write(prefix.join("nginx.conf"), config(address, upstream, check.address))?;
        let mut child = Command::new("nginx")
            .arg("-p")
            .arg(prefix)
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .stderr(Stdio::null())
            .spawn()?;
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > START_DEADLINE || child.try_wait()?.is_some() {
                let _ = child.kill();
                let _ = child.wait();
                bail!("nginx did not start: {}", fs::read_to_string(prefix.join("error.log"))?);
            }
            thread::yield_now();
        }
        let proxy = Proxy::with_helper(address, child, check);
        Ok(Some(Self { proxy, _folder: folder }))
    }
}

/// The configuration: one process, nothing written for a request, connections kept on both sides.
fn config(address: SocketAddr, upstream: SocketAddr, check: SocketAddr) -> String {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = temporary.iter().map(|kind| format!("{kind}_temp_path {kind};\n")).collect();
    format!(
        r#"daemon off; master_process off; worker_processes 1; pid nginx.pid;
events {{ worker_connections 2048; }}
http {{
{temporary}access_log off;
upstream up {{ server {upstream}; keepalive 512; keepalive_requests 1000000000; }}
upstream check {{ server {check}; keepalive 512; keepalive_requests 1000000000; }}
server {{
  listen {address};
  keepalive_requests 1000000000;
  proxy_http_version 1.1;
  location = /check {{
    internal;
    proxy_pass http://check;
    proxy_pass_request_body off;
    proxy_set_header Connection "";
    proxy_set_header Content-Length "";
  }}
  location / {{
    auth_request /check;
    proxy_pass http://up;
    proxy_set_header Connection "";
    proxy_set_header Authorization "Bearer {TOKEN}";
  }}
}}
}}
"#
    )
}

/// Runs the service that nginx asks. It always says yes.
pub(crate) fn run_check() -> anyhow::Result<()> {
    process::end_with_parent();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        process::announce(listener.local_addr()?)?;
        server::serve(listener, yes).await
    })
}

async fn yes(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
