//! The way in over TCP, for the AWS CLI and every other SDK.

use std::future::Future;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::http::Response;
use axum::middleware::map_response;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Simulator;
use super::polling::Stopping;
use super::wire::Silence;

/// A connection whose answer is lost is held this long; longer than any usual client waits.
const SILENCE_MAX: Duration = Duration::from_secs(300);

impl Simulator {
    /// Serves on a listener until `shutdown` completes, then lets open calls end.
    ///
    /// # Errors
    /// Those of accepting connections.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let stopping = CancellationToken::new();
        let (waiting, held) = (stopping.clone(), stopping.clone());
        let silence = map_response(move |response| keep_silence(response, waiting.clone()));
        let shutdown = async move {
            shutdown.await;
            stopping.cancel();
        };
        let router = self.router().layer(silence).layer(Extension(Stopping(held)));
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    }
}

/// HTTP cannot answer nothing: the connection is held, and ends in a gateway's timeout.
async fn keep_silence(response: Response<Body>, stopping: CancellationToken) -> Response<Body> {
    if response.extensions().get::<Silence>().is_some() {
        tokio::select! {
            biased;
            () = stopping.cancelled() => {}
            () = tokio::time::sleep(SILENCE_MAX) => {}
        }
    }
    response
}
