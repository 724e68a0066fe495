//! Through whose hands a request went, by the headers that say so.

use crate::head::RequestHead;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// How many bytes of a header are looked at: those at its end, all lines together.
const MAX_BYTES: usize = 8 * 1024;

/// The entries of all `X-Forwarded-For` lines in their order; `None` for one that is no address.
pub(super) fn x_forwarded_for(head: &(impl RequestHead + ?Sized)) -> Vec<Option<IpAddr>> {
    let mut hops = Hops::default();
    head.for_each_value("x-forwarded-for", &mut |line| {
        let kept = hops.make_room_for(line);
        let begin = hops.entries.len();
        hops.entries.extend(kept.split(|byte| *byte == b',').map(address));
        if kept.len() < line.len() {
            // What is left of an address may be another.
            hops.entries[begin] = None;
        }
    });
    hops.entries
}

/// The `for` of each element of all `Forwarded` lines, in their order (RFC 7239 §4); `None` for one that is no address,
/// and for a whole line that is not well formed: what its client has left open must not swallow what a proxy has added.
pub(super) fn forwarded(head: &(impl RequestHead + ?Sized)) -> Vec<Option<IpAddr>> {
    let mut hops = Hops::default();
    head.for_each_value("forwarded", &mut |line| {
        let is_whole = hops.make_room_for(line).len() == line.len();
        match Elements(line).read().filter(|_| is_whole) {
            Some(elements) => hops.entries.extend(elements),
            None => hops.entries.push(None),
        }
    });
    hops.entries
}

#[derive(Default)]
struct Hops {
    entries: Vec<Option<IpAddr>>,
    bytes: usize,
}

impl Hops {
    /// The end of `line`, if it is too long. What came before is forgotten when all together is: it is the client's.
    fn make_room_for<'a>(&mut self, line: &'a [u8]) -> &'a [u8] {
        let kept = &line[line.len().saturating_sub(MAX_BYTES)..];
        // Empty lines count too.
        self.bytes += kept.len() + 1;
        if self.bytes > MAX_BYTES {
            self.entries.clear();
            self.entries.push(None);
            self.bytes = kept.len() + 1;
        }
        kept
    }
}

/// With or without a port, an IPv6 address with or without brackets.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let bare = || text.parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    let in_brackets = || Some(text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?.into());
    let address: IpAddr = bare().or_else(with_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

/// What is left of a `Forwarded` line.
struct Elements<'a>(&'a [u8]);

impl Elements<'_> {
    fn read(mut self) -> Option<Vec<Option<IpAddr>>> {
        let mut elements = Vec::new();
        loop {
            elements.push(self.element()?);
            match self.0 {
                [] => return Some(elements),
                // It stopped at a comma.
                [_, rest @ ..] => self.0 = rest,
            }
        }
    }

    /// One element, up to a comma or the end. Parameters may be missing, but not come twice.
    fn element(&mut self) -> Option<Option<IpAddr>> {
        let mut found = None;
        loop {
            self.skip_spaces();
            if !matches!(self.0, [] | [b',' | b';', ..]) {
                let (name, value) = self.pair()?;
                if name.eq_ignore_ascii_case(b"for") {
                    found = Some(address(&value).filter(|_| found.is_none()));
                }
                self.skip_spaces();
            }
            match self.0 {
                [b';', rest @ ..] => self.0 = rest,
                [] | [b',', ..] => return Some(found.flatten()),
                _ => return None,
            }
        }
    }

    fn pair(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let name = self.word();
        self.0 = self.0.strip_prefix(b"=")?;
        let value = match self.0.strip_prefix(b"\"") {
            Some(rest) => {
                self.0 = rest;
                self.quoted()?
            }
            None => self.word(),
        };
        Some((name, value))
    }

    /// Everything up to a separator. Addresses are often not quoted though they should be.
    fn word(&mut self) -> Vec<u8> {
        let ends = |byte: &u8| b",;=\" \t".contains(byte);
        let (word, rest) = self.0.split_at(self.0.iter().position(ends).unwrap_or(self.0.len()));
        self.0 = rest;
        word.to_vec()
    }

    /// What is left of a quoted string (RFC 9110 §5.6.4), without its end.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            match self.0 {
                [b'"', rest @ ..] => {
                    self.0 = rest;
                    return Some(text);
                }
                [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                    text.push(*byte);
                    self.0 = rest;
                }
                [] => return None,
            }
        }
    }

    fn skip_spaces(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }
}
