//! A request's head for the unit tests.

use crate::head::RequestHead;
use std::net::IpAddr;

#[derive(Debug, Clone)]
pub(crate) struct Head {
    method: String,
    authority: Option<String>,
    protocol: Option<String>,
    peer: Option<IpAddr>,
    /// A line without a name is of every header.
    lines: Vec<(Option<String>, Vec<u8>)>,
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
        self.lines.push((Some(name.to_owned()), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn in_every_header(mut self, value: impl Into<Vec<u8>>) -> Self {
        self.lines.push((None, value.into()));
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
        let is_asked_for = |known: &Option<String>| known.as_ref().is_none_or(|known| known == name);
        self.lines.iter().filter(|(known, _)| is_asked_for(known)).for_each(|(_, value)| visit(value));
    }

    fn connect_protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }
}
