//! Who a request comes from, where proxies stand between.

mod hops;
mod network;

pub use network::TrustedProxiesError;

use crate::head::RequestHead;
use network::Network;
use std::net::IpAddr;

/// The proxies in front of the server, and the one header in which they say who asked them.
///
/// Anybody can send such a header, so it is read only where the connection comes from one of them, and from its end: each
/// proxy adds the address that it was asked from itself. The last one added that is not a trusted proxy's is the client's.
/// An entry that is no address, such as `unknown`, leaves it at the proxy that added it. What stands before is never
/// looked at.
///
/// The result is shown to users in their list of devices, told in events and counted by the throttle. It opens nothing.
///
/// ```
/// use hallpass_core::{MemoryStore, SessionManager, TrustedProxies};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8", "2001:db8::7"])?;
/// let sessions = SessionManager::builder(MemoryStore::new()).trusted_proxies(proxies).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Box<[Network]>,
    header: Header,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Header {
    XForwardedFor,
    Forwarded,
}

impl TrustedProxies {
    /// Proxies in these networks, which add to `X-Forwarded-For`. A network is an address, or its first one and how many
    /// bits of it count: `10.0.0.0/8`. Without any, the header is never read.
    ///
    /// # Errors
    ///
    /// When one is not written so, or is everybody. The error says how to write it.
    pub fn x_forwarded_for<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
    ) -> Result<Self, TrustedProxiesError> {
        Self::new(networks, Header::XForwardedFor)
    }

    /// As [`x_forwarded_for`](Self::x_forwarded_for), for proxies that add to `Forwarded` (RFC 7239). Never both: a proxy
    /// passes on the header that it does not know, as the client wrote it.
    ///
    /// # Errors
    ///
    /// As [`x_forwarded_for`](Self::x_forwarded_for).
    pub fn forwarded<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
    ) -> Result<Self, TrustedProxiesError> {
        Self::new(networks, Header::Forwarded)
    }

    fn new<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
        header: Header,
    ) -> Result<Self, TrustedProxiesError> {
        let networks = networks.into_iter().map(|network| Network::parse(network.as_ref()));
        Ok(Self { networks: networks.collect::<Result<_, _>>()?, header })
    }

    /// The address of the client: the connection's peer, or who the trusted proxies say asked them. An IPv4 address that
    /// is written as an IPv6 one (`::ffff:192.0.2.7`) is given as IPv4.
    ///
    /// ```
    /// use hallpass_core::{RequestHead, TrustedProxies};
    /// # use std::net::IpAddr;
    /// # struct Head(IpAddr, &'static [u8]);
    /// # impl RequestHead for Head {
    /// #     fn method(&self) -> &str { "GET" }
    /// #     fn authority(&self) -> Option<&str> { None }
    /// #     fn path_and_query(&self) -> &str { "/" }
    /// #     fn peer(&self) -> Option<IpAddr> { Some(self.0) }
    /// #     fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
    /// #         if name == "x-forwarded-for" { visit(self.1) }
    /// #     }
    /// # }
    ///
    /// let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8"])?;
    /// let claimed = b"203.0.113.9, 192.0.2.7, 10.0.0.2";
    ///
    /// let through_the_proxies = Head([10, 0, 0, 1].into(), claimed);
    /// assert_eq!(proxies.client(&through_the_proxies), Some([192, 0, 2, 7].into()));
    ///
    /// let past_them = Head([198, 51, 100, 1].into(), claimed);
    /// assert_eq!(proxies.client(&past_them), Some([198, 51, 100, 1].into()));
    /// # Ok::<(), hallpass_core::TrustedProxiesError>(())
    /// ```
    #[must_use]
    pub fn client(&self, head: &(impl RequestHead + ?Sized)) -> Option<IpAddr> {
        let mut client = head.peer()?.to_canonical();
        if !self.trusts(client) {
            return Some(client);
        }
        let hops = match self.header {
            Header::XForwardedFor => hops::x_forwarded_for(head),
            Header::Forwarded => hops::forwarded(head),
        };
        for hop in hops.into_iter().rev() {
            let Some(hop) = hop else { break };
            client = hop;
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_head::Head;
    use proptest::prelude::*;

    const PROXY: &str = "10.0.0.1";

    fn client_of(proxies: &TrustedProxies, peer: &str, name: &str, lines: &[&str]) -> String {
        let head = Head::new("GET").peer(peer.parse().unwrap());
        let head = lines.iter().fold(head, |head, line| head.line(name, line));
        proxies.client(&head).unwrap().to_string()
    }

    fn x_forwarded_for(lines: &[&str]) -> String {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8", "2001:db8:1::/48"]).unwrap();
        client_of(&proxies, PROXY, "x-forwarded-for", lines)
    }

    fn forwarded(lines: &[&str]) -> String {
        let proxies = TrustedProxies::forwarded(["10.0.0.0/8", "2001:db8:1::/48"]).unwrap();
        client_of(&proxies, PROXY, "forwarded", lines)
    }

    #[test]
    fn the_right_most_address_that_is_no_proxys_is_the_clients() {
        for (lines, client) in [
            (&[][..], PROXY),
            (&["192.0.2.7"], "192.0.2.7"),
            (&["203.0.113.9, 192.0.2.7"], "192.0.2.7"),
            (&["203.0.113.9", "192.0.2.7"], "192.0.2.7"),
            (&["203.0.113.9, 192.0.2.7,10.0.0.2", " 10.0.0.3 "], "192.0.2.7"),
            (&["10.0.0.4,10.0.0.3"], "10.0.0.4"),
            (&["192.0.2.7, 2001:db8:1::5"], "192.0.2.7"),
        ] {
            assert_eq!(x_forwarded_for(lines), client, "{lines:?}");
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_read() {
        for (entry, client) in [
            ("192.0.2.7:4711", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:DB8::7]:4711", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("[::ffff:192.0.2.7]:80", "192.0.2.7"),
        ] {
            assert_eq!(x_forwarded_for(&[entry]), client);
            assert_eq!(forwarded(&[&format!("for=\"{entry}\"")]), client);
        }
        assert_eq!(x_forwarded_for(&["203.0.113.9, ::ffff:10.0.0.2"]), "203.0.113.9");
    }

    #[test]
    fn an_entry_that_is_no_address_leaves_it_at_the_proxy_that_added_it() {
        for entry in [
            "",
            "unknown",
            "_hidden",
            "192.0.2",
            "192.0.2.7:x",
            "192.0.2.7:99999",
            "\"192.0.2.7\"",
            "[::1",
            "ü",
        ] {
            assert_eq!(x_forwarded_for(&[&format!("203.0.113.9, {entry}")]), PROXY, "{entry:?}");
            assert_eq!(
                x_forwarded_for(&[&format!("203.0.113.9, {entry},10.0.0.2")]),
                "10.0.0.2",
                "{entry:?}"
            );
            assert_eq!(x_forwarded_for(&["203.0.113.9", entry]), PROXY, "{entry:?}");
        }
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8"]).unwrap();
        for peer in ["192.0.2.1", "::1", "2001:db8::1"] {
            assert_eq!(client_of(&proxies, peer, "x-forwarded-for", &["203.0.113.9"]), peer);
        }
        assert_eq!(
            client_of(&proxies, "::ffff:10.0.0.1", "x-forwarded-for", &["203.0.113.9"]),
            "203.0.113.9"
        );
        let none = TrustedProxies::x_forwarded_for([""; 0]).unwrap();
        assert_eq!(client_of(&none, PROXY, "x-forwarded-for", &["203.0.113.9"]), PROXY);
        assert_eq!(proxies.client(&Head::new("GET").line("x-forwarded-for", "203.0.113.9")), None);
    }

    #[test]
    fn the_header_that_was_not_chosen_is_not_read() {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8"]).unwrap();
        assert_eq!(client_of(&proxies, PROXY, "forwarded", &["for=203.0.113.9"]), PROXY);
        let proxies = TrustedProxies::forwarded(["10.0.0.0/8"]).unwrap();
        assert_eq!(client_of(&proxies, PROXY, "x-forwarded-for", &["203.0.113.9"]), PROXY);
    }

    #[test]
    fn forwarded_is_read_from_its_end_too() {
        for (lines, client) in [
            (&["for=192.0.2.7"][..], "192.0.2.7"),
            (&["For=192.0.2.7;proto=https;by=10.0.0.1"], "192.0.2.7"),
            (&["proto=https ; FOR=192.0.2.7 ; host=\"a,b;c\\\"d\""], "192.0.2.7"),
            (&["for=203.0.113.9, for=192.0.2.7, for=10.0.0.2"], "192.0.2.7"),
            (&["for=203.0.113.9", "for=192.0.2.7"], "192.0.2.7"),
            (&["for=192.0.2.7;;"], "192.0.2.7"),
            (&["for=192.0.2.7, proto=https"], PROXY),
            (&["for=192.0.2.7, for=unknown"], PROXY),
            (&["for=192.0.2.7, for=\"_x\", for=10.0.0.2"], "10.0.0.2"),
            (&["for=192.0.2.7;for=192.0.2.8"], PROXY),
            (&["for=\"192.0.2.7"], PROXY),
            (&["for=192.0.2.7 x"], PROXY),
            (&["for=\"192.0.2.7\"x"], PROXY),
            (&["192.0.2.7"], PROXY),
            (&["for=192.0.2.7,"], PROXY),
        ] {
            assert_eq!(forwarded(lines), client, "{lines:?}");
        }
    }

    /// What a client writes before it cannot change what a proxy has added; at most it spoils the line.
    #[test]
    fn a_client_cannot_hide_what_the_proxy_adds_or_add_to_it() {
        for hostile in
            ["for=\"", "for=\"x, for=203.0.113.9", "a=\"b\\", "for=203.0.113.9;x=\"\\\"", "for=,", "\""]
        {
            for added in ["for=192.0.2.7", "for=\"[2001:db8::7]:80\";host=\"shop.example\""] {
                let client = forwarded(&[&format!("{hostile}, {added}")]);
                assert!(
                    ["192.0.2.7", "2001:db8::7", PROXY].contains(&client.as_str()),
                    "{hostile}: {client}"
                );
            }
        }
        let host = "a,for=203.0.113.9;x=";
        assert_eq!(forwarded(&[&format!("for=192.0.2.7;host=\"{host}\"")]), "192.0.2.7");
        assert_eq!(forwarded(&[&format!("a=\", for=192.0.2.7;host=\"{host}\"")]), PROXY);
    }

    #[test]
    fn only_the_end_of_an_endless_header_is_looked_at() {
        let many = "203.0.113.9, ".repeat(100_000);
        assert_eq!(x_forwarded_for(&[&format!("{many}192.0.2.7")]), "192.0.2.7");
        let proxies = "10.0.0.2,".repeat(100_000);
        assert_eq!(x_forwarded_for(&[&format!("203.0.113.9,{proxies}10.0.0.3")]), "10.0.0.2");
        assert_eq!(forwarded(&[&format!("x={}", "y".repeat(100_000)), "for=192.0.2.7"]), "192.0.2.7");
    }

    proptest! {
        #[test]
        fn any_bytes_give_the_proxy_or_what_it_added(
            line in proptest::collection::vec(any::<u8>(), 0..200),
            text in "[0-9a-fFor:.,;= \"\\\\\\[\\]]{0,80}",
        ) {
            for proxies in [TrustedProxies::x_forwarded_for(["10.0.0.0/8"]), TrustedProxies::forwarded(["10.0.0.0/8"])] {
                let proxies = proxies.unwrap();
                for line in [line.as_slice(), text.as_bytes()] {
                    for (name, added) in [("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7")] {
                        let joined = [line, b", ", added.as_bytes()].concat();
                        let head = Head::new("GET").peer(PROXY.parse().unwrap());
                        let client = proxies.client(&head.line(name, joined)).unwrap().to_string();
                        prop_assert!(["192.0.2.7", PROXY].contains(&client.as_str()), "{}", client);
                    }
                }
            }
        }

        #[test]
        fn past_the_proxies_nothing_is_believed(line in "\\PC{0,80}", peer: u32) {
            let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8"]).unwrap();
            let peer = IpAddr::from(peer.to_be_bytes());
            prop_assume!(!proxies.trusts(peer));
            prop_assert_eq!(proxies.client(&Head::new("GET").peer(peer).line("x-forwarded-for", line)), Some(peer));
        }
    }
}
