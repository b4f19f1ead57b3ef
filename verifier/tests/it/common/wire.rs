//! HTTP as bytes: requests that no client library would send, and answers exactly as received.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// An answer as received.
#[derive(Clone)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body was complete.
    pub whole: bool,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}\n{}", self.status, self.headers, self.text())
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the code of a refusal; empty for any other answer.
    pub(crate) fn code(&self) -> String {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        problem.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// Returns a request with a Host and, if it has a body, its length.
pub(crate) fn request(method: &str, target: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Sends bytes on a new connection, and reads one answer.
#[track_caller]
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    read_reply(&mut stream)
}

/// Reads one answer, with its body by length or in chunks.
#[track_caller]
pub(crate) fn read_reply(stream: &mut TcpStream) -> Reply {
    let head = read_until(stream, b"\r\n\r\n");
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no answer, but `{head}`"));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut reply = Reply { status, headers, body: Vec::new(), whole: true };
    if reply.header("transfer-encoding").is_some() {
        read_chunks(stream, &mut reply);
    } else if let Some(length) = reply.header("content-length").map(|length| length.parse().unwrap()) {
        let read = stream.take(length).read_to_end(&mut reply.body);
        reply.whole = read.is_ok() && reply.body.len() as u64 == length;
    }
    reply
}

fn read_chunks(stream: &mut TcpStream, reply: &mut Reply) {
    loop {
        let line = String::from_utf8(read_until(stream, b"\r\n")).unwrap();
        let Ok(length) = usize::from_str_radix(line.trim(), 16) else {
            reply.whole = false;
            return;
        };
        let mut chunk = vec![0; length + 2];
        if stream.read_exact(&mut chunk).is_err() {
            reply.whole = false;
            return;
        }
        if length == 0 {
            return;
        }
        reply.body.extend_from_slice(&chunk[..length]);
    }
}

fn read_until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(end) && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        bytes.push(byte[0]);
    }
    bytes
}
