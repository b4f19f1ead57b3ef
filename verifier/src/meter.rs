//! The counters, under the names that dashboards use.
//!
//! Labels are words of the program and names of services: no secret, no text of an agent, nothing that grows with use.
//! The caller who starts the gateway decides where the numbers go; by default they go nowhere.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

pub(crate) fn began() {
    gauge!("hallpass_requests_in_flight").increment(1.0);
}

pub(crate) fn ended() {
    gauge!("hallpass_requests_in_flight").decrement(1.0);
}

/// Counts a decided request. `decision` is `allow`, or the code of the refusal or fault.
pub(crate) fn decided(decision: &'static str, service: Option<&str>, took: Duration) {
    let service = service.unwrap_or("none").to_owned();
    counter!("hallpass_requests_total", "decision" => decision, "service" => service).increment(1);
    histogram!("hallpass_request_seconds", "decision" => decision).record(took.as_secs_f64());
}

pub(crate) fn upstream_answered(took: Duration) {
    histogram!("hallpass_upstream_seconds").record(took.as_secs_f64());
}

/// Counts an upstream's answer that held the credential, which was masked.
pub(crate) fn credential_withheld() {
    counter!("hallpass_credentials_withheld_total").increment(1);
}

/// Counts bytes that were not an HTTP request.
pub(crate) fn unreadable() {
    counter!("hallpass_unreadable_requests_total").increment(1);
}
