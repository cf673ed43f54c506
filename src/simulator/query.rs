//! AWS Query, as Elastic Load Balancing speaks it and in a dialect Amazon EC2: forms in, XML out.
//!
//! A form's `Arns.member.1=a&Arns.member.2=b` becomes `{"Arns": ["a", "b"]}`, and so does EC2's
//! `Arns.1=a&Arns.2=b`. Answers come as the JSON of the whole document, and lists are written as
//! `<member>` elements, or as EC2's `<item>`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ec2;
use super::error::ApiError;

/// What the content type of a form begins with.
pub(crate) const CONTENT_TYPE: &[u8] = b"application/x-www-form-urlencoded";

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    LoadBalancing,
    Ec2,
}

impl Dialect {
    /// The dialect that a form is in.
    pub(crate) fn of(request: &Value) -> Self {
        match request.get("Version").and_then(Value::as_str) {
            Some(ec2::TARGET_PREFIX) => Dialect::Ec2,
            _ => Dialect::LoadBalancing,
        }
    }

    /// The namespace of answers.
    fn namespace(self) -> &'static str {
        match self {
            Dialect::LoadBalancing => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            Dialect::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
        }
    }

    fn item(self) -> &'static str {
        match self {
            Dialect::LoadBalancing => "member",
            Dialect::Ec2 => "item",
        }
    }
}

/// No name of a parameter has more parts.
const PARTS_MAX: usize = 8;

/// `VERSION.Action`: a form names its service by nothing but the version of the API.
pub(crate) fn target(request: &Value) -> String {
    let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{}.{}", text("Version"), text("Action"))
}

/// Reads a form. All of its values are texts.
pub(crate) fn read(bytes: &[u8]) -> Value {
    let mut form = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        let path: Vec<&str> = name.splitn(PARTS_MAX, '.').collect();
        insert(&mut form, &path, &value);
    }
    Value::Object(form.into_iter().map(|(name, value)| (name, with_lists(value))).collect())
}

fn insert(into: &mut Map<String, Value>, path: &[&str], value: &str) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        into.insert((*first).to_owned(), json!(value));
    } else if let Some(inner) =
        into.entry((*first).to_owned()).or_insert_with(|| json!({})).as_object_mut()
    {
        insert(inner, rest, value);
    }
}

/// What has nothing but numbered members is a list, in the order of the numbers.
fn with_lists(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    if members.len() == 1
        && let Some(Value::Object(numbered)) = members.get("member")
    {
        return list(numbered);
    }
    if !members.is_empty() && members.keys().all(|name| name.parse::<u32>().is_ok()) {
        return list(&members);
    }
    Value::Object(members.into_iter().map(|(name, value)| (name, with_lists(value))).collect())
}

fn list(numbered: &Map<String, Value>) -> Value {
    let items: BTreeMap<u32, Value> = numbered
        .iter()
        .filter_map(|(number, item)| Some((number.parse().ok()?, with_lists(item.clone()))))
        .collect();
    items.into_values().collect()
}

/// Writes an answer, whose only member is the document.
pub(crate) fn write(answer: &Value, dialect: Dialect) -> Vec<u8> {
    let mut text = String::new();
    for (name, document) in answer.as_object().into_iter().flatten() {
        text += &format!("<{name} xmlns=\"{}\">", dialect.namespace());
        write_content(document, dialect, &mut text);
        text += &format!("</{name}>");
    }
    text.into_bytes()
}

/// Writes an error. The codes of what goes wrong with any call have other names than in AWS JSON
/// (Elastic Load Balancing API reference, Common errors; Amazon EC2 API reference, Error codes).
pub(crate) fn write_error(error: &ApiError, dialect: Dialect) -> Vec<u8> {
    let code = match (error.code, dialect) {
        ("AccessDeniedException", Dialect::LoadBalancing) => "AccessDenied",
        ("AccessDeniedException", Dialect::Ec2) => "UnauthorizedOperation",
        ("ThrottlingException", Dialect::LoadBalancing) => "Throttling",
        ("ThrottlingException", Dialect::Ec2) => "RequestLimitExceeded",
        ("ExpiredTokenException", Dialect::LoadBalancing) => "ExpiredToken",
        ("ExpiredTokenException", Dialect::Ec2) => "RequestExpired",
        ("ServerException", Dialect::LoadBalancing) => "InternalFailure",
        ("ServerException", Dialect::Ec2) => "InternalError",
        ("UnknownOperationException", _) => "InvalidAction",
        (code, _) => code,
    };
    if dialect == Dialect::Ec2 {
        let text = json!({ "Code": code, "Message": error.message });
        let mut body = String::from("<Response><Errors>");
        write_element("Error", &text, dialect, &mut body);
        body += &format!("</Errors><RequestID>{REQUEST_ID}</RequestID></Response>");
        return body.into_bytes();
    }
    let kind = if error.status < 500 { "Sender" } else { "Receiver" };
    let body = json!({ "ErrorResponse": {
        "Error": { "Type": kind, "Code": code, "Message": error.message },
        "RequestId": REQUEST_ID,
    } });
    write(&body, dialect)
}

/// The HTTP status of an error. EC2 does not answer 400 to all that goes wrong with any call.
pub(crate) fn status(error: &ApiError, dialect: Dialect) -> u16 {
    match (error.code, dialect) {
        ("AccessDeniedException", Dialect::Ec2) => 403,
        ("ThrottlingException", Dialect::Ec2) => 503,
        _ => error.status,
    }
}

/// No request is looked up by its id.
pub(crate) const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";

fn write_content(value: &Value, dialect: Dialect, text: &mut String) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                write_element(name, value, dialect, text);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| write_element(dialect.item(), item, dialect, text));
        }
        Value::String(plain) => escape(plain, text),
        Value::Bool(_) | Value::Number(_) => *text += &value.to_string(),
    }
}

fn write_element(name: &str, value: &Value, dialect: Dialect, text: &mut String) {
    *text += &format!("<{name}>");
    write_content(value, dialect, text);
    *text += &format!("</{name}>");
}

fn escape(plain: &str, text: &mut String) {
    for sign in plain.chars() {
        match sign {
            '<' => *text += "&lt;",
            '>' => *text += "&gt;",
            '&' => *text += "&amp;",
            '"' => *text += "&quot;",
            // XML has no way to write these.
            sign if sign.is_control() && !matches!(sign, '\t' | '\n' | '\r') => *text += "?",
            sign => text.push(sign),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_lists() {
        for (form, expected) in [
            ("", json!({})),
            ("Action=A&Version=1", json!({ "Action": "A", "Version": "1" })),
            ("L.member.2=b&L.member.10=c&L.member.1=a%3A1", json!({ "L": ["a:1", "b", "c"] })),
            ("T.member.1.Id=x&T.member.1.Port=80", json!({ "T": [{ "Id": "x", "Port": "80" }] })),
            ("L=", json!({ "L": "" })),
            // Nonsense is read as well as it goes.
            ("a=1&a.b=2&=3", json!({ "a": "1", "": "3" })),
            ("L.member.x=1", json!({ "L": [] })),
            ("Id.2=b&Id.10=c&Id.1=a", json!({ "Id": ["a", "b", "c"] })),
            ("Filter.1.Value.1=x", json!({ "Filter": [{ "Value": ["x"] }] })),
        ] {
            assert_eq!(read(form.as_bytes()), expected, "{form}");
        }
    }

    #[test]
    fn an_answer_is_written_with_its_lists_and_escaped() {
        let answer = json!({ "R": { "L": ["<a>", 1], "N": null, "O": { "B": true } } });
        for dialect in [Dialect::LoadBalancing, Dialect::Ec2] {
            let (namespace, item) = (dialect.namespace(), dialect.item());
            let expected = format!(
                "<R xmlns=\"{namespace}\"><L><{item}>&lt;a&gt;</{item}><{item}>1</{item}></L>\
                 <O><B>true</B></O></R>"
            );
            assert_eq!(String::from_utf8(write(&answer, dialect)).unwrap(), expected);
        }
    }
}
