//! A request as far as filters can see it. Its headers are cloned, so it is only put together where it is needed: for a
//! login, for a logout, for a visit, and for who is denied.

use hallpass_core::SessionSlot;
use hallpass_tower::{HttpHead, Peer};
use http::{HeaderMap, Method, Request, Uri};
use std::convert::Infallible;
use std::fmt;
use warp::Filter;
use warp::path::FullPath;
use warp::reject::Reject;

/// The slot of the innermost layer.
pub(crate) fn slot() -> impl Filter<Extract = (Option<SessionSlot>,), Error = Infallible> + Copy {
    warp::ext::optional()
}

/// The head of the request, and its slot.
pub(crate) fn seen() -> impl Filter<Extract = (Seen,), Error = Infallible> + Copy {
    slot()
        .and(warp::method())
        .and(warp::path::full())
        .and(warp::query::raw().map(Some).or(warp::any().map(|| None)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional())
        .map(Seen::new)
}

pub(crate) struct Seen {
    slot: Option<SessionSlot>,
    request: Request<()>,
}

impl Seen {
    fn new(
        slot: Option<SessionSlot>,
        method: Method,
        path: FullPath,
        query: Option<String>,
        headers: HeaderMap,
        peer: Option<Peer>,
    ) -> Self {
        let authority = slot.as_ref().and_then(SessionSlot::authority);
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = target(authority, path.as_str(), query.as_deref());
        *request.headers_mut() = headers;
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        Self { slot, request }
    }

    pub(crate) fn slot(&self) -> Option<&SessionSlot> {
        self.slot.as_ref()
    }

    pub(crate) fn head(&self) -> HttpHead<'_> {
        HttpHead::from(&self.request)
    }
}

impl Reject for Seen {}

/// Says nothing of the headers: warp logs rejections.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").finish_non_exhaustive()
    }
}

/// The target of the request, from the parts that warp and the slot give out. It has a scheme where it has an authority.
fn target(authority: Option<&str>, path: &str, query: Option<&str>) -> Uri {
    let path_and_query = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let target = Uri::builder().path_and_query(path_and_query);
    let target = match authority {
        Some(authority) => target.scheme("https").authority(authority),
        None => target,
    };
    // Only a plain CONNECT has no path, and nobody is logged in or out by one.
    target.build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_core::{MemoryStore, RequestHead, SessionManager};
    use warp::test::RequestBuilder;

    async fn see(request: RequestBuilder) -> Seen {
        request.filter(&seen()).await.unwrap()
    }

    #[tokio::test]
    async fn the_head_is_the_requests_own() {
        let request = warp::test::request().method("PUT").path("/shop/orders?page=2");
        let seen = see(request.header("accept", "text/html")).await;
        let head = seen.head();
        assert_eq!((head.method(), head.path_and_query()), ("PUT", "/shop/orders?page=2"));
        assert_eq!((head.authority(), head.peer()), (None, None));
        let mut accept = Vec::new();
        head.for_each_value("accept", &mut |value| accept.push(value.to_vec()));
        assert_eq!(accept, [b"text/html"]);
    }

    #[tokio::test]
    async fn the_path_is_whole_behind_any_filter_and_an_empty_query_stays() {
        let nested = warp::path("shop").and(seen());
        let seen = warp::test::request().path("/shop/orders?").filter(&nested).await.unwrap();
        assert_eq!(seen.head().path_and_query(), "/shop/orders?");
    }

    #[tokio::test]
    async fn the_authority_is_the_targets_and_comes_by_the_slot() {
        let sessions = SessionManager::builder(MemoryStore::new()).build().unwrap();
        let target = Request::get("https://shop.example:8443/a?b").body(()).unwrap();
        let slot = SessionSlot::new(&sessions.into(), &HttpHead::from(&target), None);
        let seen = see(warp::test::request().path("https://shop.example:8443/a?b").extension(slot)).await;
        assert_eq!(seen.head().authority(), Some("shop.example:8443"));
        assert_eq!(seen.head().path_and_query(), "/a?b");
    }

    #[tokio::test]
    async fn the_address_is_the_one_that_the_server_notes() {
        let peer = Peer([192, 0, 2, 1].into());
        assert_eq!(see(warp::test::request().extension(peer)).await.head().peer(), Some(peer.0));
    }

    #[tokio::test]
    async fn a_cookie_never_shows_in_a_debug_print() {
        let seen = see(warp::test::request().header("cookie", "__Host-id=secret")).await;
        assert_eq!(format!("{seen:?}"), "Seen { .. }");
    }
}
