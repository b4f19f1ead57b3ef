//! A gateway on a stage: real sockets, real passes, a scripted upstream and an authority that remembers.

#![allow(dead_code, unused_imports, reason = "every test binary uses a part of it")]

mod authority;
mod desk;
mod upstream;
mod wire;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use datalog::catalog::{Catalog, Service};
use datalog::{ConnectionName, Effects, KnownConnection, MintArgs, MintTerms, PassId};
use time::OffsetDateTime;
use verifier::ports::{Connection, Upstream};
use verifier::{Clock, Door, Gateway, GatewayConfig, Scope, Serving};

pub(crate) use authority::{Kind, Remembering, Renews, Written};
pub(crate) use desk::{Desk, approver};
pub(crate) use upstream::{Scripted, Seen, Step, held, json};
pub(crate) use wire::{Reply, exchange, read_reply, request};

/// The stand-in for the real access token. Only the upstream may ever see it.
pub(crate) const CREDENTIAL: &str = "ya29.sentinel/credential+of=alice";

/// A clock that moves only when a test sets it.
pub(crate) struct StageClock(AtomicI64);

impl Clock for StageClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl StageClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A running gateway, and everything around it.
pub(crate) struct Stage {
    pub authority: Arc<Remembering>,
    pub upstream: Scripted,
    pub clock: Arc<StageClock>,
    pub gateway: Arc<Gateway>,
    pub address: SocketAddr,
    /// The listener of the connection `github`, without a prefix.
    pub dedicated: SocketAddr,
    serving: Option<Serving>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(GatewayConfig { threads: 1, ..GatewayConfig::default() })
    }

    pub(crate) fn with(config: GatewayConfig) -> Self {
        let upstream = Scripted::start();
        let authority = Arc::new(Remembering::new(connections(&upstream)));
        let clock = Arc::new(StageClock(AtomicI64::new(1_790_000_000)));
        let gateway = Gateway::new(authority.clone(), clock.clone(), config);
        let (shared, own) = (bind(), bind());
        let (address, dedicated) = (shared.local_addr().unwrap(), own.local_addr().unwrap());
        let doors = vec![
            Door { socket: shared, scope: Scope::Shared },
            Door { socket: own, scope: Scope::Connection(name("github")) },
        ];
        let serving = gateway.serve(doors).unwrap();
        Self { authority, upstream, clock, gateway, address, dedicated, serving: Some(serving) }
    }

    /// Mints a pass with these `--allow` terms and the defaults for everything else.
    pub(crate) fn pass(&self, allow: &[&str]) -> String {
        self.mint(&MintArgs { allow: allow.iter().map(ToString::to_string).collect(), ..MintArgs::default() })
    }

    /// Returns a pass that allows every operation of some connections, so that a refusal is due to the request.
    pub(crate) fn pass_for_everything(&self, connections: &[&str]) -> String {
        let all = self.authority.all();
        let own = all.iter().filter(|one| connections.contains(&one.name.as_str()));
        let allow: Vec<String> = own
            .flat_map(|one| {
                let operations = one.service.operations.iter();
                let effects = operations.fold(Effects::NONE, |all, operation| all.union(operation.effects));
                effects.iter().map(|effect| format!("{}:{effect}", one.name)).collect::<Vec<_>>()
            })
            .collect();
        self.pass(&allow.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(crate) fn mint(&self, args: &MintArgs) -> String {
        let known: Vec<KnownConnection> = self
            .authority
            .all()
            .iter()
            .map(|one| KnownConnection {
                name: one.name.clone(),
                account: one.account.clone(),
                service: one.service.clone(),
            })
            .collect();
        let mut args = args.clone();
        if args.task.is_empty() {
            args.task = "a test".into();
        }
        let terms = MintTerms::parse(&args, &known, self.clock.now()).unwrap();
        terms.mint(&self.authority.next_pass_id(), self.authority.root()).unwrap().text
    }

    /// Sends bytes, reads one answer.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> Reply {
        exchange(self.address, bytes.as_ref())
    }

    /// Sends a plain GET with a pass, and returns the answer.
    pub(crate) fn get(&self, pass: &str, target: &str) -> Reply {
        self.send(request("GET", target, &[&format!("Authorization: Bearer {pass}")], b""))
    }

    pub(crate) fn post(&self, pass: &str, target: &str, body: &str) -> Reply {
        let pass = format!("Authorization: Bearer {pass}");
        self.send(request("POST", target, &[&pass, "Content-Type: application/json"], body.as_bytes()))
    }

    /// Sends bytes that must be refused with this code: nothing goes upstream, there is one record, and no budget is
    /// used.
    #[track_caller]
    pub(crate) fn refuses(&self, bytes: impl AsRef<[u8]>, code: &str) -> Reply {
        let bytes = bytes.as_ref();
        let what = String::from_utf8_lossy(bytes.get(..bytes.len().min(300)).unwrap()).into_owned();
        let reply = self.refuses_somehow(bytes);
        assert_eq!(reply.code(), code, "{what}\n{reply:?}");
        reply
    }

    /// Sends bytes that must be refused, with whatever code.
    #[track_caller]
    pub(crate) fn refuses_somehow(&self, bytes: impl AsRef<[u8]>) -> Reply {
        let bytes = bytes.as_ref();
        let what = String::from_utf8_lossy(bytes.get(..bytes.len().min(300)).unwrap()).into_owned();
        let before = self.authority.written().len();
        let reply = self.send(bytes);
        let code = reply.code();
        assert!((400..500).contains(&reply.status) && !code.is_empty(), "{what}\n{reply:?}");
        assert_eq!(self.upstream.seen().len(), 0, "something reached the upstream: {what}");
        let written = self.authority.written();
        let new = written.get(before..).unwrap();
        assert_eq!(new.len(), 1, "{what}: {new:?}");
        assert_eq!((new[0].kind, new[0].record.decision), (Kind::Refusal, code.as_str()), "{what}");
        assert!(self.authority.budgets().is_empty(), "a budget was spent: {what}");
        reply
    }

    /// Stops the gateway in an orderly way, and waits for it.
    pub(crate) fn drain(mut self) -> (Arc<Remembering>, Scripted) {
        let serving = self.serving.take().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(serving.drain());
        (self.authority.clone(), self.upstream.clone())
    }
}

fn bind() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

pub(crate) fn name(text: &str) -> ConnectionName {
    text.parse().unwrap()
}

fn connections(upstream: &Scripted) -> Vec<Arc<Connection>> {
    // Read once, because it has more than a thousand operations.
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());
    // A service whose host name leads to this machine.
    static INWARD: LazyLock<Arc<Service>> = LazyLock::new(|| {
        let facts = include_str!("../../../../datalog/catalog/gmail/facts.jsonl");
        let facts = facts.replace("gmail.googleapis.com", "localhost").replace("\"gmail\"", "\"inward\"");
        Arc::new(Service::load(&facts, None).unwrap())
    });
    // A service whose description says that it carries out requests with one key once.
    static KEYED: LazyLock<Arc<Service>> = LazyLock::new(|| {
        let facts = include_str!("../../../../datalog/catalog/gmail/facts.jsonl");
        let facts = facts.replacen("\"gmail\"", "\"keyed\"", 1);
        let overlay = "unlisted = \"at-worst\"\nrequest_headers = [\"idempotency-key\"]\n";
        Arc::new(Service::load(&facts, Some(overlay)).unwrap())
    });
    let catalog = &*CATALOG;
    let connection = |name: &str, service: &str, account: &str, upstream: String| {
        Arc::new(Connection {
            name: name.parse().unwrap(),
            account: account.parse().unwrap(),
            service: catalog.service(&service.parse().unwrap()).unwrap().clone(),
            upstream: Upstream::BaseUrl(upstream),
            listen: None,
        })
    };
    vec![
        connection("gmail", "gmail", "alice@example.com", upstream.url()),
        connection("github", "github", "alice", upstream.url()),
        connection("slack", "slack", "U1", upstream.url()),
        connection("calendar", "google-calendar", "alice@example.com", upstream.url()),
        connection("google-drive", "google-drive", "alice@example.com", upstream.url()),
        connection("github-work", "github", "alice-at-work", upstream.url()),
        // A port that was free a moment ago, so nobody listens there.
        connection("github-gone", "github", "alice", format!("http://{}", bind().local_addr().unwrap())),
        Arc::new(Connection {
            name: name("inward"),
            account: "alice@example.com".parse().unwrap(),
            service: INWARD.clone(),
            upstream: Upstream::Catalog,
            listen: None,
        }),
        Arc::new(Connection {
            name: name("keyed"),
            account: "alice@example.com".parse().unwrap(),
            service: KEYED.clone(),
            upstream: Upstream::BaseUrl(upstream.url()),
            listen: None,
        }),
        // An upstream that may be reached only by TLS at a public address.
        Arc::new(Connection {
            name: name("rebound"),
            account: "alice".parse().unwrap(),
            service: catalog.service(&"github".parse().unwrap()).unwrap().clone(),
            upstream: Upstream::BaseUrl("http://10.0.0.1".into()),
            listen: None,
        }),
    ]
}

/// Polls until `holds`, at most thirty seconds.
#[track_caller]
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

pub(crate) fn pass_id(number: u64) -> PassId {
    PassId::from_random(u128::from(number).to_be_bytes())
}
