use super::jar::SetCookie;
use serde_json::Value;
use std::fmt;

/// An answer, whole.
#[derive(Clone)]
#[must_use]
pub struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Response {
    /// Takes an answer in and checks what must be true of each one, whatever was asked.
    pub(super) fn checked(status: u16, headers: Vec<(String, Vec<u8>)>, body: Vec<u8>) -> Self {
        let response = Self { status, headers, body };
        response.check();
        response
    }

    /// Takes apart what came on a wire.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let status = std::str::from_utf8(lines.next()?).ok()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &[u8]| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        };
        Some(Self::checked(status, lines.filter_map(header).collect(), bytes[end + 4..].to_vec()))
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Panics unless the status is this.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Panics unless the answer is an error of this status and code.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> &Self {
        self.expect(status);
        assert_eq!(self.json()["error"], code, "{self:?}");
        self
    }

    /// Panics unless the answer carries no cookie at all.
    #[track_caller]
    pub fn without_cookie(&self) -> &Self {
        assert_eq!(self.all_cookies(), [], "{self:?}");
        self
    }

    /// Panics unless the answer sets this cookie and no other of a session; the cookie.
    #[track_caller]
    pub fn only_cookie(&self, name: &str) -> SetCookie {
        let [cookie] = self.cookies().try_into().expect("one cookie");
        assert!(cookie.name == name && !cookie.is_removal(), "{self:?}");
        cookie
    }

    /// Panics unless the answer removes these cookies and sends no other.
    #[track_caller]
    pub fn removes(&self, names: &[&str]) -> &Self {
        let cookies = self.all_cookies();
        assert!(cookies.iter().all(SetCookie::is_removal), "{self:?}");
        assert_eq!(cookies.iter().map(|cookie| cookie.name.as_str()).collect::<Vec<_>>(), names, "{self:?}");
        self
    }

    /// Panics unless caches are kept from an answer for which a session was opened.
    #[track_caller]
    pub fn is_private(&self) -> &Self {
        assert_eq!(self.values("cache-control"), ["no-store"], "{self:?}");
        assert!(self.varies_by_cookie(), "{self:?}");
        self
    }

    /// All values of a header, in their order.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        let of_name = self.headers.iter().filter(|(known, _)| known == name);
        of_name.map(|(_, value)| std::str::from_utf8(value).expect("our headers are text")).collect()
    }

    /// Every cookie of a session that is set or removed: a login's or a visitor's.
    #[must_use]
    pub fn cookies(&self) -> Vec<SetCookie> {
        self.all_cookies().into_iter().filter(|cookie| !cookie.is_device()).collect()
    }

    /// The cookie by which a browser is known after a login.
    #[must_use]
    pub fn device_cookie(&self) -> Option<SetCookie> {
        self.all_cookies().into_iter().find(SetCookie::is_device)
    }

    /// Every cookie that is set or removed.
    #[must_use]
    pub fn all_cookies(&self) -> Vec<SetCookie> {
        self.values("set-cookie").into_iter().map(SetCookie::parse).collect()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// How many sessions a logout says it ended.
    #[track_caller]
    #[must_use]
    pub fn sessions_ended(&self) -> u64 {
        self.expect(200).json()["sessions_ended"].as_u64().expect("a logout counts")
    }

    /// Everything that two answers must share to be told apart by nobody.
    #[must_use]
    pub fn transcript(&self) -> String {
        let noise = ["date", "server", "connection", "transfer-encoding"];
        let lines = self.headers.iter().filter(|(name, _)| !noise.contains(&name.as_str()));
        let mut lines: Vec<_> =
            lines.map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value))).collect();
        lines.sort();
        format!("{}\n{}\n{}", self.status, lines.concat(), self.text())
    }

    fn varies_by_cookie(&self) -> bool {
        let fields = self.values("vary").join(",").to_ascii_lowercase();
        fields.split(',').filter(|field| field.trim() == "cookie").count() == 1
    }

    #[track_caller]
    fn check(&self) {
        let lines = self.values("set-cookie");
        for line in &lines {
            SetCookie::parse(line).check(line);
        }
        let mut names: Vec<_> = self.all_cookies().into_iter().map(|cookie| cookie.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), lines.len(), "one cookie is set twice: {self:?}");
        let no_store = self.values("cache-control") == ["no-store"];
        assert!(
            lines.is_empty() || no_store && self.varies_by_cookie(),
            "a cookie that caches keep: {self:?}"
        );
        let challenge = is_challenge(&self.values("www-authenticate"));
        assert_eq!(challenge, self.status == 401, "a 401 has a challenge: {self:?}");
        let throttled = self.values("retry-after").len() == 1 && lines.is_empty();
        assert!(self.status != 429 || throttled, "a 429 says when to come back and sets nothing: {self:?}");
        assert!(self.status != 401 || no_store, "a 401 that caches keep: {self:?}");
        let unavailable = self.values("retry-after").len() == 1 && no_store && lines.is_empty();
        assert!(self.status != 503 || unavailable, "a 503 says when to come back and sets nothing: {self:?}");
    }
}

/// The library's own, and perhaps one for bearer tokens.
fn is_challenge(values: &[&str]) -> bool {
    matches!(values, ["Session"] | ["Session", "Bearer" | INVALID_TOKEN])
}

/// What a 401 says to a client whose bearer token opens nothing.
pub const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\"";

/// Shows it as text, for a scenario that fails.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answer {}", self.transcript())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let response = Response::parse(b"HTTP/1.1 200 OK\r\nA: b\r\na:c\r\n\r\n{\"x\":1}").unwrap();
        assert_eq!((response.status(), response.values("a")), (200, vec!["b", "c"]));
        assert_eq!(response.json()["x"], 1);
        assert!(Response::parse(b"").is_none());
    }
}
