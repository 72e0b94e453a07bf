//! What the log looks like. It goes to standard error; standard output is for what was asked for.

use std::io::{IsTerminal as _, stderr};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// How log lines are written, on standard error
    #[arg(
        long,
        env = "RFQ_AGENT_LOG_FORMAT",
        hide_env_values = true,
        value_enum,
        default_value_t = LogFormat::Text,
        global = true
    )]
    log_format: LogFormat,

    /// What is logged: error, warn, info, debug or trace, also per module as in
    /// `info,rfq_sdk=debug`
    #[arg(
        long,
        env = "RFQ_AGENT_LOG",
        hide_env_values = true,
        default_value = "info",
        value_name = "FILTER",
        value_parser = parse_filter,
        global = true
    )]
    log: String,
}

fn parse_filter(text: &str) -> Result<String, String> {
    const EXPECTED: &str =
        "expected error, warn, info, debug, trace or off, also per module as in info,rfq_sdk=debug";
    // A word alone would be a module, of which all is logged and of all others nothing.
    let is_bare = |part: &&str| !part.is_empty() && !part.contains(['=', '[']);
    let bare = || text.split(',').map(str::trim).filter(is_bare);
    if let Some(word) = bare().find(|word| word.parse::<LevelFilter>().is_err()) {
        return Err(format!("{word:?} is no level; {EXPECTED}"));
    }
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; {EXPECTED}"))
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// A sentence, then its fields
    Text,
    /// One JSON object a line
    Json,
}

impl LogArgs {
    pub(crate) fn start(&self) {
        let log = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(&self.log))
            .with_writer(stderr)
            // They would be told where the log itself goes, and nobody reads that.
            .log_internal_errors(false)
            .with_ansi(stderr().is_terminal())
            .with_target(false);
        match self.log_format {
            LogFormat::Text => log.init(),
            LogFormat::Json => log.json().flatten_event(true).init(),
        }
    }
}
