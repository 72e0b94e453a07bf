//! The machine's clock is set back an hour while the agent runs, and later set right.

use std::path::Path;
use std::time::Duration;

use rfq_tests::{Agent, DECLINE, GRINDER, Response, rfq};
use tempfile::TempDir;
use tokio::time::Instant;

/// Stands between the agent and the system's clock, which it shifts by what a file says. The time that
/// passes is not touched, nor are the times of files.
const SHIFTED: &str = "\
    for library in /usr/lib/*/faketime/libfaketimeMT.so.1; do export LD_PRELOAD=$library; done
    [ -f $LD_PRELOAD ] || { echo please install the Debian package faketime >&2; exit 1; }
    export DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 NO_FAKE_STAT=1
    exec \"$@\"";

fn set(clock: &Path, offset: &str) {
    // Whole at any time: the agent asks it for each look at the clock.
    let aside = clock.with_extension("new");
    std::fs::write(&aside, format!("{offset}\n")).unwrap();
    std::fs::rename(aside, clock).unwrap();
}

/// Asks for the grinder; the answer must come inside the marketplace's four seconds.
fn ask(agent: &Agent, id: &str, quantity: u32) -> Response {
    let asked = Instant::now();
    let answer = agent.ask(&rfq(id, GRINDER, quantity).to_string());
    let took = asked.elapsed();
    assert!(took < Duration::from_millis(3900), "{id}: {took:?}");
    answer
}

fn offer_id(answer: &Response) -> &str {
    let (_, rest) = answer.body.split_once(r#""offer_id":""#).unwrap();
    rest.split('"').next().unwrap()
}

fn is_held(agent: &Agent, offer_id: &str) -> bool {
    agent.admin_get(&format!("/orders/{offer_id}")).body.contains(r#""status":"held""#)
}

#[test]
fn a_clock_set_back_refuses_in_time_says_why_and_recovers_without_a_restart() {
    let dir = TempDir::new().unwrap();
    let clock = dir.path().join("clock");
    set(&clock, "+0");
    let script = format!("export FAKETIME_TIMESTAMP_FILE={}\n{SHIFTED}", clock.display());
    let agent = Agent::start_after(&["env"], &script, &[]);
    let open = ask(&agent, "open", 1);
    let claimed = ask(&agent, "claimed", 1);
    assert_eq!((open.status, claimed.status), (200, 200));
    let (open_id, claimed_id) = (offer_id(&open), offer_id(&claimed));
    assert_eq!(agent.claim(claimed_id).status, 200);
    assert!(is_held(&agent, claimed_id));

    set(&clock, "-1h");
    for number in 0..5 {
        let refused = ask(&agent, &format!("back-{number}"), 1);
        assert_eq!(refused.status, 401, "signed an hour after what the agent takes for now");
    }
    agent.wait_for_log("ms in the future, outside the window; compare the clocks");
    // What was offered can still be bought, and what is held stays so.
    assert_eq!(agent.get(&format!("/cart?offer={open_id}")).status, 200);
    assert_eq!(agent.claim(open_id).status, 200);
    assert!(is_held(&agent, open_id) && is_held(&agent, claimed_id));

    set(&clock, "+0");
    let again = ask(&agent, "open", 1);
    assert_eq!((again.status, &again.body), (200, &open.body), "the offer that was made");
    let after = ask(&agent, "after", 1);
    assert_eq!(after.status, 200);
    assert_ne!(offer_id(&after), open_id);
    assert!(is_held(&agent, claimed_id));
    assert_eq!(agent.claim(open_id).status, 200);
    assert!(is_held(&agent, open_id));
    // Of the 25 two are held.
    assert_eq!(ask(&agent, "too-many", 24).body, DECLINE);
    assert!(!agent.log().contains("ERROR"), "{}", agent.log());
}
