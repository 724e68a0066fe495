//! Takes pictures of the pages of a demo, light and dark: `cargo xtask screenshots`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hallpass_browser::{Browser, Demo, SCHEMES, Scripts};
use serde_json::{Value, json};
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// In CSS pixels, which are the picture's own.
const WIDTH: u32 = 1000;

/// The largest picture, in bytes.
const LIMIT: usize = 128 * 1024;

/// What the other devices of the account call themselves.
const OTHER_DEVICES: [&str; 2] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 \
     Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
];

/// Of all that the page shows, also where the window ends before or after it.
const HEIGHT: &str = "return document.body.offsetHeight";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, folder] = arguments.as_slice() else {
        return Err("usage: screenshots <path of a demo> <folder for the pictures>".into());
    };
    fs::create_dir_all(folder)?;
    let demo = Demo::start(program.to_str().ok_or("the path of the demo is not Unicode")?);
    let browser = Browser::start(Scripts::On);
    let metrics = json!({ "width": WIDTH, "height": 600, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics);
    let camera = Camera { browser: &browser, folder };
    for name in ["login", "register"] {
        browser.open(&demo.url(&format!("/{name}")));
        camera.take(name)?;
    }
    browser.open(&demo.url("/"));
    camera.take("home")?;
    log_in_on_all_devices(&browser, &demo);
    browser.wait_for_text("Live: you will see it here");
    camera.take("account")?;
    browser.open(&demo.url("/reauthenticate"));
    camera.take("reauthenticate")
}

/// The last one is the browser itself, as it is.
fn log_in_on_all_devices(browser: &Browser, demo: &Demo) {
    for user_agent in OTHER_DEVICES {
        browser.devtools("Network.setUserAgentOverride", json!({ "userAgent": user_agent }));
        demo.log_in(browser, "alice");
        browser.devtools("Network.clearBrowserCookies", json!({}));
    }
    browser.devtools("Network.setUserAgentOverride", json!({ "userAgent": "" }));
    demo.log_in(browser, "alice");
}

struct Camera<'a> {
    browser: &'a Browser,
    folder: &'a Path,
}

impl Camera<'_> {
    /// Takes the page as it is shown now, light and dark.
    fn take(&self, name: &str) -> Result<(), Box<dyn Error>> {
        // Where the cursor blinks, no two pictures are the same.
        self.browser.run("document.activeElement.blur()");
        for scheme in SCHEMES {
            self.browser.use_scheme(scheme);
            let picture = self.picture()?;
            let path = self.folder.join(format!("{name}-{scheme}.png"));
            println!("{}: {} KiB", path.display(), picture.len() / 1024);
            if picture.len() > LIMIT {
                return Err(format!("{}: more than {} KiB", path.display(), LIMIT / 1024).into());
            }
            fs::write(path, picture)?;
        }
        Ok(())
    }

    fn picture(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let height: Value = self.browser.run(HEIGHT);
        let clip = json!({ "x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1 });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.browser.devtools("Page.captureScreenshot", wanted);
        let text = taken["data"].as_str().ok_or("the browser took no picture")?;
        Ok(STANDARD.decode(text).map_err(|error| error.to_string())?)
    }
}
