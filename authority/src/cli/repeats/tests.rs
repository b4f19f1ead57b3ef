//! The logging pipeline with a second that ends when a test says so.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use super::*;
use crate::cli::serve::subscriber;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs as `serve` does with this filter, and returns the lines. Only the test ends a second.
fn lines(filter: &str, log: impl FnOnce(&Repeats)) -> Vec<String> {
    let (page, repeats) = (Page::default(), Repeats::default());
    repeats.tally().state = State::Counting;
    let writer = page.clone();
    let log_to = subscriber(EnvFilter::new(filter), repeats.clone(), move || writer.clone());
    tracing::subscriber::with_default(log_to, || log(&repeats));
    let written = page.0.lock().unwrap().clone();
    String::from_utf8(written).unwrap().lines().map(str::to_owned).collect()
}

fn fail(connection: &str, code: &str, detail: usize) {
    tracing::warn!(connection, code, detail, "not answered");
}

#[test]
fn the_first_line_of_a_second_is_written_and_the_rest_is_counted() {
    let lines = lines("info", |repeats| {
        for second in 0..3 {
            (0..5313).for_each(|each| fail("gmail", "upstream-unreachable", second + each));
            repeats.write_counts();
        }
    });
    assert_eq!(lines.len(), 6, "{lines:#?}");
    for pair in lines.chunks(2) {
        assert!(pair[0].contains("WARN authority::cli::repeats::tests: not answered"), "{}", pair[0]);
        assert!(pair[1].contains("WARN repeated: not answered … and 5,312 more like it in the last second"));
        assert!(pair[1].contains("connection=gmail code=upstream-unreachable"), "{}", pair[1]);
    }
}

#[test]
fn what_says_something_else_is_another_line() {
    let lines = lines("info", |repeats| {
        for _ in 0..2 {
            fail("gmail", "upstream-unreachable", 0);
            fail("slack", "upstream-unreachable", 0);
            fail("slack", "upstream-timeout", 0);
            tracing::error!(connection = "slack", "another place");
        }
        repeats.write_counts();
        fail("gmail", "upstream-unreachable", 0);
        repeats.write_counts();
    });
    assert_eq!(lines.iter().filter(|line| line.contains("and 1 more like it")).count(), 4, "{lines:#?}");
    assert_eq!(lines.len(), 9, "only a line that came again has a count: {lines:#?}");
}

#[test]
fn no_input_makes_the_kinds_grow_without_end() {
    let many = 20_000;
    let mut kept = 0;
    let lines = lines("info", |repeats| {
        (0..many).for_each(|each| fail(&format!("c{each}"), "upstream-unreachable", 0));
        kept = repeats.tally().kinds.len();
        repeats.write_counts();
    });
    assert!(kept <= MOST + 1, "{kept} kinds are held");
    let counted = format!("and {} more like it", "19,743");
    assert!(lines.iter().any(|line| line.contains(&counted)), "{:#?}", lines.last());
}

#[test]
fn a_filter_that_names_one_target_shows_the_counts_of_that_target() {
    let noisy = || (0..100).for_each(|_| fail("gmail", "upstream-unreachable", 0));
    let of_this = |repeats: &Repeats| {
        noisy();
        repeats.write_counts();
    };
    assert_eq!(lines("authority=warn", of_this).len(), 2);
    assert_eq!(lines("verifier=warn", of_this), Vec::<String>::new(), "what is not logged is not counted");
    let debug = |_: &Repeats| (0..100).for_each(|each| tracing::debug!(each, "asked for"));
    assert_eq!(lines("debug", debug).len(), 100);
}

#[test]
fn the_end_writes_what_is_counted_and_counts_no_more() {
    let lines = lines("info", |repeats| {
        let counting = Counting { repeats: repeats.clone(), writer: None };
        (0..1_000).for_each(|each| fail("gmail", "upstream-unreachable", each));
        drop(counting);
        fail("gmail", "upstream-unreachable", 0);
        fail("gmail", "upstream-unreachable", 0);
    });
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines[1].contains("and 999 more like it"), "{}", lines[1]);
}
