use std::collections::BTreeMap;

/// The cookies of a browser. It obeys every `Set-Cookie` as browsers do, but that it keeps `Secure` cookies of plain
/// http, as they do for `localhost`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jar(BTreeMap<String, String>);

impl Jar {
    /// The value of this cookie.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Puts a cookie in as it is, as an attacker may.
    pub fn plant(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Whether it holds no session: neither a login's cookie nor a visitor's.
    #[must_use]
    pub fn holds_no_session(&self) -> bool {
        self.0.keys().all(|name| is_device(name))
    }

    /// Obeys one `Set-Cookie`.
    pub(super) fn apply(&mut self, cookie: &SetCookie) {
        if cookie.is_removal() {
            self.0.remove(&cookie.name);
        } else {
            self.0.insert(cookie.name.clone(), cookie.value.clone());
        }
    }

    /// The `Cookie` header to send, if there is anything to send.
    pub(super) fn header(&self) -> Option<String> {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn is_device(name: &str) -> bool {
    name.ends_with("-device")
}

/// One `Set-Cookie` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// What follows, as it was sent: attributes with their values.
    pub attributes: Vec<String>,
}

/// What every cookie of the fixture has, and nothing else unless it is remembered or removed.
const ATTRIBUTES: [&str; 4] = ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"];
const REMOVAL: [&str; 2] = ["Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"];

impl SetCookie {
    pub(super) fn parse(line: &str) -> Self {
        let mut parts = line.split("; ");
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap_or_default();
        let attributes = parts.map(str::to_owned).collect();
        Self { name: name.to_owned(), value: value.to_owned(), attributes }
    }

    /// Whether it says that somebody has logged in with this browser before, and opens nothing.
    #[must_use]
    pub fn is_device(&self) -> bool {
        is_device(&self.name)
    }

    /// Whether it makes a browser forget the cookie.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        self.max_age() == Some(0)
    }

    /// How many seconds the browser keeps it; `None` for as long as it runs.
    #[must_use]
    pub fn max_age(&self) -> Option<u64> {
        let age = self.attributes.iter().find_map(|attribute| attribute.strip_prefix("Max-Age="));
        age.map(|age| age.parse().expect("a whole number of seconds"))
    }

    /// Panics unless the cookie is exactly as one of ours must be.
    pub(super) fn check(&self, line: &str) {
        assert!(line.len() <= 4096 && line.is_ascii(), "{line}");
        assert!(self.name.starts_with("__Host-"), "{line}");
        assert_eq!(self.attributes[..4], ATTRIBUTES, "{line}");
        let rest = &self.attributes[4..];
        if self.is_removal() {
            assert_eq!((self.value.as_str(), rest), ("", &REMOVAL.map(str::to_owned)[..]), "{line}");
        } else {
            let opaque = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            let length = if self.is_device() { 64 } else { 46 };
            assert!(self.value.len() == length && self.value.chars().all(opaque), "{line}");
            assert_eq!(rest.len(), usize::from(self.max_age().is_some()), "{line}");
        }
    }
}
