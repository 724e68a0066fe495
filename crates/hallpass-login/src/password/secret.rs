use std::fmt;
use std::sync::Arc;

use serde_core::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A password as somebody typed it. Its bytes are overwritten when the last clone is dropped.
///
/// `Debug` shows nothing of it, not even its length; there is no `Display`, no `Serialize` and no
/// `==`. It deserializes from a string, so a login form can hold it directly. Buffers that it was
/// copied from, like the body of the request, are not ours to overwrite.
///
/// A password is compared byte for byte as it was received: not trimmed, not truncated, its case
/// not folded (ASVS 5.0 §6.2.8), and its Unicode not normalised. NIST SP 800-63B-4 §3.1.1.2
/// recommends form NFC before hashing, for users whose devices compose characters differently. An
/// application that wants it normalises before it makes this value, for login and for setting
/// alike, from its first user on.
///
/// ```
/// use hallpass_login::password::Password;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct LoginForm {
///     name: String,
///     password: Password,
/// }
///
/// let form: LoginForm = serde_json::from_str(r#"{"name": "ada", "password": "secret"}"#)?;
/// assert_eq!(form.password.expose(), "secret");
/// assert_eq!(format!("{form:?}"), r#"LoginForm { name: "ada", password: Password(..) }"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Password(Arc<Zeroizing<String>>);

impl Password {
    /// The password itself: for checks against lists of common passwords, or for another verifier.
    ///
    /// ```
    /// use hallpass_login::password::Password;
    ///
    /// let password = Password::from("letmein");
    /// assert!(["123456", "letmein"].contains(&password.expose()));
    /// ```
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Takes the string over: no copy is left behind.
impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(Arc::new(Zeroizing::new(password)))
    }
}

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self::from(password.to_owned())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Password::from("a")), format!("{:#?}", Password::from("longer secret")));
    }

    #[test]
    fn clones_share_one_buffer_and_a_string_is_not_copied() {
        let string = String::from("secret");
        let address = string.as_ptr();
        let password = Password::from(string);
        assert_eq!(password.expose().as_ptr(), address);
        assert_eq!(password.clone().expose().as_ptr(), address);
    }
}
