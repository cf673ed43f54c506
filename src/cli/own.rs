//! Which ECS service this process runs as, from the task metadata endpoint.
//!
//! Amazon ECS Developer Guide, "Task metadata endpoint version 4": a container on Fargate finds the
//! endpoint's address in `ECS_CONTAINER_METADATA_URI_V4`.

use std::time::Duration;

use serde::Deserialize;

use super::plain_http;
use crate::plan::key::{ClusterKey, ServiceKey};

/// Where a container on Fargate finds the endpoint.
const METADATA_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// The endpoint answers from the same host: it is there at once, or not at all.
const PATIENCE: Duration = Duration::from_secs(2);

/// A task's metadata is a few kilobytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What is needed of a task's metadata.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaskMetadata {
    #[serde(rename = "TaskARN")]
    task_arn: String,
    /// Only tasks of a service have it.
    service_name: Option<String>,
}

/// The service that this process belongs to; `None` outside of ECS. When the endpoint is there and
/// does not answer, the daemon goes on and says that it does not know itself.
pub async fn service() -> Option<ServiceKey> {
    let uri = std::env::var(METADATA_VARIABLE).ok()?;
    let answer = tokio::time::timeout(PATIENCE, fetch(&uri)).await;
    let found = match answer {
        Ok(Ok(metadata)) => key(&metadata),
        Ok(Err(error)) => {
            tracing::warn!(
                "the task metadata endpoint did not answer, so the daemon does not know its own \
                 service and would refresh it like any other; give it the tag ecs-refresh:hold: \
                 {error:#}"
            );
            None
        }
        Err(_) => {
            tracing::warn!(
                "the task metadata endpoint did not answer within {PATIENCE:?}; give the daemon's \
                 own service the tag ecs-refresh:hold"
            );
            None
        }
    };
    if let Some(own) = &found {
        tracing::info!(service = %own, "running as the service {own}");
    }
    found
}

async fn fetch(uri: &str) -> anyhow::Result<TaskMetadata> {
    let answer = plain_http::get(&format!("{uri}/task").parse()?, ANSWER_BYTES_MAX).await?;
    Ok(serde_json::from_slice(answer.body())?)
}

/// The key from the task's ARN, `arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID`, and the service's
/// name.
fn key(metadata: &TaskMetadata) -> Option<ServiceKey> {
    let mut parts = metadata.task_arn.splitn(6, ':').skip(3);
    let (region, account, task) = (parts.next()?, parts.next()?, parts.next()?);
    let cluster = task.strip_prefix("task/")?.split_once('/')?.0;
    let name = metadata.service_name.as_deref()?;
    Some(ServiceKey::new(&ClusterKey::new(region, account, cluster), name))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn the_own_service_is_read_from_the_metadata_endpoint() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/v4/abc", listener.local_addr().unwrap());
        let body = r#"{"Cluster": "prd", "ServiceName": "ecs-refresh",
            "TaskARN": "arn:aws:ecs:eu-west-1:123456789012:task/prd/0123456789abcdef"}"#;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let metadata = fetch(&uri).await.unwrap();
        assert!(server.await.unwrap().starts_with("GET /v4/abc/task HTTP/1.1"));
        let own = key(&metadata).unwrap();
        assert_eq!(own.to_path(), "eu-west-1/123456789012/prd/ecs-refresh");
    }

    #[test]
    fn a_task_of_no_service_belongs_to_none() {
        let metadata = TaskMetadata {
            task_arn: "arn:aws:ecs:eu-west-1:123456789012:task/prd/0123".to_owned(),
            service_name: None,
        };
        assert_eq!(key(&metadata), None);
    }
}
