//! What is printed once the agent answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use rfq_agent_card::served::AGENT_JSON_PATH;
use rfq_reference_agent::app::CART;
use rfq_reference_agent::secret::Provenance;
use rfq_sdk::axum::MESSAGE_SEND;
use rfq_sdk::{ProductSlug, Scheme};
use url::Url;

use super::say::say;

pub(super) struct Banner<'a> {
    pub(super) address: SocketAddr,
    pub(super) admin_address: SocketAddr,
    pub(super) public_url: Option<&'a Url>,
    pub(super) scheme: Scheme,
    pub(super) secret_path: &'a Path,
    pub(super) provenance: Provenance,
    pub(super) products: usize,
    pub(super) is_sample: bool,
    /// A product to ask for.
    pub(super) example: Option<&'a ProductSlug>,
}

pub(super) fn print(banner: &Banner<'_>) {
    let local = format!("http://{}", reachable(banner.address));
    let root = banner.public_url.map_or(local.as_str(), |url| url.as_str().trim_end_matches('/'));
    let products = banner.products;
    let source = if banner.is_sample { "sample products" } else { "products" };
    say!("rfq-agent answers for {products} {source}.");
    say!();
    say!("  Listens on    http://{}", banner.address);
    say!("  Agent card    {root}{AGENT_JSON_PATH}");
    say!("  RFQ endpoint  {root}{MESSAGE_SEND}");
    let secret = banner.secret_path.display();
    let note = match banner.provenance {
        Provenance::Found => "",
        Provenance::Made => " (new: register it at the marketplace)",
    };
    say!("  Secret        {secret}{note}");
    say!("  Admin         http://{} (metrics, orders)", reachable(banner.admin_address));
    if let Some(product) = banner.example {
        say!();
        say!("Ask for a quote from another terminal:");
        say!();
        say!("{}", curl(&local, banner.scheme, banner.secret_path, product));
        if banner.public_url.is_none() {
            say!();
            say!("Its claim_url cannot be opened without public_url; the page it stands for is");
            say!();
            say!("  {local}{CART}?offer=OFFER_ID");
        }
    }
    say!();
    say!("Stop it with Ctrl-C.");
}

/// An address to call: a socket bound to every address is reached on the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A command for a shell that signs and sends an RFQ, whenever it is run: it takes the time and the
/// secret when it runs, and the secret is not in it.
fn curl(local: &str, scheme: Scheme, secret_path: &Path, product: &ProductSlug) -> String {
    let body = format!(
        r#"{{"jsonrpc":"2.0","method":"message/send","id":"'$R'","params":{{"message":{{"messageId":"'$R'","role":"user","parts":[{{"kind":"text","text":"Request for quote"}}],"metadata":{{"skill":"respond-to-rfq","rfq_id":"'$R'","product_slug":"{product}","quantity":1,"delivery_region":"CA-US"}}}}}}}}"#
    );
    // From any directory.
    let secret = std::path::absolute(secret_path).unwrap_or_else(|_| secret_path.to_path_buf());
    let secret = shell_quoted(&secret.display().to_string());
    let headers = match scheme {
        Scheme::HmacSha256 => {
            "-H \"X-ProductIndex-Timestamp: $T\" -H \"X-ProductIndex-Signature: $(printf '%s.%s' \
             \"$T\" \"$B\" | openssl dgst -sha256 -hmac \"$S\" -r | cut -d' ' -f1)\""
        }
        Scheme::Bearer => "-H \"Authorization: Bearer $S\"",
    };
    format!(
        "T=$(date +%s); R=try-$(date +%s%N); S=$(head -n 1 {secret} | tr -d '\\r'); B='{body}'; curl -sS {local}{MESSAGE_SEND} \
         -H 'Content-Type: application/json' {headers} --data-binary \"$B\""
    )
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
