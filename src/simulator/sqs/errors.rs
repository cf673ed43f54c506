//! The errors of Amazon SQS, and the two names that each of them has.
//!
//! SQS once spoke the query protocol. Its JSON errors name the shape of the model in the body, and
//! the old code in a header, which is what the SDKs show.

use crate::simulator::error::ApiError;

/// Shapes whose old code is another: with a prefix, or another word.
const PREFIXED: &[&str] = &[
    "BatchEntryIdsNotDistinct",
    "EmptyBatchRequest",
    "InvalidBatchEntryId",
    "MessageNotInflight",
    "TooManyEntriesInBatchRequest",
    "UnsupportedOperation",
];
const RENAMED: &[(&str, &str)] = &[
    ("AccessDeniedException", "AccessDenied"),
    ("InvalidParameterValueException", "InvalidParameterValue"),
    ("MissingRequiredParameterException", "MissingParameter"),
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ("QueueNameExists", "QueueAlreadyExists"),
];
/// Errors of AWS's framework, which no service's model has.
const OF_THE_FRAMEWORK: &[&str] = &[
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidParameterValueException",
    "MissingRequiredParameterException",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
];

/// `__type` in the body.
pub(crate) fn error_type(code: &str) -> String {
    if OF_THE_FRAMEWORK.contains(&code) {
        return format!("com.amazon.coral.service#{code}");
    }
    format!("com.amazonaws.sqs#{code}")
}

/// The code of the query protocol.
pub(crate) fn query_code(code: &str) -> String {
    if PREFIXED.contains(&code) {
        return format!("AWS.SimpleQueueService.{code}");
    }
    let renamed = RENAMED.iter().find(|(shape, _)| *shape == code).map(|(_, renamed)| *renamed);
    renamed.unwrap_or(code).to_owned()
}

pub(super) fn no_such_queue() -> ApiError {
    ApiError::client("QueueDoesNotExist", "The specified queue does not exist.")
}

pub(super) fn invalid_value(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

pub(super) fn out_of_range(value: i64, parameter: &str, why: &str) -> ApiError {
    invalid_value(format!("Value {value} for parameter {parameter} is invalid. Reason: {why}"))
}

pub(super) fn missing(parameter: &str) -> ApiError {
    let message = format!("The request must contain the parameter {parameter}.");
    ApiError::client("MissingRequiredParameterException", message)
}

pub(super) fn unsupported(what: &str) -> ApiError {
    ApiError::client("UnsupportedOperation", format!("{what} are not simulated."))
}
