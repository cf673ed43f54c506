//! AWS Query, as Elastic Load Balancing speaks it: forms in, XML out.
//!
//! A form's `Arns.member.1=a&Arns.member.2=b` becomes `{"Arns": ["a", "b"]}`. Answers come as the JSON
//! of the whole document, and lists are written as `<member>` elements.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::ApiError;

/// What the content type of a form begins with.
pub(crate) const CONTENT_TYPE: &[u8] = b"application/x-www-form-urlencoded";

/// The namespace that Elastic Load Balancing writes into its answers.
const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

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
        let items: BTreeMap<u32, Value> = numbered
            .iter()
            .filter_map(|(number, item)| Some((number.parse().ok()?, with_lists(item.clone()))))
            .collect();
        return items.into_values().collect();
    }
    Value::Object(members.into_iter().map(|(name, value)| (name, with_lists(value))).collect())
}

/// Writes an answer, whose only member is the document.
pub(crate) fn write(answer: &Value) -> Vec<u8> {
    let mut text = String::new();
    for (name, document) in answer.as_object().into_iter().flatten() {
        text += &format!("<{name} xmlns=\"{NAMESPACE}\">");
        write_content(document, &mut text);
        text += &format!("</{name}>");
    }
    text.into_bytes()
}

/// Writes an error. The codes of what goes wrong with any call have other names than in AWS JSON
/// (Elastic Load Balancing API reference, Common errors).
pub(crate) fn write_error(error: &ApiError) -> Vec<u8> {
    let code = match error.code {
        "AccessDeniedException" => "AccessDenied",
        "ThrottlingException" => "Throttling",
        "ExpiredTokenException" => "ExpiredToken",
        "ServerException" => "InternalFailure",
        "UnknownOperationException" => "InvalidAction",
        code => code,
    };
    let kind = if error.status < 500 { "Sender" } else { "Receiver" };
    write(&json!({ "ErrorResponse": {
        "Error": { "Type": kind, "Code": code, "Message": error.message },
        "RequestId": REQUEST_ID,
    } }))
}

/// No request is looked up by its id.
pub(crate) const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";

fn write_content(value: &Value, text: &mut String) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                write_element(name, value, text);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| write_element("member", item, text)),
        Value::String(plain) => escape(plain, text),
        Value::Bool(_) | Value::Number(_) => *text += &value.to_string(),
    }
}

fn write_element(name: &str, value: &Value, text: &mut String) {
    *text += &format!("<{name}>");
    write_content(value, text);
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
        ] {
            assert_eq!(read(form.as_bytes()), expected, "{form}");
        }
    }

    #[test]
    fn an_answer_is_written_with_its_lists_and_escaped() {
        let answer = json!({ "R": { "L": ["<a>", 1], "N": null, "O": { "B": true } } });
        let text = String::from_utf8(write(&answer)).unwrap();
        assert_eq!(
            text,
            format!(
                "<R xmlns=\"{NAMESPACE}\"><L><member>&lt;a&gt;</member><member>1</member></L>\
                 <O><B>true</B></O></R>"
            )
        );
    }
}
