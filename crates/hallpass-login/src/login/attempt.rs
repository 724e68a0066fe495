//! Counting attempts before anything is checked.

use super::{Login, LoginError};
use crate::{Authenticator, device};
use hallpass_core::{
    Admission, Attempt, Bucket, BucketKind, DeviceToken, EventKind, SessionHandle, SessionManager,
    StoreError, Subject, ThrottleSecret, Transport,
};
use std::sync::{Arc, Once};
use std::time::Duration;

/// How much of a typed identifier is looked at.
const MAX_IDENTIFIER: usize = 256;

impl<A: Authenticator> Login<A> {
    /// Takes one attempt out of what this client's address may make in accounts. Call it before a registration hashes the
    /// password, or anybody can have it hashed as often as he likes. Where the address is not known, nothing is counted.
    ///
    /// ```
    /// use hallpass_login::{Authenticator, Login, LoginError};
    ///
    /// async fn register<A: Authenticator>(login: &Login<A>) -> Result<(), LoginError> {
    ///     login.admit_registration().await?;
    ///     // Hash the password, and make the account.
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoginError::Throttled`] when it were one too many; [`LoginError::Store`] when the throttle could not be asked.
    pub async fn admit_registration(&self) -> Result<(), LoginError> {
        let Some(counter) = self.counter().await? else { return Ok(()) };
        let admitted = counter.admit_address(BucketKind::Registration).await;
        admitted.map_err(|refused| self.refused(refused, None))
    }

    /// What counts for this request; `None` where nothing does.
    pub(super) async fn counter(&self) -> Result<Option<Counter<'_, A>>, LoginError> {
        let manager = self.session.slot().manager();
        if !manager.throttle_policy().is_on() {
            return Ok(None);
        }
        let secret = manager.throttle_secret().await.map_err(|error| self.refused(error.into(), None))?;
        Ok(Some(Counter { login: self, manager, secret }))
    }

    /// The browser's new device cookie; `None` if it has one that holds, or is to get none.
    pub(super) async fn new_device(&self, subject: &Subject) -> Option<DeviceToken> {
        let manager = self.session.slot().manager();
        if !manager.uses_device_cookies() || self.session.transport() == Transport::Bearer {
            return None;
        }
        let issued = async {
            let secret = manager.throttle_secret().await?;
            let known = self.known_device(&secret, subject).is_some();
            let nonce = manager.device_nonce()?;
            Ok((!known).then(|| device::issue(&secret, manager.realm(), subject, nonce)))
        };
        issued.await.unwrap_or_else(|error: StoreError| {
            tracing::warn!(target: "hallpass", error = &error as &dyn std::error::Error, "a browser gets no device cookie");
            None
        })
    }

    fn known_device(&self, secret: &ThrottleSecret, subject: &Subject) -> Option<&DeviceToken> {
        let realm = self.session.slot().manager().realm();
        self.devices.iter().find(|token| device::is_proven(secret, realm, subject, token))
    }

    pub(super) fn refused(&self, refused: Refused, subject: Option<&Subject>) -> LoginError {
        match refused {
            Refused::Throttled(retry_after) => {
                self.tell(EventKind::LoginThrottled, subject);
                LoginError::Throttled { retry_after }
            }
            Refused::Unknown(error) => {
                tracing::error!(target: "hallpass", error = &error as &dyn std::error::Error, "the throttle could not be asked");
                LoginError::Store(error)
            }
        }
    }
}

/// A server that does not say from where requests come is not noticed otherwise.
fn warn_of_no_address() {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(target: "hallpass", "the server does not tell clients' addresses, so logins are counted by account only; with axum, serve with `into_make_service_with_connect_info`");
    });
}

/// Why an attempt is not made.
pub(super) enum Refused {
    Throttled(Duration),
    Unknown(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Unknown(error)
    }
}

/// Names the buckets of one request, and takes attempts out of them.
pub(super) struct Counter<'a, A> {
    login: &'a Login<A>,
    manager: &'a SessionManager,
    secret: ThrottleSecret,
}

impl<A: Authenticator> Counter<'_, A> {
    pub(super) async fn admit_address(&self, kind: BucketKind) -> Result<(), Refused> {
        let Some(address) = self.login.session.slot().client().address() else {
            warn_of_no_address();
            return Ok(());
        };
        let Some(bucket) = Bucket::address(kind, &self.secret, self.manager.realm(), address) else {
            return Ok(());
        };
        self.admit(&bucket).await.map(drop)
    }

    /// For an attempt with what was typed, which stands for `subject` if it is anybody's. A browser that proves a login of
    /// this subject is counted alone; all others are counted together, by what was typed and by who it stands for.
    pub(super) async fn admit_account(
        &self,
        typed: &str,
        subject: Option<&Subject>,
    ) -> Result<Attempt, Refused> {
        // Nobody has no device, but is looked for as long.
        let named = subject.cloned().unwrap_or_else(|| Subject::from(0_u32));
        let device = self.login.known_device(&self.secret, &named).filter(|_| subject.is_some());
        let buckets: Arc<[Bucket]> = match device {
            Some(device) => {
                [self.bucket(BucketKind::Device, &[b"d", named.as_str().as_bytes(), device.nonce()])].into()
            }
            None => {
                let typed = normalized(typed);
                let meant = match subject {
                    Some(subject) => self.bucket(BucketKind::Account, &[b"s", subject.as_str().as_bytes()]),
                    None => self.bucket(BucketKind::Account, &[b"n", typed.as_bytes()]),
                };
                [self.bucket(BucketKind::Account, &[b"t", typed.as_bytes()]), meant].into()
            }
        };
        for bucket in &*buckets {
            self.admit(bucket).await?;
        }
        Ok(Attempt { buckets, device: None })
    }

    /// For an attempt within a session; and how many count in it by now.
    pub(super) async fn admit_session(&self, handle: SessionHandle) -> Result<(Bucket, u32), Refused> {
        let bucket = self.bucket(BucketKind::Session, &[b"h", handle.as_bytes()]);
        Ok((bucket, self.admit(&bucket).await?))
    }

    fn bucket(&self, kind: BucketKind, name: &[&[u8]]) -> Bucket {
        Bucket::of_parts(kind, &self.secret, self.manager.realm(), name)
    }

    async fn admit(&self, bucket: &Bucket) -> Result<u32, Refused> {
        match self.manager.admit(bucket).await? {
            Admission::Admitted { failures } => Ok(failures),
            Admission::Refused { retry_after } => Err(Refused::Throttled(retry_after)),
        }
    }
}

/// As one attempt is counted, however it is spelled: a database may well take the spellings for one user.
fn normalized(typed: &str) -> String {
    let typed = typed.trim();
    let longest = typed.len().min(MAX_IDENTIFIER);
    let end = (0..=longest).rfind(|end| typed.is_char_boundary(*end)).unwrap_or_default();
    typed[..end].to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_count_as_one_and_a_long_one_is_cut_at_a_character() {
        for typed in ["alice", "ALICE", " Alice\t", "\u{a0}alice\r\n"] {
            assert_eq!(normalized(typed), "alice", "{typed:?}");
        }
        assert_eq!(normalized(&"ü".repeat(200)), "ü".repeat(128));
        assert_eq!(normalized(&format!("a{}", "ü".repeat(200))).len(), 255);
        assert_eq!(normalized(""), "");
    }
}
