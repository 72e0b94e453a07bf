//! One line of the log as text.

use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};
use rfq_sdk::Clock;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent};

/// Writes what `tracing_subscriber::fmt` does without colours and target, in a third of the time:
/// there is a line for every RFQ. Spans are left out, as the agent has none.
#[derive(Debug)]
pub struct LogLine<C> {
    clock: C,
    second: Mutex<Second>,
}

/// The last second a line was written in.
#[derive(Debug, Default)]
struct Second {
    unix: i64,
    /// `2026-06-01T12:00:00`
    text: String,
}

impl<C: Clock> LogLine<C> {
    /// Lines with the time of `clock`.
    pub fn new(clock: C) -> Self {
        Self { clock, second: Mutex::default() }
    }

    fn write_time(&self, now: DateTime<Utc>, line: &mut Writer<'_>) -> fmt::Result {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if second.unix != now.timestamp() || second.text.is_empty() {
            let text = now.to_rfc3339_opts(SecondsFormat::Secs, true);
            *second = Second { unix: now.timestamp(), text: text.trim_end_matches('Z').to_owned() };
        }
        write!(line, "{}.{:06}Z", second.text, now.timestamp_subsec_micros())
    }
}

impl<C: Clock, S: Subscriber, N> FormatEvent<S, N> for LogLine<C> {
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        self.write_time(self.clock.now(), &mut line)?;
        write!(line, " {:>5} ", event.metadata().level().as_str())?;
        let mut fields = Fields { line: Printable(line), is_first: true, done: Ok(()) };
        event.record(&mut fields);
        fields.done?;
        fields.line.0.write_char('\n')
    }
}

struct Fields<'a> {
    line: Printable<'a>,
    is_first: bool,
    done: fmt::Result,
}

impl Fields<'_> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let space = if std::mem::take(&mut self.is_first) { "" } else { " " };
        let write = match field.name() {
            "message" => write!(self.line, "{space}{value}"),
            name => write!(self.line, "{space}{name}={value}"),
        };
        self.done = self.done.and(write);
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.write(field, format_args!("{value}")),
            _ => self.write(field, format_args!("{value:?}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, format_args!("{value:?}"));
    }
}

/// Writes control characters as escapes, so that no text of a caller can steer a terminal or begin a
/// line.
struct Printable<'a>(Writer<'a>);

impl Write for Printable<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Control characters beyond ASCII begin with this byte.
        if !text.bytes().any(|b| b.is_ascii_control() || b == 0xc2) {
            return self.0.write_str(text);
        }
        text.chars().try_for_each(|c| match c {
            c if c.is_control() => write!(self.0, "{}", c.escape_default()),
            c => self.0.write_char(c),
        })
    }
}
