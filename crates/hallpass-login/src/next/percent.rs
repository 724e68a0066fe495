use std::fmt::Write as _;

/// One round, as a careless proxy would do it. Malformed sequences stay as they are.
pub(super) fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, tail) = escaped(first, tail).unwrap_or((first, tail));
        decoded.push(byte);
        rest = tail;
    }
    decoded
}

pub(super) fn encode(value: &str, is_kept: fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if is_kept(byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `pchar`, `/` and `?` of RFC 3986 §3.3 and §3.4, without the quote; `%` because the value is
/// already encoded.
pub(super) fn is_path_or_query(byte: u8) -> bool {
    is_query_value(byte) || b"%!$&()*+,;=:@?".contains(&byte)
}

/// What no form decoder changes: the unreserved characters of RFC 3986 §2.3, and `/` to keep the
/// address readable.
pub(super) fn is_query_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte)
}

fn escaped(first: u8, tail: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, tail) = tail.split_at_checked(2).filter(|_| first == b'%')?;
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let byte = nibble(digits[0])? * 16 + nibble(digits[1])?;
    u8::try_from(byte).ok().map(|byte| (byte, tail))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn malformed_sequences_stay_as_they_are() {
        for (encoded, decoded) in [
            ("", ""),
            ("%41%6a%6A", "Ajj"),
            ("%", "%"),
            ("%4", "%4"),
            ("%4g%g4%%41", "%4g%g4%A"),
            ("%2541", "%41"),
        ] {
            assert_eq!(decode(encoded.as_bytes()), decoded.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(value in "(?s).{0,64}") {
            let encoded = encode(&value, is_query_value);
            prop_assert!(encoded.bytes().all(|byte| byte == b'%' || is_query_value(byte)));
            prop_assert_eq!(decode(encoded.as_bytes()), value.as_bytes());
        }
    }
}
