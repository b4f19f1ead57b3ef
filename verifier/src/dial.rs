//! Where the gateway may connect to, checked on the address that is dialled and not on the name.
//!
//! A catalogued host that resolves to a private or metadata address is not reached (DNS rebinding). Plain http
//! goes to loopback alone. It does not know about requests or credentials.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

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

/// A resolver that hands out admissible addresses only.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    pub reach: Reach,
    pub system: GaiResolver,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.system.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.reach;
        let found = self.system.call(name);
        Box::pin(async move {
            let admitted: Vec<_> = found.await?.filter(|address| reach.admits(address.ip())).collect();
            if admitted.is_empty() {
                return Err(io::Error::other("the name leads to no address that may be dialled"));
            }
            Ok(admitted.into_iter())
        })
    }
}

/// Whether an address is on the public internet (the IANA special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast();
    let [a, b, c, _] = address.octets();
    let reserved = a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special && !reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // NAT64 and 6to4 carry an IPv4 address that has to be public itself.
        (0x64, 0xff9b) => (c, d, e, f) == (0, 0, 0, 0) && embedded(g, h),
        (0x2002, _) => embedded(b, c),
        (0x2001, 0x0db8) | (0x2001, 0) => false,
        _ => (0x2000..0x4000).contains(&a),
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
    fn plain_http_is_dialled_on_loopback_only() {
        assert!(Reach::Loopback.admits("127.0.0.2".parse().unwrap()));
        assert!(Reach::Loopback.admits("::1".parse().unwrap()));
        for address in ["10.0.0.1", "8.8.8.8", "0.0.0.0"] {
            assert!(!Reach::Loopback.admits(address.parse().unwrap()), "{address}");
        }
    }
}
