//! The known words that somebody probably meant by a wrong one.

/// The known words most like `wanted`, the best first, at most three. `least` is the least likeness, from 0 to 1.
pub(crate) fn nearest<'a>(
    wanted: &str,
    known: impl IntoIterator<Item = &'a str>,
    least: f64,
) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let likeness = |name: &str| strsim::sorensen_dice(&name.to_lowercase(), &wanted);
    let mut found: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness >= least)
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Whether one letter was left out, added, mistaken, or changed places with the next.
pub(crate) fn is_slip(got: &str, known: &str) -> bool {
    strsim::osa_distance(&got.to_lowercase(), &known.to_lowercase()) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_one_letter_is_near_and_another_word_is_not() {
        for (got, known) in
            [("reed", "read"), ("sned", "send"), ("delet", "delete"), ("reads", "read"), ("Send", "send")]
        {
            assert!(is_slip(got, known), "{got}");
        }
        for (got, known) in [("list", "read"), ("", "read"), ("daer", "read"), ("rdea", "read")] {
            assert!(!is_slip(got, known), "{got}");
        }
    }

    #[test]
    fn the_most_alike_come_first_and_the_others_not_at_all() {
        let known = ["messages.get", "messages.list", "threads.list", "labels.get"];
        assert_eq!(nearest("message.lst", known, 0.6), ["messages.list"]);
        assert_eq!(nearest("Messages.GET", known, 0.9), ["messages.get"]);
        assert!(nearest("calendar", known, 0.5).is_empty());
    }
}
