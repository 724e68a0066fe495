//! What the fuzz targets share: a request's head made of bytes.

use hallpass_core::RequestHead;
use std::net::IpAddr;

/// The headers that anything in the core reads. A line of input begins with the index of its name.
const NAMES: [&str; 11] = [
    "cookie",
    "host",
    "origin",
    "referer",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-purpose",
    "purpose",
    "x-moz",
    "upgrade",
];

/// A request's head whose header lines are the lines of the input.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    method: &'a str,
    authority: Option<&'a str>,
    lines: Vec<(&'static str, &'a [u8])>,
}

impl<'a> Head<'a> {
    /// Reads a method, an authority (none if it is empty or not UTF-8), and header lines, one a line of input.
    pub fn parse(input: &'a [u8]) -> Self {
        let mut lines = input.split(|byte| *byte == b'\n');
        let mut text = || lines.next().and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
        let method = text();
        let authority = Some(text()).filter(|authority| !authority.is_empty());
        Self { method, authority, lines: lines.filter_map(header).collect() }
    }

    /// A GET with these `Cookie` lines.
    pub fn with_cookies(lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let lines = lines.into_iter().map(|line| ("cookie", line)).collect();
        Self { method: "GET", authority: None, lines }
    }

    /// The same head with one header more.
    #[must_use]
    pub fn and(&self, name: &'static str, value: &'a [u8]) -> Self {
        let mut more = self.clone();
        more.lines.push((name, value));
        more
    }
}

fn header(line: &[u8]) -> Option<(&'static str, &[u8])> {
    let (name, value) = line.split_first()?;
    Some((NAMES[usize::from(*name) % NAMES.len()], value))
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn authority(&self) -> Option<&str> {
        self.authority
    }

    fn path_and_query(&self) -> &str {
        "/"
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.lines.iter().filter(|(known, _)| *known == name).for_each(|(_, value)| visit(value));
    }
}
