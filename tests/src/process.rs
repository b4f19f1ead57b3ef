//! A child process that ends with its owner, and waits with a limit.
//!
//! Children are stopped by their own handle, never by name. Nothing here sleeps for a fixed time: it polls until a
//! deadline and then says what it was waiting for.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a busy machine. Only a failing test waits this long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A running child with its output read as it comes.
pub struct Running {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("`{name}` does not start: {error}"));
        let (sender, lines) = channel();
        let stdout = Arc::<Mutex<String>>::default();
        let stderr = Arc::<Mutex<String>>::default();
        let out = read_lines(child.stdout.take().expect("a pipe"), Arc::clone(&stdout), sender.clone());
        let err = read_lines(child.stderr.take().expect("a pipe"), Arc::clone(&stderr), sender);
        let stdin = child.stdin.take();
        Self { name, child, stdin, lines, stdout, stderr, readers: vec![out, err] }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn write_line(&mut self, line: &str) {
        use std::io::Write as _;
        let stdin = self.stdin.as_mut().expect("standard input is open");
        writeln!(stdin, "{line}").expect("the child reads");
    }

    /// The first line, on either output, in which `wanted` finds something.
    pub fn wait_for<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(found) = wanted(&line) {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {what} in time\n{}", self.output()),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without {what}\n{}", self.output()),
            }
        }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_some()
    }

    /// Waits for the child to end by itself: its status, standard output and standard error.
    pub fn finish(mut self) -> (ExitStatus, String, String) {
        drop(self.stdin.take());
        let status = poll("the child to end", || self.child.try_wait().expect("a child can be asked"));
        for reader in self.readers.drain(..) {
            reader.join().expect("the reader ends");
        }
        let text = |of: &Mutex<String>| of.lock().expect("no reader panicked").clone();
        (status, text(&self.stdout), text(&self.stderr))
    }

    /// Sends SIGKILL, which for a process is like a power cut.
    pub fn kill(mut self) {
        self.stop();
    }

    /// Sends SIGTERM. Returns the status and the output.
    pub fn terminate(self) -> (ExitStatus, String, String) {
        let sent =
            Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().expect("`kill` runs");
        assert!(sent.success(), "the child was there to be asked to end");
        self.finish()
    }

    /// All its output so far, for a failing test's message.
    pub fn output(&self) -> String {
        let mut text = String::new();
        for (label, of) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let said = of.lock().map_or_else(|poisoned| poisoned.into_inner().clone(), |said| said.clone());
            let _ = writeln!(text, "--- {} {label}\n{said}", self.name);
        }
        text
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn read_lines(
    from: impl Read + Send + 'static,
    into: Arc<Mutex<String>>,
    each: std::sync::mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut text = into.lock().expect("no reader panicked");
            text.push_str(&line);
            text.push('\n');
            drop(text);
            // There may be no listener.
            let _ = each.send(line);
        }
    })
}

/// Polls until there is an answer. A test that waits too long says what it waits for.
pub fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited for {what} in vain");
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// A free port, below the range of outgoing connections.
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    let spread = (std::process::id().wrapping_mul(97) % u32::from(COUNT)) as u16;
    let next = NEXT.get_or_init(|| AtomicU16::new(spread));
    for _ in 0..COUNT {
        let port = FIRST + next.fetch_add(1, Ordering::Relaxed) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}
