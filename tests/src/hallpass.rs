//! A Hallpass for one test: the real command in a temporary home, on free ports.
//!
//! A test drives it like a person, only through the command line, and talks to the gateway over its socket. It reads
//! the home's files only in tests about those files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::browser::{Browser, Page};
use crate::http::{Request, get, request};
use crate::logging::LoggingUpstream;
use crate::process::{Running, free_port, poll};
use crate::upstream::{ALICE, CLIENT_ID, CLIENT_SECRET, Upstream};

/// A task, and a pass for it: it may read and draft, and send after asking.
pub const TRIAGE: [&str; 7] = [
    "triage my inbox",
    "--allow",
    "gmail:read",
    "--allow",
    "gmail.users.drafts.create",
    "--ask",
    "gmail:send",
];

/// A command's output, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}):\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }

    /// The one line on the command's standard output.
    pub fn line(&self) -> String {
        let mut lines = self.stdout.lines();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            panic!("expected one line, got:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        };
        line.to_owned()
    }
}

/// One home, and the processes that run on it.
pub struct Hallpass {
    /// Holds the home, which `init` makes.
    folder: TempDir,
    pub gateway: String,
    pub authority: String,
    /// Where `connect` waits for the provider's redirect.
    pub redirect_port: u16,
    /// The own port of the connection `gmail`.
    own_port: u16,
    config: String,
    serving: Option<Running>,
}

impl Hallpass {
    /// An initialised home, with no service's client configured yet.
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// Like `new`, with the home in a given folder: on a test's own disk, for example.
    pub fn within(folder: &Path) -> Self {
        let folder = tempfile::tempdir_in(folder).expect("a temporary folder");
        let (gateway, authority, own_port) = (free_port(), free_port(), free_port());
        let config = format!(
            "[gateway]\nlisten = \"127.0.0.1:{gateway}\"\n\n[authority]\nlisten = \"127.0.0.1:{authority}\"\n\n\
             [connections.gmail]\nlisten = \"127.0.0.1:{own_port}\"\n"
        );
        let hallpass = Self {
            folder,
            gateway: format!("http://127.0.0.1:{gateway}"),
            authority: format!("http://127.0.0.1:{authority}"),
            redirect_port: free_port(),
            own_port,
            config,
            serving: None,
        };
        hallpass.run(&["init"]).expect(0);
        hallpass.write_config();
        hallpass
    }

    /// A Hallpass that serves, connected to Alice's mailbox at an emulated Google.
    pub fn with_a_mailbox() -> (Self, Upstream) {
        let new = Self::new();
        let google = Upstream::google(new.redirect_port);
        let mut hallpass = new.with_google(&google);
        hallpass.connect("gmail");
        hallpass.serve();
        (hallpass, google)
    }

    /// Like `with_a_mailbox`, with a pass. The provider's earlier requests are forgotten.
    pub fn with_a_pass(flags: &[&str]) -> (Self, Upstream, String) {
        let (hallpass, google) = Self::with_a_mailbox();
        let pass = hallpass.mint(flags);
        google.forget();
        (hallpass, google, pass)
    }

    /// Points Gmail at an emulated Google.
    pub fn with_google(self, google: &Upstream) -> Self {
        self.with_google_service("gmail", google)
    }

    /// Points one of Google's services at an emulated Google.
    pub fn with_google_service(mut self, name: &str, google: &Upstream) -> Self {
        let url = &google.url;
        self.service(
            name,
            url,
            &[
                ("authorize_url", format!("{url}/o/oauth2/v2/auth")),
                ("token_url", format!("{url}/oauth2/token")),
                ("revoke_url", format!("{url}/oauth2/revoke")),
                ("userinfo_url", format!("{url}/oauth2/v2/userinfo")),
                ("account_field", "email".to_owned()),
            ],
        );
        self
    }

    /// Points GitHub at an emulated GitHub.
    pub fn with_github(mut self, github: &Upstream) -> Self {
        let url = &github.url;
        self.service(
            "github",
            url,
            &[
                ("authorize_url", format!("{url}/login/oauth/authorize")),
                ("token_url", format!("{url}/login/oauth/access_token")),
                ("userinfo_url", format!("{url}/user")),
                ("account_field", "login".to_owned()),
            ],
        );
        self
    }

    /// Points Slack at an emulated Slack.
    pub fn with_slack(mut self, slack: &Upstream) -> Self {
        let url = &slack.url;
        self.service(
            "slack",
            url,
            &[
                ("authorize_url", format!("{url}/oauth/v2/authorize")),
                ("token_url", format!("{url}/api/oauth.v2.access")),
                ("userinfo_url", format!("{url}/api/auth.test")),
                ("account_field", "user_id".to_owned()),
            ],
        );
        self
    }

    /// Points Notion at the strict OAuth server and the API beside it.
    pub fn with_notion(mut self, oidc: &Upstream) -> Self {
        let url = &oidc.url;
        let keys = [("authorize_url", format!("{url}/auth")), ("token_url", format!("{url}/token"))];
        self.service("notion", url, &keys);
        // The strict server gives tokens only for its own scopes.
        self.configure("scopes = [\"openid\", \"mail\"]\n");
        self
    }

    /// Points every service at one provider that logs, and connects them all as Alice.
    pub fn with_logging(mut self, upstream: &LoggingUpstream) -> Self {
        let url = &upstream.url;
        for (service, field) in [
            ("gmail", "email"),
            ("google-calendar", "email"),
            ("google-drive", "email"),
            ("github", "login"),
            ("slack", "user_id"),
        ] {
            self.service(
                service,
                url,
                &[
                    ("authorize_url", format!("{url}/-/authorize")),
                    ("token_url", format!("{url}/-/token")),
                    ("revoke_url", format!("{url}/-/revoke")),
                    ("userinfo_url", format!("{url}/-/account")),
                    ("account_field", field.to_owned()),
                ],
            );
            self.connect_as(ALICE, &[service]);
        }
        self
    }

    /// Points Gmail at the strict OAuth server and the mailbox beside it.
    pub fn with_oidc(mut self, oidc: &Upstream) -> Self {
        let url = &oidc.url;
        self.service(
            "gmail",
            url,
            &[
                ("authorize_url", format!("{url}/auth")),
                ("token_url", format!("{url}/token")),
                ("device_authorization_url", format!("{url}/device/auth")),
                ("revoke_url", format!("{url}/token/revocation")),
                ("userinfo_url", format!("{url}/me")),
                ("account_field", "sub".to_owned()),
                ("issuer", url.clone()),
            ],
        );
        self.config.push_str(
            "scopes = [\"openid\", \"email\", \"offline_access\", \"mail\"]\nrefresh = \"rotates\"\n",
        );
        self.write_config();
        self
    }

    fn service(&mut self, name: &str, base_url: &str, keys: &[(&str, String)]) {
        let secret = self.home().join("client-secret");
        std::fs::write(&secret, CLIENT_SECRET).expect("the home is writable");
        private(&secret);
        let _ = write!(
            self.config,
            "\n[services.{name}]\nbase_url = \"{base_url}\"\nclient_id = \"{CLIENT_ID}\"\n\
             client_secret_file = \"{}\"\n",
            secret.display()
        );
        for (key, value) in keys {
            let _ = writeln!(self.config, "{key} = \"{value}\"");
        }
        self.write_config();
    }

    fn write_config(&self) {
        std::fs::write(self.home().join("hallpass.toml"), &self.config).expect("the home is writable");
    }

    /// Adds lines at the end of `hallpass.toml`.
    pub fn configure(&mut self, lines: &str) {
        self.config.push_str(lines);
        self.write_config();
    }

    /// Replaces a line of `hallpass.toml`.
    pub fn reconfigure(&mut self, line: &str, by: &str) {
        assert!(self.config.contains(line), "`{line}` is in hallpass.toml");
        self.config = self.config.replace(line, by);
        self.write_config();
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The base URL of a connection on the common listener.
    pub fn base(&self, connection: &str) -> String {
        format!("{}/{connection}", self.gateway)
    }

    /// The base URL of the own port of the connection `gmail`.
    pub fn own_base(&self) -> String {
        format!("http://127.0.0.1:{}", self.own_port)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        command_at(&self.home(), arguments)
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run_at(&self.home(), arguments)
    }

    /// Runs `hallpass … --json`, which must succeed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        self.run(&all).expect(0).json()
    }

    /// Starts `hallpass serve`; it is ready when this returns.
    pub fn serve(&mut self) {
        self.serve_by(self.command(&["serve"]));
    }

    /// Like `serve`, with the command that starts it.
    pub fn serve_by(&mut self, command: Command) {
        let mut serving = Running::start(command);
        let well_known = format!("{}/.well-known/hallpass", self.gateway);
        poll("the gateway", || {
            assert!(!serving.has_ended(), "`hallpass serve` ended\n{}", serving.output());
            get(&well_known).try_send().filter(|answer| answer.status == 200)
        });
        self.serving = Some(serving);
    }

    pub fn serving(&self) -> &Running {
        self.serving.as_ref().expect("`serve` was called")
    }

    /// Sends SIGKILL: nothing is flushed, nothing is closed.
    pub fn kill(&mut self) {
        self.serving.take().expect("`serve` was called").kill();
    }

    /// Sends SIGTERM. Returns everything that `serve` said until its end.
    pub fn terminate(&mut self) -> Ran {
        let (status, stdout, stderr) = self.serving.take().expect("`serve` was called").terminate();
        Ran { code: status.code().unwrap_or(-1), stdout, stderr }
    }

    /// `hallpass connect SERVICE` with a person who agrees as Alice. Returns the page she ends on.
    pub fn connect(&self, service: &str) -> Page {
        let account = if service == "github" { "alice" } else { ALICE };
        self.connect_as(account, &[service])
    }

    /// Like `connect`, with the command's arguments in full, and any account.
    pub fn connect_as(&self, account: &str, arguments: &[&str]) -> Page {
        let port = self.redirect_port.to_string();
        let mut all = vec!["connect", "--no-browser", "--redirect-port", &port];
        all.extend(arguments);
        let connecting = Running::start(self.command(&all));
        let url = connecting.wait_for("address to consent at", url_in);
        let page = Browser::default().consent(&url, account);
        let (status, stdout, stderr) = connecting.finish();
        assert!(status.success(), "connect failed\nstdout:\n{stdout}\nstderr:\n{stderr}");
        page
    }

    /// `hallpass connect SERVICE --device`, with a person who enters the code elsewhere.
    pub fn connect_device(&self, service: &str, account: &str) {
        let connecting = Running::start(self.command(&["connect", service, "--device"]));
        let complete = connecting.wait_for("address that has the code in it", |line| {
            url_in(line).filter(|url| url.contains("user_code"))
        });
        Browser::default().consent(complete.trim_end_matches(')'), account);
        let (status, stdout, stderr) = connecting.finish();
        assert!(status.success(), "connect failed\nstdout:\n{stdout}\nstderr:\n{stderr}");
    }

    /// Runs `hallpass mint TASK …`. Returns the pass.
    pub fn mint(&self, arguments: &[&str]) -> String {
        let all: Vec<&str> = ["mint"].into_iter().chain(arguments.iter().copied()).collect();
        self.run(&all).expect(0).line()
    }

    /// A request of an agent that holds `pass`, to a connection's upstream path.
    pub fn agent(&self, pass: &str, method: &str, connection: &str, path: &str) -> Request {
        request(method, format!("{}{path}", self.base(connection))).bearer(pass)
    }

    /// The public root keys by id, as the authority publishes them.
    pub fn root_keys(&self) -> Value {
        let published = get(format!("{}/.well-known/hallpass", self.authority)).send().expect(200).json();
        let keys = published["root_keys"].as_array().expect("root keys");
        keys.iter()
            .map(|key| (key["id"].to_string(), key["public_key"].clone()))
            .collect::<Map<_, _>>()
            .into()
    }

    /// The audit records, the oldest first.
    pub fn log(&self) -> Vec<Value> {
        let text = self.run(&["log", "--json"]).expect(0).stdout;
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Array(records)) => records,
            _ => text.lines().map(|line| serde_json::from_str(line).expect("a record a line")).collect(),
        }
    }
}

/// A command on any home.
pub fn run_at(home: &Path, arguments: &[&str]) -> Ran {
    let output = command_at(home, arguments).output().expect("the command starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn command_at(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--home").arg(home);
    // The tests ignore the settings of the person who runs them.
    command.env_remove("HALLPASS_HOME").env_remove("HALLPASS_PASS").env("HOME", home).env("NO_COLOR", "1");
    command
}

impl Default for Hallpass {
    fn default() -> Self {
        Self::new()
    }
}

/// The command is beside the folder that the tests run from.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a file");
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    folder.join("hallpass-under-test")
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("the file is ours");
}

/// The first URL in a line of text.
fn url_in(line: &str) -> Option<String> {
    let start = line.find("http://").or_else(|| line.find("https://"))?;
    line.get(start..)?.split_whitespace().next().map(str::to_owned)
}
