/// Keeps the Back button from showing a protected page after logout: JavaScript for every page that needs a login.
///
/// Browsers may keep a page as it was when it was left, and show it again without asking the server. With this script
/// such a page is hidden, and loaded anew when it comes back, so that the server decides who sees it.
///
/// It is a classic script without dependencies. Served as a file of the site, it passes a strict policy
/// (`Content-Security-Policy: script-src 'self'`) and may be cached:
///
/// ```
/// use hallpass_core::Answer;
/// use hallpass_login::PAGESHOW_SCRIPT;
///
/// /// For `<script src="/pageshow.js"></script>` in the head of the pages.
/// fn pageshow() -> Answer {
///     let mut answer = Answer::empty(200).with("content-type", "text/javascript; charset=utf-8");
///     answer.body = PAGESHOW_SCRIPT.into();
///     answer
/// }
///
/// assert!(pageshow().body.contains("location.reload()"));
/// ```
pub const PAGESHOW_SCRIPT: &str = include_str!("../assets/pageshow.js");
