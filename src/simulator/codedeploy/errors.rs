//! The errors of AWS CodeDeploy: its codes, and texts like its own.

use super::deployment::Deployment;
use crate::simulator::error::ApiError;

pub(crate) fn no_application(name: &str) -> ApiError {
    let message = format!("No application found for name: {name}");
    ApiError::client("ApplicationDoesNotExistException", message)
}

pub(crate) fn no_group(name: &str) -> ApiError {
    let message = format!("No Deployment Group found for name: {name}");
    ApiError::client("DeploymentGroupDoesNotExistException", message)
}

pub(crate) fn no_deployment(id: &str) -> ApiError {
    let message = format!("The deployment {id} could not be found");
    ApiError::client("DeploymentDoesNotExistException", message)
}

pub(crate) fn no_revision() -> ApiError {
    let message = "The specified revision does not exist";
    ApiError::client("RevisionDoesNotExistException", message)
}

pub(crate) fn invalid_revision(why: &str) -> ApiError {
    let message = format!("The revision cannot be deployed: {why}");
    ApiError::client("InvalidRevisionException", message)
}

/// The text is observed: tools read the id of the deployment from it.
pub(crate) fn under_way(group: &str, deployment: &Deployment) -> ApiError {
    let id = &deployment.id;
    let message = format!("The Deployment Group '{group}' already has an active Deployment '{id}'");
    ApiError::client("DeploymentLimitExceededException", message)
}

pub(crate) fn completed(id: &str) -> ApiError {
    let message = format!("The deployment {id} is already completed");
    ApiError::client("DeploymentAlreadyCompletedException", message)
}

/// An id is `d-` and nine capital letters or digits.
pub(crate) fn check_id(id: Option<&str>) -> Result<&str, ApiError> {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        let message = "The deployment ID must be specified";
        return Err(ApiError::client("DeploymentIdRequiredException", message));
    };
    let digits = id.strip_prefix("d-").unwrap_or_default();
    let fits = |sign: char| sign.is_ascii_uppercase() || sign.is_ascii_digit();
    if digits.len() == 9 && digits.chars().all(fits) {
        return Ok(id);
    }
    let message = format!("The deployment ID {id} is not valid");
    Err(ApiError::client("InvalidDeploymentIdException", message))
}
