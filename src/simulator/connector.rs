//! The in-process way in: an HTTP client for the AWS SDK that calls the router directly.
//!
//! It needs no socket, so it works on paused tokio time. It reads the request body to its end
//! (otherwise the SDK's stalled-stream protection sends the request again) and hands back a
//! buffered answer.

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::wire::Silence;

/// An HTTP client that sends everything to `router`, whatever its host.
pub(crate) fn http_client(router: Router) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(RouterConnector(router));
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug, Clone)]
struct RouterConnector(Router);

impl HttpConnector for RouterConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let router = self.0.clone();
        HttpConnectorFuture::new(async move { deliver(router, request).await })
    }
}

async fn deliver(router: Router, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
    let request = axum::http::Request::from_parts(head, Body::from(body));
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<Silence>().is_some() {
        return std::future::pending().await;
    }
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?.to_bytes();
    let response = axum::http::Response::from_parts(head, SdkBody::from(body));
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}
