//! Looking names up: what a silent name server costs, and whom.

use std::sync::Arc;
use std::time::Duration;

use rfq_engine::{Call, CallFailure, CallProblem, CallTrace, ProducerClient as _};
use rfq_marketplace::net::{Limits, Reach, RfqClient};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, advance, sleep};

use crate::market::{Authority, Internet, call_of_quote, client, target};

const PUBLIC: &str = "93.184.215.14";
const LONG: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);
/// As long as system resolvers wait.
const SILENT: Duration = Duration::from_secs(10);
/// As many look-ups as there are at a time.
const PLACES: usize = 64;

struct Net {
    internet: Arc<Internet>,
    client: Arc<RfqClient>,
}

impl Net {
    fn new() -> Self {
        let internet = Arc::new(Internet::default());
        let network = Arc::clone(&internet);
        let client = client(Reach::Public, network, &Authority::new(), Limits::default());
        Self { internet, client: Arc::new(client) }
    }

    /// A call of a quote that has so much time left.
    fn ask(&self, name: &str, left: Duration) -> (JoinHandle<CallFailure>, CallTrace) {
        let target = target(&format!("https://{name}/message:send"), Reach::Public);
        let call: Call = call_of_quote(LONG, left);
        let (client, trace) = (Arc::clone(&self.client), call.trace.clone());
        (tokio::spawn(async move { client.call(target, call).await.unwrap_err() }), trace)
    }

    async fn problem(&self, name: &str) -> Option<CallProblem> {
        let (ask, trace) = self.ask(name, LONG);
        ask.await.unwrap();
        trace.problem()
    }

    /// Takes all places with names whose servers are silent. Their calls end as theirs.
    async fn occupy(&self) {
        let names = (0..PLACES).map(|number| format!("silent{number}.example"));
        let asks: Vec<_> = names
            .map(|name| {
                self.internet.slow(&name, SILENT);
                self.ask(&name, LONG)
            })
            .collect();
        for (ask, trace) in asks {
            assert_eq!(ask.await.unwrap(), CallFailure::Connect);
            assert_eq!(trace.problem(), Some(CallProblem::LookUpSlow));
        }
        assert_eq!(self.internet.look_ups().len(), PLACES);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_up_once_at_a_time() {
    let net = Net::new();
    net.internet.say("shop.example", &["10.0.0.1"]);
    net.internet.slow("shop.example", SECOND / 2);
    let asks: Vec<_> = (0..20).map(|_| net.ask("shop.example", LONG)).collect();
    for (ask, trace) in asks {
        ask.await.unwrap();
        assert_eq!(trace.problem(), Some(CallProblem::NotPublic("private")));
    }
    assert_eq!(net.internet.look_ups(), ["shop.example"]);
    net.problem("shop.example").await;
    assert_eq!(net.internet.look_ups().len(), 2, "what was found is not kept");
}

#[tokio::test(start_paused = true)]
async fn a_silent_name_server_costs_one_place_however_often_it_is_asked() {
    let net = Net::new();
    net.internet.slow("silent.example", LONG);
    let mut traces = Vec::new();
    for _ in 0..2 * PLACES {
        let (_, trace) = net.ask("silent.example", LONG);
        traces.push(trace);
        sleep(SECOND / 10).await;
    }
    sleep(2 * SECOND).await;
    for trace in traces {
        assert_eq!(trace.problem(), Some(CallProblem::LookUpSlow));
    }
    assert_eq!(net.internet.look_ups(), ["silent.example"]);
    net.internet.say("shop.example", &["10.0.0.1"]);
    assert_eq!(net.problem("shop.example").await, Some(CallProblem::NotPublic("private")));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_place_is_not_the_producer_s_time() {
    let net = Net::new();
    net.occupy().await;
    net.internet.say("shop.example", &[PUBLIC]);
    let (ends, cut) = net.ask("shop.example", 2 * SECOND);
    assert_eq!(ends.await.unwrap(), CallFailure::NoTime);
    assert_eq!((cut.problem(), cut.timings().queue), (None, Some(2 * SECOND)));

    let began = Instant::now();
    let (ask, trace) = net.ask("shop.example", LONG);
    assert_eq!(ask.await.unwrap(), CallFailure::Connect);
    assert_eq!(trace.problem(), Some(CallProblem::Refused), "it was found and called");
    let timings = trace.timings();
    assert!(began.elapsed() > 5 * SECOND, "it waited for longer than a producer has");
    assert_eq!((timings.queue, timings.dns), (Some(began.elapsed()), Some(Duration::ZERO)));
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_nobody_waits_for_any_more_is_not_begun() {
    let net = Net::new();
    net.occupy().await;
    let (left, _) = net.ask("left.example", SECOND);
    left.await.unwrap();
    sleep(LONG).await;
    assert!(!net.internet.look_ups().contains(&"left.example".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_found_is_asked_again_half_a_second_later() {
    let net = Net::new();
    for _ in 0..5 {
        assert_eq!(net.problem("shop.example").await, Some(CallProblem::NameNotFound));
        advance(SECOND / 20).await;
    }
    assert_eq!(net.internet.look_ups().len(), 1);
    net.internet.say("shop.example", &[PUBLIC]);
    advance(SECOND / 4).await;
    yield_now().await;
    assert_eq!(net.problem("shop.example").await, Some(CallProblem::Refused));
    assert_eq!(net.internet.look_ups().len(), 2);
}
