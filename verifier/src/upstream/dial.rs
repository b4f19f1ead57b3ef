//! Where the gateway may connect, checked on the dialled address and not on the name.
//!
//! If a host of the catalog resolves to a private or metadata address (DNS rebinding), the gateway does not connect.
//! Plain http goes only to loopback. It knows nothing of requests or credentials.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use crate::ports::Sign;
use crate::refusal::not_admitted::{NotAdmitted, Unresolved};

/// Which addresses a client may dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// The catalog's hosts: public addresses only.
    Public,
    /// A host that the person set, over verified TLS: any address.
    Configured,
    /// This machine, over plain http.
    Loopback,
}

impl Reach {
    pub(crate) fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Configured => true,
            Self::Loopback => address.to_canonical().is_loopback(),
        }
    }
}

impl From<&NotAdmitted> for Sign {
    fn from(refused: &NotAdmitted) -> Self {
        let NotAdmitted { host, address, range } = refused.clone();
        Self::NotDialled { host, address, range }
    }
}

/// A resolver that returns only allowed addresses.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    pub reach: Reach,
    pub system: GaiResolver,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unresolved>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        self.system.poll_ready(cx).map_err(Unresolved::System)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (reach, host) = (self.reach, name.as_str().to_owned());
        let found = self.system.call(name);
        Box::pin(async move {
            let found: Vec<_> = found.await?.collect();
            let admitted: Vec<_> =
                found.iter().copied().filter(|address| reach.admits(address.ip())).collect();
            match (admitted.is_empty(), found.first()) {
                (false, _) => Ok(admitted.into_iter()),
                (true, None) => Err(Unresolved::Nothing),
                (true, Some(first)) => {
                    let address = first.ip();
                    let range = if reach == Reach::Loopback { None } else { special(address) };
                    let range = range.unwrap_or("not this machine");
                    Err(Unresolved::NotAdmitted(NotAdmitted { host, address, range }))
                }
            }
        })
    }
}

/// Whether an address is on the public internet.
fn is_public(address: IpAddr) -> bool {
    special(address).is_none()
}

/// Returns the purpose of an address that is not on the public internet (the IANA special-purpose registries, RFC
/// 6890).
fn special(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => "this network",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "private use",
        (100, 64..=127, _) => "shared address space",
        (127, ..) => "this machine",
        (169, 254, _) => "link-local",
        (192, 0, 0) => "protocol assignments",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "documentation",
        (198, 18 | 19, _) => "benchmarking",
        (224..=239, ..) => "multicast",
        (240.., ..) => "reserved",
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        special_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // NAT64 and 6to4 hold an IPv4 address, which must be public itself.
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => embedded(g, h),
        (0x2002, _) => embedded(b, c),
        (0x2001, 0x0db8) => Some("documentation"),
        (0x2001, 0) => Some("protocol assignments"),
        (0xfc00..=0xfdff, _) => Some("private use"),
        (0xfe80..=0xfebf, _) => Some("link-local"),
        (0xff00.., _) => Some("multicast"),
        (0, _) if address.is_loopback() => Some("this machine"),
        (0x2000..=0x3fff, _) => None,
        _ => Some("reserved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogued_host_is_dialled_at_public_addresses_only() {
        for public in ["140.82.121.6", "8.8.8.8", "2606:50c0:8000::153", "64:ff9b::808:808"] {
            assert!(Reach::Public.admits(public.parse().unwrap()), "{public}");
        }
        let closed = [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "::127.0.0.1",
        ];
        for address in closed {
            assert!(!Reach::Public.admits(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_that_is_not_dialled_is_called_what_it_is_for() {
        for (address, range) in [
            ("198.18.0.7", "benchmarking"),
            ("198.19.255.1", "benchmarking"),
            ("100.64.0.1", "shared address space"),
            ("100.127.9.9", "shared address space"),
            ("10.1.2.3", "private use"),
            ("172.31.0.1", "private use"),
            ("192.168.0.9", "private use"),
            ("fd12::1", "private use"),
            ("169.254.169.254", "link-local"),
            ("::ffff:198.18.0.7", "benchmarking"),
            ("64:ff9b::c612:7", "benchmarking"),
            ("::1", "this machine"),
        ] {
            assert_eq!(special(address.parse().unwrap()), Some(range), "{address}");
        }
        for address in ["172.32.0.1", "100.128.0.1", "198.20.0.1", "192.0.1.1", "2a00::1"] {
            assert_eq!(special(address.parse().unwrap()), None, "{address}");
        }
    }

    #[test]
    fn plain_http_is_dialled_on_loopback_only() {
        assert!(Reach::Loopback.admits("127.0.0.2".parse().unwrap()));
        assert!(Reach::Loopback.admits("::1".parse().unwrap()));
        for address in ["10.0.0.1", "8.8.8.8", "0.0.0.0"] {
            assert!(!Reach::Loopback.admits(address.parse().unwrap()), "{address}");
        }
    }
}
