use std::borrow::Cow;

/// What a browser is asked to forget at logout, by the `Clear-Site-Data` header (W3C Clear Site Data §3.1).
///
/// Logout does not need it: the session is dead whatever the browser keeps. It is for shared computers, where pages and
/// values that the application itself has left in the browser should go too. Browsers obey it over https only, and each part
/// has its price:
///
/// * [`cache`](Self::cache) empties the cache of the origin. Some versions of Chrome take seconds for it, and the answer
///   waits meanwhile.
/// * [`cookies`](Self::cookies) removes the cookies of the whole registrable domain, neighbouring subdomains and other
///   applications there included.
/// * [`storage`](Self::storage) removes local storage, IndexedDB and service workers of the origin: drafts and what was
///   kept for offline use are gone.
///
/// ```
/// use hallpass_login::{ClearSiteData, LogoutEndpoint};
///
/// let logout = LogoutEndpoint::new().clear_site_data(ClearSiteData::new().storage());
/// # let _ = logout;
/// assert_eq!(ClearSiteData::new().cache().storage().to_string(), r#""cache", "storage""#);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct ClearSiteData {
    cache: bool,
    cookies: bool,
    storage: bool,
}

impl ClearSiteData {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was cached.
    pub fn cache(mut self) -> Self {
        self.cache = true;
        self
    }

    /// The cookies of the registrable domain.
    pub fn cookies(mut self) -> Self {
        self.cookies = true;
        self
    }

    /// Storage and service workers.
    pub fn storage(mut self) -> Self {
        self.storage = true;
        self
    }

    /// The value of the header; `None` if there is nothing to forget.
    pub(crate) fn header(self) -> Option<Cow<'static, str>> {
        (self != Self::new()).then(|| self.to_string().into())
    }
}

/// The value of the header.
impl std::fmt::Display for ClearSiteData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts =
            [(self.cache, r#""cache""#), (self.cookies, r#""cookies""#), (self.storage, r#""storage""#)];
        let asked: Vec<_> = parts.into_iter().filter_map(|(asked, part)| asked.then_some(part)).collect();
        f.write_str(&asked.join(", "))
    }
}
