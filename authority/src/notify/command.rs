//! The command of notices. It runs once for each notice and reads the notice as JSON from standard input. It has a
//! deadline, and its output is discarded.
//!
//! There is no shell between: the words are the program and its arguments, as the settings have them.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::notify::Notice;
use crate::notify::sink::{Delivery, Sink};

const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct CommandHook {
    words: Vec<String>,
}

impl CommandHook {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { words }
    }

    async fn run(&self, notice: &Notice) -> Result<(), String> {
        let (program, arguments) = self.words.split_first().ok_or("there is no command")?;
        let mut child = tokio::process::Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{program}` does not start: {error}"))?;
        let mut input = child.stdin.take();
        let text = notice.json();
        let whole = async {
            if let Some(mut input) = input.take() {
                // If the command does not read its input, the notice counts as delivered all the same.
                let _ = input.write_all(format!("{text}\n").as_bytes()).await;
            }
            child.wait().await
        };
        match timeout(DEADLINE, whole).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("`{program}` ended with {status}")),
            Ok(Err(error)) => Err(format!("`{program}`: {error}")),
            Err(_) => Err(format!("`{program}` took longer than {} seconds", DEADLINE.as_secs())),
        }
    }
}

impl Sink for CommandHook {
    fn name(&self) -> &'static str {
        "command"
    }

    fn deliver<'a>(&'a self, notice: &'a Notice) -> Delivery<'a> {
        Box::pin(self.run(notice))
    }
}
