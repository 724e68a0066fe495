//! What scripts tell the feed: netstrings, of which the first is the operation.

use crate::reply::{end, key};
use hallpass_core::{FeedEvent, Realm, SessionHandle, Timestamp};

/// The events of a message. What this version does not understand, as a newer node may tell, is a gap: something
/// happened that is not known.
pub(super) fn read(message: &[u8]) -> Vec<FeedEvent> {
    let mut rest = message;
    let mut events = Vec::new();
    if netstring(&mut rest).is_none() {
        return vec![FeedEvent::Gap];
    }
    while !rest.is_empty() {
        match event(&mut rest) {
            Some(event) => events.push(event),
            None => {
                events.push(FeedEvent::Gap);
                break;
            }
        }
    }
    events
}

fn event(rest: &mut &[u8]) -> Option<FeedEvent> {
    match netstring(rest)? {
        b"ended" => {
            let (key, handle) = (netstring(rest)?, netstring(rest)?);
            let (owner, reason) = (netstring(rest)?, netstring(rest)?);
            Some(FeedEvent::Ended(end(key, handle, owner, reason)?))
        }
        b"replaced" => {
            let (old, new) = (key(netstring(rest)?)?, key(netstring(rest)?)?);
            let handle = SessionHandle::from_bytes(netstring(rest)?.try_into().ok()?);
            Some(FeedEvent::Replaced { old, new, handle })
        }
        b"not_before" => {
            let realm = Realm::new(text(netstring(rest)?)?).ok()?;
            let at = Timestamp::from_millis(text(netstring(rest)?)?.parse().ok()?);
            Some(FeedEvent::NotBefore { realm, at })
        }
        _ => None,
    }
}

fn netstring<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let colon = rest.iter().position(|byte| *byte == b':')?;
    let len: usize = text(&rest[..colon])?.parse().ok()?;
    let (string, end) = rest.get(colon + 1..)?.split_at_checked(len)?;
    *rest = end.strip_prefix(b",")?;
    Some(string)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_core::{EndReason, Ended, SessionKey, Subject};

    fn message(parts: &[&[u8]]) -> Vec<u8> {
        parts.iter().flat_map(|part| [format!("{}:", part.len()).as_bytes(), part, b","].concat()).collect()
    }

    #[test]
    fn every_event_reads_back() {
        let (old, new) = ([1; 34], [b':'; 34]);
        let told = message(&[
            b"op",
            b"ended",
            &old,
            &[2; 16],
            b"shop\n7",
            b"logged_out",
            b"ended",
            &new,
            b"",
            b"",
            b"unknown",
            b"replaced",
            &old,
            &new,
            &[3; 16],
            b"not_before",
            b"shop",
            b"12",
        ]);
        let ended = |key, handle: Option<[u8; 16]>, subject, reason| {
            let (key, handle) = (SessionKey::from_bytes(key), handle.map(SessionHandle::from_bytes));
            FeedEvent::Ended(Ended { key, handle, subject, reason })
        };
        let expected = [
            ended(old, Some([2; 16]), Subject::new("7").ok(), EndReason::LoggedOut),
            ended(new, None, None, EndReason::Unknown),
            FeedEvent::Replaced {
                old: SessionKey::from_bytes(old),
                new: SessionKey::from_bytes(new),
                handle: SessionHandle::from_bytes([3; 16]),
            },
            FeedEvent::NotBefore { realm: Realm::new("shop").unwrap(), at: Timestamp::from_millis(12) },
        ];
        assert_eq!(read(&told), expected);
    }

    #[test]
    fn what_is_not_understood_is_a_gap() {
        for strange in [
            message(&[b"op", b"something newer", b"x"]),
            message(&[b"op", b"ended", b"short", b"", b"", b""]),
            message(&[b"op", b"not_before", b"shop", b"soon"]),
            b"99999999999999999999:x,".to_vec(),
            b"2:op".to_vec(),
            b"nonsense".to_vec(),
            vec![],
        ] {
            assert_eq!(read(&strange), [FeedEvent::Gap], "{strange:?}");
        }
    }

    #[test]
    fn a_message_that_was_cut_off_ends_in_a_gap() {
        let whole = message(&[b"op", b"ended", &[1; 34], &[2; 16], b"shop\n7", b"logged_out"]);
        for end in 0..whole.len() {
            let events = read(&whole[..end]);
            assert!(events.is_empty() || events == [FeedEvent::Gap], "{end}: {events:?}");
        }
    }
}
