//! A replica's way to AWS, behind its gate.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use ecs_refresh::simulator::Simulator;

use super::gate::{CUT_OFF_AFTER, Gate, Side};

/// The way of `caller`.
pub fn gated(sim: &Simulator, caller: &str, gate: Arc<Gate>) -> SharedHttpClient {
    SharedHttpClient::new(GatedClient { inner: sim.called_by(caller).http_client(), gate })
}

#[derive(Clone, Debug)]
struct GatedClient {
    inner: SharedHttpClient,
    gate: Arc<Gate>,
}

impl HttpClient for GatedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(GatedConnector { inner, gate: Arc::clone(&self.gate) })
    }
}

#[derive(Clone, Debug)]
struct GatedConnector {
    inner: SharedHttpConnector,
    gate: Arc<Gate>,
}

impl HttpConnector for GatedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, gate) = (self.inner.clone(), Arc::clone(&self.gate));
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        HttpConnectorFuture::new(async move {
            if !gate.point(Side::Aws, &format!("before {operation}")).await {
                return unreachable(&gate).await;
            }
            let answer = inner.call(request).await;
            if !gate.point(Side::Aws, &format!("after {operation}")).await {
                return unreachable(&gate).await;
            }
            answer
        })
    }
}

async fn unreachable<T>(gate: &Gate) -> Result<T, ConnectorError> {
    tokio::time::sleep(CUT_OFF_AFTER).await;
    gate.awake().await;
    Err(ConnectorError::io("cut off".into()))
}
