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
    for command in ["serve", "init", "import", "replay"] {
        let help = run(dir.path(), &[command, "--help"], &[]);
        let help = String::from_utf8(help.stdout).unwrap();
        let variables: Vec<_> =
            help.split("[env: ").skip(1).map(|rest| rest.split(']').next().unwrap()).collect();
        assert!(variables.contains(&"RFQ_AGENT_LOG"), "{help}");
        // With its value shown, a variable is followed by `=`, set or not.
        assert!(variables.iter().all(|variable| !variable.contains('=')), "{variables:?}");
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

const HEADER: &str = "id\tprice\tavailability\tproduct_slug\n";

/// One product that can be offered, `unmapped` that have no name of the marketplace, and `rejected` that
/// have no price.
fn feed(unmapped: usize, rejected: usize) -> String {
    let unmapped: String = (0..unmapped).map(|n| format!("u{n}\t1.00 USD\tin_stock\t\n")).collect();
    let rejected: String =
        (0..rejected).map(|n| format!("r{n}\tfree\tin_stock\ta/{n}\n")).collect();
    format!("{HEADER}1\t1.00 USD\tin_stock\ta/b\n{unmapped}{rejected}")
}

/// As [`said`], without the time of log lines and the folder.
fn said_in(folder: &Path, arguments: &[&str]) -> (String, bool) {
    let (text, done) = said(&run(folder, arguments, &[("RFQ_AGENT_LOG", "warn")]));
    let without_time = |line: &str| match line.split_once("Z  WARN ") {
        Some((_, line)) => format!("WARN {line}"),
        None => line.to_owned(),
    };
    let lines: Vec<String> = text.lines().map(without_time).collect();
    (lines.join("\n").replace(&folder.display().to_string(), "FOLDER"), done)
}

#[test]
fn the_first_rows_left_out_are_named_and_all_of_them_listed() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("feed.tsv"), feed(6, 7)).unwrap();
    let (report, done) = said_in(dir.path(), &["import", "feed.tsv", "--dry-run"]);
    assert!(done, "{report}");
    assert_snapshot!(report, @r#"
    Format    google-tsv
    Read      14 rows
    Accepted  1
    Unmapped  6 (no name of the marketplace)
      line 3, id u0
      line 4, id u1
      line 5, id u2
      line 6, id u3
      line 7, id u4
      listed in import-unmapped-rows.tsv
    Rejected  7
      line 9, id r0, price "free": expected an amount and its currency, such as 169.99 USD
      line 10, id r1, price "free": expected an amount and its currency, such as 169.99 USD
      line 11, id r2, price "free": expected an amount and its currency, such as 169.99 USD
      line 12, id r3, price "free": expected an amount and its currency, such as 169.99 USD
      line 13, id r4, price "free": expected an amount and its currency, such as 169.99 USD
      listed in import-rejected-rows.tsv
    WARN Some rows are rejected; with --strict that is an error rejected=7
    "#);
    let list = std::fs::read_to_string(dir.path().join("import-rejected-rows.tsv")).unwrap();
    assert_eq!(list.lines().count(), 1 + 7, "{list}");
    let list = std::fs::read_to_string(dir.path().join("import-unmapped-rows.tsv")).unwrap();
    assert_eq!(list.lines().count(), 1 + 6, "{list}");
    // Where the agent keeps its own lists, which stay as they are; and none is left of a better feed.
    let (report, done) = said_in(dir.path(), &["init", "feed.tsv"]);
    assert!(done && report.contains("rfq-agent-data/rejected-rows.tsv"), "{report}");
    std::fs::write(dir.path().join("feed.tsv"), feed(0, 1)).unwrap();
    let (report, done) = said_in(dir.path(), &["import", "feed.tsv", "--dry-run"]);
    assert!(done && report.contains("rfq-agent-data/import-rejected-rows.tsv"), "{report}");
    let data = dir.path().join("rfq-agent-data");
    let own = std::fs::read_to_string(data.join("rejected-rows.tsv")).unwrap();
    assert_eq!(own.lines().count(), 1 + 7, "{own}");
    std::fs::write(dir.path().join("feed.tsv"), feed(0, 0)).unwrap();
    let (report, done) = said_in(dir.path(), &["import", "feed.tsv", "--dry-run"]);
    assert!(done && !report.contains("import-"), "{report}");
    assert!(!data.join("import-rejected-rows.tsv").exists());
}

#[test]
fn a_strict_import_takes_no_feed_with_rejected_rows() {
    let dir = TempDir::new().unwrap();
    let served = || std::fs::read_to_string(dir.path().join("feed.tsv")).unwrap();
    std::fs::write(dir.path().join("feed.tsv"), feed(0, 0)).unwrap();
    std::fs::write(dir.path().join("new.tsv"), feed(1, 1)).unwrap();
    std::fs::write(dir.path().join("rfq-agent.toml"), "feed.file = 'feed.tsv'").unwrap();
    for arguments in
        [&["import", "new.tsv", "--strict"][..], &["import", "new.tsv", "--strict", "--dry-run"]]
    {
        let (refused, done) = said_in(dir.path(), arguments);
        assert!(!done && served() == feed(0, 0), "{refused}");
        assert!(refused.contains("--strict takes no rejected rows, and there are 1"), "{refused}");
        assert!(refused.contains("line 4, id r0, price \"free\""), "{refused}");
    }
    let (report, done) = said_in(dir.path(), &["import", "new.tsv"]);
    assert!(done && served() == feed(1, 1), "{report}");
    assert!(report.contains("WARN Some rows are rejected"), "{report}");
    // Those without a name are no mistakes.
    std::fs::write(dir.path().join("new.tsv"), feed(2, 0)).unwrap();
    let (report, done) = said_in(dir.path(), &["import", "new.tsv", "--strict"]);
    assert!(done && served() == feed(2, 0) && !report.contains("WARN"), "{report}");
    // A mapping file is read with it.
    std::fs::write(dir.path().join("map.csv"), "product_slug,id\nnot a name,1\na/c,u0\n").unwrap();
    std::fs::write(
        dir.path().join("rfq-agent.toml"),
        "feed.file = 'feed.tsv'\nfeed.mapping_file = 'map.csv'",
    )
    .unwrap();
    let (refused, done) = said_in(dir.path(), &["import", "new.tsv", "--strict"]);
    assert!(!done && refused.contains("and there are 1"), "{refused}");
    assert!(refused.contains("import-rejected-mapping-rows.tsv"), "{refused}");
}

#[test]
fn a_feed_that_cannot_be_told_is_named_by_its_format() {
    let dir = TempDir::new().unwrap();
    // The tab makes it look like a table with tabs.
    let unlike = "id,price,availability,product_slug,a\tb\n1,1.00 USD,in_stock,a/b,\n";
    std::fs::write(dir.path().join("feed.csv"), unlike).unwrap();
    for arguments in [&["init", "feed.csv"][..], &["import", "feed.csv", "--dry-run"]] {
        let (refused, done) = said_in(dir.path(), arguments);
        assert!(!done && refused.contains("say by feed.format, or --format of init"), "{refused}");
    }
    let (report, done) =
        said_in(dir.path(), &["import", "feed.csv", "--dry-run", "--format", "google-csv"]);
    assert!(done && report.contains("Format    google-csv"), "{report}");
    let (report, done) =
        said_in(dir.path(), &["import", "feed.csv", "--dry-run", "--format", "google-tsv"]);
    assert!(!done && report.contains("no column"), "{report}");
    let (refused, done) = said_in(dir.path(), &["import", "feed.csv", "--format", "google-csv"]);
    assert!(!done && refused.contains("--dry-run"), "{refused}");
    let (refused, done) = said_in(dir.path(), &["init", "feed.csv", "--format", "csv"]);
    assert!(!done && refused.contains("woocommerce-csv"), "{refused}");
    let (report, done) = said_in(dir.path(), &["init", "feed.csv", "--format", "google-csv"]);
    assert!(done, "{report}");
    let written = std::fs::read_to_string(dir.path().join("rfq-agent.toml")).unwrap();
    assert!(written.contains("\nformat = \"google-csv\"\n"), "{written}");
}

#[test]
fn a_log_filter_that_would_log_nothing_is_refused() {
    let dir = TempDir::new().unwrap();
    let import = |filter: &str| {
        let arguments = ["import", "none.tsv", "--dry-run"];
        said(&run(dir.path(), &arguments, &[("RFQ_AGENT_LOG", filter)])).0
    };
    let refused = import("inof");
    assert_snapshot!(refused, @r#"
    error: invalid value 'inof' for '--log <FILTER>': "inof" is no level; expected error, warn, info, debug, trace or off, also per module as in info,rfq_sdk=debug

    For more information, try '--help'.
    "#);
    for filter in ["info,debgu", "rfq_sdk=debgu", "rfq_sdk", "info, inof"] {
        assert!(
            import(filter).contains("expected error, warn, info"),
            "{filter}: {}",
            import(filter)
        );
    }
    for filter in ["info", "WARN", "off", "rfq_sdk=debug", "info,rfq_sdk=debug", "info, warn", ""] {
        assert!(import(filter).contains("none.tsv cannot be used"), "{filter}: {}", import(filter));
    }
}

#[test]
fn a_new_secret_is_told_also_by_a_start_that_fails() {
    let dir = TempDir::new().unwrap();
    let free = [("RFQ_AGENT_BIND", "127.0.0.1:0"), ("RFQ_AGENT_ADMIN_BIND", "127.0.0.1:0")];
    let start = || said(&run(dir.path(), &["serve", "--feed", "none.tsv"], &free)).0;
    let first = start();
    assert!(first.contains("Made a new secret; register it at the marketplace"), "{first}");
    assert!(first.contains("rfq-agent-data/secret") && first.contains("none.tsv"), "{first}");
    assert!(!start().contains("new secret"));
}
