//! The likely mistake behind a request that is refused before its connection is known: many SDKs drop the path of a
//! base URL, and ask the gateway for the service's own path. This file only chooses words. It decides nothing by how a
//! path looks.

use datalog::catalog::marks::marks;
use datalog::{ClassifyError, RawRequest};

use crate::entrance::Scope;
use crate::refusal::RefusalCode;
use crate::refusal::unanswered::Unanswered;
use crate::steps::arrived::Arrived;

/// How paths of services begin that belong to no single service.
const COMMON: [&str; 5] = ["/upload/", "/discovery/v1/", "/api/", "/user/", "/v1/"];

/// Whether the path looks like a service's own, without a connection's name before it.
pub(crate) fn has_no_prefix(path: &str) -> bool {
    path == "/"
        || COMMON.iter().any(|common| path.starts_with(common))
        || marks().iter().any(|service| service.clients.begins(path))
}

/// Returns the same refusal, with the likely mistake.
pub(crate) fn without_a_prefix(unanswered: Unanswered) -> Unanswered {
    let Unanswered::Refused(refusal) = unanswered else { return unanswered };
    let named = matches!(
        refusal.code,
        RefusalCode::PassMissing
            | RefusalCode::PassInvalid
            | RefusalCode::Denied
            | RefusalCode::AmbiguousRequest
    );
    if !named {
        return Unanswered::Refused(refusal);
    }
    const HINT: &str = "an SDK that drops the path of its base URL, such as `/gmail`, needs the connection's port of \
                        its own, which `hallpass connections` shows; `GET /pass` lists the connections of a pass";
    let hint = match &refusal.hint {
        Some(hint) if refusal.code == RefusalCode::PassInvalid => format!("{hint}; {HINT}"),
        _ => HINT.to_owned(),
    };
    Unanswered::Refused(refusal.hint(hint))
}

/// Returns the refusal of a path that is no operation, with the likely mistake. A service's own paths may begin with
/// the name of a connection (`/gmail/v1/…`), so they seem to have the prefix even if the client dropped it.
pub(crate) fn dropped_prefix(unanswered: Unanswered, arrived: &Arrived, scope: &Scope) -> Unanswered {
    let Unanswered::Refused(refusal) = unanswered else { return unanswered };
    if *scope != Scope::Shared || refusal.code != RefusalCode::UnknownOperation {
        return refusal.into();
    }
    let connection = arrived.trusted.connection();
    let name = &connection.name;
    let path = format!("/{name}{}", arrived.path);
    let whole = RawRequest::new(&arrived.method, &path);
    let is_unknown = |error: &ClassifyError| matches!(error, ClassifyError::UnknownOperation(_));
    if connection.service.classify(name, &connection.account, &whole).is_err_and(|error| is_unknown(&error)) {
        return refusal.into();
    }
    let base = &arrived.base;
    let port = match connection.listen {
        Some(own) => format!("use the connection's port of its own, `http://{own}`, as the base URL"),
        None => format!(
            "give the connection a port of its own (`listen` under [connections.{name}] in hallpass.toml) and use that as \
             the base URL"
        ),
    };
    refusal
        .expected(format!("`{base}{path}`"), format!("`{path}`, from which the prefix `/{name}` was dropped"))
        .hint(format!("the client drops the path of its base URL `{base}`: {port}"))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_own_path_is_told_from_one_behind_a_prefix() {
        for bare in
            ["/", "/gmail/v1/users/me/messages", "/drive/v3/files", "/api/chat.postMessage", "/repos/o/r"]
        {
            assert!(has_no_prefix(bare), "{bare}");
        }
        for prefixed in
            ["/gmail/gmail/v1/users/me/messages", "/google-drive/drive/v3/files", "/slack/api/auth.test"]
        {
            assert!(!has_no_prefix(prefixed), "{prefixed}");
        }
    }
}
