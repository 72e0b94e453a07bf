//! Lines of the log.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use rfq_reference_agent::log_line::LogLine;
use rfq_sdk::ManualClock;
use tracing::field::display;
use tracing::subscriber::with_default;
use tracing::{debug, error, info, warn};
use tracing_subscriber::fmt::MakeWriter;

use super::asking::noon;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn some_lines() {
    let (region, none): (_, Option<&str>) = (Some(display("CA-US")), None);
    info!(rfq_id = %"rfq-1", quantity = 5_u32, region, none, "Answered");
    warn!(reason = "not_carried", share = 0.5, off = -3, kept = true, "Declined {}", 1 + 1);
    error!(error = ?io::ErrorKind::NotFound, "Gr\u{fc}\u{df}e");
    debug!("A detail");
    info!("");
}

#[test]
fn a_line_is_what_the_stock_formatter_writes() {
    let (ours, stock) = (Log::default(), Log::default());
    let clock = ManualClock::at(noon() + chrono::TimeDelta::microseconds(42));
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false);
    let line = LogLine::new(clock);
    with_default(log.event_format(line).with_writer(ours.clone()).finish(), some_lines);
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false);
    let stock_log = log.with_target(false).with_writer(stock.clone()).finish();
    with_default(stock_log, some_lines);

    let without_time = |log: &Log| -> Vec<String> {
        let text = log.text();
        text.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    };
    assert_eq!(without_time(&ours), without_time(&stock));
    assert_snapshot!(ours.text().lines().next().unwrap(), @"");
}

#[test]
fn no_value_begins_a_line_or_steers_a_terminal() {
    let log = Log::default();
    let line = LogLine::new(ManualClock::at(noon()));
    let subscriber = tracing_subscriber::fmt().event_format(line).with_writer(log.clone()).finish();
    with_default(subscriber, || {
        info!(said = %"\u{1b}[2J\n2026 forged \u{9b}1m caf\u{e9}", quoted = "\u{7f}", "Heard");
    });
    assert_snapshot!(log.text(), @"");
}
