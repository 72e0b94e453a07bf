//! The configuration: what counts before what, and what is said of what cannot be used.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::config::{Auth, Config, ConfigError, FeedSource, KEYS, Key};
use tempfile::TempDir;
use tracing_subscriber::filter::LevelFilter;

use super::log::Log;

/// Loads a file of this text, under these variables and flags.
pub(super) fn load(text: &str, variables: &[(&str, &str)], flags: &str) -> Result<Config, String> {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("rfq-agent.toml");
    std::fs::write(&file, text).unwrap();
    let environment = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Config::load(Some(&file), environment, flags.parse().unwrap())
        .map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

pub(super) fn refusal(text: &str) -> String {
    load(text, &[], "").unwrap_err()
}

fn refused_variable(name: &str, value: &str) -> String {
    load("", &[(name, value)], "").unwrap_err()
}

fn port(config: &Config) -> u16 {
    config.bind.port()
}

#[test]
fn told_nothing_the_agent_does_what_its_default_says() {
    let bare = Config::load(None, std::iter::empty(), toml::Table::new()).unwrap();
    assert_eq!(format!("{bare:?}"), format!("{:?}", Config::default()));
    assert_eq!(bare.bind, SocketAddr::from(([127, 0, 0, 1], 8787)));
    assert_eq!(bare.data_dir, Path::new("rfq-agent-data"));
    assert!(matches!(bare.feed.source, FeedSource::Sample));
    assert_eq!(bare.budget.get(), Duration::from_millis(3500));
    let empty = load("", &[("PATH", "/bin"), ("RFQ_AGENT_LOG", "info")], "").unwrap();
    assert!(empty.data_dir.ends_with("rfq-agent-data") && empty.data_dir.is_absolute());
}

#[test]
fn flags_count_before_variables_and_these_before_the_file() {
    let file = "bind = '127.0.0.1:1'\nauth = 'bearer'\n[stock]\nsoft_hold_percent = 1\nhard_hold_minutes = 1";
    let variable = ("RFQ_AGENT_BIND", "127.0.0.1:2");
    let flag = "bind = '127.0.0.1:3'";
    assert_eq!(port(&load("", &[], "").unwrap()), 8787);
    assert_eq!(port(&load(file, &[], "").unwrap()), 1);
    assert_eq!(port(&load(file, &[variable], "").unwrap()), 2);
    assert_eq!(port(&load(file, &[variable], flag).unwrap()), 3);
    assert_eq!(port(&load("", &[], flag).unwrap()), 3);
    // A layer hides what it sets and no more.
    let stock = [("RFQ_AGENT_STOCK_SOFT_HOLD_PERCENT", "2")];
    let config = load(file, &stock, "[stock]\nhard_hold_minutes = 3").unwrap();
    assert_eq!(config.auth, Auth::Bearer);
    assert_eq!(config.stock.soft_hold.get(), 2);
    assert_eq!(config.stock.hard_hold, Duration::from_mins(3));
    assert_eq!(config.stock.hard_holds_per_product, 20);
}

#[test]
fn a_table_may_be_set_in_parts_by_several_layers() {
    let query = ("RFQ_AGENT_FEED_SQL_QUERY", "SELECT 1");
    let config = load("feed.sql.url = 'sqlite:a.db'", &[query], "").unwrap();
    assert!(matches!(config.feed.source, FeedSource::Sql(_)), "{config:?}");
}

#[test]
fn variables_hold_text_and_numbers_without_quotes() {
    let variables = [
        ("RFQ_AGENT_SHIPPING_FREE_FROM_USD", "49.90"),
        ("RFQ_AGENT_FEED_CHECK_SECONDS", "0"),
        ("RFQ_AGENT_NAME", "17"),
        ("RFQ_AGENT_CHECKOUT_URL", "https://shop.example/{id}"),
    ];
    let config = load("", &variables, "").unwrap();
    assert_eq!(config.name, "17");
    assert_eq!(config.feed.check_every, None);
    assert!(config.checkout.url.is_some());
    assert!(format!("{:?}", config.shipping).contains("49.90"), "{:?}", config.shipping);
}

#[test]
fn the_admin_address_answers_to_the_hosts_named() {
    let config = load("admin_hosts = ['rfq-agent', 'Agent.shop.example', 'a_b']", &[], "").unwrap();
    assert_eq!(config.admin_hosts, ["rfq-agent", "Agent.shop.example", "a_b"]);
    assert!(load("", &[], "").unwrap().admin_hosts.is_empty());
}

#[test]
fn relative_paths_begin_at_the_folder_of_the_file_that_names_them() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("rfq-agent.toml");
    let text =
        "secret_file = 'secret'\n[feed]\nfile = '../products.tsv'\nmapping_file = '/etc/map.csv'";
    std::fs::write(&file, text).unwrap();
    let load = |variables: &[(&str, &str)], flags: &str| {
        let environment = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Config::load(Some(&file), environment, flags.parse().unwrap()).unwrap()
    };
    let feed = |config: &Config| match &config.feed.source {
        FeedSource::File { path, .. } => path.clone(),
        other => panic!("{other:?}"),
    };
    let config = load(&[], "");
    assert_eq!(config.secret_file, Some(dir.path().join("secret")));
    assert_eq!(feed(&config), dir.path().join("../products.tsv"));
    assert_eq!(config.feed.mapping_file, Some(PathBuf::from("/etc/map.csv")));
    assert_eq!(config.data_dir, dir.path().join("rfq-agent-data"));
    let config = load(&[("RFQ_AGENT_FEED_FILE", "here.tsv")], "data_dir = 'there'");
    assert_eq!((feed(&config), config.data_dir), ("here.tsv".into(), "there".into()));
}

#[test]
fn the_file_of_a_database_is_such_a_path() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("rfq-agent.toml");
    std::fs::write(&file, "feed.sql = { url = 'sqlite:shop.db', query = 'SELECT 1' }").unwrap();
    let config = Config::load(Some(&file), std::iter::empty(), toml::Table::new()).unwrap();
    let FeedSource::Sql(sql) = config.feed.source else { panic!() };
    let shown = format!("{sql:?}");
    assert!(shown.contains(&*dir.path().join("shop.db").to_string_lossy()), "{shown}");
}

#[test]
fn every_kind_of_wrong_value_has_its_sentence() {
    let values = [
        "bind = 'here'",
        "bind = 8787",
        "bind = 'localhost:1'",
        "\nadmin_bind = '127.0.0.1:8787'",
        "admin_hosts = 'agent'",
        "admin_hosts = ['agent', 'http://agent']",
        "admin_hosts = ['agent:8788']",
        "admin_hosts = ['']",
        "public_url = 'http://shop.example'",
        "public_url = 'https://shop.example/agent'",
        "auth = 'HMAC'",
        "secret_file = ''",
        "data_dir = ['a']",
        "budget_ms = 4001",
        "budget_ms = 0",
        "budget_ms = 3.5",
        "budget_ms = '3500'",
        "\nbudget_ms = 99999999999999999999",
        "name = ' '",
        "description = true",
        "feed = 'products.tsv'",
        "[feed]\n\n\nformat = 'tsv'",
        "[feed]\nslug_column = ''",
        "[feed]\ncheck_seconds = -1",
        "[feed]\nmax_shrink_percent = 101",
        "[feed]\nfile = 'a'\nsql = { url = 'sqlite:a', query = 'SELECT 1' }",
        "[feed.sql]\nurl = 'sqlite:a'",
        "[feed]\nsql = 'sqlite:a'",
        "[price_service]\ntimeout_ms = 5",
        "[offers]\nvalid_minutes = 1436",
        "[offers]\nout_of_stock = 1979-05-27",
        "[shipping]\nfree_from_usd = -1",
        "[shipping]\nfree_from_usd = 1.005",
        "[shipping]\nfree_from_usd = nan",
        "[shipping]\nsurcharges_usd = 5",
        "[shipping]\nzones = ['US']",
        "[[shipping.zones]]\nregions = ['US']\n[[shipping.zones]]\ntiers = []",
        "[[shipping.zones]]\nregions = ['US']\ntiers = [{ cost_usd = 1 },\n { cost_usd = 'free' }]",
        "[lead_time]\ntime_zone = 'Mars'",
        "[lead_time]\ncut_off = 14:00:00",
        "[lead_time]\nholidays = '2026-12-25'",
        "[stock]\nsoft_hold_percent = 200",
        "[stock]\nhard_hold_minutes = 0",
        "[checkout]\nurl = 'http://shop.example/{id}'",
        "[checkout]\nurl = 'https://shop.example/{sku}'",
        "[ledger]\nkeep_days = 0",
    ];
    let sentences: Vec<String> = values.iter().map(|text| refusal(text)).collect();
    assert_snapshot!(sentences.join("\n"), @r#"
    rfq-agent.toml, line 1: bind is "here"; expected a numeric IP address and a port, such as "127.0.0.1:8787"
    rfq-agent.toml, line 1: bind is 8787; expected a numeric IP address and a port, such as "127.0.0.1:8787", in quotes
    rfq-agent.toml, line 1: bind is "localhost:1"; expected a numeric IP address and a port, such as "127.0.0.1:8787"
    rfq-agent.toml, line 2: admin_bind is "127.0.0.1:8787"; expected another address than that of bind
    rfq-agent.toml, line 1: admin_hosts is "agent"; expected a list of host names, such as ["rfq-agent"]
    rfq-agent.toml, line 1: admin_hosts: expected host names without scheme and port, such as ["rfq-agent"]
    rfq-agent.toml, line 1: admin_hosts: expected host names without scheme and port, such as ["rfq-agent"]
    rfq-agent.toml, line 1: admin_hosts: expected host names without scheme and port, such as ["rfq-agent"]
    rfq-agent.toml, line 1: public_url is "http://shop.example"; expected https:// and a host and no more, such as https://shop.example
    rfq-agent.toml, line 1: public_url is "https://shop.example/agent"; expected https:// and a host and no more, such as https://shop.example
    rfq-agent.toml, line 1: auth is "HMAC"; expected "hmac" or "bearer"
    rfq-agent.toml, line 1: secret_file is ""; expected a path
    rfq-agent.toml, line 1: data_dir is a list; expected a path, in quotes
    rfq-agent.toml, line 1: budget_ms is 4001; expected a whole number of milliseconds from 1 to 4000
    rfq-agent.toml, line 1: budget_ms is 0; expected a whole number of milliseconds from 1 to 4000
    rfq-agent.toml, line 1: budget_ms is 3.5; expected a whole number of milliseconds from 1 to 4000
    rfq-agent.toml, line 1: budget_ms is "3500"; expected a whole number of milliseconds from 1 to 4000
    rfq-agent.toml, line 2: not TOML: a number beyond 64 bits
    rfq-agent.toml, line 1: name is " "; expected some text
    rfq-agent.toml, line 1: description is true; expected some text, in quotes
    rfq-agent.toml, line 1: feed is "products.tsv"; expected a section [feed]
    rfq-agent.toml, line 4: feed.format is "tsv"; expected "google-tsv", "google-csv", "google-xml", "acp-jsonl", "shopify-csv" or "woocommerce-csv"
    rfq-agent.toml, line 2: feed.slug_column: expected the name of a column
    rfq-agent.toml, line 2: feed.check_seconds is -1; expected a whole number of seconds from 0 to 86400
    rfq-agent.toml, line 2: feed.max_shrink_percent is 101; expected a whole number of percent from 0 to 100
    rfq-agent.toml, line 1: feed: both file and sql are set, here, by variables or by options; expected one of the two
    rfq-agent.toml, line 1: feed.sql.query is missing; expected one query that begins with SELECT or WITH
    rfq-agent.toml, line 2: feed.sql is not shown here; expected a table, such as { url = "sqlite:shop.db", query = "SELECT id, price, availability, product_slug FROM products", timeout_seconds = 60 }
    rfq-agent.toml, line 1: price_service.url is missing; expected an http or https URL without user and password
    rfq-agent.toml, line 2: offers.valid_minutes is 1436; expected a whole number of minutes from 5 to 1435
    rfq-agent.toml, line 2: offers.out_of_stock is 1979-05-27; expected "decline" or "offer"
    rfq-agent.toml, line 2: shipping.free_from_usd is -1; expected an amount in US dollars, such as 49.99
    rfq-agent.toml, line 2: shipping.free_from_usd is 1.005; expected an amount in US dollars, such as 49.99
    rfq-agent.toml, line 2: shipping.free_from_usd is NaN; expected an amount in US dollars, such as 49.99
    rfq-agent.toml, line 2: shipping.surcharges_usd is 5; expected amounts in US dollars by region, such as { "AK-US" = 12.50 }
    rfq-agent.toml, line 2: shipping.zones[0] is "US"; expected a table in braces
    2 problems in the configuration:
      rfq-agent.toml, line 1: shipping.zones[0].tiers is missing; expected a list of tables, such as [{ up_to_usd = 50, cost_usd = 6.99 }, { cost_usd = 3.99 }]
      rfq-agent.toml, line 3: shipping.zones[1].regions is missing; expected a list of states, countries or "*", such as ["CA-US", "US"]
    rfq-agent.toml, line 4: shipping.zones[0].tiers[1].cost_usd is "free"; expected an amount in US dollars, such as 49.99
    rfq-agent.toml, line 2: lead_time.time_zone: "Mars": expected the name of a time zone, such as America/New_York or UTC
    rfq-agent.toml, line 2: lead_time.cut_off is 14:00:00; expected a time of day, such as "14:00", in quotes
    rfq-agent.toml, line 2: lead_time.holidays is "2026-12-25"; expected dates in quotes, such as ["2026-12-25"]
    rfq-agent.toml, line 2: stock.soft_hold_percent is 200; expected a whole number of percent from 0 to 100
    rfq-agent.toml, line 2: stock.hard_hold_minutes is 0; expected a whole number of minutes from 1 to 1440
    rfq-agent.toml, line 2: checkout.url is "http://shop.example/{id}"; expected https://, or http:// on this machine only
    rfq-agent.toml, line 2: checkout.url is "https://shop.example/{sku}"; {sku} stands for nothing; expected {id}, {quantity}, {offer_id} or {price_usd}
    rfq-agent.toml, line 2: ledger.keep_days is 0; expected a whole number of days from 1 to 3650
    "#);
}

#[test]
fn every_kind_of_wrong_variable_has_its_sentence() {
    let variables = [
        ("RFQ_AGENT_BIND", "8787"),
        ("RFQ_AGENT_AUTH", "token"),
        ("RFQ_AGENT_BUDGET_MS", "3.5 s"),
        ("RFQ_AGENT_BUDGET_MS", ""),
        ("RFQ_AGENT_PUBLIC_URL", "shop.example"),
        ("RFQ_AGENT_SHIPPING_FREE_FROM_USD", "$50"),
        ("RFQ_AGENT_SHIPPING_ZONES", "US"),
        ("RFQ_AGENT_LEAD_TIME_TIME_ZONE", "Mars"),
        ("RFQ_AGENT_FEED_SQL_URL", "sqlite:a"),
        ("RFQ_AGENT_CHECKOUT_URL", "https://shop.example/{"),
    ];
    let sentences: Vec<String> =
        variables.iter().map(|(name, value)| refused_variable(name, value)).collect();
    assert_snapshot!(sentences.join("\n"), @r#"
    RFQ_AGENT_BIND is "8787"; expected a numeric IP address and a port, such as "127.0.0.1:8787"
    RFQ_AGENT_AUTH is "token"; expected "hmac" or "bearer"
    RFQ_AGENT_BUDGET_MS is "3.5 s"; expected a whole number of milliseconds from 1 to 4000
    RFQ_AGENT_BUDGET_MS is ""; expected a whole number of milliseconds from 1 to 4000
    RFQ_AGENT_PUBLIC_URL is "shop.example"; expected https:// and a host and no more, such as https://shop.example
    RFQ_AGENT_SHIPPING_FREE_FROM_USD is "$50"; expected an amount in US dollars, such as 49.99
    RFQ_AGENT_SHIPPING_ZONES: shipping.zones can be set in a configuration file only
    RFQ_AGENT_LEAD_TIME_TIME_ZONE: "Mars": expected the name of a time zone, such as America/New_York or UTC
    feed.sql.query is missing beside RFQ_AGENT_FEED_SQL_URL; expected one query that begins with SELECT or WITH
    RFQ_AGENT_CHECKOUT_URL is "https://shop.example/{"; a brace without its other one; expected places such as {id}, and %7B for a brace
    "#);
    let bytes = OsString::from_vec(b"caf\xe9".to_vec());
    let error =
        Config::load(None, [("RFQ_AGENT_NAME".into(), bytes)].into_iter(), toml::Table::new());
    assert_snapshot!(error.unwrap_err(), @"RFQ_AGENT_NAME: not UTF-8; expected some text");
    assert_snapshot!(load("", &[], "budget_ms = 0").unwrap_err(), @"on the command line: budget_ms is 0; expected a whole number of milliseconds from 1 to 4000");
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    assert_snapshot!(refusal("bind = \n[feed"), @"rfq-agent.toml, line 2: not TOML: unclosed table, expected `]`");
    assert_snapshot!(refusal("[feed]\nfile = 'a'\nfile = 'b'"), @"rfq-agent.toml, line 3: not TOML: duplicate key");
    let missing =
        Config::load(Some(Path::new("/missing.toml")), std::iter::empty(), toml::Table::new());
    let error = missing.unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
    assert_snapshot!(error, @"the configuration /missing.toml cannot be read; check the path and who may read it");
}

#[test]
fn no_password_is_in_what_is_said_or_shown() {
    let secret = "hunter2";
    let url = format!("postgres://shop:{secret}@db.shop.example/shop");
    let good = format!("feed.sql = {{ url = '{url}', query = 'SELECT 1' }}");
    let config = load(&good, &[], "").unwrap();
    assert!(!format!("{config:?}").contains(secret));
    let of = |text: &str, variables: &[(&str, &str)]| {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("rfq-agent.toml");
        std::fs::write(&file, text).unwrap();
        let environment = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let error = Config::load(Some(&file), environment, toml::Table::new()).unwrap_err();
        format!("{error} {error:?}")
    };
    for text in [
        format!("[feed.sql]\nurl = ['{url}']\nquery = ''"),
        format!("[feed.sql]\nurl = '{url}"),
        format!("[feed.sql]\nulr = '{url}'\nquery = ''"),
        format!("feed.sql = '{url}'"),
        format!("{good}\nfeed.file = 'x'"),
        format!("public_url = 'https://shop:{secret}@shop.example'"),
        format!("checkout.url = 'https://shop:{secret}@shop.example'"),
        format!("feed.file = '{url}'"),
        format!("feed.file = 'postgresql:///shop?password={secret}'"),
    ] {
        let said = of(&text, &[]);
        assert!(!said.contains(secret), "{text}: {said}");
    }
    for variable in ["RFQ_AGENT_FEED_SQL_URL", "RFQ_AGENT_FEED_SQL_ULR", "RFQ_AGENT_PUBLIC_URL"] {
        let said = of("", &[(variable, &url)]);
        assert!(!said.contains(secret), "{variable}: {said}");
    }
    assert_snapshot!(load("", &[], &format!("feed.file = '{url}'")).unwrap_err(), @"on the command line: feed.file is not shown here; expected a path, not a URL; a database belongs in [feed.sql]");
}

fn toml_like() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("bind"),
        Just("feed"),
        Just("sql"),
        Just("zones"),
        Just("shipping"),
        Just("tiers"),
        Just("url"),
        Just("budget_ms"),
        Just("surcharges_usd"),
        Just("\"\""),
        Just("\"a.b[0]\""),
    ];
    let value = prop_oneof![
        Just("1"),
        Just("-0.0"),
        Just("inf"),
        Just("'x'"),
        Just("[]"),
        Just("{}"),
        Just("[{}, 1]"),
        Just("[{ tiers = [{}] }]"),
        Just("{ url = 'sqlite:' }"),
        Just("1979-05-27"),
        Just("\"\\u0000\""),
    ];
    let line =
        (proptest::collection::vec(name, 1..4), value, 0..3).prop_map(|(path, value, shape)| {
            let path = path.join(".");
            match shape {
                0 => format!("{path} = {value}"),
                1 => format!("[{path}]"),
                _ => format!("[[{path}]]"),
            }
        });
    proptest::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_the_file_says_it_is_read_or_refused(text in prop_oneof![toml_like(), "\\PC{0,60}"]) {
        if let Err(said) = load(&text, &[], "") {
            prop_assert!(!said.is_empty());
        }
    }

    #[test]
    fn whatever_a_variable_says_it_is_read_or_refused(
        name in prop_oneof![
            Just("BIND".to_owned()), Just("FEED_SQL_URL".to_owned()), Just("CHECKOUT_URL".to_owned()),
            Just("SHIPPING_FREE_FROM_USD".to_owned()), Just("STOCK_SOFT_HOLD_PERCENT".to_owned()),
            "[A-Z_]{0,12}",
        ],
        value in prop_oneof![proptest::collection::vec(any::<u8>(), 0..20), "[0-9.e-]{0,12}".prop_map(String::into_bytes)],
    ) {
        let environment = [(format!("RFQ_AGENT_{name}").into(), OsString::from_vec(value))];
        let loaded = Config::load(None, environment.into_iter(), toml::Table::new());
        if let Err(error) = loaded {
            prop_assert!(error.to_string().contains(&name), "{}", error);
        }
    }
}

#[test]
fn what_could_hold_a_password_is_not_shown() {
    for text in [
        "feed = 'postgres://db.example/shop?user=shop&password=hunter2'",
        "[feed]\nsql = 'postgres://db.example/shop?password=hunter2'",
        "[feed]\nfile = 'https://shop.example/hunter2/feed.tsv'\nformat = 'sqlite://hunter2'",
        "[price_service]\nurl = 'shop.example/price?key=hunter2'",
        "[checkout]\nurl = 'http://shop:hunter2@shop.example/{id}'",
        "public_url = 'https://shop.example/?key=hunter2'",
    ] {
        let said = refusal(text);
        assert!(!said.contains("hunter2") && said.contains("not shown here"), "{text}: {said}");
    }
}

#[test]
fn variables_of_a_kubernetes_service_are_passed_over_with_one_warning() {
    let injected = [
        ("RFQ_AGENT_PORT", "tcp://10.0.0.7:8787"),
        ("RFQ_AGENT_PORT_8787_TCP", "tcp://10.0.0.7:8787"),
        ("RFQ_AGENT_PORT_8787_TCP_PROTO", "tcp"),
        ("RFQ_AGENT_SERVICE_HOST", "10.0.0.7"),
        ("RFQ_AGENT_SERVICE_PORT", "8787"),
        ("RFQ_AGENT_SERVICE_PORT_HTTP", "8787"),
    ];
    let log = Log::default();
    let _log = log.keep(LevelFilter::WARN);
    load("", &injected, "").unwrap();
    assert_snapshot!(log.text(), @r#" WARN Passing over variables as Kubernetes makes them of a Service called rfq-agent; enableServiceLinks: false keeps them out, and the port is set by RFQ_AGENT_BIND variables="RFQ_AGENT_PORT, RFQ_AGENT_PORT_8787_TCP, RFQ_AGENT_PORT_8787_TCP_PROTO, RFQ_AGENT_SERVICE_HOST, RFQ_AGENT_SERVICE_PORT, RFQ_AGENT_SERVICE_PORT_HTTP""#);
    for like in ["RFQ_AGENT_PORTS", "RFQ_AGENT_SERVICE", "RFQ_AGENT_SERVICE_HOSTS"] {
        assert!(refused_variable(like, "1").contains("there is no such variable"), "{like}");
    }
    for key in KEYS.iter().filter_map(Key::variable) {
        assert!(
            !key.starts_with("RFQ_AGENT_PORT") && !key.starts_with("RFQ_AGENT_SERVICE"),
            "{key}"
        );
    }
}
