//! The emergency stop under load: once it is acknowledged, nothing goes out.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use harness::{Hallpass, get, poll};

const AGENTS: usize = 64;

#[test]
fn under_load_nothing_that_begins_after_the_stop_reaches_the_service() {
    let (hallpass, google) = Hallpass::with_a_mailbox();
    let pass = hallpass.mint(&["read", "--allow", "gmail:read"]);
    google.forget();
    let base = hallpass.base("gmail");

    let (next, stopped, over) = (AtomicU64::new(0), AtomicBool::new(false), AtomicBool::new(false));
    let [answered, refused, cut] = [(); 3].map(|()| AtomicU64::new(0));
    let late = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for _ in 0..AGENTS {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    // This is read before the request is sent. If it is true, the request begins after the stop was
                    // acknowledged.
                    if stopped.load(Ordering::SeqCst) {
                        late.lock().unwrap().insert(number);
                    }
                    let url = format!("{base}/gmail/v1/users/me/messages?q=number{number}");
                    match get(url).bearer(&pass).try_send().map(|answer| answer.status) {
                        Some(200) => answered.fetch_add(1, Ordering::SeqCst),
                        Some(403) => refused.fetch_add(1, Ordering::SeqCst),
                        Some(other) => panic!("answered {other}"),
                        // An answer on its way back is cut off.
                        None => cut.fetch_add(1, Ordering::SeqCst),
                    };
                }
            });
        }
        poll("load", || (answered.load(Ordering::SeqCst) > 3 * AGENTS as u64).then_some(()));
        hallpass.run(&["stop"]).expect(0);
        stopped.store(true, Ordering::SeqCst);
        poll("late requests", || (late.lock().unwrap().len() > 5 * AGENTS).then_some(()));
        over.store(true, Ordering::SeqCst);
    });
    let late = late.into_inner().unwrap();
    let seen: Vec<u64> = google.seen_at("/gmail/").iter().filter_map(|seen| number(&seen.path)).collect();
    let forwarded: Vec<_> = seen.iter().filter(|number| late.contains(number)).collect();
    assert!(forwarded.is_empty(), "{forwarded:?} of {} late ones were forwarded", late.len());
    assert!(refused.load(Ordering::SeqCst) >= late.len() as u64, "each of them got the refusal");
    assert!(cut.load(Ordering::SeqCst) <= AGENTS as u64, "only answers that were on their way");
    hallpass.run(&["log", "verify"]).expect(0);
}

fn number(path: &str) -> Option<u64> {
    path.split("number").nth(1)?.parse().ok()
}
