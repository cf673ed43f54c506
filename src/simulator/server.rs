//! The way in over TCP, for the AWS CLI and every other SDK.

use std::future::Future;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use tokio::net::TcpListener;

use super::Simulator;
use super::wire::Silence;

/// A connection whose answer is lost is held this long; longer than any usual client waits.
const SILENCE_MAX: Duration = Duration::from_secs(300);

impl Simulator {
    /// Serves on a listener until `shutdown` completes, then ends the open connections.
    ///
    /// # Errors
    /// Those of accepting connections.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let router = self.router().layer(axum::middleware::map_response(keep_silence));
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    }
}

/// HTTP cannot answer nothing: the connection is held, and ends in a gateway's timeout.
async fn keep_silence(response: Response<Body>) -> Response<Body> {
    if response.extensions().get::<Silence>().is_some() {
        tokio::time::sleep(SILENCE_MAX).await;
    }
    response
}
