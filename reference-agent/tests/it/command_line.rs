//! What the program says of its options and of what it is given, run as the program it is.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;
use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rfq-agent"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// What it prints and logs, and then whether it succeeded.
fn said(done: &Output) -> (String, bool) {
    let text = [&*done.stdout, &*done.stderr].map(String::from_utf8_lossy).concat();
    (text, done.status.success())
}

#[test]
fn help_names_variables_but_not_what_they_hold() {
    let dir = TempDir::new().unwrap();
    let held = "held-by-the-environment";
    let variables = ["CONFIG", "FEED_FILE", "DATA_DIR", "LOG", "PUBLIC_URL"]
        .map(|name| (format!("RFQ_AGENT_{name}"), held));
    let variables: Vec<_> = variables.iter().map(|(name, held)| (&**name, *held)).collect();
    for command in ["serve", "init", "import", "replay"] {
        let help = run(dir.path(), &[command, "--help"], &variables);
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(help.contains("[env: RFQ_AGENT_LOG]"), "{help}");
        assert!(!help.contains(held), "{help}");
    }
}

#[test]
fn a_url_given_as_a_file_is_refused_without_the_password_in_it() {
    let dir = TempDir::new().unwrap();
    for url in [
        "postgres://shop:hunter2@db.example/shop",
        "postgres:/shop:hunter2@db.example/shop",
        "postgresql:shop:hunter2@db.example/shop",
        "https://shop:hunter2@shop.example/feed.tsv",
    ] {
        for arguments in [
            &["init", url][..],
            &["init", "feed.tsv", "--mapping", url],
            &["import", url],
            &["import", url, "--dry-run"],
            &["serve", "--feed", url],
        ] {
            let (said, done) = said(&run(dir.path(), arguments, &[]));
            assert!(!done && !said.contains("hunter2"), "{arguments:?}: {said}");
            assert!(said.contains("[feed.sql]"), "{arguments:?}: {said}");
        }
    }
    let (said, _) =
        said(&run(dir.path(), &["init", "postgres://shop:hunter2@db.example/shop"], &[]));
    assert_snapshot!(said, @"rfq-agent: expected a file, not a URL; a database belongs in [feed.sql] of the configuration");
}

#[test]
fn a_feed_is_checked_where_a_configuration_names_none() {
    let dir = TempDir::new().unwrap();
    let feed = "id\tprice\tavailability\tname\n1\t1.00 USD\tin_stock\ta/b\n";
    std::fs::write(dir.path().join("feed.tsv"), feed).unwrap();
    std::fs::write(dir.path().join("rfq-agent.toml"), "[feed]\nslug_column = 'name'\n").unwrap();
    let (report, done) = said(&run(dir.path(), &["import", "feed.tsv", "--dry-run"], &[]));
    assert!(done && report.contains("Accepted  1"), "{report}");
    let (refused, done) = said(&run(dir.path(), &["import", "feed.tsv"], &[]));
    assert!(!done && refused.contains("no feed file is configured to be replaced"), "{refused}");
}

#[test]
fn whatever_configures_a_shop_it_never_sells_the_sample() {
    let dir = TempDir::new().unwrap();
    // An agent that served the sample would go on until it is stopped: these end, as they cannot bind.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let serve = |options: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["serve", "--bind", &taken], options].concat();
        said(&run(dir.path(), &arguments, variables)).0
    };
    for variable in [
        ("RFQ_AGENT_PUBLIC_URL", "https://shop.example"),
        ("RFQ_AGENT_AUTH", "bearer"),
        ("RFQ_AGENT_NAME", "Shop"),
        ("RFQ_AGENT_FEED_SLUG_COLUMN", "name"),
        ("RFQ_AGENT_STOCK_SOFT_HOLD_PERCENT", "20"),
    ] {
        let refused = serve(&[], &[variable]);
        let expected = format!("{} is set, but no feed is named", variable.0);
        assert!(refused.contains(&expected), "{refused}");
    }
    let public = ["--public-url", "https://shop.example"];
    let refused = serve(&public, &[]);
    assert_snapshot!(refused.lines().last().unwrap(), @"rfq-agent: --public-url is set, but no feed is named: set feed.file (also by RFQ_AGENT_FEED_FILE, or --feed of serve), or feed.sql for a database; sample products are only served without a configuration");
    // These are tried out, or have a feed.
    let data = [("RFQ_AGENT_DATA_DIR", "data"), ("RFQ_AGENT_ADMIN_BIND", "127.0.0.1:0")];
    let log = [("RFQ_AGENT_LOG", "info"), ("RFQ_AGENT_LOG_FORMAT", "json")];
    let feed = [("RFQ_AGENT_FEED_FILE", "feed.tsv"), ("RFQ_AGENT_AUTH", "bearer")];
    for variables in [&[][..], &data, &log, &feed] {
        let started = serve(&["--auth", "bearer"], variables);
        assert!(started.contains("cannot listen on"), "{variables:?}: {started}");
    }
}
