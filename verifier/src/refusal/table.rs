//! The whole table of what agents are told: every code, in every dialect, before and after the request left.
//!
//! - Invariant: A request that may have been carried out is never called retryable
//!   (`what_may_have_been_carried_out_is_never_called_retryable`, `no_sdk_sends_again_what_may_have_been_carried_out`).

use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;
use time::macros::datetime;

use super::fault::Passes;
use super::next::Next;
use super::*;
use crate::ports::{CarriedOut, Fate, RecordId, SentBefore};
use crate::refusal::spoken::Spoken;
use crate::refusal::unanswered::Unanswered;

const REACHED: [CarriedOut; 4] = [CarriedOut::NotSent, CarriedOut::No, CarriedOut::Perhaps, CarriedOut::Yes];
const NOW: time::OffsetDateTime = datetime!(2026-11-30 05:23:49 UTC);

/// Returns every possible stop, with its name in the table.
fn stops() -> Vec<(String, Unanswered)> {
    let mut stops = Vec::new();
    for reached in REACHED {
        for code in RefusalCode::ALL {
            for wait in [None, Some(60), Some(61)] {
                let mut refusal = Refusal::new(code, "why").after(reached);
                refusal.wait = wait.map(Duration::from_secs);
                let waits = wait.map(|wait| format!(" {wait}s")).unwrap_or_default();
                stops.push((format!("{}{waits} {reached:?}", code.as_str()), refusal.into()));
            }
        }
        for code in FaultCode::ALL {
            for passes in [Passes::Soon, Passes::Never] {
                let fault = Fault { carried_out: reached, passes, ..Fault::before(code, "why") };
                stops.push((format!("{} {passes:?} {reached:?}", code.as_str()), fault.into()));
            }
        }
    }
    for fate in [Fate::OnItsWay, Fate::Unknown, Fate::CarriedOut] {
        let free_at = datetime!(2026-11-30 05:33:49 UTC);
        let first = SentBefore { record: RecordId(7), at: NOW, free_at, fate };
        stops.push((format!("sent before {fate:?}"), Fault::sent_before(first).into()));
    }
    stops
}

/// Whether the gateway can make this refusal or fault. Only some refusals name a wait, and most faults pass or last as
/// their code says.
fn is_made(unanswered: &Unanswered) -> bool {
    match unanswered {
        Unanswered::Refused(refusal) => {
            let waits = matches!(refusal.code, RefusalCode::BudgetExhausted | RefusalCode::PassNotYet);
            refusal.wait.is_none() || waits
        }
        Unanswered::Broke(fault) => {
            let usual = Fault::before(fault.code, "").passes == fault.passes;
            usual || fault.code == FaultCode::UpstreamUnreachable
        }
    }
}

fn told(unanswered: &Unanswered, does: Does, spoken: Spoken) -> Explanation {
    Explanation::of(unanswered, spoken, Circumstances { does, record: Some(RecordId(9)), now: NOW })
}

/// Whether the tried SDKs repeat a request by themselves after this status.
fn is_repeated(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 409 | 425 | 429)
}

#[test]
fn what_may_have_been_carried_out_is_never_called_retryable() {
    for (name, unanswered) in stops() {
        for (does, spoken) in
            [Does::More, Does::Keyed].into_iter().flat_map(|does| Spoken::ALL.map(|one| (does, one)))
        {
            let told = told(&unanswered, does, spoken);
            let carried = spoken.carries(told.status);
            let left = matches!(unanswered.carried_out(), CarriedOut::Perhaps | CarriedOut::Yes);
            if left || name.starts_with("sent before") {
                assert!(!told.retryable && told.retry_after.is_none(), "{name}: {told:?}");
                assert!(!is_repeated(carried) && !is_repeated(told.status), "{name}: {told:?}");
                assert_ne!(
                    carried,
                    StatusCode::UNAUTHORIZED,
                    "{name}: a 401 makes SDKs look for a new token"
                );
                assert!(told.detail.contains("carried out") && told.outcome.is_some(), "{name}: {told:?}");
                assert!(told.detail.contains(if name.starts_with("sent before") {
                    "record 7"
                } else {
                    "record 9"
                }));
                assert_eq!(told.next, Next::Stop, "{name}");
            }
        }
    }
}

#[test]
fn a_status_that_sdks_repeat_is_given_only_where_a_repeat_can_help() {
    for (name, unanswered) in stops() {
        for does in [Does::Reads, Does::More, Does::Keyed] {
            for spoken in Spoken::ALL {
                let told = told(&unanswered, does, spoken);
                if is_repeated(spoken.carries(told.status)) && !told.retryable {
                    assert_eq!(spoken, Spoken::Plain, "{name}: {told:?}");
                }
                assert!(
                    told.retry_after.is_none_or(|seconds| (1..=60).contains(&seconds)),
                    "{name}: {told:?}"
                );
                assert!(told.retry_after.is_none() || told.retryable, "{name}: {told:?}");
                if told.status == StatusCode::TOO_MANY_REQUESTS {
                    assert!(told.retry_after.is_some(), "{name}: {told:?}");
                }
            }
        }
    }
}

#[test]
fn every_stop_says_what_to_do_next_in_one_sentence() {
    for (name, unanswered) in stops() {
        for does in [Does::Reads, Does::More, Does::Keyed] {
            let told = told(&unanswered, does, Spoken::Plain);
            assert!(told.sentence.ends_with('.'), "{name}: {}", told.sentence);
            assert!(!told.sentence.trim_end_matches('.').contains(". "), "{name}: {}", told.sentence);
            let waits = told.next == Next::Wait;
            assert!(!waits || told.retryable, "{name}: an agent is told to wait for what does not come");
        }
    }
}

#[test]
fn only_a_pass_is_told_by_401_and_none_that_googles_clients_would_refresh() {
    for (name, unanswered) in stops() {
        for does in [Does::Reads, Does::More, Does::Keyed] {
            for spoken in Spoken::ALL {
                let carried = spoken.carries(told(&unanswered, does, spoken).status);
                if carried == StatusCode::UNAUTHORIZED {
                    assert!(name.starts_with("pass-"), "{name}");
                    assert!(spoken != Spoken::Google || name.starts_with("pass-missing"), "{name}");
                }
            }
        }
    }
}

#[test]
fn the_table_stands_as_it_was_decided() {
    let mut table =
        String::from("stop | does | code | plain google github slack notion | retry-after | next\n");
    for (name, unanswered) in stops().into_iter().filter(|(_, unanswered)| is_made(unanswered)) {
        for does in [Does::Reads, Does::More] {
            let say =
                |spoken: Spoken| spoken.carries(told(&unanswered, does, spoken).status).as_str().to_owned();
            let statuses = Spoken::ALL.map(say).join(" ");
            let told = told(&unanswered, does, Spoken::Plain);
            let after = told.retry_after.map_or_else(|| "-".into(), |seconds| seconds.to_string());
            let again = if told.retryable { "retryable" } else { "final" };
            writeln!(
                table,
                "{name} | {does:?} | {} | {statuses} | {again} {after} | {}",
                told.code,
                told.next.as_str()
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
