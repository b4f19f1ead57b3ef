//! If something cannot be recorded, it is not done: on a full disk, and on a disk that takes no write.

use std::process::Command;

use harness::{Disk, Hallpass, Upstream, get, poll};

const LIST: &str = "/gmail/v1/users/me/messages";

struct Bed {
    hallpass: Hallpass,
    google: Upstream,
    pass: String,
}

impl Bed {
    fn on(hallpass: Hallpass, start: impl FnOnce(Command) -> Command) -> Self {
        let google = Upstream::google(hallpass.redirect_port);
        let mut hallpass = hallpass.with_google(&google);
        hallpass.connect("gmail");
        hallpass.serve_by(start(hallpass.command(&["serve"])));
        let pass = hallpass.mint(&["read", "--allow", "gmail:read"]);
        let bed = Self { hallpass, google, pass };
        bed.list().send().expect(200);
        bed.google.forget();
        bed
    }

    fn list(&self) -> harness::Request {
        self.hallpass.agent(&self.pass, "GET", "gmail", LIST).header("accept", "application/problem+json")
    }

    /// No request gets through, and the agent is told why.
    fn forwards_nothing(&self) {
        let refused = poll("the first request that is not recorded", || {
            let answer = self.list().send();
            (answer.status != 200).then_some(answer)
        });
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (503, "audit-unavailable"),
            "{}",
            refused.text()
        );
        assert!(refused.json()["retryable"].as_bool().is_some_and(|retryable| retryable));
        let before = self.google.seen().len();
        for _ in 0..20 {
            assert_eq!(self.list().send().expect(503).code(), "audit-unavailable");
        }
        // A refusal needs its record, too: without one the agent gets a fault, not a decision.
        let denied = self.hallpass.agent(&self.pass, "DELETE", "gmail", &format!("{LIST}/alice-1"));
        denied.header("accept", "application/problem+json").send().expect(503);
        assert_eq!(self.google.seen().len(), before, "nothing reached the upstream");
    }

    /// A stop does not wait for the disk: it holds in memory, and says so.
    fn stops_all_the_same(&self) {
        let stopped = self.hallpass.run(&["stop"]).expect(1);
        assert!(stopped.stderr.contains("in force until this process ends"), "{}", stopped.stderr);
        assert_eq!(self.list().send().code(), "audit-unavailable");
    }

    /// With room again, it works without a restart, and the log is complete.
    fn heals(&self) {
        self.hallpass.run(&["stop", "--resume"]).expect(0);
        poll("the first request that is recorded again", || {
            self.list().try_send().filter(|answer| answer.status == 200)
        });
        assert!(!self.google.seen().is_empty());
        self.hallpass.run(&["log", "verify"]).expect(0);
        let log = self.hallpass.log();
        let intents = log.iter().filter(|record| record["kind"] == "intent").count();
        assert_eq!(intents, self.google.seen().len() + 1, "every sent request is on record");
    }
}

#[test]
fn on_a_full_disk_nothing_is_forwarded_until_there_is_room() {
    // If this user may not mount, the next test, with a disk that takes no write, covers this.
    let Some(disk) = Disk::mount() else { return };
    let bed = Bed::on(Hallpass::within(disk.path()), |serve| serve);
    disk.fill();
    bed.forwards_nothing();
    bed.stops_all_the_same();
    disk.clear();
    bed.heals();
}

#[test]
fn on_a_disk_that_takes_no_write_nothing_is_forwarded_until_it_does() {
    let bed = Bed::on(Hallpass::new(), |serve| without_the_signal(&serve));
    limit_file_size(&bed.hallpass, "0:");
    bed.forwards_nothing();
    bed.stops_all_the_same();
    limit_file_size(&bed.hallpass, "unlimited:");
    bed.heals();
}

#[test]
fn a_home_on_a_read_only_disk_is_not_served() {
    let Some(disk) = Disk::mount() else { return };
    let mut hallpass = Hallpass::within(disk.path());
    disk.make_read_only();
    let refused = hallpass.run(&["serve"]).expect(1);
    assert!(refused.stderr.starts_with("error:"), "{}", refused.stderr);
    assert!(get(format!("{}/.well-known/hallpass", hallpass.gateway)).try_send().is_none());
    disk.make_writable();
    hallpass.serve();
}

/// A process that passes its limit gets SIGXFSZ, which ends it. Without the signal the write fails, as on a broken
/// disk.
fn without_the_signal(serve: &Command) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// No file of the serving process may grow past this, and a file of that size cannot be written.
fn limit_file_size(hallpass: &Hallpass, limit: &str) {
    let pid = hallpass.serving().pid().to_string();
    let status = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={limit}")]).status();
    assert!(status.expect("`prlimit` runs").success());
}
