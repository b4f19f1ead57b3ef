//! Where a connection's requests go: scheme, host, prefix, and the addresses that may be dialled for it.
//!
//! The operation or the configuration sets the host. Nothing from the agent does.

use std::net::IpAddr;

use datalog::Request;
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::ports::{Connection, Upstream};
use crate::refusal::{Fault, FaultCode};
use crate::upstream::dial::Reach;

/// One place for requests.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub scheme: Scheme,
    pub authority: Authority,
    /// Stands before every path; empty, or `/…` without a slash at the end.
    pub prefix: String,
    pub reach: Reach,
}

impl Destination {
    /// Returns the place for one operation's host on a connection.
    pub(crate) fn of(connection: &Connection, host: &str) -> Result<Self, Fault> {
        let place = match &connection.upstream {
            Upstream::Catalog => Self::catalogued(host),
            Upstream::BaseUrl(url) => Self::configured(url),
        };
        place.ok_or_else(|| {
            Fault::before(
                FaultCode::UpstreamUnreachable,
                format!("the connection `{}` is not set up with a host that may be reached", connection.name),
            )
            .for_good()
        })
    }

    fn catalogued(host: &str) -> Option<Self> {
        let authority: Authority = host.parse().ok()?;
        // The check is in the resolver. An address instead of a name would go past it.
        let named = authority.host().parse::<IpAddr>().is_err() && !authority.host().starts_with('[');
        (named && authority.port().is_none() && !host.contains('@')).then_some(Self {
            scheme: Scheme::HTTPS,
            authority,
            prefix: String::new(),
            reach: Reach::Public,
        })
    }

    fn configured(url: &str) -> Option<Self> {
        let parts = url.parse::<Uri>().ok()?.into_parts();
        let (scheme, authority) = (parts.scheme?, parts.authority?);
        if authority.as_str().contains('@') {
            return None;
        }
        let prefix =
            parts.path_and_query.map(|path| path.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        let reach = match scheme.as_str() {
            "https" => Reach::Configured,
            "http" if is_loopback(authority.host()) => Reach::Loopback,
            _ => return None,
        };
        Some(Self { scheme, authority, prefix, reach })
    }

    /// Returns the URL of one canonical request. It is built from typed parts, so a path cannot change the host.
    pub(crate) fn url(&self, request: &Request) -> Option<Uri> {
        if !request.path.starts_with('/') {
            return None;
        }
        let mut target =
            String::with_capacity(self.prefix.len() + request.path.len() + request.query.len() + 1);
        target.push_str(&self.prefix);
        target.push_str(&request.path);
        if !request.query.is_empty() {
            target.push('?');
            target.push_str(&request.query);
        }
        let path: PathAndQuery = target.parse().ok()?;
        // If the parser drops a byte (a fragment, for example), this is not the request that was judged.
        if path.as_str() != target {
            return None;
        }
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .ok()
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Returns every origin by which the service may name itself in an answer.
pub(crate) fn origins(connection: &Connection) -> Vec<String> {
    let mut origins: Vec<String> =
        connection.service.hosts.iter().map(|host| format!("https://{host}")).collect();
    if let Upstream::BaseUrl(url) = &connection.upstream {
        let url = url.trim_end_matches('/');
        origins.insert(0, url.to_owned());
        // An emulator that was told one name of this machine may use the other one.
        if let Some(rest) = url.strip_prefix("http://127.0.0.1") {
            origins.push(format!("http://localhost{rest}"));
        } else if let Some(rest) = url.strip_prefix("http://localhost") {
            origins.push(format!("http://127.0.0.1{rest}"));
        }
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for url in ["http://127.0.0.1:4100", "http://localhost:4100/x/", "http://[::1]:1"] {
            assert_eq!(Destination::configured(url).unwrap().reach, Reach::Loopback, "{url}");
        }
        assert_eq!(Destination::configured("https://ghe.example/api/v3").unwrap().prefix, "/api/v3");
        for url in
            ["http://10.0.0.1", "http://example.com", "http://a@127.0.0.1", "ftp://127.0.0.1", "/x", ""]
        {
            assert!(Destination::configured(url).is_none(), "{url}");
        }
    }

    #[test]
    fn a_catalogued_host_is_a_name() {
        assert!(Destination::catalogued("api.github.com").is_some());
        for host in ["127.0.0.1", "[::1]", "169.254.169.254", "a@b.example", "h.example:22", "h/x", ""] {
            assert!(Destination::catalogued(host).is_none(), "{host}");
        }
    }
}
