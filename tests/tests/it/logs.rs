//! The log of a running `hallpass serve` while somebody repeats one failing request.

use harness::{Hallpass, TRIAGE, get, parallel};

const REQUESTS: usize = 2_000;

#[test]
fn a_provider_that_is_not_reached_fills_no_log_and_every_failure_is_counted() {
    let (mut hallpass, google, pass) = Hallpass::with_a_pass(&TRIAGE);
    drop(google);
    let url = format!("{}/gmail/v1/users/me/labels", hallpass.base("gmail"));
    for _ in 0..REQUESTS / 200 {
        let answers = parallel((0..200).map(|_| get(&url).bearer(&pass)));
        assert!(answers.iter().all(|answer| answer.code() == "upstream-unreachable"));
    }
    let log = hallpass.terminate().expect(0).stderr;
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("not answered")).collect();
    let counted = |line: &&str| line.split("more=").nth(1)?.split(' ').next()?.parse::<usize>().ok();
    let counts: Vec<usize> = lines.iter().filter_map(counted).collect();
    let written = lines.len() - counts.len();
    assert_eq!(
        written + counts.iter().sum::<usize>(),
        REQUESTS,
        "a failure was lost or counted twice:\n{log}"
    );
    assert!(lines.len() < 200, "{} lines:\n{log}", lines.len());
    assert!(!counts.is_empty(), "{log}");
    assert!(lines[0].contains("because="), "the cause is lost: {}", lines[0]);
    assert!(!log.contains(&pass[pass.len() - 40..]), "{log}");
}
