//! What is asked of an application.

use crate::contender::{Call, NAVIGATION};
use http::HeaderValue;

/// What is asked of an application, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Workload {
    /// A GET for which the user is loaded.
    User,
    /// The same as a browser's navigation, with all that Chrome sends.
    Page,
    /// A GET that asks only who is logged in.
    Subject,
    /// A GET behind a guard, for which the user is loaded.
    Guarded,
    /// A GET that asks for no session, with a cookie.
    Public,
    /// A GET that asks for no session, without a cookie.
    NoCookie,
    /// A POST that changes a value of the session.
    Write,
    /// A login and the logout: two requests. No password is hashed.
    Login,
    /// A GET that takes users and others, with a cookie that cannot be decoded.
    Malformed,
    /// A GET that takes users and others, with a cookie that was never issued.
    Unknown,
}

impl Workload {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::User,
        Self::Page,
        Self::Subject,
        Self::Guarded,
        Self::Public,
        Self::NoCookie,
        Self::Write,
        Self::Login,
        Self::Malformed,
        Self::Unknown,
    ];

    /// One word, for command lines and files.
    ///
    /// ```
    /// use benches::Workload;
    ///
    /// for workload in Workload::ALL {
    ///     assert_eq!(Workload::from_name(workload.name()), Some(workload));
    /// }
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Page => "page",
            Self::Subject => "subject",
            Self::Guarded => "guarded",
            Self::Public => "public",
            Self::NoCookie => "no-cookie",
            Self::Write => "write",
            Self::Login => "login",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
        }
    }

    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::User => "authenticated GET",
            Self::Page => "authenticated GET by a browser",
            Self::Subject => "GET, subject only",
            Self::Guarded => "GET behind a guard",
            Self::Public => "public GET with a cookie",
            Self::NoCookie => "public GET without a cookie",
            Self::Write => "a write",
            Self::Login => "login and logout",
            Self::Malformed => "malformed cookie",
            Self::Unknown => "unknown cookie",
        }
    }

    /// The workload of this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.name() == name)
    }

    /// One of its requests.
    #[must_use]
    pub fn call<'a>(self, path: &'a str, cookie: Option<&'a HeaderValue>) -> Call<'a> {
        match self {
            Self::Write | Self::Login => Call::post(path, cookie),
            Self::Page => Call { headers: NAVIGATION, ..Call::get(path, cookie) },
            _ => Call::get(path, cookie),
        }
    }

    /// The path of its requests; of a login, without the query that names the user.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::User | Self::Page => "/user",
            Self::Subject => "/subject",
            Self::Guarded => "/guarded",
            Self::Public | Self::NoCookie => "/public",
            Self::Write => "/write",
            Self::Login => "/login",
            Self::Malformed | Self::Unknown => "/maybe",
        }
    }
}
