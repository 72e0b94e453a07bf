//! What the log looks like. It goes to standard error; standard output is for what was asked for.

use std::io::{IsTerminal as _, stderr};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

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
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
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
            .with_ansi(stderr().is_terminal())
            .with_target(false);
        match self.log_format {
            LogFormat::Text => log.init(),
            LogFormat::Json => log.json().flatten_event(true).init(),
        }
    }
}
