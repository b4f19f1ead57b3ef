//! The address to which the provider sent the browser, pasted by a person whose browser is on another machine.
//!
//! It is read from standard input while the listener waits, at a terminal or not. The pasted address is the browser's
//! answer by another way, so the same rules hold: only the expected address with the expected state is taken. Any other
//! line is reported and changes nothing.

use std::io::{BufRead as _, BufReader, Read as _};

use tokio::sync::mpsc;
use url::Url;

use super::callback::{Heard, heard};
use super::term::Term;

/// An address is shorter than this. A terminal cuts a line at 4096 letters.
const LONGEST: u64 = 16 * 1024;
/// A person who pastes so many other lines is not pasting an address.
const MOST: usize = 10;

/// Why a line is not the expected answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Mistake {
    #[error(
        "that is not an address: expected the whole address that the browser shows at the end; it begins with `{0}`"
    )]
    NoAddress(String),
    #[error("expected an address that begins with `{expected}`, got one that begins with `{got}`")]
    AnotherPlace { expected: String, got: String },
    #[error("that address says a value twice, or none: expected one with `state` and `code`")]
    Unclear,
    #[error("that address belongs to another `hallpass connect`: expected the one that this command started")]
    AnotherState,
    #[error("that address has neither `code` nor `error`")]
    Nothing,
}

/// Lines of standard input.
pub(super) struct Pasted {
    lines: mpsc::Receiver<String>,
}

impl Pasted {
    /// Reads in a thread that ends only with the process, because nothing can stop a read from a terminal.
    pub(super) fn from_stdin() -> Self {
        let (sender, lines) = mpsc::channel(1);
        std::thread::spawn(move || {
            let mut input = BufReader::new(std::io::stdin().lock());
            for _ in 0..MOST {
                let mut line = Vec::new();
                let read = (&mut input).take(LONGEST).read_until(b'\n', &mut line);
                let is_over =
                    !matches!(read, Ok(1..)) || (line.len() as u64 == LONGEST && !line.ends_with(b"\n"));
                let text = String::from_utf8_lossy(&line).trim().to_owned();
                if !text.is_empty() && sender.blocking_send(text).is_err() {
                    return;
                }
                if is_over {
                    return;
                }
            }
        });
        Self { lines }
    }

    /// Waits for the expected answer. If the input ends without it, this waits for ever.
    pub(super) async fn heard(mut self, expected: &[String], state: &str, term: &Term) -> Heard {
        while let Some(line) = self.lines.recv().await {
            match parse(&line, expected, state) {
                Ok(heard) => return heard,
                Err(mistake) => {
                    let said = mistake.to_string();
                    term.notice(&serde_json::json!({ "pasted": said }), || said.clone());
                }
            }
        }
        std::future::pending().await
    }
}

/// Returns the answer in a pasted address, which must be one of `expected` and have exactly this state.
fn parse(line: &str, expected: &[String], state: &str) -> Result<Heard, Mistake> {
    let first = expected.first().cloned().unwrap_or_default();
    let text = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`'));
    let url = Url::parse(text).map_err(|_| Mistake::NoAddress(first.clone()))?;
    let place = place(&url);
    if !expected.iter().any(|one| Url::parse(one).is_ok_and(|one| self::place(&one) == place)) {
        let got = crate::audit::plain(&place).chars().take(100).collect();
        return Err(Mistake::AnotherPlace { expected: first, got });
    }
    let heard = heard(url.query().unwrap_or_default()).ok_or(Mistake::Unclear)?;
    match &heard.state {
        None => Err(Mistake::Unclear),
        Some(got) if got != state => Err(Mistake::AnotherState),
        Some(_) if heard.code.is_none() && heard.error.is_none() => Err(Mistake::Nothing),
        Some(_) => Ok(heard),
    }
}

/// Returns everything before the query.
fn place(url: &Url) -> String {
    let mut place = url.clone();
    place.set_query(None);
    place.set_fragment(None);
    place.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://127.0.0.1:7413/callback";

    fn read(line: &str) -> Result<Heard, Mistake> {
        parse(line, &[HERE.into(), "https://me.example/back".into()], "s1")
    }

    #[test]
    fn the_address_that_the_browser_ends_at_is_the_answer() {
        let heard =
            read("http://127.0.0.1:7413/callback?state=s1&code=a%2Fb&iss=https%3A%2F%2Fx&scope=y").unwrap();
        assert_eq!((heard.code.as_deref(), heard.iss.as_deref()), (Some("a/b"), Some("https://x")));
        assert!(read("  <http://127.0.0.1:7413/callback?state=s1&code=c> ").is_ok());
        assert!(read("https://me.example/back?code=c&state=s1").is_ok());
        let refused = read("http://127.0.0.1:7413/callback?error=access_denied&state=s1").unwrap();
        assert_eq!(refused.error.as_deref(), Some("access_denied"));
    }

    #[test]
    fn anything_else_is_told_apart() {
        let other = |got: &str| Mistake::AnotherPlace { expected: HERE.into(), got: got.into() };
        for (line, expected) in [
            ("hello", Mistake::NoAddress(HERE.into())),
            ("s1", Mistake::NoAddress(HERE.into())),
            ("?state=s1&code=c", Mistake::NoAddress(HERE.into())),
            ("https://127.0.0.1:7413/callback?state=s1&code=c", other("https://127.0.0.1:7413/callback")),
            ("http://127.0.0.1:7414/callback?state=s1&code=c", other("http://127.0.0.1:7414/callback")),
            ("http://evil.example:7413/callback?state=s1&code=c", other("http://evil.example:7413/callback")),
            ("http://127.0.0.1:7413/callback/?state=s1&code=c", other("http://127.0.0.1:7413/callback/")),
            ("http://a@127.0.0.1:7413/callback?state=s1&code=c", other("http://a@127.0.0.1:7413/callback")),
            ("http://127.0.0.1:7413/callback?state=s2&code=c", Mistake::AnotherState),
            ("http://127.0.0.1:7413/callback?state=s1x&code=c", Mistake::AnotherState),
            ("http://127.0.0.1:7413/callback?code=c", Mistake::Unclear),
            ("http://127.0.0.1:7413/callback", Mistake::Unclear),
            ("http://127.0.0.1:7413/callback#state=s1&code=c", Mistake::Unclear),
            ("http://127.0.0.1:7413/callback?state=s1&code=c&code=d", Mistake::Unclear),
            ("http://127.0.0.1:7413/callback?state=s1", Mistake::Nothing),
        ] {
            assert_eq!(read(line), Err(expected), "{line}");
        }
    }
}
