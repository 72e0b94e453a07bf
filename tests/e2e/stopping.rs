//! Stopping: requests in flight are answered.

use std::thread;
use std::time::Duration;

use rfq_tests::{Agent, GRINDER, rfq};

#[test]
fn a_request_in_flight_is_answered_before_the_agent_ends() {
    let mut agent = Agent::start(&[]);
    let signed = agent.signed(&rfq("in-flight", GRINDER, 1).to_string());
    let mut connection = agent.connect();
    let (first, last) = signed.as_bytes().split_at(signed.len() - 50);
    connection.send(first);
    thread::sleep(Duration::from_millis(300));
    agent.terminate();
    agent.wait_for_log("Shutting down");
    connection.send(last);
    assert_eq!(connection.response().unwrap().status, 200);
    assert!(agent.wait(), "it ends of itself, without an error");
}
