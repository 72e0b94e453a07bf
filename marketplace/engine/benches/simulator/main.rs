//! A marketplace in virtual time, to choose how health is kept and when quotes close:
//! `cargo bench -p rfq-engine --bench simulator`.
//!
//! A thousand producers with their troubles, the real engine, a client that answers as the world says.
//! All is drawn from one seed, and each row sees the same requests and the same answers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

mod report;
mod run;
mod world;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rfq_engine::{ClosePolicy, HealthPolicy};

use crate::report::Report;
use crate::run::run;
use crate::world::World;

/// With some 20 carriers a product, a million calls.
const QUOTES: u32 = 50_000;

fn main() {
    let world = Arc::new(World::new(1));
    let default = HealthPolicy::default();
    let all = ClosePolicy::AllAnswered;

    let calls = run(&world, default, all, QUOTES).calls();
    println!("{QUOTES} quotes, {calls} calls a row.\n\n{}", Report::HEALTH_HEAD);
    let gentle = HealthPolicy {
        weight: 0.1,
        suspend_below: 0.2,
        resume_above: 0.4,
        degrade_below: 0.6,
        recover_above: 0.8,
        ..default
    };
    for (name, policy) in [
        ("default", default),
        ("weight 0.1", HealthPolicy { weight: 0.1, ..default }),
        ("weight 0.3", HealthPolicy { weight: 0.3, ..default }),
        ("weight 0.1, thresholds 0.2, 0.4, 0.6, 0.8", gentle),
        ("degrade below 0.5", HealthPolicy { degrade_below: 0.5, ..default }),
        ("recover above 0.7", HealthPolicy { recover_above: 0.7, ..default }),
        ("recover above 0.9", HealthPolicy { recover_above: 0.9, ..default }),
        ("suspend below 0.1", HealthPolicy { suspend_below: 0.1, ..default }),
        ("suspend below 0.3", HealthPolicy { suspend_below: 0.3, ..default }),
        ("probe 2 %", HealthPolicy { probe_share: 0.02, ..default }),
        ("probe 20 %", HealthPolicy { probe_share: 0.2, ..default }),
        ("none (dry run)", HealthPolicy { dry_run: true, ..default }),
    ] {
        println!("{}", run(&world, policy, all, QUOTES).health_row(&world, name));
    }

    println!("\n{}", Report::CLOSE_HEAD);
    let offers = |count, ms| ClosePolicy::Offers {
        count: NonZeroUsize::new(count).unwrap(),
        after: Duration::from_millis(ms),
    };
    let healthy = |ms| ClosePolicy::HealthyAnswered { after: Duration::from_millis(ms) };
    for (name, close) in [
        ("all answered", all),
        ("3 offers, 0.5 s", offers(3, 500)),
        ("5 offers, 1 s", offers(5, 1000)),
        ("10 offers, 1 s", offers(10, 1000)),
        ("10 offers, 2 s", offers(10, 2000)),
        ("healthy answered", healthy(0)),
        ("healthy answered, 1 s", healthy(1000)),
        ("healthy answered, 2 s", healthy(2000)),
    ] {
        println!("{}", run(&world, default, close, QUOTES).close_row(&world, name));
    }
}
