use hallpass_core::{SessionLimit, Stamp, Subject};
use std::borrow::Cow;
use std::future::Future;

/// A user, as far as sessions are concerned.
///
/// ```
/// use hallpass_core::{Stamp, Subject};
/// use hallpass_login::AuthUser;
///
/// struct Account { id: u64, password_version: u64, disabled: bool }
///
/// impl AuthUser for Account {
///     fn subject(&self) -> Subject { self.id.into() }
///     fn auth_stamp(&self) -> Stamp { self.password_version.into() }
///     fn is_enabled(&self) -> bool { !self.disabled }
/// }
/// ```
pub trait AuthUser: Send + Sync + 'static {
    /// Who this is: stable, and never given to somebody else.
    fn subject(&self) -> Subject;

    /// A value that changes when the credentials change on purpose. A silent re-hash of the password must not change
    /// it, or it would log the user out everywhere.
    fn auth_stamp(&self) -> Stamp;

    /// Whether the user may log in and stay logged in.
    fn is_enabled(&self) -> bool {
        true
    }

    /// How many live logins this user may have, and what gives way, where that is not the same for all users. `policy` is
    /// what the [`SessionPolicy`](hallpass_core::SessionPolicy) says for everybody. It is asked for at each login, and ends
    /// nothing before the next one.
    fn session_limit(&self, policy: SessionLimit) -> SessionLimit {
        policy
    }
}

/// The application's users: how to find them, and how to check that somebody is one of them.
///
/// One authenticator stands for one kind of user; customers and staff have one each, on layers of their own. The layer
/// carries it, so handlers name its type and pass nothing.
///
/// ```
/// use hallpass_core::{Stamp, Subject};
/// use hallpass_login::{AuthUser, Authenticator};
/// use std::borrow::Cow;
/// use std::convert::Infallible;
///
/// struct Account(u64);
/// impl AuthUser for Account {
///     fn subject(&self) -> Subject { self.0.into() }
///     fn auth_stamp(&self) -> Stamp { 1.into() }
/// }
///
/// struct PinPad;
/// impl Authenticator for PinPad {
///     type User = Account;
///     type Credentials = (u64, u32);
///     type Error = Infallible;
///
///     fn identifier<'a>(&self, (id, _): &'a (u64, u32)) -> Cow<'a, str> {
///         id.to_string().into()
///     }
///     async fn find(&self, (id, _): &(u64, u32)) -> Result<Option<Account>, Infallible> {
///         Ok((*id == 7).then_some(Account(7)))
///     }
///     async fn verify(&self, user: Option<&Account>, (_, pin): (u64, u32)) -> Result<bool, Infallible> {
///         Ok(user.is_some() & (pin == 1234))
///     }
///     async fn user(&self, subject: &Subject) -> Result<Option<Account>, Infallible> {
///         Ok((subject.as_str() == "7").then_some(Account(7)))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `Authenticator`",
    note = "implement `hallpass_login::Authenticator` for the type that looks up the application's users, and give a value of it to the session layer with `.authenticator(..)`"
)]
pub trait Authenticator: Send + Sync + 'static {
    /// A user.
    type User: AuthUser;
    /// What a user logs in with.
    type Credentials: Send;
    /// Why the users could not be asked. The client sees an opaque 503.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What was typed to say who it is, such as a user name or an e-mail address: attempts are counted by it, also those
    /// for users whom there are not. Spaces around it, case and what is beyond 256 bytes make no difference. Where nothing
    /// is typed it is the public part of what is presented, such as the id of a passkey; never a secret one.
    fn identifier<'a>(&self, credentials: &'a Self::Credentials) -> Cow<'a, str>;

    /// The user whom the credentials name, whether or not they are right; disabled users too.
    ///
    /// # Errors
    ///
    /// When the users could not be asked.
    fn find(
        &self,
        credentials: &Self::Credentials,
    ) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;

    /// Whether the credentials are right for `user`. It is called for nobody (`None`) too, and must take as long then:
    /// compute one password hash in either case, or the time tells who has an account (ASVS 6.3.8).
    ///
    /// # Errors
    ///
    /// When it could not be checked, for example because too many checks are under way.
    fn verify(
        &self,
        user: Option<&Self::User>,
        credentials: Self::Credentials,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// The user with this subject, as it is now.
    ///
    /// # Errors
    ///
    /// When the users could not be asked.
    fn user(&self, subject: &Subject)
    -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;

    /// The path of the page where a browser can log in. With it, browsers that are not logged in are sent there and
    /// back; without it they get 401 like everybody else.
    fn login_path(&self) -> Option<&str> {
        None
    }

    /// The path of the page where a user who is logged in gives the password once more, for what needs a
    /// [recent](crate::Guard::recent) login. Browsers are sent there; the login page does it too, and is it unless set.
    fn reauthentication_path(&self) -> Option<&str> {
        self.login_path()
    }
}
