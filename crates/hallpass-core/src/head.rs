//! What the core needs to know of a request, whatever framework it came through.

use std::net::IpAddr;

/// The head of an HTTP request, as an adapter shows it to the core.
///
/// `HttpHead` of `hallpass-tower` is one over a request of the `http` crate, that of `hallpass-actix` one over actix-web's.
///
/// ```
/// use hallpass_core::RequestHead;
/// use std::net::IpAddr;
///
/// #[derive(Debug)]
/// struct Head;
///
/// impl RequestHead for Head {
///     fn method(&self) -> &str { "GET" }
///     fn authority(&self) -> Option<&str> { None }
///     fn path_and_query(&self) -> &str { "/account?tab=devices" }
///     fn peer(&self) -> Option<IpAddr> { Some([127, 0, 0, 1].into()) }
///     fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
///         if name == "host" { visit(b"shop.example") }
///     }
/// }
///
/// let mut hosts = Vec::new();
/// Head.for_each_value("host", &mut |value| hosts.push(value.to_vec()));
/// assert_eq!(hosts, [b"shop.example"]);
/// assert!(Head.any_value("host", &|value| value.ends_with(b".example")));
/// assert!(Head.says("host", "Shop.Example"));
/// ```
pub trait RequestHead {
    /// The method, as sent.
    fn method(&self) -> &str;

    /// The authority of the request's target: HTTP/2's `:authority` or an absolute-form target (RFC 9112 §3.2.2), not
    /// the `Host` header.
    fn authority(&self) -> Option<&str>;

    /// Path and query, at least `/`.
    fn path_and_query(&self) -> &str;

    /// The address of the peer of the connection, if the adapter knows it.
    fn peer(&self) -> Option<IpAddr>;

    /// Shows `visit` every value of every header line called `name`, which is in lower case, in their order.
    fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8]));

    /// Whether `holds` is true of any value that [`for_each_value`](Self::for_each_value) shows for `name`. False for an
    /// absent header.
    fn any_value(&self, name: &str, holds: &dyn Fn(&[u8]) -> bool) -> bool {
        let mut any = false;
        self.for_each_value(name, &mut |value| any |= holds(value));
        any
    }

    /// Whether any value for `name` is `word`, in any case and with or without space around it.
    fn says(&self, name: &str, word: &str) -> bool {
        self.any_value(name, &|value| value.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Whether this is a handshake of HTTP/2's or HTTP/3's extended CONNECT (RFC 8441), and for which protocol.
    fn connect_protocol(&self) -> Option<&str> {
        None
    }
}

/// The address a request came from, as the application wants it known: in device lists and events.
///
/// Put it into the request's extensions where the server does not know it itself. What proxies in front say is read where
/// they are named to the manager, with [`trusted_proxies`](crate::SessionManagerBuilder::trusted_proxies). Nothing is
/// granted by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(pub IpAddr);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_head::Head;

    #[test]
    fn every_line_of_a_header_is_asked_also_of_a_head_whose_type_is_not_known() {
        let head = Head::new("GET").line("x-moz", "a").line("x-moz", "b").line("purpose", "c");
        let head: &dyn RequestHead = &head;
        assert!(["a", "b"].iter().all(|line| head.any_value("x-moz", &|value| value == line.as_bytes())));
        assert!(!head.any_value("x-moz", &|value| value == b"c"));
        assert!(!head.any_value("upgrade", &|_| true));
    }
}
