//! What a call in flight takes: a child that makes a thousand calls at once and reads its own size.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::marketplace::Marketplace;
use super::producers::{Producers, Transport};
use super::{to_f64, verdict};

pub(super) const ROLE: &str = "memory";
const CALLS: usize = 1_000;

pub(super) fn compare(producers: &Producers) {
    let authority: String = producers.authority.iter().map(|byte| format!("{byte:02x}")).collect();
    for (name, bar) in [("plain", 24.0), ("tls", 36.0)] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--child", ROLE, name])
            .arg(format!("{},{}", producers.plain, producers.tls))
            .arg(&authority)
            .output()
            .unwrap();
        let bytes: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        println!("{name}: {:.1} KB per call in flight", bytes / 1e3);
        verdict(&format!("{name}_kb_in_flight"), bytes / 1e3, |kilobytes| kilobytes <= bar);
    }
}

/// Prints bytes per call.
pub(super) fn run(transport: &str, addresses: &str, authority: &str) {
    let (plain, tls) = addresses.split_once(',').unwrap();
    let producers = Producers::at(plain, tls, authority);
    let transport = if transport == "tls" { Transport::Tls } else { Transport::Plain };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let marketplace = Marketplace::new(&producers, transport);
        marketplace.fan_out("shop", 1).await;
        let before = resident();
        let targets = marketplace.targets("after2500", CALLS);
        let (during, ()) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                resident()
            },
            marketplace.ask(&targets)
        );
        println!("{:.0}", (during - before) / to_f64(CALLS));
    });
}

/// Bytes that are this process's own.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0
}
