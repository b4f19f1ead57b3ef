//! Connects that have begun. They stay in memory for ten minutes, and each is finished at most once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use datalog::{Account, ConnectionName, NameError, ServiceName};
use oauth2::PkceCodeVerifier;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

use super::provider::{OAuthClient, Provider};

/// More connects at one time than this would be a mistake.
const MOST: usize = 64;
/// By how much the interval grows (RFC 8628, section 3.5).
const SLOW_DOWN: Duration = Duration::seconds(5);

/// What is known about a connection before it has tokens.
#[derive(Clone)]
pub(crate) struct Connecting {
    pub service: ServiceName,
    /// The digest of the service's description when the person was asked to sign in.
    pub described: Arc<str>,
    /// The chosen name. Without one, the connection gets the service's name.
    pub name: Option<ConnectionName>,
    pub scopes: Vec<String>,
    /// The account, if the person named it.
    pub account: Option<Account>,
    pub provider: Provider,
    pub client: OAuthClient,
}

impl Connecting {
    /// Returns the name that the connection will have.
    pub(crate) fn name(&self) -> Result<ConnectionName, NameError> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => self.service.as_str().parse(),
        }
    }
}

/// A connect that waits for the person.
pub(crate) struct Attempt {
    pub connecting: Connecting,
    pub ends: OffsetDateTime,
    pub flow: Flow,
}

pub(crate) enum Flow {
    Code(CodeFlow),
    Device(DeviceFlow),
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

/// What there is for a state.
pub(crate) enum TakenCode {
    Here {
        connecting: Box<Connecting>,
        flow: CodeFlow,
    },
    /// The attempt was there, but began too long ago.
    Lapsed,
    Unknown,
}

/// What there is for a device flow's id.
pub(crate) enum DevicePolling {
    Now {
        connecting: Box<Connecting>,
        device_code: SecretString,
        interval: Duration,
    },
    /// It is too early, because the provider was asked a moment ago.
    Early {
        interval: Duration,
    },
    Lapsed,
    Unknown,
}

#[derive(Default)]
pub(crate) struct Attempts {
    open: Mutex<HashMap<String, Attempt>>,
}

impl Attempts {
    /// Keeps an attempt. Returns false if too many are open.
    #[must_use]
    pub(crate) fn begin(&self, id: String, attempt: Attempt, now: OffsetDateTime) -> bool {
        let mut open = self.lock();
        open.retain(|_, attempt| attempt.ends > now);
        if open.len() >= MOST {
            return false;
        }
        open.insert(id, attempt);
        true
    }

    /// Takes the attempt with this state, and with this id if one is given. A wrong state takes nothing, so a guess
    /// does not end a person's attempt.
    pub(crate) fn take_code(&self, id: Option<&str>, state: &str, now: OffsetDateTime) -> TakenCode {
        let mut open = self.lock();
        // All states are compared, each in constant time.
        let mut found = None;
        for (key, attempt) in open.iter() {
            let Flow::Code(flow) = &attempt.flow else { continue };
            let same = flow.state.expose_secret().as_bytes().ct_eq(state.as_bytes());
            if bool::from(same) && id.is_none_or(|id| id == key) {
                found = Some(key.clone());
            }
        }
        match found.and_then(|key| open.remove(&key)) {
            Some(Attempt { connecting, ends, flow: Flow::Code(flow) }) if ends > now => {
                TakenCode::Here { connecting: Box::new(connecting), flow }
            }
            Some(_) => TakenCode::Lapsed,
            None => TakenCode::Unknown,
        }
    }

    /// Returns a device flow to poll, if it is time. The flow stays here until `end`, so a caller that goes away does
    /// not end it.
    pub(crate) fn device_to_poll(&self, id: &str, now: OffsetDateTime) -> DevicePolling {
        let mut open = self.lock();
        let Some(Attempt { connecting, ends, flow: Flow::Device(flow) }) = open.get_mut(id) else {
            return DevicePolling::Unknown;
        };
        if *ends <= now {
            open.remove(id);
            return DevicePolling::Lapsed;
        }
        let interval = flow.interval;
        if now < flow.next_poll {
            return DevicePolling::Early { interval };
        }
        flow.next_poll = now + interval;
        let device_code = flow.device_code.clone();
        DevicePolling::Now { connecting: Box::new(connecting.clone()), device_code, interval }
    }

    /// Notes that the provider wants to be asked less often. Returns the new interval.
    pub(crate) fn slow_down(&self, id: &str, now: OffsetDateTime) -> Duration {
        let mut open = self.lock();
        let Some(Attempt { flow: Flow::Device(flow), .. }) = open.get_mut(id) else { return SLOW_DOWN };
        flow.interval += SLOW_DOWN;
        flow.next_poll = now + flow.interval;
        flow.interval
    }

    pub(crate) fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Attempt>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
