//! The words of a problem: AWS's own, on one bounded line, and what to do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{chain, credentials_error};
use crate::aws::operation::Operation;
use crate::plan::fleet::ProblemClass;
use crate::plan::words::one_line;

/// The longest text that is taken over from AWS.
const MESSAGE_MAX_CHARS: usize = 300;

/// Where the useful part of AWS's text ends: what follows identifies the request, or holds what was
/// signed, the session token among it.
const CUT_AT: [&str; 4] =
    ["(Service: ", "Request ID", "The Canonical String", "Encoded authorization failure message"];

/// The message of a problem of that class.
pub(super) fn of<E>(
    operation: Operation,
    class: ProblemClass,
    error: &SdkError<E, HttpResponse>,
) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(cause) = credentials_error(error) {
        return without_credentials(cause);
    }
    let told = match error {
        SdkError::ServiceError(answer) => {
            from_answer(operation, answer.err(), answer.raw().status().as_u16())
        }
        SdkError::ResponseError(answer) => foreign(operation, answer.raw().status().as_u16()),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            "no connection or no answer in time".to_owned()
        }
        _ => return unreachable_endpoint(operation, error),
    };
    advised(operation, class, told)
}

/// The message of a problem with one entry of a batch, which AWS tells of in an answer that is no
/// error.
pub(super) fn of_entry(
    operation: Operation,
    class: ProblemClass,
    entry: &impl ProvideErrorMetadata,
    status: u16,
) -> String {
    advised(operation, class, from_answer(operation, entry, status))
}

fn advised(operation: Operation, class: ProblemClass, told: String) -> String {
    match class {
        ProblemClass::Denied => format!("{told}; allow the IAM action {}", operation.iam_action()),
        ProblemClass::Credentials => {
            format!(
                "AWS refuses the credentials: {told}; renew them, and check the machine's clock"
            )
        }
        _ => told,
    }
}

/// Text from AWS as one line of at most [`MESSAGE_MAX_CHARS`] characters.
pub(in crate::aws) fn bounded(text: &str) -> String {
    one_line(text, MESSAGE_MAX_CHARS)
}

fn from_answer(operation: Operation, answer: &impl ProvideErrorMetadata, status: u16) -> String {
    let words = answer.message().map(scrubbed).filter(|words| !words.is_empty());
    match (answer.code(), words) {
        (Some(code), Some(words)) => bounded(&format!("{code}: {words}")),
        (Some(code), None) => bounded(code),
        (None, _) => foreign(operation, status),
    }
}

fn foreign(operation: Operation, status: u16) -> String {
    format!("the answer (HTTP {status}) is not one of the {} API", operation.api().name())
}

fn scrubbed(text: &str) -> String {
    let end = CUT_AT.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    text[..end].trim_end_matches([' ', '(', '\n', ';', ',']).to_owned()
}

fn without_credentials(cause: &CredentialsError) -> String {
    let hint = "give the task a task role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID";
    match cause {
        CredentialsError::CredentialsNotLoaded(_) => format!("no AWS credentials found: {hint}"),
        _ => {
            let causes: Vec<_> = chain(cause).map(ToString::to_string).collect();
            bounded(&format!("AWS credentials could not be loaded: {}", causes.join(": ")))
        }
    }
}

fn unreachable_endpoint(operation: Operation, error: &(dyn Error + 'static)) -> String {
    let api = operation.api().name();
    let causes: Vec<_> = chain(error).skip(1).map(ToString::to_string).collect();
    // The resolver's error has no type of its own that reaches us; this is for the hint only.
    if causes.iter().any(|cause| cause.contains("dns error")) {
        return format!(
            "the host name of the {api} endpoint could not be resolved: check the region \
             (AWS_REGION or [aws] region), the endpoint URL and the network"
        );
    }
    bounded(&format!("the {api} endpoint could not be reached: {}", causes.join(": ")))
}
