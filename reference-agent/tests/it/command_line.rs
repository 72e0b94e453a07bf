//! What the program says of its options and of what it is given, run as the program it is.

use std::path::Path;
use std::process::{Command, Output};

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
