//! Every key of the configuration: what it holds, what holds without it, and what it does.

use super::keys::{Key, Kind, Unset};
use Kind::{Address, Choice, Database, List, Path, Table, Tables, Text, Url, UsdByRegion, Whole};
use Unset::{Default, Missing, Nothing};

/// What the sections are for, in the order of [`KEYS`].
pub const SECTIONS: &[(&str, &str)] = &[
    ("", "Where the agent is reached, by whom, and what it says of itself."),
    (
        "feed",
        "Where the products come from: a file, or a query of a database (`sql`). A shop that is \
         configured needs one of them; without any configuration a sample catalogue is served, to \
         try things out.",
    ),
    ("offers", "What every offer says."),
    (
        "shipping",
        "What sending costs and how long it takes, for products whose feed does not say. Without \
         zones, and without rates in the feed, shipping is left out of offers.",
    ),
    ("lead_time", "When goods leave the shop: the shop's own calendar."),
    ("stock", "How offers and claims are taken off what is on hand."),
    ("checkout", "Where buyers pay."),
    ("ledger", "How long answers are remembered."),
];

/// Every key. From here come the commented configuration, CONFIGURATION.md, the names of environment
/// variables, and what is said of unknown keys and wrong values.
pub const KEYS: &[Key] = &[
    key(
        "bind",
        Address,
        "",
        Default("\"127.0.0.1:8787\""),
        "Address and port that requests for quotes are answered on. Only this machine reaches \
         127.0.0.1; put a proxy that speaks TLS in front before others are to reach the agent.",
    ),
    key(
        "admin_bind",
        Address,
        "",
        Default("\"127.0.0.1:8788\""),
        "Address and port of metrics and orders. It asks for no secret: keep it to this machine or \
         the shop's own network.",
    ),
    key(
        "admin_hosts",
        List("a list of host names, such as [\"rfq-agent\"]"),
        "",
        Default("[]"),
        "Host names that the admin address answers to, beside `localhost` and IP addresses: such as \
         a container's. Others are refused, so that no web page reaches it by a name of its own.",
    ),
    key(
        "public_url",
        Url("https:// and a host, such as \"https://shop.example\""),
        "",
        Nothing("\"https://shop.example\""),
        "Where the agent is reached from outside, the address of the proxy that speaks TLS in front \
         of it: claim links begin with it. Without it they can be opened nowhere, not even on this \
         machine.",
    ),
    key(
        "auth",
        Choice(&["hmac", "bearer"]),
        "",
        Default("\"hmac\""),
        "How the marketplace authenticates its requests, as registered there: a signature over \
         timestamp and body, or the secret itself as a Bearer token. The other one is refused.",
    ),
    key(
        "secret_file",
        Path,
        "",
        Nothing("\"/etc/rfq-agent/secret\""),
        "File with the secret registered at the marketplace: the secret on its first line, then up \
         to three lines `previous RFC3339-TIME SECRET`. Without it a secret is made on the first \
         start and kept in the data directory.",
    ),
    key(
        "data_dir",
        Path,
        "",
        Default("\"rfq-agent-data\""),
        "Folder for what the agent keeps: its secret, the ledger of offers, the list of rejected \
         rows. With another one the agent knows none of its offers. The default is beside this file, \
         or in the working directory when there is no file.",
    ),
    key(
        "budget_ms",
        Whole(1, 4000),
        "milliseconds",
        Default("3500"),
        "From the first byte of a request to its answer; what is not ready then is declined. The \
         marketplace drops answers after 4000 ms, and the way there takes its share.",
    ),
    key(
        "name",
        Text("some text"),
        "",
        Default("\"RFQ agent\""),
        "The agent's name on its card, which the marketplace and shopping agents read.",
    ),
    key(
        "description",
        Text("some text"),
        "",
        Default("\"Answers requests for quotes with current price, stock and shipping.\""),
        "What the card says that the agent does.",
    ),
    key(
        "price_service",
        Table,
        "",
        Nothing("{ url = \"http://127.0.0.1:9000/price\", timeout_ms = 1500 }"),
        "A service of the shop's own that is asked for the price of each request. Without it the \
         prices of the feed hold; with it, requests that it does not answer are declined.",
    ),
    key(
        "price_service.url",
        Url("an http or https URL without user and password"),
        "",
        Missing("\"http://127.0.0.1:9000/price\""),
        "Where it is asked.",
    ),
    key(
        "price_service.timeout_ms",
        Whole(1, 3000),
        "milliseconds",
        Default("1500"),
        "How long it may take before the request is declined. It counts towards `budget_ms`, which \
         ends it sooner.",
    ),
    key(
        "price_service.cache_entries",
        Whole(1, 1_000_000),
        "answers",
        Default("10000"),
        "Answers remembered at most, some 300 bytes each.",
    ),
    key(
        "price_service.cache_seconds",
        Whole(0, 3600),
        "seconds",
        Default("30"),
        "How long an answer is used again. A changed price is offered this much later; 0 asks every \
         time.",
    ),
    key(
        "price_service.breaker_failures",
        Whole(1, 1000),
        "failures",
        Default("5"),
        "After so many failures in a row it is left alone for a while, so that a service that hangs \
         does not use up the time of every request.",
    ),
    key(
        "price_service.breaker_seconds",
        Whole(1, 3600),
        "seconds",
        Default("10"),
        "How long it is left alone then; requests are declined meanwhile.",
    ),
    key(
        "price_service.max_concurrent",
        Whole(1, 1024),
        "requests",
        Default("64"),
        "Requests to it at once. Those beyond are declined.",
    ),
    key(
        "price_service.token_file",
        Path,
        "",
        Nothing("\"price-token\""),
        "File whose first line is sent to it as a Bearer token. Without it none is sent.",
    ),
    key(
        "feed.file",
        Path,
        "",
        Nothing("\"products.tsv\""),
        "The product feed. It is read again when it changes; put a new one in place by renaming, so \
         that no half of it is read.",
    ),
    key(
        "feed.format",
        Choice(&[
            "google-tsv",
            "google-csv",
            "google-xml",
            "acp-jsonl",
            "shopify-csv",
            "woocommerce-csv",
        ]),
        "",
        Nothing("\"google-tsv\""),
        "How the file is written. Without it this is told from the file's beginning.",
    ),
    key(
        "feed.slug_column",
        Text("the name of a column"),
        "",
        Default("\"product_slug\""),
        "The column that holds the marketplace's name of each product. Rows without one are not \
         offered, unless the mapping file names them.",
    ),
    key(
        "feed.mapping_file",
        Path,
        "",
        Nothing("\"mapping.csv\""),
        "Table that maps the shop's own products to the marketplace's names, for feeds that have no \
         column for it: `product_slug`, and any of `id`, `gtin`, `brand` and `mpn`. It is read \
         again whenever it changes.",
    ),
    key(
        "feed.check_seconds",
        Whole(0, 86_400),
        "seconds",
        Default("5"),
        "How often the file is looked at for a change; 0 reads it again only at the signal SIGHUP. A \
         new price is offered at most this much later, and 1 second more, in which the file must not \
         change (up to 4 if it does), and the time that reading takes.",
    ),
    key(
        "feed.reload_seconds",
        Whole(0, 604_800),
        "seconds",
        Default("0"),
        "How often products are read again whether or not something changed, as a database needs; 0 \
         never does. Each time costs the whole feed.",
    ),
    key(
        "feed.max_shrink_percent",
        Whole(0, 100),
        "percent",
        Default("50"),
        "How many products a new feed may lose. One that loses more is taken for broken: it is \
         refused, and the last good one stays. 100 takes every feed.",
    ),
    key(
        "feed.sql",
        Table,
        "",
        Nothing(
            "{ url = \"sqlite:shop.db\", query = \"SELECT id, price, availability, product_slug \
             FROM products\", timeout_seconds = 60 }",
        ),
        "A database that is asked for the products, instead of a file.",
    ),
    key(
        "feed.sql.url",
        Database,
        "",
        Missing("\"sqlite:shop.db\""),
        "The database: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. It is only \
         read. A password is better kept in the variable than in this file.",
    ),
    key(
        "feed.sql.query",
        Text("one query that begins with SELECT or WITH"),
        "",
        Missing("\"SELECT id, price, availability, product_slug FROM products\""),
        "The query. Its columns are named as those of a feed, and read the same way.",
    ),
    key(
        "feed.sql.timeout_seconds",
        Whole(1, 3600),
        "seconds",
        Default("60"),
        "How long the whole query may take. Beyond it the last good products stay.",
    ),
    key(
        "offers.valid_minutes",
        Whole(5, 1435),
        "minutes",
        Default("1435"),
        "How long an offer holds, less when a sale ends before. The marketplace takes no more than \
         24 hours; a longer time reserves stock for longer.",
    ),
    key(
        "offers.terms",
        Text("text of at most 500 characters"),
        "",
        Default("\"Excl. sales tax and duty.\""),
        "The shop's conditions, which every buyer sees; an empty text says nothing.",
    ),
    key(
        "offers.out_of_stock",
        Choice(&["decline", "offer"]),
        "",
        Default("\"decline\""),
        "What is answered when fewer units are on hand than asked for: nothing, or an offer that \
         says that the goods are out of stock.",
    ),
    key(
        "shipping.free_from_usd",
        Kind::Usd,
        "US dollars",
        Nothing("50"),
        "From this worth of goods on, after discounts, sending is free but for surcharges.",
    ),
    key(
        "shipping.zones",
        Tables,
        "",
        Nothing(
            "[{ regions = [\"US\"], transit_days = [2, 5], tiers = [{ up_to_usd = 50, cost_usd = \
             6.99 }, { cost_usd = 3.99 }] }]",
        ),
        "What sending costs, by where to. A state counts before its country, and that before `*`; \
         a region in no zone is not served, and requests from there are declined.",
    ),
    key(
        "shipping.zones[].regions",
        List("a list of states, countries or \"*\", such as [\"CA-US\", \"US\"]"),
        "",
        Missing("[\"US\"]"),
        "States, countries or `*` for everywhere else; each in one zone only.",
    ),
    key(
        "shipping.zones[].transit_days",
        List("the fewest and the most business days, such as [2, 5]"),
        "business days",
        Nothing("[2, 5]"),
        "Fewest and most on the way. Without them no delivery time is promised.",
    ),
    key(
        "shipping.zones[].tiers",
        Tables,
        "",
        Missing("[{ up_to_usd = 50, cost_usd = 6.99 }, { cost_usd = 3.99 }]"),
        "What sending costs, by rising worth or weight of the goods, not both. Beyond the last limit \
         requests are declined.",
    ),
    key(
        "shipping.zones[].tiers[].up_to_usd",
        Kind::Usd,
        "US dollars",
        Nothing("50"),
        "This tier holds up to this worth of the goods. Only the last may go without a limit.",
    ),
    key(
        "shipping.zones[].tiers[].up_to_grams",
        Whole(1, 1_000_000_000),
        "grams",
        Nothing("2000"),
        "This tier holds up to this weight of the goods. Products without a weight get no cost.",
    ),
    key(
        "shipping.zones[].tiers[].cost_usd",
        Kind::Usd,
        "US dollars",
        Missing("6.99"),
        "What sending costs the buyer, once per order.",
    ),
    key(
        "shipping.surcharges_usd",
        UsdByRegion,
        "US dollars",
        Nothing("{ \"AK-US\" = 12.50, \"HI-US\" = 12.50, PR = 15 }"),
        "What is added for some states and countries, also where sending is free. A rate of the \
         state itself is asked for without it; where sending is free, the surcharge is asked for in \
         its place, up to that rate. Territories of the US are states: `PR` is `PR-US`.",
    ),
    key(
        "lead_time.time_zone",
        Text("the name of a time zone, such as \"America/New_York\""),
        "",
        Default("\"UTC\""),
        "Where the shop's clock hangs: days, holidays and the cut-off are counted by it, and so are \
         times and days of a sale without an offset.",
    ),
    key(
        "lead_time.cut_off",
        Text("a time of day, such as \"14:00\""),
        "",
        Nothing("\"14:00\""),
        "Requests at or after this local time begin on the next business day. Without it they begin \
         on the day they come.",
    ),
    key(
        "lead_time.business_days",
        List("days of the week, such as [\"mon\", \"tue\"]"),
        "",
        Default("[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]"),
        "The days on which the shop sends; more days promise an earlier arrival.",
    ),
    key(
        "lead_time.holidays",
        List("dates in quotes, such as [\"2026-12-25\"]"),
        "",
        Default("[]"),
        "Dates on which nothing leaves the shop nor arrives.",
    ),
    key(
        "lead_time.handling_days",
        List("the fewest and the most business days, such as [0, 1]"),
        "business days",
        Nothing("[0, 1]"),
        "Fewest and most until goods leave the shop, for products whose feed does not say. Without \
         them no delivery time is promised for those.",
    ),
    key(
        "stock.soft_hold_percent",
        Whole(0, 100),
        "percent",
        Default("20"),
        "How much of a product's stock open offers may reserve; those beyond are made without. More \
         keeps offers safer from being sold out, less keeps a caller who only asks from emptying \
         the shelf.",
    ),
    key(
        "stock.hard_hold_minutes",
        Whole(1, 1440),
        "minutes",
        Default("15"),
        "How long the goods are kept for a buyer who went on to checkout. Longer than checkout takes \
         only locks stock.",
    ),
    key(
        "stock.hard_holds_per_product",
        Whole(1, 1_000_000),
        "claims",
        Default("20"),
        "Claims of one product that a caller may have at once in any case, where its stock is counted. \
         Buyers beyond are asked to come back later once the caller's claims hold half of what is on \
         hand: a marketplace is one caller for all of its buyers.",
    ),
    key(
        "checkout.url",
        Url("an https URL, such as \"https://shop.example/cart?sku={id}\""),
        "",
        Nothing("\"https://shop.example/cart?sku={id}&quantity={quantity}&offer={offer_id}\""),
        "Where the button of the continue page leads. `{id}` is the shop's SKU, `{quantity}` and \
         `{price_usd}` are of the whole order, `{offer_id}` names the offer. Without it claims end \
         on a page that names the offer.",
    ),
    key(
        "ledger.keep_days",
        Whole(1, 3650),
        "days",
        Default("30"),
        "How long answers and sales are kept, for `replay` and for questions of buyers. The ledger \
         on disk grows with it.",
    ),
];

const fn key(
    path: &'static str,
    kind: Kind,
    unit: &'static str,
    unset: Unset,
    about: &'static str,
) -> Key {
    Key { path, kind, unit, unset, about }
}
