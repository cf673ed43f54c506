//! What the process says of itself, on standard error.
//!
//! Lines of JSON for machines, readable text for a person at a terminal. This module owns their
//! shape and the filter; what is said, and at which level, is decided where it happens.

use std::io::{self, IsTerminal};
use std::str::FromStr;

use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use crate::clock::Clock;

/// The environment variable that the filter is taken from.
pub const FILTER_VARIABLE: &str = "ECS_REFRESH_LOG";

/// What holds where the filter says nothing else. The libraries below report their own retries at
/// `info` and `debug`; what became of a call is ours to say.
const DEFAULT_FILTER: &str =
    "info,aws_=warn,aws_config=error,hyper=warn,rustls=warn,figment=warn,tokio_cron_scheduler=warn";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// [`Format::Text`] on a terminal, [`Format::Json`] elsewhere.
    #[default]
    Auto,
    /// One JSON object per line: `timestamp` (RFC 3339, UTC), `level`, `message`, `target`, and the
    /// event's own fields beside them.
    Json,
    /// One readable line per event; coloured only on a terminal, and not if `NO_COLOR` is set.
    Text,
}

impl FromStr for Format {
    type Err = TelemetryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(TelemetryError::Format { given: text.to_owned() }),
        }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("{given:?} is not a log format: say auto, json or text")]
    Format { given: String },

    #[error(
        "{FILTER_VARIABLE}: {part:?} is neither a level (off, error, warn, info, debug, trace) nor \
         target=level"
    )]
    Filter { part: String, source: Option<ParseError> },

    #[error("logging was already set up in this process")]
    AlreadySetUp,
}

/// Sets up logging for the whole process, once.
///
/// `filter` is the value of [`FILTER_VARIABLE`], if it is set: levels by target, such as
/// `debug,ecs_refresh::aws=trace`. It adds to what holds anyway: `info`, and `warn` for the
/// libraries below.
///
/// # Errors
/// When the filter cannot be understood, or logging was set up before.
pub fn init(format: Format, filter: Option<&str>, clock: &Clock) -> Result<(), TelemetryError> {
    let terminal = io::stderr().is_terminal();
    let look = Look::new(format, terminal, no_color());
    let subscriber = subscriber(look, filter, clock, io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| TelemetryError::AlreadySetUp)
}

/// Sets up logging for the whole process, once, for a person who reads along: time of day, level and
/// sentence, without the fields that programs want. `terminal` says whether `writer` leads to one;
/// the rest is as in [`init`].
///
/// # Errors
/// When the filter cannot be understood, or logging was set up before.
pub fn init_brief<W>(
    filter: Option<&str>,
    clock: &Clock,
    terminal: bool,
    writer: W,
) -> Result<(), TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let look = if terminal && !no_color() { Look::BriefColoured } else { Look::Brief };
    let subscriber = subscriber(look, filter, clock, writer)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| TelemetryError::AlreadySetUp)
}

fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// What a format comes to on a given standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Json,
    Plain,
    Coloured,
    Brief,
    BriefColoured,
}

impl Look {
    fn new(format: Format, terminal: bool, no_color: bool) -> Self {
        match (format, terminal) {
            (Format::Json, _) | (Format::Auto, false) => Self::Json,
            (Format::Text, true) | (Format::Auto, true) if !no_color => Self::Coloured,
            (Format::Text, _) | (Format::Auto, true) => Self::Plain,
        }
    }
}

fn subscriber<W>(
    look: Look,
    filter: Option<&str>,
    clock: &Clock,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let timer = match look {
        Look::Json | Look::Plain | Look::Coloured => ClockTimer::Full(clock.clone()),
        Look::Brief | Look::BriefColoured => ClockTimer::OfDay(clock.clone()),
    };
    let lines = fmt::layer().with_timer(timer).with_writer(writer);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match look {
        Look::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        Look::Plain | Look::Coloured => lines.with_ansi(look == Look::Coloured).boxed(),
        Look::Brief | Look::BriefColoured => {
            let sentence = debug_fn(|writer, field, value| match field.name() {
                "message" => write!(writer, "{value:?}"),
                _ => Ok(()),
            });
            let lines = lines.with_ansi(look == Look::BriefColoured);
            lines.with_target(false).fmt_fields(sentence).boxed()
        }
    };
    Ok(Registry::default().with(lines.with_filter(parse_filter(filter.unwrap_or_default())?)))
}

fn parse_filter(given: &str) -> Result<EnvFilter, TelemetryError> {
    let mut filter = DEFAULT_FILTER.to_owned();
    for part in given.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        // A lone word that is no level would be taken for the name of a target, and silence
        // everything else: a misspelt level must not do that.
        if !part.contains(['=', '[', ']', '}']) && part.parse::<LevelFilter>().is_err() {
            return Err(TelemetryError::Filter { part: part.to_owned(), source: None });
        }
        filter.push(',');
        filter.push_str(part);
    }
    EnvFilter::builder()
        .parse(filter)
        .map_err(|source| TelemetryError::Filter { part: given.to_owned(), source: Some(source) })
}

/// Times of log lines come from the clock that everything else goes by.
enum ClockTimer {
    /// Date and time, to the microsecond.
    Full(Clock),
    /// The time of day, to the second.
    OfDay(Clock),
}

impl FormatTime for ClockTimer {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        match self {
            Self::Full(clock) => {
                let micros = chrono::SecondsFormat::Micros;
                writer.write_str(&clock.now().to_rfc3339_opts(micros, true))
            }
            Self::OfDay(clock) => write!(writer, "{}", clock.now().format("%H:%M:%S")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::*;

    /// A writer that keeps what was written.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged by `events` on a clock that stands at 2027-01-15T08:00:00Z.
    fn logged(look: Look, filter: Option<&str>, events: impl FnOnce()) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let clock = Clock::tokio_from(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
            let page = Page::default();
            let kept = page.clone();
            let subscriber = subscriber(look, filter, &clock, move || page.clone()).unwrap();
            tracing::subscriber::with_default(subscriber, events);
            let bytes = kept.0.lock().unwrap().clone();
            String::from_utf8(bytes).unwrap()
        })
    }

    #[test]
    fn a_json_line_has_the_fields_beside_the_message() {
        let line = logged(Look::Json, None, || {
            tracing::info_span!("look", scope = "prd").in_scope(|| {
                tracing::warn!(service = "prd/api", tasks = 3, held = true, "held: \"why\"\n");
            });
        });
        let expected = json!({
            "timestamp": "2027-01-15T08:00:00.000000Z",
            "level": "WARN",
            "message": "held: \"why\"\n",
            "target": "ecs_refresh::telemetry::tests",
            "service": "prd/api",
            "tasks": 3,
            "held": true,
            "span": {"name": "look", "scope": "prd"},
        });
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
    }

    #[test]
    fn text_is_one_readable_line_without_colour() {
        let line = logged(Look::Plain, None, || tracing::info!(tasks = 3, "looked"));
        let expected = "2027-01-15T08:00:00.000000Z  INFO ecs_refresh::telemetry::tests: looked";
        assert_eq!(line, format!("{expected} tasks=3\n"));
        assert!(logged(Look::Coloured, None, || tracing::info!("looked")).contains('\u{1b}'));
    }

    #[test]
    fn a_brief_line_has_the_time_of_day_and_the_sentence_alone() {
        let line =
            logged(Look::Brief, None, || tracing::warn!(tasks = 3, "shop/web is {}", "held"));
        assert_eq!(line, "08:00:00  WARN shop/web is held\n");
        assert!(logged(Look::BriefColoured, None, || tracing::info!("looked")).contains('\u{1b}'));
    }

    #[test]
    fn colour_needs_a_terminal_and_consent() {
        use Look::*;
        for (format, terminal, no_color, expected) in [
            (Format::Auto, false, false, Json),
            (Format::Auto, true, false, Coloured),
            (Format::Auto, true, true, Plain),
            (Format::Json, true, false, Json),
            (Format::Text, false, false, Plain),
            (Format::Text, true, false, Coloured),
            (Format::Text, true, true, Plain),
        ] {
            let case = format!("{format:?} terminal {terminal} NO_COLOR {no_color}");
            assert_eq!(Look::new(format, terminal, no_color), expected, "{case}");
        }
    }

    /// Which of these events come through: ours at info and debug, the SDK's at info and warn.
    fn heard(filter: Option<&str>) -> Vec<bool> {
        let text = logged(Look::Plain, filter, || {
            tracing::info!(target: "ecs_refresh::plan", "ours at info");
            tracing::debug!(target: "ecs_refresh::plan", "ours at debug");
            tracing::info!(target: "aws_smithy_runtime::client", "theirs at info");
            tracing::warn!(target: "aws_smithy_runtime::client", "theirs at warn");
        });
        ["ours at info", "ours at debug", "theirs at info", "theirs at warn"]
            .map(|event| text.contains(event))
            .to_vec()
    }

    #[test]
    fn a_filter_adds_to_the_default() {
        for (filter, expected) in [
            (None, [true, false, false, true]),
            (Some(""), [true, false, false, true]),
            (Some("debug"), [true, true, false, true]),
            (Some("WARN"), [false, false, false, true]),
            (Some("off,ecs_refresh=info"), [true, false, false, true]),
            (Some("ecs_refresh::plan=debug"), [true, true, false, true]),
            (Some(" info , aws_smithy_runtime=info "), [true, false, true, true]),
        ] {
            assert_eq!(heard(filter), expected, "{filter:?}");
        }
    }

    #[test]
    fn a_filter_that_means_nothing_is_an_error() {
        for filter in ["loud", "info,ecs_refresh=loud", "info,inof", "ecs_refresh[=info"] {
            let error = parse_filter(filter).unwrap_err().to_string();
            assert!(error.starts_with("ECS_REFRESH_LOG: "), "{filter}: {error}");
            assert!(error.contains("target=level"), "{filter}: {error}");
        }
    }

    #[test]
    fn a_format_is_named_or_refused() {
        for (text, format) in
            [("auto", Format::Auto), ("json", Format::Json), ("text", Format::Text)]
        {
            assert_eq!(text.parse::<Format>().unwrap(), format);
        }
        assert!("xml".parse::<Format>().unwrap_err().to_string().contains("auto, json or text"));
    }
}
