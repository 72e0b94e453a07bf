//! A real browser, driven through the W3C's `WebDriver` protocol.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::Connection;

/// A browser with one window, ended when dropped.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    /// Of the browser; also where it looks for what it writes.
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser, and waits until it takes commands.
    #[must_use]
    pub fn start() -> Self {
        let profile = TempDir::new().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .current_dir(profile.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = printed.find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let address = SocketAddr::from(([127, 0, 0, 1], port.unwrap()));
        let mut browser = Self { driver, address, session: String::new(), _profile: profile };
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ];
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        let started = browser.call(
            "POST",
            "/session",
            &json!({ "capabilities": { "alwaysMatch": options } }),
        );
        let session = started.get("sessionId").and_then(Value::as_str).unwrap();
        session.clone_into(&mut browser.session);
        browser
    }

    /// Shows pages so many pixels wide, as on a phone, and in the dark or the light scheme.
    pub fn resize(&self, width: u32, height: u32, scheme: &str) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &scheme);
    }

    /// Opens `url`, and waits until it is loaded.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// The address of the page shown.
    #[must_use]
    pub fn url(&self) -> String {
        self.get("/url").as_str().unwrap().to_owned()
    }

    /// The document shown.
    #[must_use]
    pub fn page(&self) -> String {
        self.get("/source").as_str().unwrap().to_owned()
    }

    /// Clicks what this CSS selector finds, and waits for the page it leads to.
    pub fn click(&self, selector: &str) {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        let element = found.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Presses a key: a character of `WebDriver`'s, such as `\u{e004}` for the tabulator.
    pub fn press(&self, key: char) {
        let press = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        let keys = json!({ "type": "key", "id": "keyboard", "actions": press });
        self.post("/actions", &json!({ "actions": [keys] }));
    }

    /// What this script returns.
    #[must_use]
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// A picture of the page, as PNG.
    #[must_use]
    pub fn picture(&self) -> Vec<u8> {
        from_base64(self.get("/screenshot").as_str().unwrap())
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    fn get(&self, path: &str) -> Value {
        self.call("GET", &format!("/session/{}{path}", self.session), &Value::Null)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), body)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut connection = Connection::open(self.address);
        // On a busy machine a browser takes its time to start.
        connection.be_patient(Duration::from_mins(1));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        connection.send(request.as_bytes());
        let response = connection.response().unwrap();
        assert_eq!(response.status, 200, "{method} {path}: {}", response.body);
        let mut answer: Value = serde_json::from_str(&response.body).unwrap();
        answer.get_mut("value").unwrap().take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser is ended by its driver only. A test that fails may be why it ends, so nothing
        // here may panic.
        if let Ok(mut stream) = TcpStream::connect(self.address) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let (session, address) = (&self.session, self.address);
            let _ = write!(stream, "DELETE /session/{session} HTTP/1.1\r\nhost: {address}\r\n\r\n");
            let _ = stream.read(&mut [0; 64]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut have) = (Vec::new(), 0_usize, 0);
    for digit in text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte)) {
        bits = (bits << 6 | digit) & 0xffff;
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.extend(u8::try_from(bits >> have & 0xff));
        }
    }
    bytes
}
