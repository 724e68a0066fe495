use super::device::DEVICE_SUFFIX;
use std::fmt;

/// What the visitor's cookie has behind the login cookie's name.
pub(super) const VISITOR_SUFFIX: &str = "-anon";

const MAX_NAME: usize = 64;
/// A longer attribute is ignored by browsers (RFC 6265bis §5.6).
const MAX_PATH: usize = 1024;
const MAX_DOMAIN: usize = 253;

/// Which of the two cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CookieKind {
    /// The cookie of a login.
    Login,
    /// The cookie of a visitor who is not logged in.
    Visitor,
}

/// What a browser promises for a cookie because of how its name begins (RFC 6265bis §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CookiePrefix {
    /// `__Host-`: set over https by this very host, for all of its paths. No subdomain and no plain-http page can plant
    /// or overwrite it.
    #[default]
    Host,
    /// `__Secure-`: set over https. Any subdomain can plant it.
    Secure,
    /// No prefix and no promise.
    None,
}

impl CookiePrefix {
    fn as_str(self) -> &'static str {
        match self {
            Self::Host => "__Host-",
            Self::Secure => "__Secure-",
            Self::None => "",
        }
    }
}

/// On which requests from other sites a browser sends the cookie (RFC 6265bis §4.1.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SameSite {
    /// On none, not even when a link is followed: such a visit looks logged out.
    Strict,
    /// When a link is followed, but not with a form, an image or a script.
    #[default]
    Lax,
    /// On all. Embedding in other sites needs it, and the origin check is then the only guard against forged requests.
    None,
}

impl SameSite {
    fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// The names and attributes of the login cookie and the visitor cookie.
///
/// The default is `__Host-id` and `__Host-id-anon`, `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/`, no `Domain`.
/// `HttpOnly` is always on. Combinations that browsers would refuse cannot be built.
///
/// ```
/// use hallpass_core::{CookiePolicy, SameSite};
///
/// assert_eq!(CookiePolicy::default().login_name(), "__Host-id");
///
/// let staff = CookiePolicy::builder().name("staff").same_site(SameSite::Strict).build()?;
/// assert_eq!(staff.login_name(), "__Host-staff");
/// assert_eq!(staff.visitor_name(), "__Host-staff-anon");
/// # Ok::<(), hallpass_core::CookiePolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookiePolicy {
    pub(super) login: Box<str>,
    pub(super) visitor: Box<str>,
    pub(super) device: Box<str>,
    pub(super) attributes: Box<str>,
    pub(super) login_removal: Box<str>,
    pub(super) visitor_removal: Box<str>,
    secure: bool,
}

impl CookiePolicy {
    /// Starts from the default.
    pub fn builder() -> CookiePolicyBuilder {
        CookiePolicyBuilder::default()
    }

    /// The full name of the login cookie, prefix included. It has at most 64 bytes, all visible ASCII.
    #[must_use]
    pub fn login_name(&self) -> &str {
        &self.login
    }

    /// The full name of the visitor cookie: the login cookie's, and `-anon`.
    #[must_use]
    pub fn visitor_name(&self) -> &str {
        &self.visitor
    }

    /// The full name of the cookie of this kind.
    #[must_use]
    pub fn name(&self, kind: CookieKind) -> &str {
        match kind {
            CookieKind::Login => &self.login,
            CookieKind::Visitor => &self.visitor,
        }
    }

    /// Whether the cookies have `Secure`: always, but after [`CookiePolicyBuilder::danger_insecure`].
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    fn from_checked(checked: &CookiePolicyBuilder) -> Self {
        let login = checked.full_name();
        let visitor = format!("{login}{VISITOR_SUFFIX}");
        let device = format!("{login}{DEVICE_SUFFIX}").into();
        let attributes = checked.attributes();
        Self {
            login_removal: super::render::removal(&login, &attributes).into(),
            visitor_removal: super::render::removal(&visitor, &attributes).into(),
            login: login.into(),
            visitor: visitor.into(),
            device,
            attributes: attributes.into(),
            secure: !checked.insecure,
        }
    }
}

impl Default for CookiePolicy {
    fn default() -> Self {
        Self::from_checked(&CookiePolicyBuilder::default())
    }
}

/// Builds a [`CookiePolicy`].
#[derive(Debug, Clone)]
#[must_use]
pub struct CookiePolicyBuilder {
    name: String,
    prefix: Option<CookiePrefix>,
    same_site: SameSite,
    path: String,
    domain: Option<String>,
    insecure: bool,
}

impl Default for CookiePolicyBuilder {
    fn default() -> Self {
        Self {
            name: "id".to_owned(),
            prefix: None,
            same_site: SameSite::Lax,
            path: "/".to_owned(),
            domain: None,
            insecure: false,
        }
    }
}

impl CookiePolicyBuilder {
    /// The login cookie's name without its prefix; `id` by default. Areas of one site need different names.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The prefix; [`CookiePrefix::Host`] by default.
    pub fn prefix(mut self, prefix: CookiePrefix) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// The `SameSite` attribute; [`SameSite::Lax`] by default.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// The `Path` attribute; `/` by default. Another one needs a prefix other than `__Host-`. It is no protection:
    /// pages of other paths of the same host can still use the cookie.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The `Domain` attribute; none by default. It shows the cookie to every subdomain, lets every subdomain plant one,
    /// and needs a prefix other than `__Host-`.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Leaves out `Secure` and the prefix, for plain http in a private network. Whoever can read or write that network's
    /// traffic can then take over every session. Browsers accept `Secure` cookies from `http://localhost`, so
    /// development does not need this.
    ///
    /// ```
    /// use hallpass_core::CookiePolicy;
    ///
    /// let lan = CookiePolicy::builder().danger_insecure().build()?;
    /// assert_eq!(lan.login_name(), "id");
    /// assert!(!lan.is_secure());
    /// # Ok::<(), hallpass_core::CookiePolicyError>(())
    /// ```
    pub fn danger_insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Checks everything and renders what never changes.
    ///
    /// # Errors
    ///
    /// When a browser would refuse the cookie or read it differently. The error says what to change.
    ///
    /// ```
    /// use hallpass_core::CookiePolicy;
    ///
    /// let refused = CookiePolicy::builder().domain("shop.example").build().unwrap_err();
    /// assert!(refused.to_string().contains("CookiePrefix::Secure"));
    /// ```
    pub fn build(self) -> Result<CookiePolicy, CookiePolicyError> {
        self.check_name()?;
        self.check_scope()?;
        self.check_security()?;
        Ok(CookiePolicy::from_checked(&self))
    }

    fn effective_prefix(&self) -> CookiePrefix {
        let default = if self.insecure { CookiePrefix::None } else { CookiePrefix::Host };
        self.prefix.unwrap_or(default)
    }

    fn full_name(&self) -> String {
        format!("{}{}", self.effective_prefix().as_str(), self.name)
    }

    fn attributes(&self) -> String {
        let domain = self.domain.as_ref().map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        let secure = if self.insecure { "" } else { "; Secure" };
        format!("; Path={}{domain}{secure}; HttpOnly; SameSite={}", self.path, self.same_site.as_str())
    }

    fn check_name(&self) -> Result<(), CookiePolicyError> {
        let name = self.name.as_str();
        if name.is_empty() || !name.bytes().all(is_token_byte) {
            return Err(CookiePolicyError::Name);
        }
        if self.full_name().len() > MAX_NAME {
            return Err(CookiePolicyError::NameTooLong);
        }
        // Browsers compare prefixes without regard to case (RFC 6265bis §5.7).
        let lower = name.to_ascii_lowercase();
        if ["__host", "__secure", "__http"].iter().any(|prefix| lower.starts_with(prefix)) {
            return Err(CookiePolicyError::PrefixInName);
        }
        match () {
            () if name.ends_with(VISITOR_SUFFIX) => Err(CookiePolicyError::VisitorName),
            () if name.ends_with(DEVICE_SUFFIX) => Err(CookiePolicyError::DeviceName),
            () => Ok(()),
        }
    }

    fn check_scope(&self) -> Result<(), CookiePolicyError> {
        if !is_path(&self.path) {
            return Err(CookiePolicyError::Path);
        }
        if self.domain.as_deref().is_some_and(|domain| !is_domain(domain)) {
            return Err(CookiePolicyError::Domain);
        }
        if self.effective_prefix() == CookiePrefix::Host && (self.domain.is_some() || self.path != "/") {
            return Err(CookiePolicyError::HostPrefixIsForTheWholeHost);
        }
        Ok(())
    }

    fn check_security(&self) -> Result<(), CookiePolicyError> {
        if self.insecure && self.effective_prefix() != CookiePrefix::None {
            return Err(CookiePolicyError::PrefixNeedsSecure);
        }
        if self.insecure && self.same_site == SameSite::None {
            return Err(CookiePolicyError::SameSiteNoneNeedsSecure);
        }
        Ok(())
    }
}

/// RFC 9110 §5.6.2, which RFC 6265 §4.1.1 takes for a cookie's name.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b';';
    path.starts_with('/') && path.len() <= MAX_PATH && path.bytes().all(plain)
}

fn is_domain(domain: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(plain);
    domain.len() <= MAX_DOMAIN && domain.split('.').all(is_label)
}

/// Why a [`CookiePolicy`] could not be built, and what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookiePolicyError {
    /// The name is no token.
    Name,
    /// The name is too long.
    NameTooLong,
    /// The name begins with a prefix.
    PrefixInName,
    /// The name ends like the visitor cookie's.
    VisitorName,
    /// The name ends like the device cookie's.
    DeviceName,
    /// The path is not one that browsers read back as it is.
    Path,
    /// The domain is no host name.
    Domain,
    /// `__Host-` was combined with a path or a domain (RFC 6265bis §4.1.3.2).
    HostPrefixIsForTheWholeHost,
    /// A prefix was combined with no `Secure` (RFC 6265bis §4.1.3).
    PrefixNeedsSecure,
    /// `SameSite=None` was combined with no `Secure` (RFC 6265bis §5.7).
    SameSiteNoneNeedsSecure,
}

impl fmt::Display for CookiePolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => {
                "a cookie's name must be an RFC 6265 token: use only letters, digits and !#$%&'*+-.^_`|~"
            }
            Self::NameTooLong => {
                "a cookie's name must have at most 64 bytes with its prefix: choose a shorter one"
            }
            Self::PrefixInName => {
                "a cookie's name must not begin with a prefix: leave it out and choose it with prefix()"
            }
            Self::VisitorName => {
                "a cookie's name must not end in -anon, which marks visitors' cookies: choose another name"
            }
            Self::DeviceName => {
                "a cookie's name must not end in -device, which marks browsers' cookies: choose another name"
            }
            Self::Path => {
                "a cookie's path must begin with / and have at most 1024 visible ASCII characters without ;: percent-encode others"
            }
            Self::Domain => {
                "a cookie's domain must be a host name of letters, digits, hyphens and dots, such as shop.example: leave out leading dots, ports and schemes"
            }
            Self::HostPrefixIsForTheWholeHost => {
                "a __Host- cookie has path / and no domain: leave path() and domain() out, or choose prefix(CookiePrefix::Secure)"
            }
            Self::PrefixNeedsSecure => {
                "a cookie with a prefix must be Secure: leave out danger_insecure(), or leave out prefix()"
            }
            Self::SameSiteNoneNeedsSecure => {
                "a SameSite=None cookie must be Secure: leave out danger_insecure(), or choose SameSite::Lax"
            }
        })
    }
}

impl std::error::Error for CookiePolicyError {}
