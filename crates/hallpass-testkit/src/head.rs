use hallpass_core::RequestHead;
use std::fmt;
use std::net::IpAddr;

/// The head of a request, for tests that need no server.
///
/// ```
/// use hallpass_core::RequestHead;
/// use hallpass_testkit::Head;
///
/// let head = Head::new("GET").path("/cart").line("accept", "text/html");
/// assert_eq!((head.method(), head.path_and_query()), ("GET", "/cart"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Head {
    method: &'static str,
    path: &'static str,
    peer: Option<IpAddr>,
    lines: Vec<(&'static str, String)>,
}

impl Head {
    /// A request for `/` with this method, without headers, from nobody knows where.
    pub fn new(method: &'static str) -> Self {
        Self { method, path: "/", peer: None, lines: Vec::new() }
    }

    /// Asks for this path and query.
    pub fn path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// Comes from this address, if it is known.
    pub fn peer(mut self, peer: Option<IpAddr>) -> Self {
        self.peer = peer;
        self
    }

    /// Has one more header line. The name is in lower case.
    pub fn line(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.lines.push((name, value.into()));
        self
    }
}

/// Shows no header: they hold cookies and credentials.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

impl RequestHead for Head {
    fn method(&self) -> &str {
        self.method
    }

    fn authority(&self) -> Option<&str> {
        None
    }

    fn path_and_query(&self) -> &str {
        self.path
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.lines.iter().filter(|(known, _)| *known == name).for_each(|(_, value)| visit(value.as_bytes()));
    }
}
