//! Whole quotes of a hundred producers over TLS and real sockets, and the memory they take:
//! `cargo bench -p rfq-marketplace --bench quotes`.
//!
//! - `-- faults 1000 20`: so many quotes, so many at a time, of ten producers of each kind of fault.
//!   Every second quote ends before a silent producer is late. Prints how much later than its deadline
//!   a quote was over, and whether every outcome had its name.
//! - `-- steady 600 4`: so many seconds of quotes, so many at a time, of producers that all offer.
//!
//! Without arguments it does both, for some twenty seconds each. The producers are a child of this
//! process, so that memory is that of the marketplace alone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

#[path = "../fan_out/child.rs"]
mod child;
mod faults;
#[expect(dead_code, reason = "tests need more of it")]
#[path = "../../tests/it/faulty.rs"]
mod faulty;
#[expect(dead_code, reason = "tests need more of it")]
#[path = "../../tests/it/market.rs"]
mod market;
mod marketplace;
#[expect(dead_code, reason = "tests need more of it")]
#[path = "../../tests/it/producer.rs"]
mod producer;
mod producers;
mod resident;
mod steady;

use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match arguments[..] {
        [] => runtime.block_on(async {
            faults::measure(100, 20).await;
            steady::measure(Duration::from_secs(20), 4).await;
        }),
        ["faults", quotes, at_once] => {
            let (quotes, at_once) = (quotes.parse().unwrap(), at_once.parse().unwrap());
            runtime.block_on(faults::measure(quotes, at_once));
        }
        ["steady", seconds, at_once] => {
            let seconds = Duration::from_secs(seconds.parse().unwrap());
            runtime.block_on(steady::measure(seconds, at_once.parse().unwrap()));
        }
        ["--child", role] => runtime.block_on(producers::run(role)),
        _ => eprintln!("Expected nothing, `faults QUOTES AT_ONCE` or `steady SECONDS AT_ONCE`"),
    }
}

/// So many thousandths of `sorted` are below it, in milliseconds.
fn quantile(sorted: &[Duration], thousandths: usize) -> f64 {
    sorted[(sorted.len() - 1) * thousandths / 1_000].as_secs_f64() * 1e3
}
