//! What pages of others try. Another host name is another site, which gets no cookie with its forms, but with its links.
//! Another port is another origin of the same site, and gets the cookie with everything.

use crate::demo::PASSWORD;
use crate::site::Site;
use crate::{Browser, Demo, Scripts};

const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

pub(crate) fn another_origin_can_log_nobody_out(demo: &Demo) {
    let logout = demo.url("/v1/logout_user");
    let site = Site::serve(format!(
        r#"<a href="{logout}">Look</a>
           <form method="post" action="{logout}"><button>Win</button></form>
           <img src="{logout}" alt="A picture">"#
    ));
    let browser = demo.alices_browser(Scripts::On);
    let cookie = browser.login_cookie();
    for host in HOSTS {
        browser.open(&site.url(host));
        // The page has loaded when the picture has, or has failed to.
        let asked = format!("return performance.getEntriesByName('{logout}').length");
        assert_eq!(browser.run(&asked), 1, "the browser did not ask for the picture");
        assert_stays(demo, &browser, "alice", &cookie);
        for bait in ["Look", "Win"] {
            browser.open(&site.url(host));
            browser.press(bait);
            browser.wait_for_text("cross_origin");
            assert_stays(demo, &browser, "alice", &cookie);
        }
    }
}

pub(crate) fn another_origin_can_log_nobody_in(demo: &Demo) {
    let site = Site::serve(format!(
        r#"<form method="post" action="{}">
             <input name="username" value="bob"><input name="password" value="{PASSWORD}"><button>Win</button>
           </form>"#,
        demo.url("/v1/login_user"),
    ));
    let (alices, nobodys) = (demo.alices_browser(Scripts::On), Browser::start(Scripts::On));
    let cookie = alices.login_cookie();
    for host in HOSTS {
        for browser in [&alices, &nobodys] {
            browser.open(&site.url(host));
            browser.press("Win");
            browser.wait_for_text("cross_origin");
        }
        assert_stays(demo, &alices, "alice", &cookie);
        nobodys.open(&demo.url("/account"));
        nobodys.wait_for_url(&demo.url("/login?next=/account"));
    }
}

pub(crate) fn no_other_site_can_show_the_account_in_a_frame(demo: &Demo) {
    let account = demo.url("/account");
    let site = Site::serve(format!(r#"<iframe src="{account}"></iframe>"#));
    let browser = demo.alices_browser(Scripts::On);
    browser.complaints();
    browser.open(&site.url("127.0.0.1"));
    let complaints = browser.complaints();
    assert!(complaints.iter().any(|complaint| complaint.contains("frame-ancestors")), "{complaints:?}");
}

#[track_caller]
fn assert_stays(demo: &Demo, browser: &Browser, username: &str, cookie: &str) {
    browser.open(&demo.url("/account"));
    assert!(browser.text().contains(username), "{}", browser.text());
    assert_eq!(browser.login_cookie(), cookie);
}
