//! `rfq-agent serve`.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use rfq_agent_card::card::AuthScheme;
use rfq_agent_card::{AgentCard, ServedCard};
use rfq_reference_agent::admin::{Admin, admin};
use rfq_reference_agent::app::{App, CART, Claims, app};
use rfq_reference_agent::catalogue::{Catalogue, LiveCatalogue};
use rfq_reference_agent::config::{Auth, Config};
use rfq_reference_agent::ledger::{HoldLimits, Ledger, LedgerOptions};
use rfq_reference_agent::price_service::PriceService;
use rfq_reference_agent::responder::CatalogueResponder;
use rfq_reference_agent::secret::{self, Provenance};
use rfq_reference_agent::server::{Limits, serve as serve_on};
use rfq_reference_agent::source::{Read, ReadingLog, Reloader, Source};
use rfq_reference_agent::telemetry;
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{Answerer, Clock as _, ProductSlug, Scheme, SecretFile, SystemClock, Verifier};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use toml::{Table, Value};
use tracing::{debug, error, info, warn};
use url::Url;

use super::{Ambient, banner, configuration, feed};

/// Connections that the system keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// How long background work gets to end, once all requests are answered.
const ENDING: Duration = Duration::from_secs(2);

/// Answer requests for quotes until told to stop
///
/// Without any option it takes `rfq-agent.toml` of this directory, as `rfq-agent init` writes it. If
/// there is none, and no variable configures a shop, it serves a sample catalogue on this machine
/// only, with a secret of its own, and prints a command to try it with. Every key of a configuration can also be set in the
/// environment, as `RFQ_AGENT_FEED_FILE` and so on; `rfq-agent init` writes one that explains them all.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Configuration [default: rfq-agent.toml, if it is there]. The options below count before what
    /// it says
    #[arg(long, env = "RFQ_AGENT_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Address and port to listen on [default: 127.0.0.1:8787]. Only this machine reaches 127.0.0.1;
    /// put a proxy that speaks TLS in front before others are to reach the agent
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<String>,

    /// Address and port for metrics and orders [default: 127.0.0.1:8788]. It asks for no password:
    /// keep it on this machine or in the shop's own network
    #[arg(long, value_name = "IP:PORT")]
    admin_bind: Option<String>,

    /// Product feed; its format is told from its content. Without one and without a configuration a
    /// sample catalogue is served
    #[arg(long, value_name = "FILE")]
    feed: Option<String>,

    /// How the marketplace authenticates its requests, as registered there: hmac, a signature over
    /// timestamp and body, or bearer, the secret itself [default: hmac]
    #[arg(long, value_name = "hmac|bearer")]
    auth: Option<String>,

    /// File with the secret registered at the marketplace: the secret on its first line, then up to
    /// three lines `previous RFC3339-TIME SECRET`. Left out, a secret is made on the
    /// first start and kept in the data directory
    #[arg(long, value_name = "FILE")]
    secret_file: Option<String>,

    /// Where the agent is reached from outside, the https address of the proxy in front of it, such as
    /// `https://shop.example`: claim links begin with it. Left out, they can be opened nowhere
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,

    /// Directory for what the agent keeps: offers, its secret and the lists of rows left out
    /// [default: rfq-agent-data, beside the configuration if there is one]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
}

impl ServeArgs {
    /// The options in the shape of a configuration.
    fn flags(&self) -> Table {
        let mut flags = Table::new();
        for (key, value) in [
            ("bind", &self.bind),
            ("admin_bind", &self.admin_bind),
            ("auth", &self.auth),
            ("secret_file", &self.secret_file),
            ("public_url", &self.public_url),
            ("data_dir", &self.data_dir),
        ] {
            flags.extend(value.clone().map(|value| (key.to_owned(), Value::String(value))));
        }
        if let Some(file) = &self.feed {
            let feed = Table::from_iter([("file".to_owned(), Value::String(file.clone()))]);
            flags.insert("feed".to_owned(), feed.into());
        }
        flags
    }
}

pub(crate) fn serve(args: &ServeArgs, ambient: &Ambient) -> anyhow::Result<()> {
    let config = configuration(args.config.as_deref(), args.flags())?;
    let (secret_path, secrets, provenance) = secrets(&config, ambient)?;
    let verifier = match config.auth {
        Auth::Hmac => secrets.into_hmac(),
        Auth::Bearer => secrets.into_bearer(),
    }
    .build()
    .with_context(|| unusable(&secret_path))?;
    let metrics = telemetry::prometheus()?.install_recorder()?;
    telemetry::describe();
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => debug!(files, "May hold so many files and connections open"),
        Err(error) => warn!(%error, "The limit on open files could not be raised"),
    }
    // Before the feed, so that what is in use is not told only after a long load, and the feed of an
    // agent that cannot run is none of anybody's business.
    let public = bind(config.bind, "--bind")?;
    let inside = bind(config.admin_bind, "--admin-bind")?;
    let live = LiveCatalogue::new(Catalogue::default());
    let ledger = open_ledger(&config)?;
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    let ended = runtime.block_on(async {
        let mut stop = pin!(stop_signal().context("no signal can be listened to")?);
        let hang_up = hang_up_signal().context("no signal can be listened to")?;
        let loaded = tokio::select! {
            loaded = load(&config, ambient, &live) => loaded?,
            () = &mut stop => {
                info!("Told to stop while loading the feed");
                return Ok(0);
            }
        };
        let public = listen(public, "--bind")?;
        let inside = listen(inside, "--admin-bind")?;
        let (address, admin_address) = (public.local_addr()?, inside.local_addr()?);
        tokio::spawn(loaded.reloader.run(hang_up));
        tokio::spawn(telemetry::upkeep(metrics.clone()));
        tokio::spawn(prune(ledger.clone()));

        let scheme = verifier.scheme();
        let root = match &config.public_url {
            Some(url) => url.clone(),
            None => {
                warn!(
                    "Claim links can be opened nowhere until public_url names the https address of \
                     the proxy in front of the agent"
                );
                Url::parse(&format!("https://localhost:{}", address.port()))?
            }
        };
        let router = app(compose(&config, ambient, &root, verifier, &live, &ledger)?);
        let admin = admin(Admin {
            ledger,
            catalogue: live,
            metrics,
            clock: Arc::new(SystemClock),
            has_price_service: config.price_service.is_some(),
            hosts: config.admin_hosts.clone(),
        });
        banner::print(&banner::Banner {
            address,
            admin_address,
            public_url: config.public_url.as_ref(),
            scheme,
            secret_path: &secret_path,
            provenance,
            products: loaded.products,
            is_sample: loaded.is_sample,
            example: loaded.example.as_ref(),
        });
        let (stopping, stopped) = watch::channel(());
        let until_told = |mut stopped: watch::Receiver<()>| async move {
            // An error is the end of whoever tells.
            let _ = stopped.changed().await;
        };
        let inside = tokio::spawn(serve_on(inside, admin, Limits::default(), until_told(stopped)));
        let told = async move {
            stop.await;
            info!("Shutting down: answering what is in flight");
            drop(stopping);
        };
        let unanswered = serve_on(public, router, Limits::default(), told).await;
        let unanswered_inside = inside.await.context("the admin address ended")?;
        anyhow::Ok(unanswered + unanswered_inside)
    });
    // Whoever just reads a feed does not keep the agent from ending.
    runtime.shutdown_timeout(ENDING);
    match ended? {
        0 => info!("Stopped, with every request answered"),
        unanswered => warn!(unanswered, "Stopped before every request was answered"),
    }
    Ok(())
}

/// What was loaded at the start, and what keeps it up to date.
struct Loaded {
    reloader: Reloader,
    products: usize,
    is_sample: bool,
    /// A product to ask for.
    example: Option<ProductSlug>,
}

/// Loads the feed for the first time, and puts it into `live`.
async fn load(config: &Config, ambient: &Ambient, live: &LiveCatalogue) -> anyhow::Result<Loaded> {
    info!("Loading the feed");
    let source = Source::new(config.feed.clone(), config.lead_time.time_zone());
    let is_sample = source.is_sample();
    let read = feed::read(&source, (ambient.now)()).await?;
    let (readings, now) = (Arc::new(ReadingLog::new(&config.data_dir)), ambient.now);
    let tell = move |read: &Read| readings.tell(read, now());
    let told = tokio::task::spawn_blocking({
        let tell = tell.clone();
        move || {
            tell(&read);
            read
        }
    });
    let read = told.await.context("the feed's report failed within this program")?;
    let reloader = Reloader::new(source, live.clone(), &read, SystemClock, tell);
    let (products, example) = (read.catalogue.len(), example(&read.catalogue));
    live.replace(read.catalogue);
    Ok(Loaded { reloader, products, is_sample, example })
}

/// Takes the address, but no connections yet: until there is something to answer with, callers are
/// better refused by the system than kept waiting.
fn bind(address: SocketAddr, option: &str) -> anyhow::Result<TcpSocket> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // The system may still be taking down connections of the agent that ran before.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        io::Result::Ok(socket)
    };
    bind().with_context(|| unusable_address(address, option))
}

/// Takes connections. Fails if somebody else, who also took the address, was first.
fn listen(socket: TcpSocket, option: &str) -> anyhow::Result<TcpListener> {
    let address = socket.local_addr()?;
    socket.listen(BACKLOG).with_context(|| unusable_address(address, option))
}

fn unusable_address(address: SocketAddr, option: &str) -> String {
    format!("cannot listen on {address}; name another address with {option}")
}

fn open_ledger(config: &Config) -> anyhow::Result<Ledger> {
    let options = LedgerOptions {
        holds: HoldLimits {
            soft_percent: config.stock.soft_hold.get(),
            hard: config.stock.hard_hold,
            hard_per_product_and_caller: config.stock.hard_holds_per_product,
        },
        keep: config.ledger.keep,
    };
    Ok(Ledger::open(&config.data_dir, options)?)
}

/// Forgets old answers, now and then.
async fn prune(ledger: Ledger) {
    let mut every = tokio::time::interval(Duration::from_mins(10));
    loop {
        every.tick().await;
        match ledger.prune(SystemClock.now()).await {
            Ok(0) => {}
            Ok(answers) => info!(answers, "Forgot old answers"),
            Err(error) => error!(%error, "Old answers could not be forgotten"),
        }
    }
}

/// A product that can be bought; of several the first by name, so that it is the same every time.
fn example(catalogue: &Catalogue) -> Option<ProductSlug> {
    let names = || {
        let in_stock = catalogue.iter().filter(|product| product.available(0) != Some(0));
        in_stock.map(|product| &product.slug)
    };
    let known = names().find(|name| name.as_str() == "coffee-grinders/baratza-encore-esp");
    known.or_else(|| names().min()).cloned()
}

fn secrets(
    config: &Config,
    ambient: &Ambient,
) -> anyhow::Result<(PathBuf, SecretFile, Provenance)> {
    match &config.secret_file {
        Some(path) => {
            let secrets = secret::read(path).with_context(|| unusable(path))?;
            Ok((path.clone(), secrets, Provenance::Found))
        }
        None => {
            let path = config.data_dir.join("secret");
            let (secrets, provenance) = secret::read_or_make(&path, ambient.secret_bytes)
                .with_context(|| {
                    format!(
                        "no secret can be kept in {}; name another directory with --data-dir",
                        config.data_dir.display()
                    )
                })?;
            if provenance == Provenance::Made {
                // Now, as a start that fails later on makes it as well, and the next one finds it.
                info!(path = %path.display(), "Made a new secret; register it at the marketplace");
            }
            Ok((path, secrets, provenance))
        }
    }
}

fn unusable(secret_path: &Path) -> String {
    let path = secret_path.display();
    format!("the secret file {path} cannot be used; mend it or name another with --secret-file")
}

fn compose(
    config: &Config,
    ambient: &Ambient,
    root: &Url,
    verifier: Verifier,
    catalogue: &LiveCatalogue,
    ledger: &Ledger,
) -> anyhow::Result<App<CatalogueResponder<SystemClock>, Ledger>> {
    let scheme = match verifier.scheme() {
        Scheme::HmacSha256 => AuthScheme::HmacSha256,
        Scheme::Bearer => AuthScheme::Bearer,
    };
    let card = AgentCard::builder(&*config.name, &*config.description, env!("CARGO_PKG_VERSION"))
        .security(scheme)
        .build()
        .map_err(|error| anyhow!("the agent card cannot be made: {error}"))?;
    let price_service = config.price_service.clone().map(PriceService::new).transpose()?;
    let responder = CatalogueResponder {
        catalogue: catalogue.clone(),
        rules: Arc::new(config.rules()),
        ledger: Some(ledger.clone()),
        price_service: price_service.clone(),
        clock: SystemClock,
        offer_id: ambient.offer_id,
        cart: root.join(CART)?.try_into()?,
    };
    Ok(App {
        answerer: Answerer::with(responder, ledger.clone(), SystemClock),
        verify: VerifyLayer::with(verifier, config.budget, SystemClock),
        claims: Claims {
            ledger: ledger.clone(),
            catalogue: catalogue.clone(),
            price_service,
            checkout: config.checkout.url.clone(),
            clock: Arc::new(SystemClock),
        },
        card: ServedCard::new(&card),
    })
}

/// Ready at the first of SIGTERM and SIGINT.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Told at every SIGHUP.
fn hang_up_signal() -> io::Result<Arc<Notify>> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let told = Arc::new(Notify::new());
    let tell = Arc::clone(&told);
    tokio::spawn(async move {
        while hang_up.recv().await.is_some() {
            tell.notify_one();
        }
    });
    Ok(told)
}
