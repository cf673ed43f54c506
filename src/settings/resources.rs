//! Names that AWS gives to what is not ECS: a queue, an event bus, a table, types of Health events. Knows how
//! they are written, not what they are for.

use super::scalar::{Fault, Raw};

/// AWS Health API reference, DescribeEvents: a filter takes at most ten event type codes.
pub const CODES_MAX: usize = 10;

/// AWS Health API reference, EventType: a code has 3 to 100 characters.
const CODE_CHARS_MIN: usize = 3;
const CODE_CHARS_MAX: usize = 100;

/// Amazon SQS developer guide, quotas: 80 characters, the suffix of a FIFO queue included.
const QUEUE_CHARS_MAX: usize = 80;

/// Amazon EventBridge API reference, CreateEventBus and PutEvents.
const BUS_CHARS_MAX: usize = 256;
const BUS_ARN_CHARS_MAX: usize = 1600;

/// Amazon DynamoDB developer guide, naming rules.
const TABLE_CHARS_MIN: usize = 3;
const TABLE_CHARS_MAX: usize = 255;

/// A host name of 253 characters, and account and name.
const QUEUE_URL_CHARS_MAX: usize = 500;

const ACCOUNT_DIGITS: usize = 12;

/// The URL of an SQS queue.
pub fn queue_url(raw: Raw<'_>) -> Result<&str, Fault> {
    const SHAPE: &str = "such as \"https://sqs.ap-northeast-1.amazonaws.com/123456789012/NAME\"";
    let text = raw.text(QUEUE_URL_CHARS_MAX)?;
    let fault = |why: &str| Fault::new(format!("{why}: {text:?}"));
    if let ["arn", partition, "sqs", region, account, name] = parts(text)[..] {
        let domain = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let url = format!("https://sqs.{region}.{domain}/{account}/{name}");
        return Err(fault("an ARN, where the queue's URL is meant").hint(format!("write {url:?}")));
    }
    let uri = text.parse::<http::Uri>().ok();
    let uri = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
    let Some((uri, host)) = uri.as_ref().and_then(|uri| Some((uri, uri.host()?))) else {
        return Err(fault("not a URL of HTTP").hint(SHAPE));
    };
    if host.is_empty() || text.contains(['@', '#', '?']) {
        return Err(fault("a queue's URL has a host and a path only").hint(SHAPE));
    }
    match uri.path().split('/').collect::<Vec<_>>()[..] {
        ["", account, name] if is_account(account) && is_queue(name) => Ok(text),
        _ => Err(fault("the path of a queue's URL is /ACCOUNT/NAME").hint(SHAPE)),
    }
}

/// The Region that the host of a queue's URL names, where it names one.
pub fn queue_region(url: &str) -> Option<String> {
    let host = url.parse::<http::Uri>().ok()?.host()?.to_ascii_lowercase();
    // Amazon SQS developer guide, endpoints: the older form names every Region but the first.
    if host == "queue.amazonaws.com" {
        return Some("us-east-1".to_owned());
    }
    let labels: Vec<&str> = host.split('.').collect();
    let region = labels.windows(2).find_map(|pair| match *pair {
        ["sqs" | "sqs-fips", region] | [region, "queue"] => Some(region),
        _ => None,
    });
    region.filter(|region| is_region(region)).map(str::to_owned)
}

/// The name or the ARN of an event bus that events can be put on.
pub fn event_bus(raw: Raw<'_>) -> Result<&str, Fault> {
    const SHAPE: &str =
        "such as \"default\" or \"arn:aws:events:ap-northeast-1:123456789012:event-bus/NAME\"";
    let text = raw.text(BUS_ARN_CHARS_MAX)?;
    let fault = |why: &str| Fault::new(format!("{why}: {text:?}"));
    let name = match parts(text)[..] {
        ["arn", partition, "events", region, account, resource]
            if partition.starts_with("aws") && is_region(region) && is_account(account) =>
        {
            resource.strip_prefix("event-bus/")
        }
        [name] => Some(name),
        _ => None,
    };
    let name =
        name.ok_or_else(|| fault("neither the name nor the ARN of an event bus").hint(SHAPE));
    let name = name?;
    // PutEvents is narrower here than operations that only read.
    if name.contains('/') {
        return Err(fault("a partner's event bus takes the partner's events only").hint(SHAPE));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    match (1..=BUS_CHARS_MAX).contains(&name.chars().count()) && name.chars().all(is_plain) {
        true => Ok(text),
        false => {
            let hint = format!("1 to {BUS_CHARS_MAX} letters, digits, \".\", \"-\" and \"_\"");
            Err(fault("not the name of an event bus").hint(hint))
        }
    }
}

/// The name of a DynamoDB table.
pub fn table(raw: Raw<'_>) -> Result<&str, Fault> {
    let name = raw.text(TABLE_CHARS_MAX)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    match name.len() >= TABLE_CHARS_MIN && name.chars().all(is_plain) {
        true => Ok(name),
        false => Err(Fault::new(format!("not the name of a DynamoDB table: {name:?}")).hint(
            "3 to 255 letters, digits, \".\", \"_\" and \"-\", such as \"ecs-refresh\"; the Region is \
             the one of [aws]",
        )),
    }
}

/// The Region that an event bus is in, where its ARN tells.
pub fn event_bus_region(bus: &str) -> Option<String> {
    match parts(bus)[..] {
        ["arn", _, "events", region, ..] => Some(region.to_owned()),
        _ => None,
    }
}

/// The code of a type of Health events.
pub fn event_type_code(raw: Raw<'_>) -> Result<&str, Fault> {
    let code = raw.text(CODE_CHARS_MAX)?;
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    match code.chars().count() >= CODE_CHARS_MIN && code.chars().all(is_plain) {
        true => Ok(code),
        false => Err(Fault::new(format!("not an event type code: {code:?}"))
            .hint("capitals, digits and \"_\", such as \"AWS_ECS_TASK_PATCHING_RETIREMENT\"")),
    }
}

/// What every list of codes must be.
pub fn code_count(count: usize) -> Result<(), Fault> {
    match count {
        0 => Err(Fault::new("no event type is named")
            .hint("mode = \"ignore\" keeps a policy from acting on retirements")),
        1..=CODES_MAX => Ok(()),
        _ => Err(Fault::new(format!("has {count} entries, {CODES_MAX} are allowed"))),
    }
}

/// The parts of an ARN; of anything without colons, itself.
fn parts(text: &str) -> Vec<&str> {
    text.splitn(6, ':').collect()
}

fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_queue(name: &str) -> bool {
    let bare = name.strip_suffix(".fifo").unwrap_or(name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    !bare.is_empty() && name.len() <= QUEUE_CHARS_MAX && bare.chars().all(is_plain)
}

/// Whether it has the form of a Region's name: `eu-west-1`, `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let number = text.rsplit_once('-').map_or("", |(_, number)| number);
    text.chars().all(is_plain)
        && text.matches('-').count() >= 2
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}
