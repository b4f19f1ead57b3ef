//! The headers of a request: which belong to it, and why others are refused.

use std::sync::Arc;

use crate::catalog::{Fate, Service};
use crate::classify::misfit::{ClassifyError, Misfit, shown};

impl Service {
    /// The headers that are part of the request, in order of their names.
    pub(crate) fn headers(&self, raw: &[(&str, &str)]) -> Result<Vec<(Arc<str>, String)>, ClassifyError> {
        let mut headers: Vec<(Arc<str>, String)> = Vec::new();
        for (name, value) in raw {
            match self.fate_of_header(name) {
                Fate::Sent => {}
                Fate::Omitted => continue,
                Fate::Changes if *name == "prefer" && is_for_the_gateway(value) => continue,
                fate => return Err(self.header_refused(name, fate)),
            }
            let is_plain = value.len() <= 1_000 && value.bytes().all(|b| (0x20..=0x7e).contains(&b));
            if !is_plain || headers.iter().any(|(known, _)| known.as_ref() == *name) {
                let expected = format!("the header `{}` once, in printable ASCII", shown(name));
                let got = "something else".into();
                return Err(ClassifyError::Ambiguous(Box::new(Misfit { expected, got, hint: None })));
            }
            headers.push(((*name).into(), (*value).to_owned()));
        }
        headers.sort();
        Ok(headers)
    }

    fn header_refused(&self, name: &str, fate: Fate) -> ClassifyError {
        let name = shown(name);
        let (expected, hint) = match fate {
            Fate::Credential => {
                ("no credential beside the pass", "leave it out: the gateway puts the account's own in")
            }
            Fate::Selects => (
                "no header that selects an account, which the connection does",
                "leave it out, or connect that account and mint a pass for it",
            ),
            Fate::Changes => (
                "no header that makes another request of this one",
                "leave it out, and say the same in the path, the query or the body where the service takes it there",
            ),
            Fate::Sent | Fate::Omitted | Fate::Unknown => {
                ("request headers that the gateway knows", "leave it out")
            }
        };
        let more = match (self.reviewed, fate) {
            (false, Fate::Selects | Fate::Changes | Fate::Unknown) => {
                "; where the service needs it, a person lists it in `request_headers` of the service's overlay"
            }
            _ => "",
        };
        let misfit = Misfit {
            expected: expected.into(),
            got: format!("the header `{name}`"),
            hint: Some(format!("{hint}{more}")),
        };
        match fate {
            Fate::Credential => ClassifyError::ForeignCredential(Box::new(misfit)),
            _ => ClassifyError::Ambiguous(Box::new(misfit)),
        }
    }
}

/// Whether all preferences are for the gateway, not for the service. `Prefer: wait=60` lets the gateway wait for a
/// person.
fn is_for_the_gateway(value: &str) -> bool {
    value.split(',').all(|preference| {
        let name = preference.split(['=', ';']).next().unwrap_or_default().trim();
        ["wait", "respond-async", ""].iter().any(|own| name.eq_ignore_ascii_case(own))
    })
}
