//! The command that `hallpass run` runs. It has the terminal, and gets signals passed on.
//!
//! It stays in the process group that started it. So a terminal's own signals reach it directly, and the shell's job
//! control works.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal as Number, getpgrp, kill_process};
use secrecy::ExposeSecret as _;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::variables::Variables;
use crate::cli::failure::Failure;

/// Signals that a terminal sends to its whole foreground by itself.
const OF_THE_TERMINAL: [Number; 2] = [Number::INT, Number::QUIT];
const PASSED_ON: [Number; 6] =
    [Number::INT, Number::QUIT, Number::TERM, Number::HUP, Number::USR1, Number::USR2];

/// How the command ended, or why it never began.
#[derive(Debug)]
pub(super) enum Ended {
    Exited(ExitStatus),
    NotStarted { error: io::Error },
}

impl Ended {
    /// Returns the exit code as shells report it.
    pub(super) fn exit_code(&self) -> u8 {
        let code = match self {
            Self::Exited(status) => status.code().or(status.signal().map(|signal| 128 + signal)),
            Self::NotStarted { error } if error.kind() == io::ErrorKind::NotFound => Some(127),
            Self::NotStarted { .. } => Some(126),
        };
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
    }
}

/// Runs the command to its end.
pub(super) async fn run(
    program: &OsString,
    arguments: &[OsString],
    variables: &Variables,
    withheld: &[String],
) -> Result<Ended, Failure> {
    let heard = |number: Number| Ok((number, signal(SignalKind::from_raw(number.as_raw()))?));
    // The signals are heard before the command begins, so that none is missed.
    let mut signals: Vec<(Number, Signal)> = to_pass_on()
        .map(heard)
        .collect::<io::Result<_>>()
        .map_err(|error| Failure::failed(format!("signals cannot be heard: {error}")))?;
    let mut command = Command::new(program);
    command.args(arguments);
    for name in withheld {
        command.env_remove(name);
    }
    for (name, value) in variables.iter() {
        command.env(name, value.expose_secret());
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Ended::NotStarted { error }),
    };
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status.map_err(|error| Failure::failed(format!("the command was lost: {error}")))?;
                return Ok(Ended::Exited(status));
            }
            number = next(&mut signals) => pass_on(&child, number),
        }
    }
}

/// Returns the signals that are not ignored. A signal that `nohup` turned off stays off, for the command too.
fn to_pass_on() -> impl Iterator<Item = Number> {
    let ignored = ignored().unwrap_or(0);
    PASSED_ON.into_iter().filter(move |number| ignored & (1 << (number.as_raw() - 1)) == 0)
}

/// Returns the signals that this process was started to ignore, one bit each, if the system tells (proc(5)).
fn ignored() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// Waits for the next signal. If none is heard, this waits for ever.
async fn next(signals: &mut [(Number, Signal)]) -> Number {
    std::future::poll_fn(|context| {
        let come =
            |(number, signal): &mut (Number, Signal)| signal.poll_recv(context).is_ready().then_some(*number);
        signals.iter_mut().find_map(come).map_or(std::task::Poll::Pending, std::task::Poll::Ready)
    })
    .await
}

fn pass_on(child: &Child, number: Number) {
    if OF_THE_TERMINAL.contains(&number) && is_in_foreground() {
        return;
    }
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // The command may have ended a moment ago.
        let _ = kill_process(pid, number);
    }
}

/// Whether this process, and the command with it, is in a terminal's foreground.
fn is_in_foreground() -> bool {
    let own = getpgrp();
    let of = |stream: std::os::fd::BorrowedFd<'_>| {
        rustix::termios::tcgetpgrp(stream).is_ok_and(|group| group == own)
    };
    use std::os::fd::AsFd as _;
    of(io::stdin().as_fd()) || of(io::stdout().as_fd()) || of(io::stderr().as_fd())
}
