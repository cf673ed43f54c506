//! The errors that the simulated AWS answers with: a code, a sentence, and an HTTP status.

/// An error answer in AWS JSON 1.1: `{"__type": code, "message": message}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl ApiError {
    /// An error that blames the request: HTTP 400, as ECS answers nearly all of them.
    pub(crate) fn client(code: &'static str, message: impl Into<String>) -> Self {
        ApiError { status: 400, code, message: message.into() }
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::client("InvalidParameterException", message)
    }

    pub(crate) fn cluster_not_found() -> Self {
        Self::client("ClusterNotFoundException", "Cluster not found.")
    }

    pub(crate) fn service_not_found() -> Self {
        Self::client("ServiceNotFoundException", "Service not found.")
    }

    pub(crate) fn service_not_active() -> Self {
        Self::client("ServiceNotActiveException", "Service was not ACTIVE.")
    }

    pub(crate) fn unknown_operation(operation: &str) -> Self {
        Self::client("UnknownOperationException", format!("{operation} is not simulated"))
    }
}
