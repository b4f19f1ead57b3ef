//! Proxies as processes of their own, and their CPU time and memory as Linux gives them.
//!
//! A part says on standard error where it listens. It ends when its standard input ends, so that nothing is left behind
//! however the benchmark ends.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// `/proc` counts CPU time in hundredths of a second, on every Linux that people run.
const TICK: Duration = Duration::from_millis(10);

/// A part that has not said by then where it listens is broken.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// A proxy that runs.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    child: Child,
    /// A process that the proxy needs for every request. Its cost counts as the proxy's.
    helper: Option<Box<Proxy>>,
}

impl Proxy {
    /// Starts this very binary as one of its parts.
    pub(crate) fn start(part: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.args(part).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().context("no standard error")?;
        let said = listen_to(stderr);
        let mut heard = Vec::new();
        let start = Instant::now();
        loop {
            let left = START_DEADLINE.saturating_sub(start.elapsed());
            let Ok(line) = said.recv_timeout(left) else {
                let _ = child.kill();
                let _ = child.wait();
                bail!("`{}` did not start: {}", part.join(" "), heard.join("; "));
            };
            match address_in(&line) {
                Some(address) => return Ok(Self { address, child, helper: None }),
                None => heard.push(line),
            }
        }
    }

    /// A proxy that was started elsewhere, with the process that it needs.
    pub(crate) fn with_helper(address: SocketAddr, child: Child, helper: Self) -> Self {
        Self { address, child, helper: Some(Box::new(helper)) }
    }

    /// User and system time of all threads so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let own = cpu_of(&stat).context("/proc/PID/stat has another shape than proc(5) says")?;
        match &self.helper {
            Some(helper) => Ok(own + helper.cpu()?),
            None => Ok(own),
        }
    }

    /// Resident memory by now, in KiB.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let own = resident_of(&status).context("/proc/PID/status has no VmRSS")?;
        match &self.helper {
            Some(helper) => Ok(own + helper.resident()?),
            None => Ok(own),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // This is the process's own child. If it is gone already, there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fields 14 and 15 of proc(5), counted after the command's name, which may hold anything.
fn cpu_of(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<u32>);
    Some(TICK * (times.next()?.ok()? + times.next()?.ok()?))
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The lines that a part writes to standard error. All of them are read, or the part would wait for room.
fn listen_to(stderr: ChildStderr) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // This fails once the benchmark knows what it needs.
            let _ = send.send(line);
        }
    });
    receive
}

/// The gateway's address in a line of `hallpass serve --json` or `announce`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let ready: serde_json::Value = serde_json::from_str(line).ok()?;
    ready.get("gateway")?.as_str()?.parse().ok()
}

/// Tells the benchmark where this part listens, as `hallpass serve --json` does.
pub(crate) fn announce(address: SocketAddr) -> io::Result<()> {
    writeln!(io::stderr(), "{}", serde_json::json!({ "gateway": address }))
}

/// Ends this part when the benchmark that holds its standard input is gone.
pub(crate) fn end_with_parent() {
    thread::spawn(|| {
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_says_is_read() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 90 0 0 0 12 30 0 0 20 0 1 0 5 9 9";
        assert_eq!(cpu_of(stat), Some(Duration::from_millis(420)));
        assert_eq!(cpu_of("7 (a"), None);
        assert_eq!(address_in(r#"{"gateway":"127.0.0.1:9","authority":"x"}"#), "127.0.0.1:9".parse().ok());
        assert_eq!(address_in("info: starting"), None);
        assert_eq!(resident_of("Name:\tx\nVmRSS:\t   2048 kB\n"), Some(2048));
    }
}
