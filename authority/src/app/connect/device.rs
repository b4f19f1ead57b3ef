//! The device flow (RFC 8628): for a machine without a browser.

use std::sync::Arc;

use time::Duration;

use super::{LIFETIME, lapsed};
use crate::app::{App, AppError, DeviceBegun, DevicePoll, DeviceStart};
use crate::audit::plain;
use crate::oauth::{
    self, Connecting, DeviceAnswer, DeviceCodes, DeviceFlow, DevicePolling, Flow, TokenFailure,
};

/// The longest wait, whatever the provider offers.
const LONGEST: Duration = Duration::minutes(30);
/// RFC 8628, section 3.2, by default.
const INTERVAL: Duration = Duration::seconds(5);
const SHORTEST: Duration = Duration::seconds(1);

impl App {
    /// Begins a device flow.
    pub async fn begin_device(&self, start: DeviceStart) -> Result<DeviceBegun, AppError> {
        let connecting = self.connecting(start.service, start.name, start.scopes, &start.client)?;
        let Connecting { provider, client, scopes, .. } = &connecting;
        let codes = oauth::begin_device(&self.refresher.http, provider, client, scopes)
            .await
            .map_err(|failure| AppError::provider(&failure))?;
        let DeviceCodes { device_code, expires_in, interval, .. } = codes;
        let interval = interval.unwrap_or(INTERVAL).clamp(SHORTEST, LONGEST);
        let lifetime = expires_in.unwrap_or(LIFETIME).min(LONGEST);
        let flow = DeviceFlow { device_code, interval, next_poll: self.clock.now() + interval };
        let attempt = self.remember(connecting, Flow::Device(flow), lifetime)?;
        Ok(DeviceBegun {
            attempt,
            user_code: plain(&codes.user_code),
            verification_uri: plain(&codes.verification_uri),
            verification_uri_complete: codes.verification_uri_complete.as_deref().map(plain),
            expires_in: seconds(lifetime),
            interval: seconds(interval),
        })
    }

    /// Asks the provider once, but not more often than the provider allows.
    pub async fn poll_device(self: &Arc<Self>, attempt: &str) -> Result<DevicePoll, AppError> {
        let (this, attempt) = (self.clone(), attempt.to_owned());
        self.to_the_end(async move { this.poll(&attempt).await }).await
    }

    async fn poll(&self, attempt: &str) -> Result<DevicePoll, AppError> {
        let (connecting, device_code, interval) = match self
            .attempts
            .device_to_poll(attempt, self.clock.now())
        {
            DevicePolling::Now { connecting, device_code, interval } => (connecting, device_code, interval),
            DevicePolling::Early { interval } => return Ok(pending(interval)),
            DevicePolling::Lapsed => return Err(lapsed()),
            DevicePolling::Unknown => {
                return Err(AppError::not_found(format!("there is no device flow `{}`", plain(attempt))));
            }
        };
        let (http, Connecting { provider, client, .. }) = (&self.refresher.http, &*connecting);
        match oauth::poll_device(http, provider, client, &device_code).await {
            Ok(DeviceAnswer::Pending) => Ok(pending(interval)),
            Ok(DeviceAnswer::SlowDown) => Ok(pending(self.attempts.slow_down(attempt, self.clock.now()))),
            Ok(DeviceAnswer::Done(given)) => {
                self.attempts.end(attempt);
                let connection = self.keep(*connecting, given).await?;
                Ok(DevicePoll::Connected { connection: Box::new(connection) })
            }
            // RFC 8628, section 3.5: a call that timed out does not end the flow.
            Err(TokenFailure::Unknown(_) | TokenFailure::NotSent(_)) => Ok(pending(interval)),
            Err(failure) => {
                self.attempts.end(attempt);
                Err(AppError::provider(&failure))
            }
        }
    }
}

fn pending(interval: Duration) -> DevicePoll {
    DevicePoll::Pending { interval: seconds(interval) }
}

fn seconds(duration: Duration) -> u64 {
    duration.whole_seconds().unsigned_abs()
}
