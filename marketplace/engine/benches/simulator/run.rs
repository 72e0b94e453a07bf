//! One run: requests come, the engine answers.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_engine::{
    Call, CallFailure, Candidate, ClaimDomains, ClosePolicy, DeliveryArea, Engine, EnginePolicy,
    HealthBoard, HealthPolicy, HttpAnswer, ProducerClient, ProducerId, Quote, QuoteRequest,
    TrackRecord,
};
use rfq_sdk::{ManualClock, Quantity};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::report::{Made, Report};
use crate::world::{LENGTH, Reply, World};

struct Client {
    world: Arc<World>,
    start: Instant,
}

impl ProducerClient for Client {
    type Target = usize;

    async fn call(&self, target: Arc<usize>, call: Call) -> Result<HttpAnswer, CallFailure> {
        let number = call.request.rfq_id.as_str().parse().unwrap();
        let reply = self.world.reply(*target, number, self.start.elapsed());
        sleep(Duration::from_millis(1)).await;
        if let Reply::Refused = reply {
            return Err(CallFailure::Connect);
        }
        call.trace.note_sent();
        let after = match reply {
            Reply::Offer { after, .. } | Reply::Decline { after } | Reply::Broken { after } => {
                after
            }
            Reply::Silent | Reply::Refused => call.budget,
        };
        if after >= call.budget {
            sleep(call.budget).await;
            return Err(CallFailure::Late);
        }
        sleep(after).await;
        match reply {
            Reply::Offer { cents, .. } => Ok(answer(format!(
                r#"{{"price_usd":{}.{:02},"in_stock":true,"claim_url":"https://shop.example/","shipping_cost_usd":0,"offer_expires_at":"2026-06-01T23:00:00Z"}}"#,
                cents / 100,
                cents % 100
            ))),
            Reply::Decline { .. } => Ok(answer(r#"{"in_stock":false}"#.to_owned())),
            Reply::Broken { .. } | Reply::Refused | Reply::Silent => Err(CallFailure::Io),
        }
    }
}

fn answer(body: String) -> HttpAnswer {
    HttpAnswer { status: 200, body: body.into() }
}

/// Makes `quotes` quotes, spread over the length of the simulation.
pub(crate) fn run(
    world: &Arc<World>,
    health: HealthPolicy,
    close: ClosePolicy,
    quotes: u32,
) -> Report {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let noon: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let client = Arc::new(Client { world: Arc::clone(world), start });
        let clock = Arc::new(ManualClock::at(noon));
        let health = Arc::new(HealthBoard::new(health).unwrap());
        let policy = EnginePolicy::default();
        let engine = Arc::new(Engine::new(client, clock, health, policy).unwrap());
        let ids: Vec<ProducerId> =
            (0..world.producers.len()).map(|n| n.to_string().parse().unwrap()).collect();
        let claim_domains: ClaimDomains = ["shop.example".parse().unwrap()].into_iter().collect();
        let mut report = Report::new(world);
        let mut under_way = JoinSet::new();
        for number in 0..quotes {
            sleep(world.pause(number, LENGTH / quotes)).await;
            let carriers = world.carriers(number).to_vec();
            let candidate = |n: &usize| Candidate {
                producer: ids[*n].clone(),
                product: request(number).product,
                claim_domains: claim_domains.clone(),
                delivers_to: DeliveryArea::Anywhere,
                target: Arc::new(*n),
                record: Some(TrackRecord { calls: 1000, offers: 900, wins: 45 }),
            };
            let candidates = carriers.iter().map(candidate).collect();
            let at = start.elapsed();
            let arrived = Instant::now();
            let quote = Quote {
                request: request(number),
                arrived,
                candidates,
                close,
                transcript: false,
                provisional: None,
            };
            let engine = Arc::clone(&engine);
            under_way.spawn(async move {
                let outcome = engine.quote(quote).await;
                Made { number, at, took: arrived.elapsed(), carriers, outcome }
            });
            while let Some(made) = under_way.try_join_next() {
                report.add(world, made.unwrap());
            }
        }
        while let Some(made) = under_way.join_next().await {
            report.add(world, made.unwrap());
        }
        report
    })
}

fn request(number: u32) -> QuoteRequest {
    QuoteRequest {
        rfq_id: number.to_string().parse().unwrap(),
        product: "beds/oak-bed".parse().unwrap(),
        product_name: String::new(),
        quantity: Quantity::new(1).unwrap(),
        region: None,
        deliver_by: None,
    }
}
