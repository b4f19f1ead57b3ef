//! A client that sends exactly these bytes, well-formed or not, and reads one answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::DEADLINE;

/// One answer as received, or the reason why there is none.
#[derive(Debug)]
pub struct RawAnswer {
    pub bytes: Vec<u8>,
}

/// Sends the bytes on a new connection. Returns the first answer, or nothing if the connection was closed.
pub fn exchange(host: &str, request: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(host).unwrap_or_else(|error| panic!("{host}: {error}"));
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout can be set");
    // A gateway that refuses early closes before it has read everything.
    let _ = stream.write_all(request);
    let (mut bytes, mut buffer) = (Vec::new(), [0_u8; 16_384]);
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end && !is_whole(&bytes) {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    RawAnswer { bytes }
}

/// Where the head ends.
fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = head_end(bytes) else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let body = &bytes[end..];
    if head.starts_with("http/1.1 204") || head.starts_with("http/1.1 304") {
        return true;
    }
    if head.contains("transfer-encoding: chunked") {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

impl RawAnswer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The answer's body, with its chunks joined.
    pub fn body(&self) -> Vec<u8> {
        let Some(end) = head_end(&self.bytes) else { return Vec::new() };
        let chunked = String::from_utf8_lossy(&self.bytes[..end])
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked");
        if chunked { joined(&self.bytes[end..]) } else { self.bytes[end..].to_vec() }
    }

    /// The code of a refusal by Hallpass; `closed` if no answer came.
    pub fn refusal(&self) -> Option<String> {
        if self.bytes.is_empty() {
            return Some("closed".to_owned());
        }
        let body: Value = serde_json::from_slice(&self.body()).ok()?;
        body.get("type")?.as_str()?.strip_prefix("urn:hallpass:problem:").map(str::to_owned)
    }
}

fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = chunks.windows(2).position(|window| window == b"\r\n") {
        let size = String::from_utf8_lossy(&chunks[..line]);
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        let Some(chunk) = chunks.get(line + 2..line + 2 + size) else { break };
        body.extend_from_slice(chunk);
        chunks = chunks.get(line + 4 + size..).unwrap_or_default();
    }
    body
}
