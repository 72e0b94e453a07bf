//! The control over plain HTTP.

use std::fs;
use std::process::{Command, Stdio};

use super::cpu;
use super::marketplace::{FIXED, Requests};
use super::producers::Producers;

pub(super) fn is_missing() -> bool {
    Command::new("wrk").arg("-v").stdout(Stdio::null()).status().is_err()
}

/// CPU time of one request, in seconds, with `connections` of them in flight.
pub(super) fn cost_of_a_request(producers: &Producers, connections: usize) -> f64 {
    let script = concat!(env!("CARGO_TARGET_TMPDIR"), "/fan_out.lua");
    fs::write(script, lua()).unwrap();
    let before = cpu::of_children();
    let url = format!("http://{}/message:send", producers.plain);
    let connections = connections.to_string();
    let output = Command::new("taskset")
        .args(["-c", "1", "wrk", "-t1", "-d1s", "-c", &connections, "-s", script, &url])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let failed = text.contains("Socket errors") || text.contains("Non-2xx");
    assert!(output.status.success() && !failed, "wrk says {text}");
    let line = text.lines().find(|line| line.contains(" requests in ")).unwrap();
    let requests: f64 = line.split_whitespace().next().unwrap().parse().unwrap();
    (cpu::of_children() - before) / requests
}

/// The request that the marketplace sends, made once.
fn lua() -> String {
    let requests = Requests::new();
    let body = requests.body();
    let signed = requests.signed(&body);
    let headers = FIXED.into_iter().chain(signed.iter());
    let headers: String =
        headers.map(|(name, value)| format!("['{name}'] = '{value}', ")).collect();
    let body = String::from_utf8(body).unwrap();
    format!("wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers = {{ {headers} }}\n")
}
