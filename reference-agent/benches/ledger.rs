//! What the ledger costs over the disk alone: `cargo bench -p rfq-reference-agent --bench ledger`.
//!
//! 64 tasks make offers, each waiting until its own is on the disk. The control, in the same run, is
//! the least that durability takes: a thread appends records of the same size to a file, with one
//! `fdatasync` for all that wait, by the same queue. Both take turns for a number of rounds; the ratio
//! is the median over the rounds. Every offer takes a soft hold, which is the dearest kind.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::thread;

use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rfq_reference_agent::ledger::{Ledger, LedgerOptions};
use rfq_reference_agent::stock::Stock;
use rfq_sdk::{
    Answer, AnswerStore as _, Offer, ProductSlug, Rfq, Secret, Signer, Terms, Usd, Verifier,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

const WRITERS: usize = 64;
const OFFERS_PER_WRITER: usize = 120;
const ROUNDS: usize = 11;
const PRODUCTS: u64 = 100;
const BAR: f64 = 0.20;

/// As in the ledger's own queue.
const QUEUE: usize = 2048;
const MAX_BATCH: usize = 256;

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_315_200, 0).unwrap()
}

/// Makes ids that nobody can guess.
struct Ids {
    state: u64,
    made: u64,
}

impl Ids {
    /// An id of no order, as the marketplace makes them.
    fn next(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.random(), self.random())
    }

    /// An id that begins with the time (UUID version 7), as the agent makes them, at 10 a millisecond.
    fn next_in_time(&mut self) -> Uuid {
        self.made += 1;
        let millis = 1_780_315_200_000 + self.made / 10;
        let random = self.next();
        let random = random.as_bytes().last_chunk().unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
    }

    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn product(number: u64) -> ProductSlug {
    format!("coffee-grinders/grinder-{number}").parse().unwrap()
}

/// What each task of a round is to remember.
fn offers(ids: &mut Ids) -> Vec<Vec<(Rfq, Offer)>> {
    let signer = Signer::hmac(&Secret::new("an example of a secret, 32 bytes").unwrap());
    let verifier =
        Verifier::hmac(Secret::new("an example of a secret, 32 bytes").unwrap()).build().unwrap();
    let terms: Terms = "Excl. sales tax and duty.".parse().unwrap();
    let mut one = || {
        let (id, product) = (ids.next(), ids.next().as_u64_pair().0 % PRODUCTS);
        let body = format!(
            r#"{{"jsonrpc":"2.0","method":"message/send","id":"{id}","params":{{"message":{{"messageId":"{id}","role":"user","parts":[],"metadata":{{"skill":"respond-to-rfq","rfq_id":"{id}","product_slug":"coffee-grinders/grinder-{product}","quantity":1,"delivery_region":"CA-US","requestor":"https://agent.example/.well-known/agent.json"}}}}}}}}"#
        );
        let headers = signer.sign(body.as_bytes(), noon());
        let verified = verifier.verify(&headers, body.as_bytes(), noon()).unwrap();
        let id = ids.next_in_time();
        let claim_url = format!("https://shop.example/cart?offer={id}").parse().unwrap();
        let offer = Offer::builder("169.99".parse().unwrap(), claim_url)
            .list_price("189.99".parse().unwrap())
            .shipping_cost(Usd::ZERO)
            .shipping_days(4)
            .offer_id(id)
            .terms(terms.clone());
        (Rfq::from_verified(&verified).unwrap(), offer.build(noon()).unwrap())
    };
    let mut offers = vec![Vec::new(); WRITERS];
    for _ in 0..OFFERS_PER_WRITER {
        for of_writer in &mut offers {
            of_writer.push(one());
        }
    }
    offers
}

/// What the ledger keeps of an offer, one after the other.
fn record(rfq: &Rfq, offer: &Offer) -> Vec<u8> {
    let mut record = Vec::with_capacity(768);
    write!(record, "{}{}{}", rfq.id(), rfq.origin(), rfq.product()).unwrap();
    write!(record, "{:?}{:?}", rfq.region(), rfq.requestor()).unwrap();
    record.extend_from_slice(rfq.fingerprint().as_bytes());
    record.extend_from_slice(offer.offer_id().unwrap().as_bytes());
    for number in [i64::from(rfq.quantity().get()), noon().timestamp(), noon().timestamp()] {
        record.extend_from_slice(&number.to_be_bytes());
    }
    record.extend_from_slice(&Answer::from(offer.clone()).to_json());
    record
}

type Record = (Vec<u8>, oneshot::Sender<()>);

/// Appends records, with one `fdatasync` for all that wait. Says at the end how often it synced.
fn append(path: &Path) -> (mpsc::Sender<Record>, thread::JoinHandle<usize>) {
    let mut file = File::create(path).unwrap();
    let (sender, mut records) = mpsc::channel::<Record>(QUEUE);
    let thread = thread::spawn(move || {
        let (mut batch, mut bytes, mut syncs) = (Vec::new(), Vec::new(), 0);
        while records.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
            bytes.clear();
            for (record, _) in &batch {
                bytes.extend_from_slice(record);
            }
            file.write_all(&bytes).unwrap();
            file.sync_data().unwrap();
            syncs += 1;
            for (_, reply) in batch.drain(..) {
                reply.send(()).unwrap();
            }
        }
        syncs
    });
    (sender, thread)
}

/// Offers per second of all writers together.
async fn rate<T: Send + 'static, F>(work: Vec<Vec<T>>, each: impl Fn(T) -> F) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let count: usize = work.iter().map(Vec::len).sum();
    let started = Instant::now();
    let tasks: Vec<_> = work
        .into_iter()
        .map(|offers| {
            let all: Vec<F> = offers.into_iter().map(&each).collect();
            tokio::spawn(async move {
                for one in all {
                    one.await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    f64::from(u32::try_from(count).unwrap()) / started.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap()
}

fn commits(metrics: &PrometheusHandle) -> usize {
    let text = metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix("rfq_agent_ledger_commits_total "));
    line.map_or(0, |count| count.parse().unwrap())
}

fn refuse_memory(directory: &Path) {
    const TMPFS: i64 = 0x0102_1994;
    let kind = rustix::fs::statfs(directory).unwrap().f_type;
    assert!(
        kind != TMPFS,
        "{} is in memory (tmpfs), where nothing is durable: set CARGO_TARGET_DIR to a disk",
        directory.display()
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ledger-bench");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    refuse_memory(&directory);
    let metrics = PrometheusBuilder::new().install_recorder().unwrap();
    let ledger = Ledger::open(&directory, LedgerOptions::default()).unwrap();
    // Quoted once, so that the ledger knows what the soft holds are a share of.
    for number in 0..PRODUCTS {
        let stock = Stock { units: Some(100_000_000), as_of: noon() };
        assert_eq!(ledger.reserved(&product(number), stock, noon()).units(), 0);
    }
    let mut ids = Ids { state: 7, made: 0 };

    let (mut own, mut raw, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut own_batches, mut raw_batches) = (Vec::new(), Vec::new());
    let per_batch = |batches: usize| {
        let offers = f64::from(u32::try_from(WRITERS * OFFERS_PER_WRITER).unwrap());
        offers / f64::from(u32::try_from(batches).unwrap())
    };
    // The first round only brings the ledger's log to the size it keeps.
    for round in 0..=ROUNDS {
        let offers = offers(&mut ids);
        let records = offers
            .iter()
            .map(|offers| offers.iter().map(|(rfq, offer)| record(rfq, offer)).collect())
            .collect();

        let before = commits(&metrics);
        let ours = rate(offers, |(rfq, offer)| {
            let ledger = ledger.clone();
            async move {
                ledger.remember(&rfq, &offer, noon()).await.unwrap();
            }
        })
        .await;
        let batches = commits(&metrics) - before;

        let (sender, thread) = append(&directory.join("appended"));
        let control = rate(records, |record| {
            let sender = sender.clone();
            async move {
                let (reply, done) = oneshot::channel();
                sender.send((record, reply)).await.unwrap();
                done.await.unwrap();
            }
        })
        .await;
        drop(sender);
        let syncs = thread.join().unwrap();
        if round > 0 {
            own.push(ours);
            raw.push(control);
            ratios.push(ours / control);
            own_batches.push(per_batch(batches));
            raw_batches.push(per_batch(syncs));
        }
    }
    let ratio = median(ratios);
    let verdict = if ratio >= BAR { "met" } else { "MISSED" };
    println!(
        "ledger: {:.0} offers/s in batches of {:.0}, control {:.0}/s in batches of {:.0}, bar {BAR} {verdict}",
        median(own),
        median(own_batches),
        median(raw),
        median(raw_batches),
    );
    println!("ratio ledger {ratio:.3}");
    drop(ledger);
    fs::remove_dir_all(&directory).unwrap();
}
