//! Makes verified RFQs the way the marketplace does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::{HeaderMap, Request, StatusCode};
use rfq_agent_card::{AgentCard, ServedCard};
use rfq_reference_agent::admin::{Admin, admin};
use rfq_reference_agent::app::{App, Claims, app};
use rfq_reference_agent::catalogue::{Catalogue, LiveCatalogue};
use rfq_reference_agent::feed::{SAMPLE, SlugMapping, load};
use rfq_reference_agent::ledger::{Ledger, LedgerOptions, LedgerReader, StoredOutcome};
use rfq_reference_agent::price_service::PriceService;
use rfq_reference_agent::responder::CatalogueResponder;
use rfq_reference_agent::rules::Rules;
use rfq_reference_agent::telemetry::{describe, prometheus};
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{Answerer, Budget, ManualClock, Rfq, Secret, Signer, Verifier};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) const SECRET: &str = "an example of a secret, 32 bytes";

pub(crate) fn noon() -> DateTime<Utc> {
    // A Monday.
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// An RFQ of these terms; a `null` leaves its field out.
pub(crate) fn body(
    id: &str,
    product: &str,
    quantity: u32,
    region: Value,
    deadline: Value,
) -> String {
    json!({
        "jsonrpc": "2.0", "method": "message/send", "id": id,
        "params": { "message": { "messageId": id, "role": "user", "parts": [], "metadata": {
            "skill": "respond-to-rfq", "rfq_id": id, "product_slug": product, "quantity": quantity,
            "delivery_region": region, "deadline_iso": deadline,
        } } }
    })
    .to_string()
}

pub(crate) fn rfq(
    product: &str,
    quantity: u32,
    region: Option<&str>,
    deadline: Option<&str>,
) -> Rfq {
    let body = body("rfq-1", product, quantity, json!(region), json!(deadline));
    let headers = Signer::hmac(&Secret::new(SECRET).unwrap()).sign(body.as_bytes(), noon());
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
    Rfq::from_verified(&verifier.verify(&headers, body.as_bytes(), noon()).unwrap()).unwrap()
}

pub(crate) fn sample() -> Catalogue {
    load(SAMPLE.as_bytes(), None, &SlugMapping::default(), Tz::UTC, |_, _| {}).unwrap().catalogue
}

/// The agent with the sample catalogue, at noon until its clock says otherwise.
pub(crate) struct Agent {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) public: Router,
    pub(crate) admin: Router,
    pub(crate) catalogue: LiveCatalogue,
    dir: TempDir,
}

impl Agent {
    pub(crate) fn new() -> Self {
        Self::with(sample(), None)
    }

    pub(crate) fn with(catalogue: Catalogue, checkout: Option<&str>) -> Self {
        Self::with_rules(catalogue, checkout, Rules::default(), None)
    }

    pub(crate) fn with_rules(
        catalogue: Catalogue,
        checkout: Option<&str>,
        rules: Rules,
        price_service: Option<PriceService>,
    ) -> Self {
        let (clock, dir) = (Arc::new(ManualClock::at(noon())), TempDir::new().unwrap());
        let catalogue = LiveCatalogue::new(catalogue);
        let ledger = Ledger::open(dir.path(), LedgerOptions::default()).unwrap();
        let cart = "https://shop.example/cart".parse().unwrap();
        let responder = CatalogueResponder {
            catalogue: catalogue.clone(),
            rules: Arc::new(rules),
            ledger: Some(ledger.clone()),
            price_service: price_service.clone(),
            clock: Arc::clone(&clock),
            offer_id: next_offer_id,
            cart,
        };
        let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
        let card = AgentCard::builder("Test", "An agent under test.", "1").build().unwrap();
        let recorder = prometheus().unwrap().build_recorder();
        let has_price_service = price_service.is_some();
        let (public, admin) = metrics::with_local_recorder(&recorder, || {
            describe();
            let public = app(App {
                answerer: Answerer::with(responder, ledger.clone(), Arc::clone(&clock)),
                verify: VerifyLayer::with(verifier, Budget::default(), Arc::clone(&clock)),
                claims: Claims {
                    ledger: ledger.clone(),
                    catalogue: catalogue.clone(),
                    price_service,
                    checkout: checkout.map(|template| template.parse().unwrap()),
                    clock: Arc::<ManualClock>::clone(&clock),
                },
                card: ServedCard::new(&card),
            });
            let admin = admin(Admin {
                ledger,
                catalogue: catalogue.clone(),
                metrics: recorder.handle(),
                clock: Arc::<ManualClock>::clone(&clock),
                has_price_service,
                hosts: vec!["agent.internal".to_owned()],
            });
            (public, admin)
        });
        Self { clock, public, admin, catalogue, dir }
    }

    /// What the ledger says the RFQ was answered with, newest first.
    pub(crate) fn answers(&self, rfq_id: &str) -> Vec<StoredOutcome> {
        let reader = LedgerReader::open(self.dir.path()).unwrap();
        let answers = reader.answers(&rfq_id.parse().unwrap()).unwrap();
        answers.into_iter().map(|answer| answer.outcome).collect()
    }

    /// From here on the ledger has no such table, until it is mended.
    pub(crate) fn break_table(&self, table: &str) {
        self.execute(&format!("ALTER TABLE {table} RENAME TO gone"));
    }

    pub(crate) fn mend_table(&self, table: &str) {
        self.execute(&format!("ALTER TABLE gone RENAME TO {table}"));
    }

    fn execute(&self, sql: &str) {
        self.database().execute_batch(sql).unwrap();
    }

    /// The ledger as another program opens it.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("ledger.db")).unwrap()
    }

    /// From here on the ledger's file is gone.
    pub(crate) fn remove_ledger(&self) {
        std::fs::remove_file(self.dir.path().join("ledger.db")).unwrap();
    }

    /// From here on the ledger fails whatever it is asked.
    pub(crate) fn break_ledger(&self) {
        let database = self.database();
        let names =
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
        let tables: Vec<String> = database
            .prepare(names)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for table in tables {
            database.execute_batch(&format!("DROP TABLE {table}")).unwrap();
        }
    }
}

/// Different for every offer of a test process.
fn next_offer_id() -> Uuid {
    static OFFERS: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(7, OFFERS.fetch_add(1, Ordering::Relaxed))
}

/// Status, headers and body of the answer to `request`.
pub(crate) async fn call(
    router: &Router,
    request: Request<Body>,
) -> (StatusCode, HeaderMap, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), 100_000).await.unwrap();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// `body` as a request signed at noon.
pub(crate) fn signed<B: From<String>>(body: &str) -> Request<B> {
    let headers = Signer::hmac(&Secret::new(SECRET).unwrap()).sign(body.as_bytes(), noon());
    let request = Request::post("/message:send").header("content-type", "application/json");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    request.body(B::from(body.to_owned())).unwrap()
}
