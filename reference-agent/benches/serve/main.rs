//! What the agent costs beside a bare axum that answers a static body of the same size:
//! `cargo bench -p rfq-reference-agent --bench serve`.
//!
//! The servers are children of this process on one core, the client is this process on the other.
//! Both get the same bytes: RFQs signed beforehand, each of its own id, on 64 connections. What is
//! compared is requests per second of the server's CPU time, user and system.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

mod client;
mod server;

use rustix::thread::{CpuSet, sched_setaffinity};

use client::Client;
use server::{Mode, Server};

/// As in the binary; the control has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 11;
/// Of each server in each round.
const REQUESTS: u32 = 12_800;
/// More than the store in memory holds, so that what is measured includes forgetting.
const WARM_UP: u32 = 35_000;
/// Of what bare axum answers in a second of CPU time, the part that the agent must.
const BAR: f64 = 0.72;

fn main() {
    if let Some(mode) = Mode::of_this_process() {
        pin(0);
        server::run(mode);
        return;
    }
    pin(1);
    let mut lanes: Vec<Lane> = Mode::ALL.into_iter().map(Lane::start).collect();
    for _ in 0..ROUNDS {
        let requests = client::signed(REQUESTS);
        for lane in &mut lanes {
            lane.measure(&requests);
        }
    }
    for lane in &lanes {
        let (each, ratio) = (median(lane.costs.clone()), lane.ratio(lanes.first().unwrap()));
        let verdict = match lane.mode {
            Mode::Bare | Mode::MemoryWithoutLog | Mode::Ledger => "",
            Mode::Memory if ratio >= BAR => ", bar met",
            Mode::Memory => ", bar MISSED",
        };
        let name = lane.mode.name();
        println!(
            "{name}: {:.0} requests per CPU second, {:.2} us each{verdict}",
            1.0 / each,
            each * 1e6
        );
        println!("ratio {name} {ratio:.3}");
    }
}

/// A server, its client, and what has been measured.
struct Lane {
    mode: Mode,
    server: Server,
    client: Client,
    /// Of one request in each round, in seconds of CPU time.
    costs: Vec<f64>,
}

impl Lane {
    fn start(mode: Mode) -> Self {
        let server = Server::start(mode);
        let mut client = Client::connect(server.address);
        client.ask(&client::signed(WARM_UP), mode);
        Self { mode, server, client, costs: Vec::new() }
    }

    fn measure(&mut self, requests: &[Vec<u8>]) {
        let before = self.server.cpu_time();
        self.client.ask(requests, self.mode);
        let cost = self.server.cpu_time().saturating_sub(before);
        self.costs.push(cost.as_secs_f64() / f64::from(REQUESTS));
    }

    /// Requests per second of CPU time, beside those of `control`.
    fn ratio(&self, control: &Self) -> f64 {
        median(control.costs.iter().zip(&self.costs).map(|(control, own)| control / own).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap()
}

/// Keeps this process on one core, if there are two to keep apart.
fn pin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    if sched_setaffinity(None, &cores).is_err() {
        eprintln!("Not kept on core {core}, so the figures are noisier");
    }
}
