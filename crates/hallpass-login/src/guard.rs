use crate::current::{current_subject, current_user, require_recent};
use crate::denied::{Denied, find_authenticator};
use crate::{AuthUser, Authenticator};
use hallpass_core::{Answer, RequestHead, SessionSlot, Subject, Transport};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Users who have roles, for guards by role.
///
/// ```
/// use hallpass_core::{Stamp, Subject};
/// use hallpass_login::{AuthUser, HasRoles};
///
/// #[derive(PartialEq)]
/// enum Role { Clerk, Admin }
///
/// struct Account { id: u64, role: Role }
/// # impl AuthUser for Account {
/// #     fn subject(&self) -> Subject { self.id.into() }
/// #     fn auth_stamp(&self) -> Stamp { 1.into() }
/// # }
///
/// impl HasRoles for Account {
///     type Role = Role;
///     fn has_role(&self, role: &Role) -> bool { self.role == *role }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "users of type `{Self}` have no roles",
    note = "implement `hallpass_login::HasRoles` for it, or guard by a predicate instead"
)]
pub trait HasRoles: AuthUser {
    /// A role.
    type Role: Send + Sync + 'static;

    /// Whether this user has the role.
    fn has_role(&self, role: &Self::Role) -> bool;
}

type Predicate<U> = dyn Fn(&U) -> bool + Send + Sync;

/// Who gets past: the rule of a guard, for adapters to put in front of routes.
///
/// The user it has looked up is kept for the rest of the request, so that a handler behind it pays for none.
///
/// ```
/// use hallpass_login::{Authenticator, Guard};
/// use std::time::Duration;
///
/// fn for_dangerous_pages<A: Authenticator>() -> Guard<A> {
///     Guard::login().recent(Duration::from_secs(10 * 60))
/// }
/// ```
pub struct Guard<A: Authenticator> {
    allows: Option<Arc<Predicate<A::User>>>,
    recent: Option<Duration>,
}

impl<A: Authenticator> Guard<A> {
    /// Lets everybody in who is logged in. Others get 401, or the login page.
    #[must_use]
    pub fn login() -> Self {
        Self { allows: None, recent: None }
    }

    /// Lets users in whom `predicate` allows. Other users get 403, and who is not logged in 401 or the login page.
    #[must_use]
    pub fn when(predicate: impl Fn(&A::User) -> bool + Send + Sync + 'static) -> Self {
        Self { allows: Some(Arc::new(predicate)), ..Self::login() }
    }

    /// Lets users in who have `role`; else as [`when`](Self::when).
    #[must_use]
    pub fn role(role: <A::User as HasRoles>::Role) -> Self
    where
        A::User: HasRoles,
    {
        Self::when(move |user| user.has_role(&role))
    }

    /// Asks besides that the credentials were checked within `span`. Who has not is told to do so: 401
    /// `reauthentication_required`, or the login page.
    #[must_use]
    pub fn recent(mut self, span: Duration) -> Self {
        self.recent = Some(span);
        self
    }

    /// Whether a request with this slot, the one of the innermost layer, gets past. The nearest layer that carries an `A`
    /// counts, so that a user of another area is nobody here.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub async fn admit(&self, slot: Option<&SessionSlot>) -> Result<(), Denied> {
        let (slot, users) = find_authenticator::<A>(slot)?;
        let user = current_user(slot, users).await?.ok_or(Denied::NotLoggedIn)?;
        if self.allows.as_ref().is_some_and(|allows| !allows(&user)) {
            return Err(Denied::Forbidden);
        }
        match self.recent {
            Some(span) => require_recent(slot, span).await,
            None => Ok(()),
        }
    }
}

impl<A: Authenticator> Clone for Guard<A> {
    fn clone(&self) -> Self {
        Self { allows: self.allows.clone(), recent: self.recent }
    }
}

impl<A: Authenticator> fmt::Debug for Guard<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("has_predicate", &self.allows.is_some())
            .field("recent", &self.recent)
            .finish_non_exhaustive()
    }
}

/// The user who is logged in where the nearest layer carries an `A`; `None` if nobody is.
///
/// # Errors
///
/// When no layer carries an `A`, or as [`current_user`].
pub async fn find_user<A: Authenticator>(slot: Option<&SessionSlot>) -> Result<Option<Arc<A::User>>, Denied> {
    let (slot, users) = find_authenticator::<A>(slot)?;
    current_user(slot, users).await
}

/// The user who is logged in where the nearest layer carries an `A`, and whose credentials were checked within `span`.
///
/// # Errors
///
/// When no layer carries an `A`, [`Denied::NotLoggedIn`] if nobody is logged in there, or as [`current_user`] and
/// [`require_recent`].
pub async fn find_recent_user<A: Authenticator>(
    slot: Option<&SessionSlot>,
    span: Duration,
) -> Result<Arc<A::User>, Denied> {
    let (slot, users) = find_authenticator::<A>(slot)?;
    let user = current_user(slot, users).await?.ok_or(Denied::NotLoggedIn)?;
    require_recent(slot, span).await?;
    Ok(user)
}

/// The subject that is logged in where the nearest layer carries an `A`; `None` if nobody is. The user is not looked up.
///
/// # Errors
///
/// When no layer carries an `A`, or as [`current_subject`].
pub async fn find_subject<A: Authenticator>(slot: Option<&SessionSlot>) -> Result<Option<Subject>, Denied> {
    let (slot, _) = find_authenticator::<A>(slot)?;
    current_subject(slot).await
}

impl Denied {
    /// [`answer`](Self::answer), with the page for it of the nearest layer's `A`. A client with a bearer token is not sent
    /// there.
    #[must_use]
    pub fn answer_for<A: Authenticator>(self, slot: Option<&SessionSlot>, head: &impl RequestHead) -> Answer {
        let mut chain = slot.into_iter().flat_map(SessionSlot::chain);
        match chain.find_map(|slot| Some((slot.transport(), slot.companion::<A>()?))) {
            Some((Transport::Cookie, users)) if self == Self::NotRecent => {
                self.answer(head, users.reauthentication_path())
            }
            Some((Transport::Cookie, users)) => self.answer(head, users.login_path()),
            Some((Transport::Bearer, _)) | None => self.plain_answer(),
        }
    }
}
