//! The agent's figures, for Prometheus: what each is called, counts and means.

use std::time::Duration;

use metrics::{Counter, Histogram, Unit, counter, histogram};
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use rfq_sdk::tower::RefusedReason;
use rfq_sdk::{DeclineReason, RfqIdReused};

/// Answers by `outcome` and `reason`.
pub const ANSWERS: &str = "rfq_agent_answers_total";
/// Seconds from the first byte of a request until its answer.
pub const ANSWER_SECONDS: &str = "rfq_agent_answer_seconds";
/// Products that are served.
pub const FEED_PRODUCTS: &str = "rfq_agent_feed_products";
/// Rows of the feed that were rejected.
pub const FEED_REJECTED_ROWS: &str = "rfq_agent_feed_rejected_rows";
/// Rows of the feed that the marketplace has no name for.
pub const FEED_UNMAPPED_ROWS: &str = "rfq_agent_feed_unmapped_rows";
/// Loads of the feed, by `outcome`.
pub const FEED_LOADS: &str = "rfq_agent_feed_loads_total";
/// When the feed that is served was loaded.
pub const FEED_LOADED: &str = "rfq_agent_feed_loaded_timestamp_seconds";
/// Claims, by `outcome`.
pub const CLAIMS: &str = "rfq_agent_claims_total";
/// Commits of the ledger.
pub const LEDGER_COMMITS: &str = "rfq_agent_ledger_commits_total";
/// Seconds that a commit takes.
pub const LEDGER_COMMIT_SECONDS: &str = "rfq_agent_ledger_commit_seconds";
/// Entries in a commit.
pub const LEDGER_BATCH_SIZE: &str = "rfq_agent_ledger_batch_size";
/// Failures of the ledger.
pub const LEDGER_ERRORS: &str = "rfq_agent_ledger_errors_total";
/// Declines that the ledger could not note.
pub const LEDGER_NOTES_DROPPED: &str = "rfq_agent_ledger_notes_dropped_total";
/// Calls of the shop's price service, by `outcome`.
pub const PRICE_SERVICE_CALLS: &str = "rfq_agent_price_service_calls_total";
/// Seconds that a call of the price service takes.
pub const PRICE_SERVICE_SECONDS: &str = "rfq_agent_price_service_seconds";

/// From a cached answer to the 4 s that the marketplace waits.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0];

/// Twice as many each: up to the most answers there may be under way ([`rfq_sdk::MAX_IN_FLIGHT`]).
const BATCHES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// What makes the recorder of these figures. Installed before the agent is put together: figures
/// keep to the recorder that was there when they were first named.
///
/// # Errors
/// [`BuildError`], never with the bounds of these figures.
pub fn prometheus() -> Result<PrometheusBuilder, BuildError> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(LEDGER_BATCH_SIZE.to_owned()), &BATCHES)
}

/// Tells the recorder what every figure means, and begins at 0 what is counted where no one holds a
/// counter: an alarm on its increase would miss the first.
pub fn describe() {
    describe_counter!(
        ANSWERS,
        Unit::Count,
        "Answers by outcome (offer, decline, refused) and reason"
    );
    describe_histogram!(
        ANSWER_SECONDS,
        Unit::Seconds,
        "Seconds from the first byte of a request until its answer"
    );
    describe_gauge!(FEED_PRODUCTS, Unit::Count, "Products that are served");
    describe_gauge!(FEED_REJECTED_ROWS, Unit::Count, "Rows rejected in the feed that is served");
    describe_gauge!(
        FEED_UNMAPPED_ROWS,
        Unit::Count,
        "Rows without a marketplace name in the feed that is served"
    );
    describe_counter!(FEED_LOADS, Unit::Count, "Loads of the feed by outcome");
    describe_gauge!(
        FEED_LOADED,
        Unit::Seconds,
        "When the feed that is served was loaded, in seconds since 1970"
    );
    describe_counter!(
        CLAIMS,
        Unit::Count,
        "Claims by outcome (held, already_held, unknown, expired, sold, out_of_stock, not_sold, too_many_holds, failed)"
    );
    describe_counter!(LEDGER_COMMITS, Unit::Count, "Commits of the ledger");
    describe_histogram!(LEDGER_COMMIT_SECONDS, Unit::Seconds, "Seconds that a commit takes");
    describe_histogram!(LEDGER_BATCH_SIZE, Unit::Count, "Entries in a commit of the ledger");
    describe_counter!(LEDGER_ERRORS, Unit::Count, "Failures of the ledger");
    describe_counter!(LEDGER_NOTES_DROPPED, Unit::Count, "Declines that the ledger could not note");
    describe_counter!(
        PRICE_SERVICE_CALLS,
        Unit::Count,
        "Calls of the shop's price service by outcome"
    );
    describe_histogram!(
        PRICE_SERVICE_SECONDS,
        Unit::Seconds,
        "Seconds that a call of the price service takes"
    );
    for outcome in ["served", "failed"] {
        let _ = counter!(FEED_LOADS, "outcome" => outcome);
    }
    for name in [LEDGER_COMMITS, LEDGER_ERRORS, LEDGER_NOTES_DROPPED] {
        let _ = counter!(name);
    }
}

/// Sums up what was recorded, for ever: without it the observations of histograms would pile up
/// in memory while nobody asks for them.
pub async fn upkeep(handle: PrometheusHandle) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    loop {
        every.tick().await;
        handle.run_upkeep();
    }
}

/// Counts answers.
pub(crate) struct AnswerFigures {
    offers: Counter,
    declines: Vec<(DeclineReason, Counter)>,
    /// Genuine requests that are no RFQ, or a broken one.
    pub(crate) not_an_rfq: Counter,
    /// RFQs whose id stands for another request.
    pub(crate) rfq_id_reused: Counter,
    /// Requests that are not genuine, or not whole.
    refused: Vec<(RefusedReason, Counter)>,
    seconds: Histogram,
}

impl AnswerFigures {
    /// Of the recorder that is installed.
    pub(crate) fn new() -> Self {
        Self {
            offers: answers("offer", ""),
            declines: DeclineReason::ALL
                .iter()
                .map(|&reason| (reason, answers("decline", reason.name())))
                .collect(),
            not_an_rfq: answers("refused", "not_an_rfq"),
            rfq_id_reused: answers("refused", RfqIdReused::REASON),
            refused: RefusedReason::ALL
                .iter()
                .map(|&reason| (reason, answers("refused", reason.name())))
                .collect(),
            seconds: histogram!(ANSWER_SECONDS),
        }
    }

    /// Counts a request that was refused before it was known to be genuine.
    pub(crate) fn refused(&self, reason: RefusedReason) {
        if let Some((_, refused)) = self.refused.iter().find(|(of, _)| *of == reason) {
            refused.increment(1);
        }
    }

    pub(crate) fn offer(&self, elapsed: Duration) {
        self.offers.increment(1);
        self.seconds.record(elapsed);
    }

    pub(crate) fn decline(&self, reason: DeclineReason, elapsed: Duration) {
        if let Some((_, declines)) = self.declines.iter().find(|(of, _)| *of == reason) {
            declines.increment(1);
        }
        self.seconds.record(elapsed);
    }
}

fn answers(outcome: &'static str, reason: &'static str) -> Counter {
    counter!(ANSWERS, "outcome" => outcome, "reason" => reason)
}

/// Counts claims.
pub(crate) struct ClaimFigures {
    pub(crate) held: Counter,
    /// Claims of what the same buyer holds already.
    pub(crate) already_held: Counter,
    pub(crate) unknown: Counter,
    pub(crate) expired: Counter,
    pub(crate) sold: Counter,
    pub(crate) out_of_stock: Counter,
    /// Claims of what the shop does not sell now, or not under that name.
    pub(crate) not_sold: Counter,
    pub(crate) too_many_holds: Counter,
    pub(crate) failed: Counter,
}

impl ClaimFigures {
    /// Of the recorder that is installed.
    pub(crate) fn new() -> Self {
        let claims = |outcome: &'static str| counter!(CLAIMS, "outcome" => outcome);
        Self {
            held: claims("held"),
            already_held: claims("already_held"),
            unknown: claims("unknown"),
            expired: claims("expired"),
            sold: claims("sold"),
            out_of_stock: claims("out_of_stock"),
            not_sold: claims("not_sold"),
            too_many_holds: claims("too_many_holds"),
            failed: claims("failed"),
        }
    }
}
