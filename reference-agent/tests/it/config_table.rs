//! The table of keys, and what is made from it: it agrees with the types.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rfq_reference_agent::config::{
    Config, KEYS, Key, Kind, SECTIONS, Unset, commented, quoted, reference,
};
use tempfile::TempDir;

fn load(text: &str) -> Result<Config, String> {
    load_in(&TempDir::new().unwrap(), text)
}

fn load_in(dir: &TempDir, text: &str) -> Result<Config, String> {
    let file = dir.path().join("rfq-agent.toml");
    std::fs::write(&file, text).unwrap();
    let flags = "data_dir = 'rfq-agent-data'".parse().unwrap();
    Config::load(Some(&file), std::iter::empty(), flags).map_err(|error| error.to_string())
}

/// Two configurations are the same if they show the same.
fn shown(text: &str) -> String {
    let dir = TempDir::new().unwrap();
    let shown = format!("{:?}", load_in(&dir, text).unwrap());
    shown.replace(&dir.path().display().to_string(), "FOLDER")
}

/// A document that sets `key` to `value`, with what it needs beside it.
fn document(key: &Key, value: &str) -> String {
    let Some((around, name)) = key.path.rsplit_once('.') else {
        return format!("{} = {value}", key.path);
    };
    let needed = |around: &str, but: &str| -> Vec<String> {
        let beside = |path: &str| {
            path.rsplit_once('.').is_some_and(|(other, name)| other == around && name != but)
        };
        KEYS.iter()
            .filter(|key| beside(key.path) && matches!(key.unset, Unset::Missing(_)))
            .map(|key| format!("{} = {}", key.name(), key.example()))
            .collect()
    };
    let mut pairs = needed(around, name);
    pairs.push(format!("{name} = {value}"));
    let table = format!("{{ {} }}", pairs.join(", "));
    match around.strip_suffix("[]") {
        Some(list) => document(&Key { path: list, ..copy(key) }, &format!("[{table}]")),
        None if KEYS.iter().any(|key| key.path == around) => {
            document(&Key { path: around, ..copy(key) }, &table)
        }
        None => format!("[{around}]\n{name} = {value}"),
    }
}

fn copy(key: &Key) -> Key {
    Key { path: key.path, kind: key.kind, unit: key.unit, unset: key.unset, about: key.about }
}

#[test]
fn every_key_takes_its_example() {
    for key in KEYS {
        let text = document(key, key.example());
        load(&text).unwrap_or_else(|error| panic!("{}: {error} in\n{text}", key.path));
    }
}

#[test]
fn every_default_is_what_holds_without_the_key() {
    for key in KEYS {
        let Unset::Default(value) = key.unset else { continue };
        let set = document(key, value);
        let line = format!("{} = {value}", key.name());
        let unset = set.replace(&format!(", {line}"), "").replace(&line, "");
        assert_ne!(set, unset, "{}", key.path);
        // Each is loaded from its own folder, which no default may depend on.
        assert_eq!(shown(&set), shown(&unset), "{}", key.path);
    }
}

#[test]
fn numbers_are_taken_within_their_range_and_not_beyond() {
    for key in KEYS {
        let Kind::Whole(from, to) = key.kind else { continue };
        assert!(!key.unit.is_empty(), "{}", key.path);
        for inside in [from, to] {
            let loaded = load(&document(key, &inside.to_string()));
            assert!(loaded.is_ok(), "{} = {inside}: {loaded:?}", key.path);
        }
        for outside in [i64::from(from) - 1, i64::from(to) + 1] {
            let said = load(&document(key, &outside.to_string())).unwrap_err();
            assert!(said.contains(&format!("{} is {outside}", key.name())), "{said}");
            assert!(said.contains(key.unit), "{said}");
        }
    }
}

#[test]
fn words_are_taken_each_and_no_other() {
    for key in KEYS {
        let Kind::Choice(words) = key.kind else { continue };
        for word in words {
            load(&document(key, &quoted(word))).unwrap();
        }
    }
}

#[test]
fn what_a_table_needs_it_cannot_do_without() {
    for key in KEYS {
        if let Unset::Missing(value) = key.unset {
            let set = document(key, value);
            let line = format!("{} = {value}", key.name());
            let unset = set.replace(&format!(", {line}"), "").replace(&line, "");
            let said = load(&unset).unwrap_err();
            assert!(said.contains(&format!("{} is missing", key.name())), "{unset}: {said}");
        }
    }
}

/// The types name the fields they know when they meet another: those are the keys of the table.
#[test]
fn the_types_know_the_keys_of_the_table_and_no_others() {
    let known = |around: &str| -> BTreeSet<String> {
        let prefix = if around.is_empty() { String::new() } else { format!("{around}.") };
        let below = |path: &'static str| path.strip_prefix(prefix.as_str());
        let first = |rest: &str| rest.split(['.', '[']).next().map(ToOwned::to_owned);
        KEYS.iter().filter_map(|key| below(key.path)).filter_map(first).collect()
    };
    let listed = |text: &str| -> BTreeSet<String> {
        let error = toml::from_str::<Config>(text).unwrap_err();
        let message = error.message().to_owned();
        let (_, list) = message.split_once("expected").unwrap_or_else(|| panic!("{message}"));
        list.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
    };
    assert_eq!(listed("zzz = 1"), known(""));
    for (section, _) in SECTIONS.iter().filter(|(section, _)| !section.is_empty()) {
        assert_eq!(listed(&format!("[{section}]\nzzz = 1")), known(section), "{section}");
    }
    assert_eq!(listed("[price_service]\nzzz = 1"), known("price_service"));
    assert_eq!(listed("[feed.sql]\nzzz = 1"), known("feed.sql"));
    assert_eq!(listed("[[shipping.zones]]\nzzz = 1"), known("shipping.zones[]"));
    assert_eq!(
        listed("[[shipping.zones]]\ntiers = [{ zzz = 1 }]"),
        known("shipping.zones[].tiers[]")
    );
}

#[test]
fn keys_sections_and_variables_have_one_name_each() {
    let paths: BTreeSet<&str> = KEYS.iter().map(|key| key.path).collect();
    assert_eq!(paths.len(), KEYS.len());
    let variables: Vec<String> = KEYS.iter().filter_map(Key::variable).collect();
    assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
    assert!(variables.contains(&"RFQ_AGENT_FEED_SQL_TIMEOUT_SECONDS".to_owned()));
    let sections: BTreeSet<&str> = SECTIONS.iter().map(|(section, _)| *section).collect();
    assert_eq!(sections, KEYS.iter().map(Key::section).collect());
    for key in KEYS {
        assert!(key.about.ends_with('.'), "{}: sentences", key.path);
    }
}

#[test]
fn the_commented_configuration_changes_nothing() {
    assert_eq!(shown(&commented(&[])), shown(""));
}

#[test]
fn any_one_line_of_it_can_be_put_in_force() {
    let file = commented(&[]);
    let lines: Vec<&str> = file.lines().collect();
    let is_shown = |line: &str| line.strip_prefix('#').is_some_and(|rest| !rest.starts_with(' '));
    let shown: Vec<usize> = (0..lines.len()).filter(|n| is_shown(lines[*n])).collect();
    let of_their_own = KEYS.iter().filter(|key| key.table().is_none()).count();
    assert_eq!(shown.len(), of_their_own);
    for number in shown {
        let mut lines = lines.clone();
        lines[number] = &lines[number][1..];
        let file = lines.join("\n");
        load(&file).unwrap_or_else(|error| panic!("{}: {error}", lines[number]));
    }
    assert!(lines.iter().all(|line| line.chars().count() <= 98 || is_shown(line)), "{file}");
}

#[test]
fn known_keys_are_set_in_it() {
    let file = commented(&[("feed.file", quoted("/shop/a.tsv")), ("budget_ms", "3000".into())]);
    assert_eq!(shown(&file), shown("budget_ms = 3000\nfeed.file = '/shop/a.tsv'"));
    insta::assert_snapshot!(file.split_once("\n# A database").unwrap().0, @r#"
    # Configuration of rfq-agent. A line such as #key = value is not in force: it shows the default,
    # or an example where nothing is set by default. Take the # away to set it. Relative paths begin
    # at the folder of this file. Each single value can also be set in the environment, as RFQ_AGENT_
    # and its path: RFQ_AGENT_FEED_CHECK_SECONDS is check_seconds in [feed], and counts before this
    # file.

    # Where the agent is reached, by whom, and what it says of itself.

    # Address and port that requests for quotes are answered on. Only this machine reaches 127.0.0.1;
    # put a proxy that speaks TLS in front before others are to reach the agent. Expected: a numeric
    # IP address and a port, such as "127.0.0.1:8787".
    #bind = "127.0.0.1:8787"

    # Address and port of metrics and orders. It asks for no secret: keep it to this machine or the
    # shop's own network. Expected: a numeric IP address and a port, such as "127.0.0.1:8787".
    #admin_bind = "127.0.0.1:8788"

    # Host names that the admin address answers to, beside `localhost` and IP addresses: such as a
    # container's. Others are refused, so that no web page reaches it by a name of its own. Expected:
    # a list of host names, such as ["rfq-agent"].
    #admin_hosts = []

    # Where the agent is reached from outside, the address of the proxy that speaks TLS in front of
    # it: claim links begin with it. Without it they can be opened nowhere, not even on this machine.
    # Expected: https:// and a host, such as "https://shop.example". Not set by default.
    #public_url = "https://shop.example"

    # How the marketplace authenticates its requests, as registered there: a signature over timestamp
    # and body, or the secret itself as a Bearer token. The other one is refused. Expected: "hmac" or
    # "bearer".
    #auth = "hmac"

    # File with the secret registered at the marketplace: the secret on its first line, then up to
    # three lines `previous RFC3339-TIME SECRET`. Without it a secret is made on the first start and
    # kept in the data directory. Expected: a path. Not set by default.
    #secret_file = "/etc/rfq-agent/secret"

    # Folder for what the agent keeps: its secret, the ledger of offers, the list of rejected rows.
    # With another one the agent knows none of its offers. The default is beside this file, or in the
    # working directory when there is no file. Expected: a path.
    #data_dir = "rfq-agent-data"

    # From the first byte of a request to its answer; what is not ready then is declined. The
    # marketplace drops answers after 4000 ms, and the way there takes its share. Expected: a whole
    # number of milliseconds from 1 to 4000.
    budget_ms = 3000

    # The agent's name on its card, which the marketplace and shopping agents read. Expected: some
    # text.
    #name = "RFQ agent"

    # What the card says that the agent does. Expected: some text.
    #description = "Answers requests for quotes with current price, stock and shipping."

    # A service of the shop's own that is asked for the price of each request. Without it the prices
    # of the feed hold; with it, requests that it does not answer are declined. Not set by default. In
    # it:
    # - url: Where it is asked. Expected: an http or https URL without user and password. Needed.
    # - timeout_ms: How long it may take before the request is declined. It counts towards
    # `budget_ms`, which ends it sooner. Expected: a whole number of milliseconds from 1 to 3000.
    # Default: 1500.
    # - cache_entries: Answers remembered at most, some 300 bytes each. Expected: a whole number of
    # answers from 1 to 1000000. Default: 10000.
    # - cache_seconds: How long an answer is used again. A changed price is offered this much later; 0
    # asks every time. Expected: a whole number of seconds from 0 to 3600. Default: 30.
    # - breaker_failures: After so many failures in a row it is left alone for a while, so that a
    # service that hangs does not use up the time of every request. Expected: a whole number of
    # failures from 1 to 1000. Default: 5.
    # - breaker_seconds: How long it is left alone then; requests are declined meanwhile. Expected: a
    # whole number of seconds from 1 to 3600. Default: 10.
    # - max_concurrent: Requests to it at once. Those beyond are declined. Expected: a whole number of
    # requests from 1 to 1024. Default: 64.
    # - token_file: File whose first line is sent to it as a Bearer token. Without it none is sent.
    # Expected: a path. Not set by default.
    #price_service = { url = "http://127.0.0.1:9000/price", timeout_ms = 1500 }

    # Where the products come from: a file, or a query of a database (`sql`). A shop that is
    # configured needs one of them; without any configuration a sample catalogue is served, to try
    # things out.
    [feed]

    # The product feed. It is read again when it changes; put a new one in place by renaming, so that
    # no half of it is read. Expected: a path. Not set by default.
    file = "/shop/a.tsv"

    # How the file is written. Without it this is told from the file's beginning. Expected:
    # "google-tsv", "google-csv", "google-xml", "acp-jsonl", "shopify-csv" or "woocommerce-csv". Not
    # set by default.
    #format = "google-tsv"

    # The column that holds the marketplace's name of each product. Rows without one are not offered,
    # unless the mapping file names them. Expected: the name of a column.
    #slug_column = "product_slug"

    # Table that maps the shop's own products to the marketplace's names, for feeds that have no
    # column for it: `product_slug`, and any of `id`, `gtin`, `brand` and `mpn`. It is read again
    # whenever it changes. Expected: a path. Not set by default.
    #mapping_file = "mapping.csv"

    # How often the file is looked at for a change; 0 reads it again only at the signal SIGHUP. A new
    # price is offered at most this much later, and 1 second more, in which the file must not change
    # (up to 4 if it does), and the time that reading takes. Expected: a whole number of seconds from
    # 0 to 86400.
    #check_seconds = 5

    # How often products are read again whether or not something changed, as a database needs; 0 never
    # does. Each time costs the whole feed. Expected: a whole number of seconds from 0 to 604800.
    #reload_seconds = 0

    # How many products a new feed may lose. One that loses more is taken for broken: it is refused,
    # and the last good one stays. 100 takes every feed. Expected: a whole number of percent from 0 to
    # 100.
    #max_shrink_percent = 50
    "#);
}

/// `RFQ_AGENT_WRITE_PAGE=1 cargo test -p rfq-reference-agent --test it the_page` writes it anew.
#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CONFIGURATION.md");
    if std::env::var_os("RFQ_AGENT_WRITE_PAGE").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == reference(),
        "CONFIGURATION.md is not what config/table.rs says; write it with \
         RFQ_AGENT_WRITE_PAGE=1 cargo test -p rfq-reference-agent --test it the_page"
    );
}

proptest! {
    #[test]
    fn any_text_survives_its_quotes(text in "(?s).{0,40}") {
        let file = commented(&[("name", quoted(&format!("n{text}")))]);
        prop_assert_eq!(load(&file).unwrap().name, format!("n{text}"));
    }
}
