//! SDK errors become [`Problem`]s: a class that decides what is done, and words for people.
//!
//! The class follows the error's code and never its HTTP status where there is a code: ECS sends
//! AccessDeniedException with 400 and with 403, and throttling with 400.

mod message;

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::interceptors::context;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub(super) use message::bounded;

use super::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{Problem, ProblemClass};

/// What an SDK error means. `at` is when it was met.
pub(super) fn problem<E>(
    operation: Operation,
    at: Time,
    error: &SdkError<E, HttpResponse>,
) -> Problem
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let class = class(error);
    let message = message::of(operation, class, error);
    Problem { operation: operation.name().to_owned(), class, message, at }
}

/// An answer that is no error to the SDK but cannot be used.
pub(super) fn unusable(operation: Operation, at: Time, message: &str) -> Problem {
    Problem {
        operation: operation.name().to_owned(),
        class: ProblemClass::Server,
        message: bounded(message),
        at,
    }
}

/// What became of one entry of a batch that AWS did not take, by the code and the words in an
/// answer that is no error. A code that is not known is the entry's fault: AWS documents which ones
/// are its own (Amazon EventBridge API reference, PutEventsResultEntry).
pub(super) fn entry_problem(
    operation: Operation,
    at: Time,
    code: Option<&str>,
    words: Option<&str>,
) -> Problem {
    let mut entry = ErrorMetadata::builder();
    if let Some(code) = code {
        entry = entry.code(code);
    }
    if let Some(words) = words {
        entry = entry.message(words);
    }
    let class = class_of_code(code, Some(400));
    let message = message::of_entry(operation, class, &entry.build(), 200);
    Problem { operation: operation.name().to_owned(), class, message, at }
}

/// The class of one attempt's failure, as an interceptor sees it.
pub(super) fn attempt_class<E>(
    error: &OrchestratorError<context::Error>,
    status: Option<u16>,
) -> ProblemClass
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if let Some(answer) = error.as_operation_error() {
        let code = answer.downcast_ref::<E>().and_then(ProvideErrorMetadata::code);
        return class_of_code(code, status);
    }
    if error.is_timeout_error() {
        ProblemClass::Timeout
    } else if error.is_response_error() {
        ProblemClass::Server
    } else {
        class_of_dispatch(error, error.as_connector_error().is_some_and(ConnectorError::is_timeout))
    }
}

fn class<E>(error: &SdkError<E, HttpResponse>) -> ProblemClass
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            class_of_code(answer.err().code(), Some(answer.raw().status().as_u16()))
        }
        SdkError::TimeoutError(_) => ProblemClass::Timeout,
        SdkError::ResponseError(_) => ProblemClass::Server,
        SdkError::DispatchFailure(failure) => class_of_dispatch(error, failure.is_timeout()),
        // The request never left: something about it, or about the configuration, is wrong.
        _ if credentials_error(error).is_some() => ProblemClass::Credentials,
        _ => ProblemClass::Invalid,
    }
}

fn class_of_dispatch(error: &(dyn Error + 'static), timed_out: bool) -> ProblemClass {
    if credentials_error(error).is_some() {
        ProblemClass::Credentials
    } else if timed_out {
        ProblemClass::Timeout
    } else {
        ProblemClass::Network
    }
}

/// The class of an answer by its code (Amazon ECS, Amazon SQS, AWS Health, Amazon EventBridge and
/// Amazon DynamoDB API references, Common errors and each operation's own errors). SQS sends some
/// codes in two forms, the older one as `AWS.SimpleQueueService.…`. An answer without a code is not
/// AWS's protocol: an HTML page of a proxy, or of an emulator that does not know the operation.
fn class_of_code(code: Option<&str>, status: Option<u16>) -> ProblemClass {
    let Some(code) = code else { return ProblemClass::Server };
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "OverLimit"
        | "ProvisionedThroughputExceededException"
        | "KmsThrottled"
        | "KMS.ThrottlingException" => ProblemClass::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "NotAuthorized"
        | "UnauthorizedOperation"
        | "KmsAccessDenied"
        | "KMS.AccessDeniedException"
        | "NotAuthorizedForSourceException"
        | "NotAuthorizedForDetailTypeException" => ProblemClass::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired"
        | "AuthFailure" => ProblemClass::Credentials,
        "ClusterNotFoundException"
        | "ServiceNotFoundException"
        | "ServiceNotActiveException"
        | "TargetGroupNotFound"
        | "ResourceNotFoundException"
        | "ServiceDeploymentNotFoundException"
        | "ApplicationDoesNotExistException"
        | "DeploymentGroupDoesNotExistException"
        | "DeploymentDoesNotExistException"
        | "RevisionDoesNotExistException"
        | "RepositoryNotFoundException"
        | "ImageNotFoundException"
        | "LifecyclePolicyNotFoundException"
        | "NoSuchResourceException"
        | "InvalidSubnetID.NotFound"
        | "QueueDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue"
        | "QueueDeletedRecently"
        | "AWS.SimpleQueueService.QueueDeletedRecently" => ProblemClass::NotFound,
        "RequestTimeout" | "RequestTimeoutException" => ProblemClass::Timeout,
        "ServerException"
        | "InternalFailure"
        | "InternalException"
        | "InternalError"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => ProblemClass::Server,
        _ if status.is_some_and(|status| (400..500).contains(&status)) => ProblemClass::Invalid,
        _ => ProblemClass::Server,
    }
}

/// The credentials provider's own error, if it is why the call failed.
fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>())
}

/// An error and its causes, outermost first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}

#[cfg(test)]
mod tests;
