//! A home of its own for each test, the `hallpass` binary on it, and a provider that consents to everything.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

pub(crate) struct Hallpass {
    folder: tempfile::TempDir,
    provider: SocketAddr,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Returns the output of a command that must succeed.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout.trim_end().to_owned()
    }
}

impl Hallpass {
    /// Returns a home that does not exist yet.
    pub(crate) fn nowhere() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), provider: provider() }
    }

    /// Returns a home with keys and settings.
    pub(crate) fn initialised() -> Self {
        let hallpass = Self::nowhere();
        hallpass.run(&["init"]).done();
        hallpass.settings(&hallpass.good_settings());
        hallpass
    }

    /// Returns a home with one connection, `gmail`, to ada@example.com.
    pub(crate) fn connected() -> Self {
        let hallpass = Self::initialised();
        hallpass.connect(&["connect", "gmail", "--no-browser"]).done();
        hallpass
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn settings(&self, text: &str) {
        std::fs::create_dir_all(self.home()).unwrap();
        std::fs::set_permissions(self.home(), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(self.home().join("hallpass.toml"), text).unwrap();
    }

    pub(crate) fn good_settings(&self) -> String {
        let provider = self.provider;
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\n[authority]\nlisten = \"127.0.0.1:0\"\n[services.gmail]\n\
             base_url = \"http://{provider}\"\nauthorize_url = \"http://{provider}/authorize\"\n\
             token_url = \"http://{provider}/token\"\nrevoke_url = \"http://{provider}/revoke\"\n\
             device_authorization_url = \"http://{provider}/device\"\n\
             userinfo_url = \"http://{provider}/userinfo\"\naccount_field = \"email\"\nclient_id = \"tests\"\n"
        )
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
        command
            .args(arguments)
            .env_clear()
            .env("HALLPASS_HOME", self.home())
            .env("HALLPASS_GMAIL_CLIENT_SECRET", "the client's secret")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments).spawn().unwrap())
    }

    /// Runs a command that prints the address of a consent page, and consents there.
    pub(crate) fn connect(&self, arguments: &[&str]) -> Ended {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while stderr.read_line(&mut said).unwrap() > 0 {
            let last = said.lines().last().unwrap_or_default();
            let address = last.split(['"', ' ']).find(|word| word.contains("redirect_uri="));
            if let Some(address) = address {
                consent(address);
                break;
            }
        }
        stderr.read_to_string(&mut said).unwrap();
        Ended { stderr: said, ..ended(child) }
    }
}

pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A running authority, and the addresses that it reports. It is stopped when this is dropped, even if a test failed.
pub(crate) struct Running {
    child: Option<Child>,
    pub ready: serde_json::Value,
}

impl Running {
    pub(crate) fn start(hallpass: &Hallpass) -> Self {
        let mut child = hallpass.command(&["serve", "--json", "--log", "error"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        // This holds the child before anything can make the test fail.
        let mut running = Self { child: Some(child), ready: serde_json::Value::Null };
        running.ready = json(&line);
        running
    }

    fn child(&self) -> &Child {
        self.child.as_ref().expect("it runs until it is ended")
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child().id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    pub(crate) fn end(mut self, name: &str) -> Ended {
        self.signal(name);
        ended(self.child.take().expect("it runs until it is ended"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // If the child has already ended, that is no failure.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Ends a child that takes longer than any test may, with all that it started. So no test waits for ever.
pub(crate) struct Deadline {
    disarm: Option<std::sync::mpsc::Sender<()>>,
    watching: Option<thread::JoinHandle<bool>>,
}

impl Deadline {
    /// Watches a child that leads its own process group, as `Hallpass::command` starts it.
    pub(crate) fn of(child: &Child) -> Self {
        let (disarm, disarmed) = std::sync::mpsc::channel();
        let group = format!("-{}", child.id());
        let watching = thread::spawn(move || {
            let is_late = disarmed.recv_timeout(std::time::Duration::from_secs(90))
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
            if is_late {
                let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            }
            is_late
        });
        Self { disarm: Some(disarm), watching: Some(watching) }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        drop(self.disarm.take());
        let was_late = self.watching.take().is_some_and(|watching| watching.join().unwrap_or(true));
        assert!(!was_late || thread::panicking(), "a command did not end in time, and was killed");
    }
}

pub(crate) fn ended(child: Child) -> Ended {
    let _deadline = Deadline::of(&child);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Returns the value of a parameter of `url`.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let value = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    value.unwrap_or_else(|| panic!("no {name} in {url}"))
}

/// Does what a browser does after the person consented.
fn consent(authorize_url: &str) {
    let redirect = url::Url::parse(&parameter(authorize_url, "redirect_uri")).unwrap();
    let address = format!("{}:{}", redirect.host_str().unwrap(), redirect.port().unwrap());
    let target = format!("{}?code=c&state={}", redirect.path(), parameter(authorize_url, "state"));
    let answer = get(&address, &target);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Sends one GET. Returns everything that comes back.
pub(crate) fn get(address: &str, target: &str) -> String {
    get_from(address, address, target)
}

/// Sends the same GET with another name in `Host`.
pub(crate) fn get_from(address: &str, host: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Starts a provider that lives as long as the test process.
fn provider() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || answer(&mut stream.unwrap()));
        }
    });
    address
}

fn answer(stream: &mut TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = match line.split(' ').nth(1).unwrap_or_default() {
        "/token" => {
            r#"{"access_token":"at-1","refresh_token":"rt-1","token_type":"Bearer","expires_in":3600,"scope":"mail"}"#
        }
        "/userinfo" => r#"{"email":"ada@example.com"}"#,
        "/device" => {
            r#"{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://example.com/device","expires_in":60,"interval":1}"#
        }
        _ => "{}",
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    // The client may be gone once it has read enough.
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}
