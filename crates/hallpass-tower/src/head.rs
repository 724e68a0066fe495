pub use hallpass_core::Peer;
use hallpass_core::RequestHead;
use http::header::{ACCEPT, AUTHORIZATION, COOKIE, HOST, ORIGIN, UPGRADE, USER_AGENT};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, request};
use std::fmt;
use std::net::IpAddr;

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
static HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
static X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// The head of an `http` 1 request, as the core reads it.
///
/// HTTP/2's extended CONNECT (RFC 8441) is known by its form, a CONNECT with a scheme and a path. The name of its protocol
/// is not among what `http` carries, so that each is taken for a WebSocket handshake and gets the stricter origin check.
///
/// ```
/// use hallpass_core::RequestHead;
/// use hallpass_tower::{HttpHead, Peer};
///
/// let request = http::Request::get("/cart?page=2").extension(Peer([192, 0, 2, 1].into())).body(())?;
/// let head = HttpHead::from(&request);
/// assert_eq!((head.method(), head.path_and_query()), ("GET", "/cart?page=2"));
/// assert_eq!(head.peer(), Some([192, 0, 2, 1].into()));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct HttpHead<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
    fallback_peer: Option<IpAddr>,
}

impl<'a> HttpHead<'a> {
    /// The address to go by where the request carries no [`Peer`].
    #[must_use]
    pub fn or_peer(self, peer: Option<IpAddr>) -> Self {
        Self { fallback_peer: peer, ..self }
    }

    /// The target to go by, where a router has taken a prefix off the request's own.
    #[must_use]
    pub fn with_uri(self, uri: &'a Uri) -> Self {
        Self { uri, ..self }
    }
}

impl<'a, B> From<&'a Request<B>> for HttpHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
            fallback_peer: None,
        }
    }
}

impl<'a> From<&'a request::Parts> for HttpHead<'a> {
    fn from(parts: &'a request::Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            extensions: &parts.extensions,
            fallback_peer: None,
        }
    }
}

/// Shows no header: they hold cookies and credentials.
impl fmt::Debug for HttpHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.uri.path();
        f.debug_struct("HttpHead").field("method", self.method).field("path", &path).finish_non_exhaustive()
    }
}

impl RequestHead for HttpHead<'_> {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn authority(&self) -> Option<&str> {
        self.uri.authority().map(http::uri::Authority::as_str)
    }

    fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.extensions.get::<Peer>().map(|peer| peer.0).or(self.fallback_peer)
    }

    fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        // The names asked for most often need not be parsed.
        let values = match name {
            "cookie" => self.headers.get_all(COOKIE),
            "upgrade" => self.headers.get_all(UPGRADE),
            "origin" => self.headers.get_all(ORIGIN),
            "host" => self.headers.get_all(HOST),
            "user-agent" => self.headers.get_all(USER_AGENT),
            "authorization" => self.headers.get_all(AUTHORIZATION),
            "accept" => self.headers.get_all(ACCEPT),
            "sec-fetch-site" => self.headers.get_all(&SEC_FETCH_SITE),
            "sec-fetch-mode" => self.headers.get_all(&SEC_FETCH_MODE),
            "sec-fetch-dest" => self.headers.get_all(&SEC_FETCH_DEST),
            "hx-request" => self.headers.get_all(&HX_REQUEST),
            "x-requested-with" => self.headers.get_all(&X_REQUESTED_WITH),
            other => self.headers.get_all(other),
        };
        values.iter().map(HeaderValue::as_bytes).for_each(visit);
    }

    fn connect_protocol(&self) -> Option<&str> {
        let is_extended = self.uri.scheme().is_some() && self.uri.path_and_query().is_some();
        (self.method == Method::CONNECT && is_extended).then_some("websocket")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_core::{OriginPolicy, RequestClass};

    fn values(head: &HttpHead<'_>, name: &str) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        head.for_each_value(name, &mut |value| values.push(value.to_vec()));
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
            let request = Request::get("/").header(name, "a").header("accept", "*/*").header(name, other);
            let request = request.body(()).unwrap();
            assert_eq!(values(&HttpHead::from(&request), name), [b"a".as_slice(), b"\xff"], "{name}");
            assert_eq!(values(&HttpHead::from(&request.into_parts().0), name).len(), 2, "{name}");
        }
        let bare = Request::get("/").body(()).unwrap();
        assert!(values(&HttpHead::from(&bare), "cookie").is_empty());
        assert!(values(&HttpHead::from(&bare), "no header name").is_empty());
    }

    #[test]
    fn the_authority_is_the_targets_and_not_the_host_headers() {
        let absolute =
            Request::get("http://shop.example:81/a").header("host", "evil.example").body(()).unwrap();
        assert_eq!(HttpHead::from(&absolute).authority(), Some("shop.example:81"));
        let origin_form = Request::get("/a").header("host", "shop.example").body(()).unwrap();
        assert_eq!(HttpHead::from(&origin_form).authority(), None);
    }

    #[test]
    fn the_path_is_at_least_a_slash() {
        let asterisk = Request::options("*").body(()).unwrap();
        assert_eq!(HttpHead::from(&asterisk).path_and_query(), "*");
        let authority = Request::connect("shop.example:443").body(()).unwrap();
        assert_eq!(HttpHead::from(&authority).path_and_query(), "/");
    }

    #[test]
    fn a_peer_in_the_extensions_goes_before_the_fallback() {
        let mut request = Request::new(());
        let (near, far) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 1]));
        assert_eq!(HttpHead::from(&request).peer(), None);
        assert_eq!(HttpHead::from(&request).or_peer(Some(near)).peer(), Some(near));
        request.extensions_mut().insert(Peer(far));
        assert_eq!(HttpHead::from(&request).or_peer(Some(near)).peer(), Some(far));
    }

    #[test]
    fn an_extended_connect_is_a_web_socket_handshake_and_a_plain_one_is_not() {
        let extended = Request::connect("https://shop.example/live").body(()).unwrap();
        assert_eq!(OriginPolicy::classify(&HttpHead::from(&extended)), RequestClass::WebSocket);
        let plain = Request::connect("shop.example:443").body(()).unwrap();
        assert_eq!(OriginPolicy::classify(&HttpHead::from(&plain)), RequestClass::Unsafe);
        let get = Request::get("https://shop.example/live").body(()).unwrap();
        assert_eq!(OriginPolicy::classify(&HttpHead::from(&get)), RequestClass::Safe);
    }
}
