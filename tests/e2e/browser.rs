//! The page of an offer, and its claim, in a real browser.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::response::{Html, Redirect};
use axum::routing::get;
use rfq_tests::{Agent, Browser, GRINDER, SAMPLE_FEED, rfq};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The agent with the sample catalogue, and the checkout of its shop, until dropped.
struct Shop {
    agent: Agent,
    checkout: SocketAddr,
    _runtime: Runtime,
}

impl Shop {
    fn open() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let checkout = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, checkout_pages(checkout)).await });
        let dir = TempDir::new().unwrap();
        let config = dir.path().join("rfq-agent.toml");
        let places = "sku={id}&n={quantity}&offer={offer_id}";
        let text = format!("{SAMPLE_FEED}[checkout]\nurl = \"http://{checkout}/buy?{places}\"\n");
        std::fs::write(&config, text).unwrap();
        let agent = Agent::start(&["--config", config.to_str().unwrap()]);
        Self { agent, checkout, _runtime: runtime }
    }

    /// The link to an offer for five grinders.
    fn offer(&self) -> String {
        let answer = self.agent.ask(&rfq("seen", GRINDER, 5).to_string());
        let offer: Value = serde_json::from_str(&answer.body).unwrap();
        let link = offer.get("claim_url").and_then(Value::as_str).unwrap();
        let (_, query) = link.split_once('?').unwrap();
        format!("http://{}/cart?{query}", self.agent.address())
    }
}

/// Leads on to another host, as a shop's cart often does.
fn checkout_pages(address: SocketAddr) -> Router {
    let port = address.port();
    let buy = move |query: axum::extract::RawQuery| async move {
        Redirect::to(&format!("http://localhost:{port}/checkout?{}", query.0.unwrap()))
    };
    // The page of another site, whose button claims the offer that its query names.
    let trap = |query: axum::extract::RawQuery| async move {
        let query = query.0.unwrap();
        let (agent, id) = query.split_once('/').unwrap();
        Html(format!(
            "<form method=post action='http://{agent}/cart?offer={id}'>\
             <input name=offer value={id}><button>Win</button></form>"
        ))
    };
    Router::new()
        .route("/buy", get(buy))
        .route("/checkout", get(Html("<h1>Checkout</h1>")))
        .route("/trap", get(trap))
}

/// Kept for whoever wants to look at it.
fn keep(picture: &[u8], name: &str) {
    // A page that is blank makes a picture of almost nothing.
    assert!(picture.len() > 5000, "{name}: {} bytes", picture.len());
    if let Some(dir) = std::env::var_os("RFQ_TEST_PICTURES") {
        std::fs::write(Path::new(&dir).join(name), picture).unwrap();
    }
}

#[test]
fn the_button_of_the_offer_s_page_leads_to_the_checkout() {
    let (shop, browser) = (Shop::open(), Browser::start());
    let link = shop.offer();
    browser.open(&link);
    let page = browser.page();
    for text in ["<h1>Baratza Encore ESP", "$849.95", "$949.95</s>", "within 4 business days"] {
        assert!(page.contains(text), "{text} is in the document:\n{page}");
    }
    browser.click("button");
    let id = link.split_once("offer=").unwrap().1;
    let port = shop.checkout.port();
    let checkout = format!("http://localhost:{port}/checkout?sku=CG-1001&n=5&offer={id}");
    assert_eq!(browser.url(), checkout);

    // With the keyboard alone it works as well, and again.
    browser.resize(390, 900, "light");
    browser.open(&link);
    assert!(browser.page().contains("Reserved until"), "{}", browser.page());
    browser.press('\u{e004}');
    keep(&browser.picture(), "reserved.png");
    assert_eq!(browser.run("return document.activeElement.textContent"), "Continue to checkout");
    browser.press('\u{e007}');
    for _ in 0..100 {
        if browser.url() == checkout {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("still at {}", browser.url());
}

#[test]
fn the_form_of_another_site_reserves_nothing() {
    let (shop, browser) = (Shop::open(), Browser::start());
    let link = shop.offer();
    let id = link.split_once("offer=").unwrap().1;
    // `localhost` and `127.0.0.1` are two sites.
    let port = shop.checkout.port();
    browser.open(&format!("http://localhost:{port}/trap?{}/{id}", shop.agent.address()));
    browser.click("button");
    assert!(browser.page().contains("<h1>Please start from the offer</h1>"), "{}", browser.page());
    browser.click("a");
    assert_eq!(browser.url(), link);
    assert!(!browser.page().contains("Reserved"), "{}", browser.page());
}

/// The least contrast of any text with what is behind it, as WCAG 2 reckons it.
const LEAST_CONTRAST: &str = "
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => {
        const linear = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const behind = (element) => {
        const color = rgba(getComputedStyle(element).backgroundColor);
        return color[3] === 255 || !element.parentElement ? color : behind(element.parentElement);
    };
    const ratios = [...document.body.querySelectorAll('*')]
        .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .map((element) => {
            const [a, b] = [rgba(getComputedStyle(element).color), behind(element)].map(luminance);
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        });
    return ratios.length > 8 ? Math.min(...ratios) : 0;";

#[test]
fn the_page_is_readable_on_a_phone_in_light_and_in_dark() {
    let (shop, browser) = (Shop::open(), Browser::start());
    let link = shop.offer();
    let mut backgrounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.resize(390, 780, scheme);
        browser.open(&link);
        keep(&browser.picture(), &format!("offer-{scheme}.png"));
        assert_eq!(browser.run("return document.documentElement.scrollWidth"), 390);
        let contrast = browser.run(LEAST_CONTRAST).as_f64().unwrap();
        println!("The least contrast in the {scheme} scheme is {contrast:.2}");
        assert!(contrast >= 4.5, "WCAG 2 AA, {scheme}: {contrast}");
        let height = "return document.querySelector('button').getBoundingClientRect().height";
        assert!(browser.run(height).as_f64().unwrap() >= 44.0, "large enough for a finger");
        backgrounds.push(browser.run("return getComputedStyle(document.body).backgroundColor"));
    }
    assert_ne!(backgrounds[0], backgrounds[1]);
    browser.open(&format!("http://{}/cart?offer=unknown", shop.agent.address()));
    keep(&browser.picture(), "no-offer-dark.png");
    assert!(browser.page().contains("<h1>This link names no offer</h1>"), "{}", browser.page());
    browser.resize(1000, 700, "light");
    browser.open(&link);
    keep(&browser.picture(), "offer-wide.png");
}
