//! Cookies as a browser sends them back, and others.

use http::HeaderValue;

/// The `Cookie` header for these `Set-Cookie` lines; `None` if nothing is left to send. Removed cookies are left out.
///
/// ```
/// let lines = ["id=abc==; Path=/; Secure", "old=; Max-Age=0", "csrf=x"].map(str::as_bytes);
/// assert_eq!(benches::cookies::sent_back(lines).unwrap(), "id=abc==; csrf=x");
/// assert_eq!(benches::cookies::sent_back([]), None);
/// ```
pub fn sent_back<'a>(set_cookie_lines: impl IntoIterator<Item = &'a [u8]>) -> Option<HeaderValue> {
    let lines = set_cookie_lines.into_iter().filter_map(|line| std::str::from_utf8(line).ok());
    let pairs: Vec<&str> = lines.filter_map(pair).collect();
    HeaderValue::from_str(&pairs.join("; ")).ok().filter(|header| !header.is_empty())
}

/// `name=value`, unless the line removes the cookie.
fn pair(line: &str) -> Option<&str> {
    let pair = line.split(';').next()?.trim();
    let (_, value) = pair.split_once('=')?;
    (!value.is_empty() && !line.to_ascii_lowercase().contains("max-age=0")).then_some(pair)
}

/// The same cookies, each ending in a character that no encoding of a session's name has.
///
/// ```
/// let cookie = http::HeaderValue::from_static("id=abc; csrf=x");
/// assert_eq!(benches::cookies::malformed(&cookie), "id=ab!; csrf=!");
/// ```
#[must_use]
pub fn malformed(cookie: &HeaderValue) -> HeaderValue {
    changed(cookie, |value| value.last_mut().into_iter().for_each(|last| *last = b'!'))
}

/// The same cookies, each with one letter or digit in its middle changed.
///
/// ```
/// let cookie = http::HeaderValue::from_static("id=1234-abc; csrf=x");
/// assert_eq!(benches::cookies::unknown(&cookie), "id=1234-bbc; csrf=a");
/// ```
#[must_use]
pub fn unknown(cookie: &HeaderValue) -> HeaderValue {
    changed(cookie, |value| {
        let middle = value.len() / 2;
        if let Some(byte) = value[middle..].iter_mut().find(|byte| byte.is_ascii_alphanumeric()) {
            *byte = another(*byte);
        }
    })
}

/// Of the same kind, so that what was a number or hexadecimal still is.
fn another(byte: u8) -> u8 {
    match byte {
        b'9' => b'8',
        b'0'..=b'9' => b'9',
        b'A' => b'B',
        b'B'..=b'Z' => b'A',
        b'a' => b'b',
        _ => b'a',
    }
}

fn changed(cookie: &HeaderValue, change: impl Fn(&mut [u8])) -> HeaderValue {
    let mut bytes = cookie.as_bytes().to_vec();
    for pair in bytes.split_mut(|byte| *byte == b';') {
        let value = pair.iter().position(|byte| *byte == b'=').map_or(0, |equals| equals + 1);
        change(&mut pair[value..]);
    }
    HeaderValue::from_bytes(&bytes).expect("visible characters replace visible characters")
}

/// `count` cookies of the length of ours, for applications that have none.
pub(crate) fn made_up(count: u64) -> Vec<HeaderValue> {
    let cookie = |number| HeaderValue::from_str(&format!("__Host-id={number:046}"));
    (0..count).map(|number| cookie(number).expect("digits are visible")).collect()
}
