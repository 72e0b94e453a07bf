//! What a call of a producer costs: `cargo bench -p rfq-marketplace --bench fan_out`.
//!
//! The producers are a child of this process on one core; the client and what it is compared with
//! take turns on the other, `wrk` as a child too. What is compared is calls per second of the
//! client's CPU time, user and system. Bars are those of the design ("performance").

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

mod child;
mod cpu;
mod floor;
mod marketplace;
mod memory;
mod producers;
mod slowest;
mod wrk;

use std::time::Duration;

use marketplace::Marketplace;
use producers::{Producers, Transport};

const ROUNDS: usize = 5;
/// Calls of each side in each round.
const CALLS: usize = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let child = arguments.iter().position(|argument| argument == "--child");
    match child.map(|at| arguments.get(at + 1..).unwrap_or_default()) {
        None => compare(),
        Some([role]) if role == producers::ROLE => {
            cpu::pin(0);
            producers::run();
        }
        Some([role, transport, address, authority]) if role == memory::ROLE => {
            cpu::pin(1);
            memory::run(transport, address, authority);
        }
        Some(other) => eprintln!("No child is called {other:?}"),
    }
}

fn compare() {
    cpu::pin(1);
    let producers = Producers::start();
    if wrk::is_missing() {
        eprintln!("wrk is missing; install the Debian package wrk and run this again");
        std::process::exit(1);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // In a task: each wake of what `block_on` waits for would write to a pipe.
    let producers = runtime.block_on(runtime.spawn(calls(producers))).unwrap();
    memory::compare(&producers);
}

async fn calls(producers: Producers) -> Producers {
    for (count, bar) in [(100, 0.45), (1_000, 0.35)] {
        plain(&producers, count, bar).await;
    }
    for count in [100, 1_000] {
        tls(&producers, count).await;
    }
    cold(&producers).await;
    slowest::compare(&producers).await;
    producers
}

/// Beside `wrk`, which sends bytes that it was given and does not look at the answer.
async fn plain(producers: &Producers, count: usize, bar: f64) {
    let marketplace = Marketplace::new(producers, Transport::Plain);
    marketplace.fan_out_all(count, CALLS).await;
    let (mut ours, mut controls) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        controls.push(wrk::cost_of_a_request(producers, count));
        let spent = cpu::spent(marketplace.fan_out_all(count, CALLS)).await;
        ours.push(spent / to_f64(CALLS));
    }
    report("wrk", &format!("plain_{count}"), &ours, &controls, bar);
}

/// Beside tokio, rustls and httparse and nothing more.
async fn tls(producers: &Producers, count: usize) {
    let marketplace = Marketplace::new(producers, Transport::Tls);
    marketplace.fan_out_all(count, CALLS).await;
    let mut floor = floor::Floor::connect(producers, count).await;
    floor.call_all(CALLS).await;
    let (mut ours, mut controls) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let spent = cpu::spent(floor.call_all(CALLS)).await;
        controls.push(spent / to_f64(CALLS));
        let spent = cpu::spent(marketplace.fan_out_all(count, CALLS)).await;
        ours.push(spent / to_f64(CALLS));
    }
    report("rustls_httparse", &format!("tls_{count}"), &ours, &controls, 0.58);
}

/// Calls of producers that close after each answer.
async fn cold(producers: &Producers) {
    const PRODUCERS: usize = 100;
    let marketplace = Marketplace::new(producers, Transport::Tls);
    let warm = {
        marketplace.fan_out_all(PRODUCERS, CALLS / 4).await;
        let spent = cpu::spent(marketplace.fan_out_all(PRODUCERS, CALLS / 4)).await;
        spent / to_f64(CALLS / 4)
    };
    marketplace.fan_out("close", PRODUCERS).await;
    let before = producers.handshakes().await;
    let spent = cpu::spent(async {
        for _ in 0..5 {
            marketplace.fan_out("close", PRODUCERS).await;
        }
    })
    .await;
    let after = producers.handshakes().await;
    let (all, resumed) = (after.all - before.all, after.resumed - before.resumed);
    let cold = spent / to_f64(5 * PRODUCERS);
    println!("tls cold: {:.1} us each, warm: {:.1} us", cold * 1e6, warm * 1e6);
    println!("ratio cold_over_warm {:.1}", cold / warm);
    verdict("resumed", to_f64(resumed) / to_f64(all), |ratio| ratio >= 0.95);
}

fn report(control: &str, name: &str, ours: &[f64], controls: &[f64], bar: f64) {
    let ratios = controls.iter().zip(ours).map(|(control, own)| control / own);
    for (name, costs) in [(control, controls), ("ours", ours)] {
        let each = median(costs.to_vec());
        println!("{name}: {:.0} calls per CPU second, {:.2} us each", 1.0 / each, each * 1e6);
    }
    verdict(name, median(ratios.collect()), |ratio| ratio >= bar);
}

fn verdict(name: &str, ratio: f64, meets: impl Fn(f64) -> bool) {
    println!("ratio {name} {ratio:.3}");
    println!("{name}: bar {}", if meets(ratio) { "met" } else { "MISSED" });
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap()
}

fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
