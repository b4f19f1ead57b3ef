//! Connects that were begun: in memory, for ten minutes, each finished at most once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use datalog::{ConnectionName, ServiceName};
use oauth2::PkceCodeVerifier;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

use super::provider::{Client, Provider};

/// More at once is nobody connecting accounts.
const MOST: usize = 64;

/// A connect that waits for the person.
pub(crate) struct Attempt<F> {
    pub service: ServiceName,
    pub name: Option<ConnectionName>,
    pub scopes: Vec<String>,
    pub provider: Provider,
    pub client: Client,
    pub ends: OffsetDateTime,
    pub flow: F,
}

pub(crate) struct CodeFlow {
    pub state: SecretString,
    pub verifier: PkceCodeVerifier,
    pub redirect_uri: String,
}

pub(crate) struct DeviceFlow {
    pub device_code: SecretString,
    pub interval: Duration,
    pub next_poll: OffsetDateTime,
}

pub(crate) enum Flow {
    Code(CodeFlow),
    Device(DeviceFlow),
}

/// What was found under an id or a state.
pub(crate) enum Taken<F> {
    Here(Box<Attempt<F>>),
    /// It was there, but its time is over.
    Lapsed,
    Unknown,
}

#[derive(Default)]
pub(crate) struct Attempts {
    open: Mutex<HashMap<String, Attempt<Flow>>>,
}

impl Attempts {
    /// False where too many are open.
    #[must_use]
    pub fn begin(&self, id: String, attempt: Attempt<Flow>, now: OffsetDateTime) -> bool {
        let mut open = self.lock();
        open.retain(|_, attempt| attempt.ends > now);
        if open.len() >= MOST {
            return false;
        }
        open.insert(id, attempt);
        true
    }

    /// Takes the one whose state this is, and whose id, where that is said. A wrong state takes nothing, so
    /// that whoever guesses does not end a person's attempt.
    pub fn take_code(&self, id: Option<&str>, state: &str, now: OffsetDateTime) -> Taken<CodeFlow> {
        let mut open = self.lock();
        // All are compared, each in constant time.
        let mut found = None;
        for (key, attempt) in open.iter() {
            let Flow::Code(flow) = &attempt.flow else { continue };
            let same = flow.state.expose_secret().as_bytes().ct_eq(state.as_bytes());
            if bool::from(same) && id.is_none_or(|id| id == key) {
                found = Some(key.clone());
            }
        }
        match found.and_then(|key| open.remove(&key)) {
            Some(Attempt { flow: Flow::Code(flow), service, name, scopes, provider, client, ends })
                if ends > now =>
            {
                Taken::Here(Box::new(Attempt { flow, service, name, scopes, provider, client, ends }))
            }
            Some(_) => Taken::Lapsed,
            None => Taken::Unknown,
        }
    }

    /// Takes a device flow to poll it; it is put back while it is pending.
    pub fn take_device(&self, id: &str, now: OffsetDateTime) -> Taken<DeviceFlow> {
        let mut open = self.lock();
        if !open.get(id).is_some_and(|attempt| matches!(attempt.flow, Flow::Device(_))) {
            return Taken::Unknown;
        }
        match open.remove(id) {
            Some(Attempt { flow: Flow::Device(flow), service, name, scopes, provider, client, ends })
                if ends > now =>
            {
                Taken::Here(Box::new(Attempt { flow, service, name, scopes, provider, client, ends }))
            }
            Some(_) => Taken::Lapsed,
            None => Taken::Unknown,
        }
    }

    pub fn put_back(&self, id: &str, attempt: Attempt<DeviceFlow>) {
        let Attempt { flow, service, name, scopes, provider, client, ends } = attempt;
        let attempt = Attempt { flow: Flow::Device(flow), service, name, scopes, provider, client, ends };
        self.lock().insert(id.to_owned(), attempt);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Attempt<Flow>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
