use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN, UPGRADE, USER_AGENT,
};
use actix_web::http::uri::{Authority, PathAndQuery};
use actix_web::{HttpMessage, HttpRequest};
use hallpass_core::{Peer, RequestHead, SessionSlot};
use std::net::IpAddr;

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
static HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
static X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// The head of an actix-web request, as the core reads it.
///
/// The peer is the one of the connection, unless the application has put a [`Peer`] into the request's extensions.
///
/// ```
/// use actix_web::test::TestRequest;
/// use hallpass_actix::HttpHead;
/// use hallpass_core::RequestHead;
///
/// let request = TestRequest::get().uri("/cart?page=2").peer_addr(([192, 0, 2, 1], 4711).into()).to_http_request();
/// let head = HttpHead::from(&request);
/// assert_eq!((head.method(), head.path_and_query()), ("GET", "/cart?page=2"));
/// assert_eq!(head.peer(), Some([192, 0, 2, 1].into()));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HttpHead<'a>(&'a HttpRequest);

impl<'a> From<&'a HttpRequest> for HttpHead<'a> {
    fn from(request: &'a HttpRequest) -> Self {
        Self(request)
    }
}

impl RequestHead for HttpHead<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn authority(&self) -> Option<&str> {
        self.0.uri().authority().map(Authority::as_str)
    }

    fn path_and_query(&self) -> &str {
        self.0.uri().path_and_query().map_or("/", PathAndQuery::as_str)
    }

    fn peer(&self) -> Option<IpAddr> {
        let known = self.0.extensions().get::<Peer>().map(|peer| peer.0);
        known.or_else(|| Some(self.0.peer_addr()?.ip()))
    }

    fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        let headers = self.0.headers();
        // The names asked for most often need not be parsed.
        let values = match name {
            "cookie" => headers.get_all(COOKIE),
            "upgrade" => headers.get_all(UPGRADE),
            "origin" => headers.get_all(ORIGIN),
            "host" => headers.get_all(HOST),
            "user-agent" => headers.get_all(USER_AGENT),
            "authorization" => headers.get_all(AUTHORIZATION),
            "accept" => headers.get_all(ACCEPT),
            "sec-fetch-site" => headers.get_all(&SEC_FETCH_SITE),
            "sec-fetch-mode" => headers.get_all(&SEC_FETCH_MODE),
            "sec-fetch-dest" => headers.get_all(&SEC_FETCH_DEST),
            "hx-request" => headers.get_all(&HX_REQUEST),
            "x-requested-with" => headers.get_all(&X_REQUESTED_WITH),
            other => headers.get_all(other),
        };
        values.map(HeaderValue::as_bytes).for_each(visit);
    }
}

/// The slot of the innermost middleware.
pub(crate) fn slot(request: &HttpRequest) -> Option<SessionSlot> {
    request.extensions().get::<SessionSlot>().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::{Method, Uri};
    use actix_web::test::TestRequest;

    fn values(request: &HttpRequest, name: &str) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        HttpHead(request).for_each_value(name, &mut |value| values.push(value.to_vec()));
        values
    }

    #[test]
    fn every_line_of_a_header_is_shown_in_its_order_whatever_its_name_and_bytes() {
        for name in [
            "authorization",
            "cookie",
            "upgrade",
            "origin",
            "host",
            "user-agent",
            "sec-fetch-site",
            "sec-fetch-mode",
            "sec-fetch-dest",
            "hx-request",
            "x-requested-with",
            "x-moz",
        ] {
            let other = HeaderValue::from_bytes(b"\xff").unwrap();
            let request = TestRequest::get().append_header((name, "a")).append_header(("accept", "*/*"));
            let request = request.append_header((name, other)).to_http_request();
            assert_eq!(values(&request, name), [b"a".as_slice(), b"\xff"], "{name}");
        }
        let bare = TestRequest::get().to_http_request();
        assert!(values(&bare, "cookie").is_empty());
        assert!(values(&bare, "no header name").is_empty());
    }

    #[test]
    fn the_authority_is_the_targets_and_not_the_host_headers() {
        let absolute =
            TestRequest::with_uri("http://shop.example:81/a").insert_header(("host", "evil.example"));
        let absolute = absolute.to_http_request();
        assert_eq!(HttpHead(&absolute).authority(), Some("shop.example:81"));
        assert_eq!(HttpHead(&absolute).path_and_query(), "/a");
        let origin_form =
            TestRequest::with_uri("/a").insert_header(("host", "shop.example")).to_http_request();
        assert_eq!(HttpHead(&origin_form).authority(), None);
    }

    #[test]
    fn the_path_is_at_least_a_slash() {
        let asterisk = TestRequest::with_uri("*").method(Method::OPTIONS).to_http_request();
        assert_eq!(HttpHead(&asterisk).path_and_query(), "*");
        let mut authority = TestRequest::default().method(Method::CONNECT).to_srv_request();
        authority.head_mut().uri = Uri::from_static("shop.example:443");
        assert_eq!(HttpHead(authority.request()).path_and_query(), "/");
    }

    #[test]
    fn a_peer_in_the_extensions_goes_before_the_connections() {
        let unknown = TestRequest::default().to_http_request();
        assert_eq!(HttpHead(&unknown).peer(), None);
        let (near, far) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 1]));
        let request = TestRequest::default().peer_addr((near, 4711).into()).to_http_request();
        assert_eq!(HttpHead(&request).peer(), Some(near));
        request.extensions_mut().insert(Peer(far));
        assert_eq!(HttpHead(&request).peer(), Some(far));
    }
}
