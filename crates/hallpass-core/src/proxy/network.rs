//! Networks as administrators write them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: an address, and how many of its bits count (RFC 4632 §3.1, RFC 4291 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    V4 { base: u32, mask: u32 },
    V6 { base: u128, mask: u128 },
}

impl Network {
    pub(super) fn parse(text: &str) -> Result<Self, TrustedProxiesError> {
        read(text).map_err(|flaw| TrustedProxiesError { network: text.to_owned(), flaw })
    }

    /// Whether `address`, which is no IPv4 address written as an IPv6 one, is in it.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (*self, address) {
            (Self::V4 { base, mask }, IpAddr::V4(address)) => u32::from(address) & mask == base,
            (Self::V6 { base, mask }, IpAddr::V6(address)) => u128::from(address) & mask == base,
            _ => false,
        }
    }
}

fn read(text: &str) -> Result<Network, Flaw> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(read_bits(bits)?)),
        None => (text, None),
    };
    let network = match address.parse().map_err(|_| Flaw::Address)? {
        IpAddr::V4(address) => v4(address, bits.unwrap_or(32))?,
        IpAddr::V6(address) => v6(address, bits.unwrap_or(128))?,
    };
    if bits == Some(0) { Err(Flaw::Everybody) } else { Ok(network) }
}

fn read_bits(text: &str) -> Result<u32, Flaw> {
    let is_number = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or(Flaw::Length)
}

fn v4(address: Ipv4Addr, bits: u32) -> Result<Network, Flaw> {
    let unused = 32_u32.checked_sub(bits).ok_or(Flaw::Length)?;
    let (base, mask) = (u32::from(address), u32::MAX.checked_shl(unused).unwrap_or_default());
    if base & mask == base { Ok(Network::V4 { base, mask }) } else { Err(Flaw::Host) }
}

fn v6(address: Ipv6Addr, bits: u32) -> Result<Network, Flaw> {
    let unused = 128_u32.checked_sub(bits).ok_or(Flaw::Length)?;
    if address.to_ipv4_mapped().is_some() {
        return Err(Flaw::Mapped);
    }
    let (base, mask) = (u128::from(address), u128::MAX.checked_shl(unused).unwrap_or_default());
    if base & mask == base { Ok(Network::V6 { base, mask }) } else { Err(Flaw::Host) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Address,
    Length,
    Host,
    Mapped,
    Everybody,
}

impl Flaw {
    fn advice(self) -> &'static str {
        match self {
            Self::Address => "begin with an IP address, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32",
            Self::Length => "end with how many bits count, at most 32 for IPv4 and 128 for IPv6",
            Self::Host => "the address has bits behind those that count; write the network's first address",
            Self::Mapped => "write an IPv4 network as one, such as 10.0.0.0/8",
            Self::Everybody => "that is everybody, who could then claim any address",
        }
    }
}

/// A network of [`TrustedProxies`](crate::TrustedProxies) was not written as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxiesError {
    network: String,
    flaw: Flaw,
}

impl TrustedProxiesError {
    /// The network as it was given.
    #[must_use]
    pub fn network(&self) -> &str {
        &self.network
    }
}

impl fmt::Display for TrustedProxiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no network of trusted proxies: {}", self.network, self.flaw.advice())
    }
}

impl std::error::Error for TrustedProxiesError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_its_own_addresses_and_no_other() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
            ("192.0.2.7", ["192.0.2.7", "192.0.2.7"], ["192.0.2.6", "192.0.2.8"]),
            ("192.0.2.6/31", ["192.0.2.6", "192.0.2.7"], ["192.0.2.5", "::c000:206"]),
            ("128.0.0.0/1", ["128.0.0.0", "255.255.255.255"], ["127.255.255.255", "::1"]),
            ("2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db9::", "32.1.13.184"]),
            ("::1", ["::1", "::1"], ["::2", "127.0.0.1"]),
        ] {
            assert!(inside.iter().all(|address| holds(network, address)), "{network}");
            assert!(!outside.iter().any(|address| holds(network, address)), "{network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_advice() {
        for (network, advice) in [
            ("", "begin with"),
            ("proxy.example", "begin with"),
            ("10.0.0.0:80", "begin with"),
            ("[::1]", "begin with"),
            ("10.0.0", "begin with"),
            ("010.0.0.0/8", "begin with"),
            ("10.0.0.0/33", "bits count"),
            ("2001:db8::/129", "bits count"),
            ("10.0.0.0/", "bits count"),
            ("10.0.0.0/+8", "bits count"),
            ("10.0.0.0/-1", "bits count"),
            ("10.0.0.0/8/8", "bits count"),
            ("10.0.0.0/255.0.0.0", "bits count"),
            ("10.1.0.0/8", "first address"),
            ("2001:db8::1/32", "first address"),
            ("::ffff:10.0.0.0/104", "as one"),
            ("0.0.0.0/0", "everybody"),
            ("::/0", "everybody"),
        ] {
            let error = Network::parse(network).unwrap_err();
            assert!(error.to_string().contains(advice), "{error}");
            assert_eq!(error.network(), network);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_network_or_an_error(text in "\\PC{0,24}|[0-9a-f:./]{0,48}") {
            let _ = Network::parse(&text);
        }

        #[test]
        fn an_address_is_in_the_network_that_its_first_bits_name(address: u128, other: u128, bits in 1_u32..=128) {
            let mask = u128::MAX << (128 - bits);
            let base = Ipv6Addr::from(address & mask);
            prop_assume!(base.to_ipv4_mapped().is_none());
            let network = Network::parse(&format!("{base}/{bits}")).unwrap();
            prop_assert!(network.contains(Ipv6Addr::from(address).into()));
            let same = other & mask == address & mask;
            prop_assert_eq!(network.contains(Ipv6Addr::from(other).into()), same);
        }
    }
}
