use std::fmt;
use std::sync::Arc;

/// The name of an area with sessions of its own, such as `customers` or `staff`.
///
/// It is part of every key: a token of one realm is nothing in another, and subject `7` of the customers is not
/// subject `7` of the staff, also when both lie in one store. By default it is the name of the login cookie.
///
/// ```
/// use hallpass_core::Realm;
///
/// let staff = Realm::new("staff")?;
/// assert_eq!(staff.as_str(), "staff");
/// assert!(Realm::new("").is_err());
/// # Ok::<(), hallpass_core::RealmError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realm(Arc<str>);

impl Realm {
    /// Names a realm: 1 to 64 visible ASCII characters.
    ///
    /// # Errors
    ///
    /// When the name is empty, longer than 64 bytes, or has a byte outside `!` to `~`.
    pub fn new(name: &str) -> Result<Self, RealmError> {
        let fits = (1..=64).contains(&name.len());
        let visible = name.bytes().all(|byte| byte.is_ascii_graphic());
        if fits && visible { Ok(Self(name.into())) } else { Err(RealmError(())) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A realm's name was empty, too long, or not visible ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealmError(());

impl fmt::Display for RealmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a realm's name must be 1 to 64 visible ASCII characters")
    }
}

impl std::error::Error for RealmError {}
