use std::fmt;

/// A way of storing passwords that the application used before, so that its users can move to
/// Argon2id by logging in.
///
/// A match by such a scheme is always [`Verified::MatchOutdated`](super::Verified::MatchOutdated).
/// It is asked before Argon2, runs on the same threads, under the same limits, and counts as the
/// one hash of that verification. Register it with
/// [`PasswordsBuilder::legacy`](super::PasswordsBuilder::legacy).
///
/// An implementation compares in constant time, and refuses in [`recognises`](Self::recognises)
/// what would take too long.
///
/// ```
/// use hallpass_login::password::{LegacyScheme, Password, Passwords, Verified};
///
/// /// Hashes of the bcrypt crate and of most web frameworks: `$2b$12$...`.
/// #[derive(Debug)]
/// struct Bcrypt;
///
/// impl LegacyScheme for Bcrypt {
///     fn recognises(&self, stored: &str) -> bool {
///         stored.parse().is_ok_and(|hash: bcrypt::HashParts| hash.get_cost() <= 14)
///     }
///
///     fn verify(&self, stored: &str, password: &[u8]) -> bool {
///         bcrypt::verify(password, stored).unwrap_or(false)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let passwords = Passwords::builder().legacy(Bcrypt).build()?;
/// let stored = bcrypt::hash("correct horse", 4)?;
/// let right = passwords.verify(Some(&stored), &Password::from("correct horse")).await?;
/// let wrong = passwords.verify(Some(&stored), &Password::from("wrong horse")).await?;
/// assert_eq!((right, wrong), (Verified::MatchOutdated, Verified::NoMatch));
/// assert_eq!(passwords.hashes_computed(), 2);
/// # Ok(())
/// # }
/// ```
pub trait LegacyScheme: fmt::Debug + Send + Sync + 'static {
    /// Whether a stored string is of this scheme, well-formed and within bounds. Must be fast: it
    /// runs on the async thread.
    fn recognises(&self, stored: &str) -> bool;

    /// Whether the password belongs to a stored string that was recognised. May block.
    fn verify(&self, stored: &str, password: &[u8]) -> bool;
}
