use crate::head::{Seen, seen, slot};
use hallpass_core::{Answer, EndSubjectError, LogOutError, OpenError, SessionError, SessionSlot};
use hallpass_login::{Authenticator, Denied, LoginError};
use hallpass_tower::answer_into_response;
use std::fmt;
use std::future::{Future, ready};
use warp::reject::Reject;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

/// A ready answer to somebody who does not get what the request asks for.
///
/// The filters of this crate reject with it, and [`answer_denial`] sends it. Handlers may answer with it, by `?`: an
/// error turned into a denial there becomes the answer for programs.
///
/// ```
/// use hallpass_warp::{Denial, Login, login};
/// use warp::Filter;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// async fn log_out_everywhere(login: Login<Users>) -> Result<String, Denial> {
///     let receipt = login.log_out_everywhere().await?;
///     Ok(format!("{} sessions ended", receipt.sessions_ended))
/// }
///
/// # fn main() {
/// // `then`, not `and_then`: that one takes rejections, which would send the request on to other routes.
/// let route = warp::path!("leave").and(login::<Users>()).then(log_out_everywhere);
/// # let _ = route;
/// # }
/// ```
///
/// An application with a `recover` of its own looks for it there:
///
/// ```
/// use hallpass_warp::Denial;
/// use std::convert::Infallible;
/// use warp::{Rejection, Reply, http::StatusCode};
///
/// async fn handle(rejection: Rejection) -> Result<Box<dyn Reply>, Infallible> {
///     if let Some(denial) = rejection.find::<Denial>() {
///         return Ok(Box::new(denial.clone()));
///     }
///     Ok(Box::new(StatusCode::NOT_FOUND))
/// }
/// # let _ = handle;
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Denial(Answer);

impl Denial {
    /// The answer.
    pub fn answer(&self) -> &Answer {
        &self.0
    }

    pub(crate) fn of<A: Authenticator>(denied: Denied, seen: &Seen) -> Self {
        Self(denied.answer_for::<A>(seen.slot(), &seen.head()))
    }
}

impl Reject for Denial {}

impl Reply for Denial {
    fn into_response(self) -> Response {
        answer_into_response(self.0)
    }
}

/// Says nothing of the login page's address, which holds the path and query of the request: warp logs rejections, and
/// sends those that nothing recovers to the client.
impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denial").field("status", &self.0.status).finish_non_exhaustive()
    }
}

impl From<Answer> for Denial {
    fn from(answer: Answer) -> Self {
        Self(answer)
    }
}

macro_rules! from_errors {
    ($($error:ty),+) => {
        $(impl From<$error> for Denial {
            fn from(error: $error) -> Self {
                Self(error.answer())
            }
        })+
    };
}

from_errors!(EndSubjectError, LogOutError, LoginError, OpenError, SessionError);

impl From<Denied> for Denial {
    fn from(denied: Denied) -> Self {
        Self(denied.plain_answer())
    }
}

/// Sends the answer of a [`Denial`], and passes other rejections on. For [`Filter::recover`].
///
/// [`service`](crate::service) puts it around all routes. A route that stands before one that takes any path needs it
/// itself, because a rejection lets warp try the next:
///
/// ```
/// use hallpass_warp::{answer_denial, current_user, service};
/// use warp::Filter;
/// # use hallpass_core::{MemoryStore, SessionManager};
/// # use hallpass_warp::SessionLayer;
/// # use std::sync::Arc;
/// # use tower::ServiceExt;
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/users.rs"));
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions = SessionManager::builder(MemoryStore::new()).build()?;
/// # let layer = SessionLayer::new(sessions).authenticator(Arc::new(Users::default()));
/// let account = || {
///     let route = warp::path!("account").and(current_user::<Users>());
///     route.map(|user: Arc<User>| format!("this is {}'s account", user.name))
/// };
/// let home = || warp::get().map(|| "welcome");
///
/// // Wrong: who is not logged in gets the home page, with a 200.
/// let app = service(layer.clone(), account().or(home()));
/// # let request = http::Request::get("/account").body(String::new())?;
/// # assert_eq!(app.oneshot(request).await?.status(), 200);
///
/// // Right: 401, or the login page.
/// let app = service(layer, account().recover(answer_denial).or(home()));
/// # let request = http::Request::get("/account").body(String::new())?;
/// # assert_eq!(app.oneshot(request).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// With the rejection, when it is none of this crate's.
pub async fn answer_denial(rejection: Rejection) -> Result<Response, Rejection> {
    match rejection.find::<Denial>() {
        Some(denial) => Ok(denial.clone().into_response()),
        None => Err(rejection),
    }
}

/// What `ask` makes of the slot; what it denies is a rejection with the answer to the request.
///
/// The request is looked at only then: the first filter rejects with the reason, the second with the request, and both
/// meet in the rejection that warp combines.
pub(crate) fn asked<A, T, Ask, Asked>(ask: Ask) -> impl Filter<Extract = (T,), Error = Rejection> + Clone
where
    A: Authenticator,
    T: Send + 'static,
    Ask: Fn(Option<SessionSlot>) -> Asked + Clone + Send,
    Asked: Future<Output = Result<T, Denied>> + Send,
{
    let ask = move |slot| {
        let asked = ask(slot);
        async move { asked.await.map_err(|denied| warp::reject::custom(Refused(denied))) }
    };
    slot()
        .and_then(ask)
        .or(seen().and_then(|seen| ready(Err::<T, _>(warp::reject::custom(seen)))))
        .unify()
        .or_else(|rejection: Rejection| ready(Err(meet::<A>(&rejection).into())))
}

#[derive(Debug)]
struct Refused(Denied);

impl Reject for Refused {}

fn meet<A: Authenticator>(rejection: &Rejection) -> Denial {
    let denied = rejection.find().map_or(Denied::Misconfigured, |&Refused(denied)| denied);
    match rejection.find() {
        Some(seen) => Denial::of::<A>(denied, seen),
        None => denied.into(),
    }
}
