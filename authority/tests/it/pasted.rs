//! A person connects with a browser on another machine: the person pastes the browser's last address into the waiting
//! command, with a terminal or without one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::{Hallpass, get, parameter};

const PATIENCE: Duration = Duration::from_secs(60);

/// A `connect` that waits, and what it has said.
struct Waiting {
    child: Child,
    lines: mpsc::Receiver<String>,
    said: String,
}

impl Waiting {
    fn start(hallpass: &Hallpass) -> Self {
        let mut command = hallpass.command(&["connect", "gmail", "--no-browser"]);
        command.env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.7 22").stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines, said: String::new() }
    }

    fn until(&mut self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("`{words}` was not said:\n{}", self.said));
            self.said.push_str(&format!("{line}\n"));
            if line.contains(words) {
                return line;
            }
        }
    }

    fn paste(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_address_that_a_browser_elsewhere_ends_at_connects() {
    let hallpass = Hallpass::initialised();
    let mut waiting = Waiting::start(&hallpass);
    let url = waiting.until("redirect_uri=").trim().to_owned();
    let (state, redirect) = (parameter(&url, "state"), parameter(&url, "redirect_uri"));
    let port = url::Url::parse(&redirect).unwrap().port().unwrap();
    waiting.until(&format!("ssh -L {port}:127.0.0.1:{port} 192.0.2.7"));
    waiting.until("paste here");
    for (line, told) in [
        ("what now?".to_owned(), "that is not an address"),
        (format!("{redirect}?state=forged&code=stolen"), "belongs to another `hallpass connect`"),
        (format!("http://192.0.2.9:{port}/callback?state={state}&code=c"), "expected an address that begins"),
        (format!("{redirect}?state={state}"), "neither `code` nor `error`"),
    ] {
        waiting.paste(&line);
        waiting.until(told);
    }
    waiting.paste(&format!("{redirect}?state={state}&code=c"));
    waiting.until("connected ada@example.com as `gmail`");
    assert!(waiting.child.wait().unwrap().success(), "{}", waiting.said);
    assert!(hallpass.run(&["connections", "--json"]).done().contains("ada@example.com"));
}

#[test]
fn a_command_without_any_input_waits_for_the_browser() {
    let hallpass = Hallpass::initialised();
    let mut waiting = Waiting::start(&hallpass);
    drop(waiting.child.stdin.take());
    let url = waiting.until("redirect_uri=").trim().to_owned();
    waiting.until("waiting for your consent");
    let redirect = url::Url::parse(&parameter(&url, "redirect_uri")).unwrap();
    let address = format!("127.0.0.1:{}", redirect.port().unwrap());
    let answer = get(&address, &format!("/callback?state={}&code=c", parameter(&url, "state")));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    waiting.until("connected ada@example.com as `gmail`");
    assert!(waiting.child.wait().unwrap().success(), "{}", waiting.said);
}
