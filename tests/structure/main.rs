//! What manifests and the compiler cannot say of the project's structure, read from its sources.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::Table;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every Rust file of the project, relative to its root.
fn sources() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .current_dir(root())
        .output()
        .unwrap();
    let files: Vec<PathBuf> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(PathBuf::from)
        .filter(|file| root().join(file).exists())
        .collect();
    assert!(files.len() > 40, "git knows the sources: {files:?}");
    files
}

fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

fn manifest(folder: &str) -> Table {
    read(&Path::new(folder).join("Cargo.toml")).parse().unwrap()
}

#[test]
fn crates_import_only_what_they_may() {
    // ARCHITECTURE.md, "Crates". Nobody imports the agent but the tests.
    let allowed: [(&str, &[&str]); 8] = [
        ("sdk", &[]),
        ("agent-card", &[]),
        ("marketplace/engine", &["rfq-sdk"]),
        ("marketplace/server", &["rfq-sdk", "rfq-agent-card", "rfq-engine"]),
        ("marketplace/store", &["rfq-engine", "rfq-sdk"]),
        ("reference-agent", &["rfq-sdk", "rfq-agent-card"]),
        ("tests", &["rfq-sdk", "rfq-agent-card", "rfq-reference-agent"]),
        ("fuzz", &["rfq-sdk", "rfq-agent-card", "rfq-engine"]),
    ];
    let members = manifest("")["workspace"]["members"].as_array().unwrap().len();
    assert_eq!(members + 1, allowed.len(), "every crate, and fuzz beside them, has its line here");
    for (folder, may) in allowed {
        let manifest = manifest(folder);
        let own = manifest["package"]["name"].as_str().unwrap();
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = manifest.get(kind).and_then(|list| list.as_table());
            for name in names.into_iter().flat_map(Table::keys) {
                let ours = name.starts_with("rfq-") && name != own;
                assert!(!ours || may.contains(&name.as_str()), "{folder} must not import {name}");
            }
        }
    }
}

#[test]
fn every_crate_takes_the_workspace_s_lints_and_versions() {
    for folder in [
        "sdk",
        "agent-card",
        "marketplace/engine",
        "marketplace/server",
        "marketplace/store",
        "reference-agent",
        "tests",
    ] {
        let manifest = manifest(folder);
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{folder}");
        for key in ["version", "edition", "rust-version", "license"] {
            let inherits = manifest["package"][key].get("workspace").and_then(toml::Value::as_bool);
            assert_eq!(inherits, Some(true), "{folder}: {key}");
        }
    }
}

#[test]
fn the_sdk_without_features_has_no_runtime_and_no_http_framework() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--package", "rfq-sdk", "--no-default-features"])
        .args(["--prefix", "none", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"hmac"), "the tree is there:\n{tree}");
    for name in ["tokio", "hyper", "axum", "tower", "http", "tracing"] {
        assert!(!names.contains(&name), "{name} is in the tree:\n{tree}");
    }
}

#[test]
fn files_stay_short() {
    for file in sources() {
        let text = read(&file);
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        assert!(lines <= 500, "{}: {lines} lines before its tests", file.display());
    }
}

#[test]
fn modules_have_names_that_say_something() {
    let empty_names = ["util", "utils", "common", "helper", "helpers", "types", "manager", "misc"];
    let sources = sources();
    for file in &sources {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let folder = file.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        for name in [Some(stem), folder].into_iter().flatten() {
            assert!(!empty_names.contains(&name), "{}", file.display());
        }
        let beside = file.with_extension("").join("mod.rs");
        assert!(
            !sources.contains(&beside),
            "{} stands beside a folder of its name",
            file.display()
        );
    }
}

#[test]
fn time_and_randomness_are_asked_for_in_few_places() {
    // Each of them has an `expect` for the lint that clippy.toml sets up.
    for file in sources() {
        let asks = read(&file).contains("expect(clippy::disallowed_methods");
        let name = file.file_name().unwrap().to_str().unwrap();
        let may = ["main.rs", "clock.rs"].contains(&name)
            || file
                .components()
                .any(|part| ["benches", "structure"].contains(&part.as_os_str().to_str().unwrap()));
        assert!(!asks || may, "{} asks the machine for time or randomness", file.display());
    }
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    for file in sources() {
        let text = read(&file);
        let allows = text
            .lines()
            .any(|line| line.trim_start().starts_with("#[allow(") || line.starts_with("#![allow("));
        assert!(!allows, "{} allows a lint; use #[expect(.., reason = ..)]", file.display());
    }
}

#[test]
fn the_readme_gives_the_two_commands_and_ci_runs_the_second() {
    let readme = read(Path::new("README.md"));
    assert!(readme.contains("\ncargo run --release --bin rfq-agent -- serve\n"));
    assert!(readme.contains("\ntests/run.sh\n"));
    let ci = read(Path::new(".ci/run"));
    assert!(ci.contains("tests/run.sh\n") && ci.contains("tests/acceptance.sh ../shared/data\n"));
}
