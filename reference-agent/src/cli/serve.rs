//! `rfq-agent serve`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use rfq_agent_card::card::AuthScheme;
use rfq_agent_card::{AgentCard, ServedCard};
use rfq_reference_agent::app::{App, CART, app};
use rfq_reference_agent::catalogue::{Catalogue, LiveCatalogue};
use rfq_reference_agent::feed::{SAMPLE, load};
use rfq_reference_agent::responder::CatalogueResponder;
use rfq_reference_agent::secret::{self, Provenance};
use rfq_reference_agent::server::{Limits, serve as serve_on};
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{Answerer, MemoryStore, ProductSlug, Scheme, SecretFile, SystemClock, Verifier};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use url::Url;

use super::{Ambient, banner, feed};

/// The shop's conditions, on every offer: what its checkout decides.
const TERMS: &str = "Excl. sales tax and duty.";

/// Answer requests for quotes until told to stop
///
/// Without any option it serves a sample catalogue on this machine only, with a secret of its own,
/// and prints a command to try it with.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on. Only this machine reaches 127.0.0.1; put a proxy that speaks
    /// TLS in front before others are to reach the agent
    #[arg(
        long,
        env = "RFQ_AGENT_BIND",
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:8787"
    )]
    bind: SocketAddr,

    /// Product feed: Google Merchant, tab-separated, with a column `product_slug` that holds the
    /// marketplace's name of each product. Left out, a sample catalogue is served
    #[arg(long, env = "RFQ_AGENT_FEED", value_name = "FILE")]
    feed: Option<PathBuf>,

    /// How the marketplace authenticates its requests, as registered there
    #[arg(long, env = "RFQ_AGENT_AUTH", value_enum, default_value_t = Auth::Hmac)]
    auth: Auth,

    /// File with the secret registered at the marketplace: the secret on its first line, then any
    /// number up to three of `previous RFC3339-TIME SECRET`. Left out, a secret is made on the
    /// first start and kept in the data directory
    #[arg(long, env = "RFQ_AGENT_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Where the agent is reached from outside, such as `https://shop.example`: claim links begin
    /// with it. Left out, they lead to this machine and work nowhere else
    #[arg(long, env = "RFQ_AGENT_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    public_url: Option<Url>,

    /// Directory for what the agent keeps: its secret and the list of rejected feed rows
    #[arg(long, env = "RFQ_AGENT_DATA_DIR", value_name = "DIR", default_value = "rfq-agent-data")]
    data_dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    /// A signature over timestamp and body
    Hmac,
    /// The secret itself, as a token
    Bearer,
}

/// The root of an https site: what claim links and the card are below of.
fn public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_root = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_plain = url.username().is_empty() && url.password().is_none();
    if url.scheme() == "https" && is_root && is_plain {
        Ok(url)
    } else {
        Err("expected https:// and a host, such as https://shop.example".to_owned())
    }
}

pub(crate) fn serve(args: &ServeArgs, ambient: &Ambient) -> anyhow::Result<()> {
    let (secret_path, secrets, provenance) = secrets(args, ambient)?;
    let verifier = match args.auth {
        Auth::Hmac => secrets.into_hmac(),
        Auth::Bearer => secrets.into_bearer(),
    }
    .build()
    .with_context(|| unusable(&secret_path))?;
    let catalogue = LiveCatalogue::new(match &args.feed {
        Some(path) => feed::load(path, &args.data_dir)?,
        None => load(SAMPLE.as_bytes(), |_, _| {}).context("the sample catalogue is broken")?.0,
    });
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => info!(files, "May hold so many files and connections open"),
        Err(error) => warn!(%error, "The limit on open files could not be raised"),
    }
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.bind).await.with_context(|| {
            format!("cannot listen on {}; name another address with --bind", args.bind)
        })?;
        let address = listener.local_addr().context("the socket has no address")?;
        let scheme = verifier.scheme();
        let router = app(compose(args, ambient, address, verifier, &catalogue)?);
        let stop = stop_signal().context("no signal can be listened to")?;
        banner::print(&banner::Banner {
            address,
            public_url: args.public_url.as_ref(),
            scheme,
            secret_path: &secret_path,
            provenance,
            products: catalogue.now().len(),
            is_sample: args.feed.is_none(),
            example: example(&catalogue.now()).as_ref(),
        });
        serve_on(listener, router, Limits::default(), stop).await;
        Ok(())
    })
}

/// A product that can be bought; of several the first by name, so that it is the same every time.
fn example(catalogue: &Catalogue) -> Option<ProductSlug> {
    let names = || {
        catalogue
            .iter()
            .filter(|product| product.available(0) != Some(0))
            .map(|product| &product.slug)
    };
    let known = names().find(|name| name.as_str() == "coffee-grinders/baratza-encore-esp");
    known.or_else(|| names().min()).cloned()
}

fn secrets(
    args: &ServeArgs,
    ambient: &Ambient,
) -> anyhow::Result<(PathBuf, SecretFile, Provenance)> {
    match &args.secret_file {
        Some(path) => {
            let secrets = secret::read(path).with_context(|| unusable(path))?;
            Ok((path.clone(), secrets, Provenance::Found))
        }
        None => {
            let path = args.data_dir.join("secret");
            let (secrets, provenance) = secret::read_or_make(&path, ambient.secret_bytes)
                .with_context(|| {
                    format!(
                        "no secret can be kept in {}; name another directory with --data-dir",
                        args.data_dir.display()
                    )
                })?;
            Ok((path, secrets, provenance))
        }
    }
}

fn unusable(secret_path: &Path) -> String {
    let path = secret_path.display();
    format!("the secret file {path} cannot be used; mend it or name another with --secret-file")
}

fn compose(
    args: &ServeArgs,
    ambient: &Ambient,
    address: SocketAddr,
    verifier: Verifier,
    catalogue: &LiveCatalogue,
) -> anyhow::Result<App<CatalogueResponder<SystemClock>>> {
    let root = match &args.public_url {
        Some(url) => url.clone(),
        None => {
            warn!("Without --public-url, claim links lead to this machine and work nowhere else");
            Url::parse(&format!("https://localhost:{}", address.port()))?
        }
    };
    let scheme = match verifier.scheme() {
        Scheme::HmacSha256 => AuthScheme::HmacSha256,
        Scheme::Bearer => AuthScheme::Bearer,
    };
    let card = AgentCard::builder(
        "RFQ agent",
        "Answers requests for quotes with current price, stock and shipping.",
        env!("CARGO_PKG_VERSION"),
    )
    .security(scheme)
    .build()
    .map_err(|error| anyhow!("the agent card cannot be made: {error}"))?;
    let offers = Arc::new(MemoryStore::default());
    let cart = root.join(CART)?.try_into()?;
    let terms = TERMS.parse()?;
    let catalogue = catalogue.clone();
    let responder =
        CatalogueResponder::new(catalogue.clone(), SystemClock, ambient.offer_id, cart, terms);
    Ok(App {
        answerer: Answerer::with(responder, Arc::clone(&offers), SystemClock),
        verify: VerifyLayer::new(verifier),
        offers,
        catalogue,
        card: ServedCard::new(&card),
        clock: Arc::new(SystemClock),
    })
}

/// Ready at the first of SIGTERM and SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
