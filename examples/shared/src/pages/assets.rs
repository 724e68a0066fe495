use hallpass_core::Answer;
use hallpass_login::PAGESHOW_SCRIPT;

/// `GET /style.css`
#[must_use]
pub fn style_sheet() -> Answer {
    asset("text/css; charset=utf-8", include_str!("../../assets/style.css"))
}

/// `GET /app.js`: shows at once that the session has ended elsewhere.
#[must_use]
pub fn script() -> Answer {
    asset("text/javascript; charset=utf-8", include_str!("../../assets/app.js"))
}

/// `GET /pageshow.js`: keeps the Back button from showing a page after logout.
#[must_use]
pub fn pageshow() -> Answer {
    asset("text/javascript; charset=utf-8", PAGESHOW_SCRIPT)
}

fn asset(content_type: &'static str, body: &'static str) -> Answer {
    let mut answer = Answer::empty(200);
    answer.headers = vec![("cache-control", "max-age=3600".into())];
    answer.body = body.into();
    answer.with("content-type", content_type).with("x-content-type-options", "nosniff")
}
