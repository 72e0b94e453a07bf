//! The products are those of the source, read again when it changes.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use insta::assert_snapshot;
use rfq_reference_agent::catalogue::{Catalogue, LiveCatalogue};
use rfq_reference_agent::config::{Config, Feed};
use rfq_reference_agent::source::{Read, Reloader, Source, SourceError};
use rfq_sdk::Clock;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep};
use tracing_subscriber::filter::LevelFilter;

use super::asking::noon;
use super::log::Log;

const HEADER: &str = "id\tprice\tavailability\tproduct_slug\n";

/// A feed of `products`, each for `dollars`.
fn feed(products: usize, dollars: u64) -> String {
    let rows = (0..products).map(|n| format!("{n}\t{dollars}.00 USD\tin_stock\tshop/p-{n}\n"));
    HEADER.to_owned() + &rows.collect::<String>()
}

fn dollars(catalogue: &Catalogue) -> u64 {
    catalogue.iter().next().unwrap().prices.list().cents() / 100
}

/// Tells of each reading, which begins by asking for the time.
struct Telling(UnboundedSender<()>);

impl Clock for Telling {
    fn now(&self) -> DateTime<Utc> {
        // Nobody listens when the test has ended.
        let _ = self.0.send(());
        noon()
    }
}

/// A shop whose feed is kept up to date, in paused time: it goes on only while nothing else does, so
/// a test that waits for an event sees exactly when that came.
struct Shop {
    dir: TempDir,
    live: LiveCatalogue,
    now: Arc<Notify>,
    readings: UnboundedReceiver<()>,
    served: UnboundedReceiver<u64>,
    log: Log,
    _log: tracing::subscriber::DefaultGuard,
}

impl Shop {
    /// It begins with a feed of four products for 1 dollar.
    async fn open(keys: &str) -> Self {
        let log = Log::default();
        let guard = log.keep(LevelFilter::INFO);
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("feed.tsv");
        fs::write(&path, feed(4, 1)).unwrap();
        let source = Source::new(section(&path, keys), Tz::UTC);
        let first = source.read(noon(), |_, _| {}).await.unwrap();
        let live = LiveCatalogue::new(Catalogue::default());
        let (tell_reading, readings) = unbounded_channel();
        let (tell_served, served) = unbounded_channel();
        let runtime = thread::current().id();
        let of_now = live.clone();
        let tell = move |_: &Read| {
            assert_ne!(
                thread::current().id(),
                runtime,
                "files are written on no thread that answers"
            );
            let _ = tell_served.send(dollars(&of_now.now()));
        };
        let reloader = Reloader::new(source, live.clone(), &first, Telling(tell_reading), tell);
        live.replace(first.catalogue);
        let now = Arc::new(Notify::new());
        tokio::spawn(reloader.run(Arc::clone(&now)));
        Self { dir, live, now, readings, served, log, _log: guard }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("feed.tsv")
    }

    /// As a careful shop does: written aside, then renamed.
    fn publish(&self, text: &str) {
        publish(&self.path(), text);
    }

    /// The price of a new feed that is served, once it is.
    async fn served(&mut self) -> u64 {
        self.served.recv().await.unwrap()
    }

    /// Until the log has `line` so many times, which costs no time.
    async fn logged(&self, line: &str, times: usize) {
        while self.log.text().matches(line).count() < times {
            tokio::task::yield_now().await;
        }
    }
}

fn publish(path: &Path, text: &str) {
    let aside = path.with_extension("new");
    fs::write(&aside, text).unwrap();
    fs::rename(&aside, path).unwrap();
}

fn section(path: &Path, keys: &str) -> Feed {
    let config = format!("[feed]\nfile = {:?}\n{keys}", path.display().to_string());
    toml::from_str::<Config>(&config).unwrap().feed
}

/// A pipe at `path` in place of a file: what is read of it is what is written to it.
fn pipe(path: &Path) {
    let aside = path.with_extension("pipe");
    mknodat(CWD, &aside, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    fs::rename(&aside, path).unwrap();
}

/// Writes `text` to the pipe at `path` while it is read, later than the file system can tell apart,
/// once `meanwhile` is done.
fn write_while_read(
    path: PathBuf,
    text: String,
    meanwhile: impl FnOnce() + Send + 'static,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut file = File::options().write(true).open(path).unwrap();
        meanwhile();
        thread::sleep(Duration::from_millis(100));
        file.write_all(text.as_bytes()).unwrap();
    })
}

/// As for a user that is not root, whom the permissions of files bind.
fn obey_permissions() {
    let had = capabilities(None).unwrap();
    let beyond = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    set_capabilities(None, CapabilitySets { effective: had.effective - beyond, ..had }).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_feed_is_served_a_second_after_the_check_that_finds_it() {
    let mut shop = Shop::open("check_seconds = 5").await;
    for price in 2..5 {
        let published = Instant::now();
        shop.publish(&feed(4, price));
        assert_eq!(shop.served().await, price);
        assert_eq!(published.elapsed().as_secs(), 6, "the check comes after 5");
        assert_eq!(dollars(&shop.live.now()), price);
    }
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_exported_all_the_time_is_read_all_the_same_and_the_log_says_so() {
    let mut shop = Shop::open("check_seconds = 1").await;
    let path = shop.path();
    let exporting = tokio::spawn(async move {
        for price in 2..=1000 {
            publish(&path, &feed(4, price));
            sleep(Duration::from_millis(700)).await;
            // Leaves the thread that reads its share of real time, in which ours stands still.
            thread::sleep(Duration::from_millis(2));
        }
    });
    let served = shop.served().await;
    exporting.abort();
    assert!(served < 1000, "not only once it settled");
    let text = shop.log.text();
    assert!(text.contains("The feed changes again and again; reading it as it is now"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_feed_written_while_it_is_read_is_read_again_by_itself() {
    for keys in ["check_seconds = 0", "check_seconds = 5"] {
        let mut shop = Shop::open(keys).await;
        pipe(&shop.path());
        let (path, text) = (shop.path(), feed(4, 3));
        // What is read is whole, but may be half old.
        let writing = write_while_read(shop.path(), feed(4, 2), move || publish(&path, &text));
        shop.now.notify_one();
        let begun = Instant::now();
        assert_eq!(shop.served().await, 3, "{keys}");
        assert_eq!(begun.elapsed().as_secs(), 2, "{keys}: a look after each second");
        writing.join().unwrap();
        let text = shop.log.text();
        assert_eq!(text.matches("changed while it was read").count(), 1, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_gone_is_told_once_and_when_it_is_back() {
    let shop = Shop::open("check_seconds = 5").await;
    let kept = shop.path().with_extension("kept");
    // Lets time go on, ours and that of the thread which looks at the files.
    let logged = async |line: &str, times: usize| {
        while shop.log.text().matches(line).count() < times {
            sleep(Duration::from_millis(500)).await;
            thread::sleep(Duration::from_millis(2));
        }
    };
    for times in 1..3 {
        fs::rename(shop.path(), &kept).unwrap();
        logged("No such file", times).await;
        for _ in 0..60 {
            sleep(Duration::from_millis(500)).await;
            thread::sleep(Duration::from_millis(2));
        }
        fs::rename(&kept, shop.path()).unwrap();
        logged("The feed is there again", times).await;
    }
    let text = shop.log.text().replace(&shop.dir.path().display().to_string(), "DIR");
    assert_snapshot!(text, @r#"
    ERROR The feed cannot be read; the last good feed stays, and it is tried again at every check reason="the feed DIR/feed.tsv cannot be used: it cannot be read; check the path and who may read it: No such file or directory (os error 2)" check_seconds=5
     INFO The feed is there again
    ERROR The feed cannot be read; the last good feed stays, and it is tried again at every check reason="the feed DIR/feed.tsv cannot be used: it cannot be read; check the path and who may read it: No such file or directory (os error 2)" check_seconds=5
     INFO The feed is there again
    "#);
}

#[tokio::test(start_paused = true)]
async fn what_the_system_cannot_read_now_is_tried_at_each_check_and_told_once() {
    obey_permissions();
    let mut shop = Shop::open("check_seconds = 5").await;
    shop.publish(&feed(4, 2));
    fs::set_permissions(shop.path(), Permissions::from_mode(0o000)).unwrap();
    for _ in 0..3 {
        shop.readings.recv().await.unwrap();
    }
    fs::set_permissions(shop.path(), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(shop.served().await, 2, "although the file is the same");
    let told = shop.log.text().replace(&shop.path().display().to_string(), "feed.tsv");
    assert_snapshot!(told, @r#"
    ERROR The feed cannot be read; the last good feed stays, and it is tried again at every check reason="the feed feed.tsv cannot be used: it cannot be read; check the path and who may read it: Permission denied (os error 13)" check_seconds=5
     INFO Serving the new feed products=4
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_cannot_be_served_is_not_read_again_until_it_changes() {
    let mut shop = Shop::open("check_seconds = 5").await;
    let unusable = [feed(1, 2), "id\tprice\n1\t".to_owned(), String::new()];
    for (number, unusable) in (1..).zip(unusable) {
        shop.publish(&unusable);
        shop.readings.recv().await.unwrap();
        shop.logged("cannot be served", number).await;
        for _ in 0..60 {
            sleep(Duration::from_secs(1)).await;
            // Leaves the thread that looks its share of real time, in which ours stands still.
            thread::sleep(Duration::from_millis(2));
        }
        assert!(shop.readings.try_recv().is_err(), "{unusable:?}");
    }
    let told = shop.log.text().replace(&shop.path().display().to_string(), "feed.tsv");
    assert_snapshot!(told, @r#"
    ERROR The new feed cannot be served; the last good feed stays reason="it has 1 products where there were 4; more than 50 percent may not go missing at once (feed.max_shrink_percent)"
    ERROR The new feed cannot be served; the last good feed stays reason="the feed feed.tsv cannot be used: it has no column \"availability\"; add it: it holds in_stock or out_of_stock"
    ERROR The new feed cannot be served; the last good feed stays reason="the feed feed.tsv cannot be used: it is empty; check what exports it"
    "#);
    assert_eq!(dollars(&shop.live.now()), 1);
    shop.publish(&feed(2, 3));
    assert_eq!(shop.served().await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_signal_and_the_reload_interval_read_what_has_not_changed() {
    let mut shop = Shop::open("check_seconds = 0\nreload_seconds = 60").await;
    let begun = Instant::now();
    shop.now.notify_one();
    shop.served().await;
    assert_eq!(begun.elapsed().as_secs(), 0);
    for minutes in 1..4 {
        shop.served().await;
        assert_eq!(begun.elapsed(), Duration::from_mins(minutes));
    }
}

#[test]
fn a_feed_may_lose_so_many_products_at_once_and_no_more() {
    for (percent, before, after, fits) in [
        (50, 4, 2, true),
        (50, 5, 2, false),
        (0, 4, 4, true),
        (0, 4, 3, false),
        (0, 4, 5, true),
        (100, 4, 0, true),
        (50, 0, 0, true),
    ] {
        let keys = format!("max_shrink_percent = {percent}");
        let source = Source::new(section(Path::new("feed.tsv"), &keys), Tz::UTC);
        assert_eq!(source.check_size(before, after).is_ok(), fits, "{percent} {before} {after}");
    }
}

#[tokio::test]
async fn stock_is_as_old_as_the_file_but_never_of_a_time_to_come() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("feed.tsv");
    let file = File::create(&path).unwrap();
    (&file).write_all(feed(1, 1).as_bytes()).unwrap();
    let source = Source::new(section(&path, ""), Tz::UTC);
    let hour = TimeDelta::hours(1);
    for (written, as_of) in [(noon() - hour, noon() - hour), (noon() + hour, noon())] {
        file.set_modified(written.into()).unwrap();
        let read = source.read(noon(), |_, _| {}).await.unwrap();
        assert_eq!(read.catalogue.as_of(), as_of);
    }
}

#[tokio::test]
async fn no_half_of_a_file_that_is_written_while_it_is_read_is_taken() {
    let dir = TempDir::new().unwrap();
    let (path, mapping) = (dir.path().join("feed.tsv"), dir.path().join("mapping.csv"));
    let source = Source::new(section(&path, &format!("mapping_file = {mapping:?}")), Tz::UTC);
    for half in [&path, &mapping] {
        fs::write(&path, feed(2, 1)).unwrap();
        fs::write(&mapping, "id,product_slug\n1,shop/one\n").unwrap();
        let whole = fs::read_to_string(half).unwrap();
        pipe(half);
        let writing = write_while_read(half.clone(), whole, || {});
        let error = source.read(noon(), |_, _| {}).await.unwrap_err();
        writing.join().unwrap();
        let SourceError::Changed { path } = error else { panic!("{error}") };
        assert_eq!(path, half.display().to_string());
        fs::remove_file(half).unwrap();
    }
}
