//! Events as text: one line each, in the outbox and in notifications.
//!
//! ```text
//! E <key> <handle or -> <reason> <- or =subject>
//! R <old key> <new key> <handle>
//! N <realm> <milliseconds>
//! ```
//!
//! Keys and handles are hexadecimal. A line that is none of these, as a newer node may write, is a gap: whoever does not
//! understand what happened checks everything.

use hallpass_core::{EndReason, Ended, FeedEvent, Realm, SessionHandle, SessionKey, Subject, Timestamp};
use std::fmt::Write as _;

/// How many bytes a text may have: less than fits into one notification of PostgreSQL, 8000 bytes.
const MAX: usize = 7_800;

/// Writes events as texts of bounded length.
pub(crate) fn encode<'a>(events: impl IntoIterator<Item = &'a FeedEvent>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for line in events.into_iter().filter_map(line) {
        match texts.last_mut().filter(|text| text.len() + 1 + line.len() <= MAX) {
            Some(text) => {
                text.push('\n');
                text.push_str(&line);
            }
            None => texts.push(line),
        }
    }
    texts
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(text: &str) -> Vec<FeedEvent> {
    text.split('\n').map(|line| event(line).unwrap_or(FeedEvent::Gap)).collect()
}

fn line(event: &FeedEvent) -> Option<String> {
    Some(match event {
        FeedEvent::Ended(ended) => {
            let handle = ended.handle.map_or_else(|| "-".into(), |handle| hex(handle.as_bytes()));
            let subject = ended.subject.as_ref().map_or_else(|| "-".into(), |subject| format!("={subject}"));
            format!("E {} {handle} {} {subject}", hex(ended.key.as_bytes()), ended.reason)
        }
        FeedEvent::Replaced { old, new, handle } => {
            format!("R {} {} {}", hex(old.as_bytes()), hex(new.as_bytes()), hex(handle.as_bytes()))
        }
        FeedEvent::NotBefore { realm, at } => format!("N {realm} {}", at.as_millis()),
        // Nothing else is ever noted.
        _ => return None,
    })
}

fn event(line: &str) -> Option<FeedEvent> {
    let (kind, rest) = line.split_once(' ')?;
    match kind {
        "E" => ended(rest).map(FeedEvent::Ended),
        "R" => replaced(rest),
        "N" => {
            let (realm, at) = rest.split_once(' ')?;
            let (realm, at) = (Realm::new(realm).ok()?, Timestamp::from_millis(at.parse().ok()?));
            Some(FeedEvent::NotBefore { realm, at })
        }
        _ => None,
    }
}

fn ended(rest: &str) -> Option<Ended> {
    let mut parts = rest.splitn(4, ' ');
    Some(Ended {
        key: SessionKey::from_bytes(unhex(parts.next()?)?),
        handle: match parts.next()? {
            "-" => None,
            handle => Some(SessionHandle::from_bytes(unhex(handle)?)),
        },
        reason: EndReason::parse(parts.next()?),
        subject: match parts.next()? {
            "-" => None,
            subject => Some(Subject::new(subject.strip_prefix('=')?).ok()?),
        },
    })
}

fn replaced(rest: &str) -> Option<FeedEvent> {
    let mut parts = rest.split(' ');
    Some(FeedEvent::Replaced {
        old: SessionKey::from_bytes(unhex(parts.next()?)?),
        new: SessionKey::from_bytes(unhex(parts.next()?)?),
        handle: SessionHandle::from_bytes(unhex(parts.next()?)?),
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SessionKey {
        SessionKey::from_bytes([byte; 34])
    }

    fn end(subject: Option<&str>, handle: Option<u8>) -> FeedEvent {
        let subject = subject.map(|id| Subject::new(id).unwrap());
        let handle = handle.map(|byte| SessionHandle::from_bytes([byte; 16]));
        FeedEvent::Ended(Ended { key: key(0xa9), handle, subject, reason: EndReason::Administrator })
    }

    #[test]
    fn every_event_reads_back_as_it_was_written() {
        let handle = SessionHandle::from_bytes([0x0f; 16]);
        for event in [
            end(None, None),
            end(Some("-"), Some(7)),
            end(Some(" a = b -"), Some(0)),
            end(Some(&"ü".repeat(127)), Some(1)),
            FeedEvent::Replaced { old: key(1), new: key(2), handle },
            FeedEvent::NotBefore { realm: Realm::new("=-x").unwrap(), at: Timestamp::MAX },
        ] {
            let texts = encode([&event]);
            assert_eq!(texts.iter().flat_map(|text| decode(text)).collect::<Vec<_>>(), [event]);
        }
    }

    #[test]
    fn many_events_are_split_into_texts_that_fit_a_notification() {
        let events = vec![end(Some(&"x".repeat(255)), Some(3)); 100];
        let texts = encode(&events);
        assert!(texts.len() > 1 && texts.iter().all(|text| text.len() < 8000), "{}", texts.len());
        assert_eq!(texts.iter().flat_map(|text| decode(text)).collect::<Vec<_>>(), events);
    }

    #[test]
    fn what_is_not_understood_is_a_gap() {
        for text in ["", "E", "X 1", "E zz - logged_out -", "N shop", "R 00 00 00", "E +1 - x -"] {
            assert_eq!(decode(text), [FeedEvent::Gap], "{text:?}");
        }
        let cut = encode([&end(Some("ada"), Some(1))]).remove(0);
        assert_eq!(decode(&format!("{cut}\nV 2")).len(), 2);
    }
}
