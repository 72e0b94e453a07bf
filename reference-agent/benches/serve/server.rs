//! The servers: children of the benchmark, so that each is a process with a CPU time of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, stderr, stdin};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::header::CONTENT_TYPE;
use rfq_reference_agent::app::rfq_routes;
use rfq_reference_agent::catalogue::LiveCatalogue;
use rfq_reference_agent::feed::{SAMPLE, SlugMapping, load};
use rfq_reference_agent::ledger::{Ledger, LedgerOptions};
use rfq_reference_agent::responder::{CatalogueResponder, offer_id};
use rfq_reference_agent::server::{Limits, serve};
use rfq_reference_agent::telemetry;
use rfq_sdk::axum::MESSAGE_SEND;
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{Answerer, Clock as _, Secret, SystemClock, Verifier};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

pub(super) const SECRET: &str = "an example of a secret, 32 bytes";

/// An offer as the agent makes it for the RFQ that is asked, of the same length.
const STATIC: &str = concat!(
    r#"{"price_usd":169.99,"list_price_usd":189.99,"in_stock":true,"estimated_shipping_days":4,"#,
    r#""shipping_cost_usd":0,"offer_id":"00000000-0000-4000-8000-000000000007","#,
    r#""offer_expires_at":"2026-06-02T11:55:01Z","#,
    r#""claim_url":"https://shop.example/cart?offer=00000000-0000-4000-8000-000000000007","#,
    r#""terms":"Excl. sales tax and duty."}"#
);
pub(super) const ANSWER_BYTES: usize = STATIC.len();

/// What a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The control: axum's own accept loop, and one route with a static body.
    Bare,
    /// The agent's accept loop and routes, its log, and offers kept in memory.
    Memory,
    /// The same without a log.
    MemoryWithoutLog,
    /// The same with its log and offers kept on disk, as a shop runs it.
    Ledger,
}

impl Mode {
    pub(super) const ALL: [Self; 4] =
        [Self::Bare, Self::Memory, Self::MemoryWithoutLog, Self::Ledger];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare_axum",
            Self::Memory => "serve_memory",
            Self::MemoryWithoutLog => "serve_memory_without_log",
            Self::Ledger => "serve_ledger",
        }
    }

    /// What this process is to serve, if it is a child.
    pub(super) fn of_this_process() -> Option<Self> {
        let mut arguments = std::env::args().skip_while(|argument| argument != SERVER);
        let name = arguments.nth(1)?;
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// The argument before a mode's name.
const SERVER: &str = "--server";

/// A child that serves. It ends with this process, or when it is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    pub(super) fn start(mode: Mode) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([SERVER, mode.name()])
            // It ends once this pipe does.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if mode == Mode::Bare { Stdio::inherit() } else { Stdio::null() })
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().unwrap() }
    }

    /// CPU time of all its threads so far, user and system.
    pub(super) fn cpu_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let times = tasks.map(|task| {
            let stat = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
        });
        times.sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Serves as `mode` until the parent is gone.
pub(super) fn run(mode: Mode) {
    std::thread::spawn(|| {
        stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    if matches!(mode, Mode::Memory | Mode::Ledger) {
        log();
    }
    // Figures are counted as in `rfq-agent`.
    let metrics = telemetry::prometheus().unwrap().install_recorder().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        match mode {
            Mode::Bare => axum::serve(listener, bare()).await.unwrap(),
            Mode::Memory | Mode::MemoryWithoutLog | Mode::Ledger => {
                tokio::spawn(telemetry::upkeep(metrics));
                let agent = agent(mode == Mode::Ledger);
                serve(listener, agent, Limits::default(), std::future::pending()).await;
            }
        }
    });
}

/// As `rfq-agent` sets it up without options.
fn log() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
}

fn bare() -> Router {
    Router::new()
        .route(MESSAGE_SEND, post(|| async { ([(CONTENT_TYPE, "application/json")], STATIC) }))
}

/// The route that answers RFQs, with the sample catalogue.
fn agent(ledger: bool) -> Router {
    let (slugs, zone) = (SlugMapping::default(), chrono_tz::Tz::UTC);
    let catalogue = load(SAMPLE.as_bytes(), None, &slugs, zone, |_, _| {}).unwrap();
    let catalogue = LiveCatalogue::new(catalogue.catalogue);
    // Of the directory that it is built in, which is on a disk.
    let ledger = ledger.then(|| {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        Ledger::open(&dir, LedgerOptions::default()).unwrap()
    });
    let responder = CatalogueResponder {
        catalogue,
        rules: Arc::default(),
        ledger: ledger.clone(),
        price_service: None,
        clock: SystemClock,
        #[expect(clippy::disallowed_methods, reason = "as in `rfq-agent`")]
        offer_id: || offer_id(SystemClock.now(), uuid::Uuid::new_v4()),
        cart: "https://shop.example/cart".parse().unwrap(),
    };
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
    let verify = VerifyLayer::new(verifier);
    match ledger {
        Some(ledger) => rfq_routes(Answerer::with(responder, ledger, SystemClock), verify),
        None => rfq_routes(Answerer::new(responder), verify),
    }
}
