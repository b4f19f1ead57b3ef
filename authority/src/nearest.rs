//! The existing name that a person probably meant when they typed a wrong one.

/// Returns the known name that is most like `got`, if one is like it.
pub(crate) fn nearest<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(got, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Returns a hint for `got`: the name that was probably meant, or all names.
pub(crate) fn hint<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(got, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("gmial", ["github", "gmail"]), Some("gmail"));
        assert_eq!(nearest("jira", ["github", "gmail"]), None);
        assert_eq!(hint("jira", ["github", "gmail"]), "known are github, gmail");
    }
}
