//! One call of the endpoint.

use std::error::Error;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rfq_sdk::{ProductSlug, Region};
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::config::{EndpointUrl, PriceServiceConfig};
use super::error::{PriceServiceError, PriceServiceSetupError};
use super::live_price::LivePrice;
use crate::ask::Ask;
use crate::catalogue::Product;

/// The longest answer read: some hundred times what there is to say.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// The longest token file read.
const MAX_TOKEN_BYTES: u64 = 16 * 1024;

/// What is asked, as it is sent; and what an answer is kept under, since it may depend on all of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Question {
    id: Box<str>,
    product_slug: ProductSlug,
    quantity: u32,
    region: Option<Region>,
}

impl Question {
    pub(super) fn new(product: &Product, ask: &Ask) -> Self {
        Self {
            id: product.id.clone(),
            product_slug: product.slug.clone(),
            quantity: ask.quantity.get(),
            region: ask.region.clone(),
        }
    }
}

/// The endpoint, and how it is called.
pub(super) struct Endpoint {
    client: Client,
    url: Url,
    shown: EndpointUrl,
    timeout_ms: u16,
}

impl Endpoint {
    pub(super) fn new(config: PriceServiceConfig) -> Result<Self, PriceServiceSetupError> {
        // Fails when there is one already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(file) = &config.token_file {
            headers.insert(AUTHORIZATION, authorization(file)?);
        }
        let url = config.url.clone().into_url();
        let mut client = Client::builder();
        if url.scheme() == "http" {
            // Without this, a system without root certificates could not even speak in the clear.
            client = client.tls_certs_only([]);
        }
        let client = client
            .default_headers(headers)
            .user_agent(concat!("rfq-agent/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(config.max_concurrent.get().into())
            .build()
            .map_err(|error| PriceServiceSetupError::Client { reason: innermost(&error) })?;
        Ok(Self { client, url, shown: config.url, timeout_ms: config.timeout_ms.get() })
    }

    /// Asks, and reads the whole answer, within the timeout.
    pub(super) async fn call(&self, question: &Question) -> Result<LivePrice, PriceServiceError> {
        let timeout = Duration::from_millis(self.timeout_ms.into());
        tokio::time::timeout(timeout, self.exchange(question))
            .await
            .map_err(|_| PriceServiceError::Timeout { timeout_ms: self.timeout_ms })?
    }

    async fn exchange(&self, question: &Question) -> Result<LivePrice, PriceServiceError> {
        let request = self.client.post(self.url.clone()).json(question);
        let response = request.send().await.map_err(|error| {
            let reason = innermost(&error);
            if error.is_connect() {
                PriceServiceError::Connect { reason }
            } else {
                PriceServiceError::BrokeOff { reason }
            }
        })?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(LivePrice::NOT_SOLD),
            status => return Err(PriceServiceError::Status { status: status.as_u16() }),
        }
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let found = content_type.chars().take(100).collect();
            return Err(PriceServiceError::ContentType { found });
        }
        let body = read_body(response).await?;
        LivePrice::parse(&body).map_err(|reason| PriceServiceError::Answer { reason })
    }
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, PriceServiceError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if chunk.len() > MAX_BYTES - body.len() => {
                return Err(PriceServiceError::TooLarge);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(PriceServiceError::BrokeOff { reason: innermost(&error) }),
        }
    }
}

/// The header that carries the first line of `file`, marked so that no `Debug` shows it.
fn authorization(file: &Path) -> Result<HeaderValue, PriceServiceSetupError> {
    let path = || file.display().to_string();
    let failed = |source| PriceServiceSetupError::TokenFile { path: path(), source };
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(file)
        .and_then(|file| file.take(MAX_TOKEN_BYTES).read_to_string(&mut text))
        .map_err(failed)?;
    let token = text.lines().next().unwrap_or_default().trim();
    let unfit = || PriceServiceSetupError::Token { path: path() };
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(unfit());
    }
    let value = Zeroizing::new(format!("Bearer {token}"));
    let mut header = HeaderValue::from_str(&value).map_err(|_| unfit())?;
    header.set_sensitive(true);
    Ok(header)
}

/// What is at the bottom of an error, such as `Connection refused`; what stands above it names layers
/// of the client, and the url.
fn innermost(error: &reqwest::Error) -> String {
    let mut error: &dyn Error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shown.fmt(f)
    }
}
