//! Single values: what was written, and what it is read as.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use humantime::{DurationError, format_duration, parse_duration};
use toml::de::DeValue;

/// A value as a file or an environment variable gives it.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    Text(&'a str),
    Integer(i64),
    Float(f64),
    Flag(bool),
    /// Anything else, by the name of its type.
    Other(&'static str),
}

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    pub fn new(message: impl Display) -> Self {
        Self { message: message.to_string(), hint: None }
    }

    pub fn hint(self, hint: impl Display) -> Self {
        Self { hint: Some(hint.to_string()), ..self }
    }
}

impl<'a> Raw<'a> {
    /// What a file says.
    pub fn of(value: &'a DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Self::Other("an integer of more than 64 bits"), Self::Integer),
            DeValue::Float(number) => {
                number.as_str().parse().map_or(Self::Other("no number"), Self::Float)
            }
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Array(_) => Self::Other("an array"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// What an environment variable says, which has no types of its own.
    pub fn of_environment(text: &'a str) -> Self {
        if let Ok(number) = text.parse() {
            return Self::Integer(number);
        }
        match (text.parse(), text.parse()) {
            (Ok(flag), _) => Self::Flag(flag),
            (_, Ok(number)) => Self::Float(number),
            _ => Self::Text(text),
        }
    }

    fn is(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Flag(_) => "a boolean",
            Self::Other(kind) => kind,
        }
    }

    fn not(&self, expected: &str) -> Fault {
        Fault::new(format!("must be {expected}, is {}", self.is()))
    }

    /// Text of 1 to `chars_max` printable characters.
    pub fn text(self, chars_max: usize) -> Result<&'a str, Fault> {
        let Self::Text(text) = self else { return Err(self.not("text in quotes")) };
        if text.trim().is_empty() {
            return Err(Fault::new("is empty"));
        }
        if text.chars().count() > chars_max {
            return Err(Fault::new(format!("is longer than {chars_max} characters")));
        }
        match text.chars().any(char::is_control) {
            true => Err(Fault::new("has a control character in it")),
            false => Ok(text),
        }
    }

    /// `true` or `false`.
    pub fn flag(self) -> Result<bool, Fault> {
        match self {
            Self::Flag(flag) => Ok(flag),
            Self::Text("true" | "false") => Err(self.not("true or false").hint("without quotes")),
            _ => Err(self.not("true or false")),
        }
    }

    /// A whole number in `range`.
    pub fn count(self, range: RangeInclusive<u32>) -> Result<u32, Fault> {
        let Self::Integer(number) = self else { return Err(self.not("a whole number")) };
        u32::try_from(number).ok().filter(|number| range.contains(number)).ok_or_else(|| {
            Fault::new(format!(
                "must be between {} and {}, is {number}",
                range.start(),
                range.end()
            ))
        })
    }

    /// More than 0 and at most 1.
    pub fn share(self) -> Result<f64, Fault> {
        let share = match self {
            Self::Float(number) => number,
            Self::Integer(number) => number as f64,
            _ => return Err(self.not("a number")),
        };
        match share > 0.0 && share <= 1.0 {
            true => Ok(share),
            false => Err(Fault::new(format!("must be more than 0 and at most 1, is {share}"))
                .hint("0.25 is a quarter of what the AWS API allows")),
        }
    }

    /// A span of time such as `"90m"` in `range`.
    pub fn duration(self, range: RangeInclusive<Duration>) -> Result<Duration, Fault> {
        let text = match self {
            Self::Text(text) => text.trim(),
            Self::Integer(number) => {
                let hint = format!("write the unit: \"{number}s\", \"{number}m\", \"{number}h\"");
                return Err(self.not("a duration in quotes").hint(hint));
            }
            _ => return Err(self.not("a duration in quotes").hint(DURATION_HINT)),
        };
        if text.len() > DURATION_CHARS_MAX {
            return Err(Fault::new("not a duration: far too long a text").hint(DURATION_HINT));
        }
        if text.starts_with('-') {
            let fault = Fault::new(format!("a duration cannot be negative: {text:?}"));
            return Err(fault.hint(DURATION_HINT));
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let hint = format!("write the unit: \"{text}s\", \"{text}m\", \"{text}h\"");
            return Err(Fault::new(format!("a duration without a unit: {text:?}")).hint(hint));
        }
        let duration = parse_duration(text).map_err(|error| bad_duration(text, &error))?;
        match range.contains(&duration) {
            true => Ok(duration),
            false => Err(Fault::new(format!(
                "must be between {} and {}, is {}",
                format_duration(*range.start()),
                format_duration(*range.end()),
                format_duration(duration),
            ))),
        }
    }

    /// An address to listen on.
    pub fn address(self) -> Result<SocketAddr, Fault> {
        let text = self.text(ADDRESS_CHARS_MAX)?;
        let hint = "an IP address and a port: \"0.0.0.0:8080\" or \"[::]:8080\"";
        text.parse().map_err(|_| Fault::new(format!("not an address: {text:?}")).hint(hint))
    }

    /// An HTTP or HTTPS address.
    pub fn url(self) -> Result<&'a str, Fault> {
        let text = self.text(URL_CHARS_MAX)?;
        let uri = text.parse::<http::Uri>().ok();
        let is_http = |uri: &http::Uri| matches!(uri.scheme_str(), Some("http" | "https"));
        match uri.filter(is_http).is_some_and(|uri| uri.host().is_some()) {
            true => Ok(text),
            false => Err(Fault::new(format!("not an address of HTTP: {text:?}"))
                .hint("such as \"http://127.0.0.1:4566\"")),
        }
    }
}

/// An IPv6 address with a zone and a port.
const ADDRESS_CHARS_MAX: usize = 100;

/// What browsers and proxies take.
const URL_CHARS_MAX: usize = 2048;

/// Every unit there is, once.
const DURATION_CHARS_MAX: usize = 100;

const DURATION_HINT: &str = "write it like \"45s\", \"60m\", \"2h\" or \"7d\"";

fn bad_duration(text: &str, error: &DurationError) -> Fault {
    let message = match error {
        DurationError::UnknownUnit { unit, .. } => format!("no unit of time: {unit:?} in {text:?}"),
        DurationError::Empty => "an empty duration".to_owned(),
        DurationError::NumberOverflow => format!("too long a duration: {text:?}"),
        _ => format!("not a duration: {text:?}"),
    };
    Fault::new(message).hint(DURATION_HINT)
}
