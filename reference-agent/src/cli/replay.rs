//! `rfq-agent replay`: runs an RFQ that was answered again, and shows what differs.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use rfq_reference_agent::catalogue::Catalogue;
use rfq_reference_agent::config::Config;
use rfq_reference_agent::ledger::{LedgerReader, StoredAnswer, StoredOutcome};
use rfq_reference_agent::price_service::PriceService;
use rfq_reference_agent::quote::quote;
use rfq_reference_agent::source::Source;
use rfq_reference_agent::stock::{LiveError, NotSold, current};
use rfq_sdk::{DeclineReason, Offer, RfqId, Usd};

use super::say::say;
use super::{Ambient, configuration, feed};

/// Run an RFQ that was answered again, and show what differs
///
/// The request is taken from the ledger and quoted with the products and rules of now, as at the
/// time it came (or now, with `--now`). What is held or sold is not taken off the stock, so a decline
/// for too few units is not compared. Nothing is offered, held or written; the agent may be running.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The id of the RFQ, as the log tells it
    #[arg(value_name = "RFQ_ID")]
    rfq_id: RfqId,

    /// Quote it as if it came now, not as at the time it came
    #[arg(long)]
    now: bool,

    /// Configuration of the agent that answered it [default: rfq-agent.toml, if it is there]
    #[arg(long, env = "RFQ_AGENT_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Directory with the agent's ledger
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// What an answer came to, a line each; the names are those of the wire.
type Lines = Vec<(&'static str, String)>;

pub(crate) fn replay(args: &ReplayArgs, ambient: &Ambient) -> anyhow::Result<()> {
    let mut config = configuration(args.config.as_deref(), toml::Table::new())?;
    if let Some(data_dir) = &args.data_dir {
        config.data_dir.clone_from(data_dir);
    }
    let answers = LedgerReader::open(&config.data_dir)?.answers(&args.rfq_id)?;
    if answers.is_empty() {
        bail!(
            "the ledger in {} knows no RFQ {}; ids are in the agent's log, and answers older than \
             ledger.keep_days are gone",
            config.data_dir.display(),
            args.rfq_id
        );
    }
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    let now = (ambient.now)();
    let source = Source::new(config.feed.clone(), config.lead_time.time_zone());
    let catalogue = runtime.block_on(feed::read(&source, now))?.catalogue;
    let price_service = config.price_service.clone().map(PriceService::new).transpose()?;
    for answer in &answers {
        let at = if args.now { now } else { answer.answered_at };
        let again = run(answer, &catalogue, price_service.as_ref(), &config, at);
        let (again, failure) = runtime.block_on(again);
        show(args, answer, &again, at);
        if let Some(error) = failure {
            show_failure(&error);
        }
    }
    Ok(())
}

/// What it comes to at `at`, and the failure if it is one.
async fn run(
    answer: &StoredAnswer,
    catalogue: &Catalogue,
    price_service: Option<&PriceService>,
    config: &Config,
    at: DateTime<Utc>,
) -> (Lines, Option<LiveError>) {
    let ask = &answer.ask;
    let current = match current(catalogue, price_service, ask, at).await {
        Ok(current) => current,
        Err(not_sold) => {
            let lines = declined(not_sold.reason().name());
            return match not_sold {
                NotSold::Failed(error) => (lines, Some(error)),
                NotSold::NotCarried | NotSold::Unpublished | NotSold::NotNow => (lines, None),
            };
        }
    };
    let lines = match quote(&current.product, ask, &config.rules(), 0, at) {
        Ok(quote) => lines(
            quote.in_stock,
            quote.price,
            quote.list_price,
            quote.shipping_cost,
            quote.shipping_days,
        ),
        Err(reason) => declined(reason.name()),
    };
    (lines, None)
}

fn offered(offer: &Offer) -> Lines {
    lines(
        offer.in_stock(),
        offer.price(),
        offer.list_price(),
        offer.shipping_cost(),
        offer.shipping_days(),
    )
}

fn declined(reason: &str) -> Lines {
    vec![("answer", format!("decline ({reason})"))]
}

fn lines(
    in_stock: bool,
    price: Usd,
    list_price: Option<Usd>,
    shipping_cost: Option<Usd>,
    shipping_days: Option<u16>,
) -> Lines {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        ("answer", "offer".to_owned()),
        ("in_stock", in_stock.to_string()),
        ("price_usd", price.to_string()),
        ("list_price_usd", or_none(list_price.map(|price| price.to_string()))),
        ("shipping_cost_usd", or_none(shipping_cost.map(|cost| cost.to_string()))),
        ("estimated_shipping_days", or_none(shipping_days.map(|days| days.to_string()))),
    ]
}

fn show(args: &ReplayArgs, answer: &StoredAnswer, again: &Lines, at: DateTime<Utc>) {
    let then = match &answer.outcome {
        StoredOutcome::Offer(offer) => offered(offer),
        StoredOutcome::Decline { reason } => declined(reason),
    };
    let ask = &answer.ask;
    say!("RFQ {} of {}, answered {}", args.rfq_id, answer.origin, answer.answered_at);
    say!("  product      {}", ask.product);
    say!("  quantity     {}", ask.quantity);
    say!("  region       {}", ask.region.as_ref().map_or("-".to_owned(), ToString::to_string));
    say!("  deliver by   {}", ask.deliver_by.map_or("-".to_owned(), |by| by.to_string()));
    say!();
    say!("  {:<24} {:<24} again, as at {at}", "", "then");
    let names: Vec<&str> = if then.len() >= again.len() { &then } else { again }
        .iter()
        .map(|(name, _)| *name)
        .collect();
    let value = |lines: &Lines, name: &str| {
        lines.iter().find(|(of, _)| *of == name).map_or("", |(_, value)| value).to_owned()
    };
    let mut same = true;
    for name in names {
        let (before, after) = (value(&then, name), value(again, name));
        let differs = if before == after { "" } else { "  differs" };
        same &= before == after;
        say!("  {name:<24} {before:<24} {after}{differs}");
    }
    say!();
    say!("{}", verdict(&then, again, same));
    say!();
}

fn verdict(then: &Lines, again: &Lines, same: bool) -> &'static str {
    let is_any = |lines: &Lines, reasons: &[DeclineReason]| {
        reasons.iter().any(|reason| *lines == declined(reason.name()))
    };
    let lacked_stock = is_any(then, &[DeclineReason::OutOfStock])
        || then.contains(&("in_stock", false.to_string()));
    // What is found before the stock is looked at.
    let earlier =
        [DeclineReason::NotCarried, DeclineReason::QuantityNotSold, DeclineReason::Failed];
    match (same, lacked_stock && !is_any(again, &earlier)) {
        (true, _) => "Nothing differs. (What is held or sold is not taken off the stock here.)",
        (false, true) => {
            "It was out of stock then. Whether it would be again is not told here, where what is held \
             or sold is not taken off the stock."
        }
        (false, false) => "The answer would not be the same.",
    }
}

fn show_failure(error: &LiveError) {
    say!("It fails now because of this: {error}");
    say!();
}
