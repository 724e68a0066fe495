use super::parse::{Origin, Scheme, origin_of_url};
use super::{OriginPolicy, OriginRefusal, Verdict};
use crate::cookie::CookiePolicy;
use crate::head::RequestHead;

/// What a request's method and headers make it, as far as the origin check cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestClass {
    /// GET, HEAD, OPTIONS or TRACE, exactly as written (RFC 9110 §9.2.1).
    Safe,
    /// Any other method.
    Unsafe,
    /// A WebSocket handshake (RFC 6455 §4.1, RFC 8441 §5), which browsers let every page make.
    WebSocket,
}

impl OriginPolicy {
    /// Says which check the request needs.
    #[must_use]
    pub fn classify(head: &(impl RequestHead + ?Sized)) -> RequestClass {
        let method = head.method();
        if is_web_socket(head, method) {
            return RequestClass::WebSocket;
        }
        match method {
            "GET" | "HEAD" | "OPTIONS" | "TRACE" => RequestClass::Safe,
            _ => RequestClass::Unsafe,
        }
    }

    /// The check that [`classify`](Self::classify) asks for. Safe requests need none.
    ///
    /// ```
    /// use hallpass_core::{CookiePolicy, OriginPolicy, OriginRefusal, RequestHead, Verdict};
    /// # use std::net::IpAddr;
    ///
    /// # struct Head(&'static str, &'static [(&'static str, &'static str)]);
    /// # impl RequestHead for Head {
    /// #     fn method(&self) -> &str { self.0 }
    /// #     fn authority(&self) -> Option<&str> { None }
    /// #     fn path_and_query(&self) -> &str { "/" }
    /// #     fn peer(&self) -> Option<IpAddr> { None }
    /// #     fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
    /// #         self.1.iter().filter(|line| line.0 == name).for_each(|line| visit(line.1.as_bytes()));
    /// #     }
    /// # }
    /// let (origins, cookies) = (OriginPolicy::default(), CookiePolicy::default());
    ///
    /// let own = Head("POST", &[("host", "shop.example"), ("origin", "https://shop.example")]);
    /// assert_eq!(origins.check(&own, &cookies), Verdict::Allow);
    ///
    /// let foreign = Head("POST", &[("host", "shop.example"), ("origin", "https://evil.example")]);
    /// assert_eq!(origins.check(&foreign, &cookies), Verdict::Refuse(OriginRefusal::ForeignOrigin));
    /// ```
    pub fn check(&self, head: &(impl RequestHead + ?Sized), cookies: &CookiePolicy) -> Verdict {
        match Self::classify(head) {
            RequestClass::Safe => Verdict::Allow,
            RequestClass::Unsafe => self.check_unsafe(head, cookies),
            RequestClass::WebSocket => self.check_websocket(head, cookies),
        }
    }

    /// The check of a request that may change something. The first of these rows that fits decides:
    ///
    /// 1. `Origin` or `Sec-Fetch-Site` is repeated: refuse.
    /// 2. `Origin` is trusted: allow. This comes before `Sec-Fetch-Site`, which says `cross-site` for it.
    /// 3. `Sec-Fetch-Site` is `same-origin` or `none`: allow. This comes before `Origin`, which is `null` for a page's
    ///    own form under `Referrer-Policy: no-referrer`.
    /// 4. `Sec-Fetch-Site` is anything else, also `same-site`: refuse.
    /// 5. `Origin` is `null`, unparsable or not of http or https: refuse.
    /// 6. `Origin` is of plain http and not loopback, and the cookies are `Secure`: refuse.
    /// 7. Public origins are configured: allow if `Origin` is one of them, else refuse.
    /// 8. `Origin` is there: allow if it is the host and port that the request was sent to, else refuse.
    /// 9. Neither is there: allow, unless strict.
    ///
    /// Several `Host` lines, and one that contradicts the target's authority, are refused before that.
    pub fn check_unsafe(&self, head: &(impl RequestHead + ?Sized), cookies: &CookiePolicy) -> Verdict {
        self.judge(head, cookies, |site| matches!(site, Site::SameOrigin | Site::None)).into()
    }

    /// The check of a WebSocket handshake: the same rows, but `Sec-Fetch-Site: none` is refused, because no user types
    /// such a request. Chromium sends `Origin` only, which rows 5 to 8 decide.
    pub fn check_websocket(&self, head: &(impl RequestHead + ?Sized), cookies: &CookiePolicy) -> Verdict {
        self.judge(head, cookies, |site| site == Site::SameOrigin).into()
    }

    /// The check of a logout by GET, which every page can cause with a link, an image or a frame.
    ///
    /// With Fetch Metadata, only a navigation of a whole tab passes, and a script of this very origin: an image that a
    /// user of the site has posted logs nobody out. Without it, a foreign `Origin` or `Referer` is refused, but a page
    /// that sends neither is let through, unless strict: in browsers from before 2023, and over plain http, such a
    /// logout can be forged. `Sec-Fetch-Site: none` passes and includes links opened from other programs, such as mail.
    pub fn check_logout_get(&self, head: &(impl RequestHead + ?Sized), cookies: &CookiePolicy) -> Verdict {
        self.judge_logout(head, cookies).into()
    }

    fn judge(
        &self,
        head: &(impl RequestHead + ?Sized),
        cookies: &CookiePolicy,
        is_own: impl Fn(Site) -> bool,
    ) -> Result<(), OriginRefusal> {
        match self.said(head)? {
            Said { origin: Some(Source::Trusted), .. } => Ok(()),
            Said { site: Some(site), .. } if is_own(site) => Ok(()),
            Said { site: Some(_), .. } => Err(OriginRefusal::FetchSite),
            Said { origin: Some(Source::Other), .. } => self.judge_origin(head, cookies),
            Said { origin: None, site: None } if self.strict => Err(OriginRefusal::Unproven),
            Said { origin: None, site: None } => Ok(()),
        }
    }

    fn judge_logout(
        &self,
        head: &(impl RequestHead + ?Sized),
        cookies: &CookiePolicy,
    ) -> Result<(), OriginRefusal> {
        if is_prefetch(head) {
            return Err(OriginRefusal::Prefetch);
        }
        if head.method() != "GET" {
            return Err(OriginRefusal::MethodNotAllowed);
        }
        let said = self.said(head)?;
        match said.site {
            Some(Site::Other) if said.origin != Some(Source::Trusted) => Err(OriginRefusal::FetchSite),
            Some(site) if is_navigation(head) || (site == Site::SameOrigin && is_scripted(head)) => Ok(()),
            Some(_) => Err(OriginRefusal::FetchDestination),
            None => self.judge_old_logout(head, cookies, said.origin),
        }
    }

    /// A logout by GET from a browser without Fetch Metadata.
    fn judge_old_logout(
        &self,
        head: &(impl RequestHead + ?Sized),
        cookies: &CookiePolicy,
        origin: Option<Source>,
    ) -> Result<(), OriginRefusal> {
        if origin == Some(Source::Other) {
            self.judge_origin(head, cookies)?;
        }
        self.judge_referers(head, cookies)?;
        if self.strict { Err(OriginRefusal::MethodNotAllowed) } else { Ok(()) }
    }

    /// Row 1, and what the later rows need to know.
    fn said(&self, head: &(impl RequestHead + ?Sized)) -> Result<Said, OriginRefusal> {
        if !has_one_authority(head) {
            return Err(OriginRefusal::BadAuthority);
        }
        let source = |origin: &[u8]| if self.trusts(origin) { Source::Trusted } else { Source::Other };
        let site = only(head, "sec-fetch-site", Site::read)?;
        let origin = only(head, "origin", source)?;
        Ok(Said { site, origin })
    }

    fn trusts(&self, origin: &[u8]) -> bool {
        self.trusted.iter().any(|trusted| trusted.as_bytes() == origin)
    }

    fn judge_origin(
        &self,
        head: &(impl RequestHead + ?Sized),
        cookies: &CookiePolicy,
    ) -> Result<(), OriginRefusal> {
        let mut result = Ok(());
        head.for_each_value("origin", &mut |origin| {
            result = result.and(self.judge_source(head, cookies, origin))
        });
        result
    }

    /// Every `Referer` must be of an origin that could have sent the request itself.
    fn judge_referers(
        &self,
        head: &(impl RequestHead + ?Sized),
        cookies: &CookiePolicy,
    ) -> Result<(), OriginRefusal> {
        let mut all_own = true;
        head.for_each_value("referer", &mut |url| {
            let origin = origin_of_url(url);
            all_own &= self.trusts(origin) || self.judge_source(head, cookies, origin).is_ok();
        });
        if all_own { Ok(()) } else { Err(OriginRefusal::ForeignReferer) }
    }

    /// Rows 5 to 8.
    fn judge_source(
        &self,
        head: &(impl RequestHead + ?Sized),
        cookies: &CookiePolicy,
        text: &[u8],
    ) -> Result<(), OriginRefusal> {
        let origin = Origin::parse(text).ok().filter(Origin::is_http).ok_or(OriginRefusal::OpaqueOrigin)?;
        if origin.scheme == Scheme::Http && cookies.is_secure() && !origin.is_loopback() {
            return Err(OriginRefusal::InsecureOrigin);
        }
        if !self.public.is_empty() {
            let is_public = self.public.iter().any(|public| public.as_bytes() == text);
            return if is_public { Ok(()) } else { Err(OriginRefusal::NotPublic) };
        }
        if is_addressed_to(head, &origin) { Ok(()) } else { Err(OriginRefusal::ForeignOrigin) }
    }
}

/// What the request says about where it comes from.
#[derive(Debug, Clone, Copy)]
struct Said {
    site: Option<Site>,
    origin: Option<Source>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Trusted,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Site {
    SameOrigin,
    None,
    /// `same-site`, `cross-site`, and whatever no browser says.
    Other,
}

impl Site {
    fn read(value: &[u8]) -> Self {
        match value {
            b"same-origin" => Self::SameOrigin,
            b"none" => Self::None,
            _ => Self::Other,
        }
    }
}

/// The value of the only header line of this name.
fn only<T>(
    head: &(impl RequestHead + ?Sized),
    name: &str,
    read: impl Fn(&[u8]) -> T,
) -> Result<Option<T>, OriginRefusal> {
    let mut lines = 0_u8;
    let mut found = None;
    head.for_each_value(name, &mut |value| {
        lines = lines.saturating_add(1);
        found = Some(read(value));
    });
    if lines > 1 { Err(OriginRefusal::Repeated) } else { Ok(found) }
}

fn is_web_socket(head: &(impl RequestHead + ?Sized), method: &str) -> bool {
    let is_extended_connect =
        head.connect_protocol().is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"));
    is_extended_connect || (method == "GET" && head.any_value("upgrade", &names_web_socket))
}

/// A list of protocols, each a name and perhaps a version (RFC 9110 §7.8).
fn names_web_socket(upgrade: &[u8]) -> bool {
    upgrade.split(|byte| *byte == b',').any(|protocol| {
        let name = protocol.split(|byte| *byte == b'/').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"websocket")
    })
}

fn is_prefetch(head: &(impl RequestHead + ?Sized)) -> bool {
    let says_so = |value: &[u8]| value.windows(8).any(|part| part.eq_ignore_ascii_case(b"prefetch"));
    ["sec-purpose", "purpose", "x-moz"].into_iter().any(|name| head.any_value(name, &says_so))
}

fn is_navigation(head: &(impl RequestHead + ?Sized)) -> bool {
    is_exactly(head, "sec-fetch-mode", &[b"navigate"]) && is_exactly(head, "sec-fetch-dest", &[b"document"])
}

fn is_scripted(head: &(impl RequestHead + ?Sized)) -> bool {
    is_exactly(head, "sec-fetch-mode", &[b"cors", b"same-origin"])
        && is_exactly(head, "sec-fetch-dest", &[b"empty"])
}

/// Whether there is one line of this name, and it says one of these words.
fn is_exactly(head: &(impl RequestHead + ?Sized), name: &str, words: &[&[u8]]) -> bool {
    matches!(only(head, name, |value| words.contains(&value)), Ok(Some(true)))
}

/// The target's authority is what the request was sent to; a `Host` beside it must say the same.
fn has_one_authority(head: &(impl RequestHead + ?Sized)) -> bool {
    let target = head.authority();
    let same = |host: &[u8]| target.is_none_or(|target| target.as_bytes().eq_ignore_ascii_case(host));
    only(head, "host", same).is_ok_and(|host| host != Some(false))
}

fn is_addressed_to(head: &(impl RequestHead + ?Sized), origin: &Origin<'_>) -> bool {
    match head.authority() {
        Some(target) => origin.is_at(target.as_bytes()),
        None => head.any_value("host", &|host| origin.is_at(host)),
    }
}
