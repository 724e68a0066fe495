//! A request's head for the unit tests.

use crate::head::RequestHead;
use std::net::IpAddr;

#[derive(Debug, Clone)]
pub(crate) struct Head {
    method: String,
    authority: Option<String>,
    protocol: Option<String>,
    peer: Option<IpAddr>,
    lines: Vec<(String, Vec<u8>)>,
}

impl Head {
    pub(crate) fn new(method: &str) -> Self {
        Self { method: method.to_owned(), authority: None, protocol: None, peer: None, lines: Vec::new() }
    }

    pub(crate) fn authority(mut self, authority: &str) -> Self {
        self.authority = Some(authority.to_owned());
        self
    }

    pub(crate) fn protocol(mut self, protocol: &str) -> Self {
        self.protocol = Some(protocol.to_owned());
        self
    }

    pub(crate) fn peer(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    pub(crate) fn line(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.lines.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }
}

impl RequestHead for Head {
    fn method(&self) -> &str {
        &self.method
    }

    fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    fn path_and_query(&self) -> &str {
        "/"
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.lines.iter().filter(|(known, _)| known == name).for_each(|(_, value)| visit(value));
    }

    fn connect_protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }
}
