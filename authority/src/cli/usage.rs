//! What clap says of a command line that it did not understand, in the words and the shape of every other failure.

use super::failure::Failure;

/// The failure that `error` is.
pub(super) fn failure(error: &clap::Error) -> Failure {
    let (message, hint) = words(&error.render().to_string());
    Failure::usage(message).or_hint(hint)
}

/// clap's text is `error: …`, details indented below, tips, a usage line and a closing line.
fn words(text: &str) -> (String, String) {
    let mut message = Vec::new();
    let mut tips = Vec::new();
    let mut usage = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            tips.push(quoted(tip));
        } else if let Some(words) = line.strip_prefix("Usage: ") {
            usage = Some(words.to_owned());
        } else if usage.is_none() && !line.starts_with("For more information") {
            message.push(quoted(line.trim_start_matches("error: ")));
        }
    }
    let hint = match (tips.as_slice(), usage) {
        ([], Some(usage)) => format!("the usage is {usage}"),
        ([], None) => "`--help` says what is expected".into(),
        (tips, _) => tips.join("; "),
    };
    (message.join(" "), hint)
}

/// clap quotes with `'`; the apostrophe inside a word stays.
fn quoted(text: &str) -> String {
    let mut before = ' ';
    let mut quoted = String::with_capacity(text.len());
    let mut after = text.chars().skip(1);
    for c in text.chars() {
        let next = after.next().unwrap_or(' ');
        quoted.push(if c == '\'' && !(before.is_alphabetic() && next.is_alphabetic()) { '`' } else { c });
        before = c;
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tip_becomes_the_hint() {
        let (message, hint) = words(
            "error: unexpected argument '--alow' found\n\n  tip: a similar argument exists: '--allow'\n\nUsage: x",
        );
        assert_eq!(message, "unexpected argument `--alow` found");
        assert_eq!(hint, "a similar argument exists: `--allow`");
    }

    #[test]
    fn details_join_the_message_and_the_usage_is_the_hint() {
        let (message, hint) = words(
            "error: the following required arguments were not provided:\n  <TASK>\n\nUsage: hallpass mint <TASK>\n\nFor more information, try '--help'.\n",
        );
        assert_eq!(message, "the following required arguments were not provided: <TASK>");
        assert_eq!(hint, "the usage is hallpass mint <TASK>");
        assert_eq!(quoted("'it' isn't"), "`it` isn't");
    }
}
