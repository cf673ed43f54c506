//! Serving the router, with bounds that a slow or greedy client cannot exceed.
//!
//! One connection carries one exchange: every answer closes it, so that one deadline, counted from
//! the accepting of the connection, bounds everything that a client can draw out. Scrapers and
//! health checks connect anew each time. Heads of requests are bounded by hyper (about 400 KiB, 100
//! headers), and bodies are not read.

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode, Version};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

/// Connections at once; more wait in the kernel's queue. An answer about thousands of services has
/// a few megabytes, so this also bounds what answers under way can hold.
const CONNECTIONS_MAX: usize = 16;

/// From accepting a connection until its request is there and the answer begins. Short, so that
/// clients that say nothing do not keep a health check out for long.
const REQUEST_MAX: Duration = Duration::from_secs(5);

/// From accepting a connection until the answer is with the client: a few megabytes over a slow
/// line. Prometheus gives up after 10 seconds unless told otherwise.
const EXCHANGE_MAX: Duration = Duration::from_secs(30);

/// Serves until `shutdown` completes, then lets exchanges under way end, each within its deadline.
///
/// # Errors
/// None today; errors of single connections are their clients' matter.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_bounded(listener, router, shutdown).await
}

async fn serve_bounded<L>(
    listener: L,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()>
where
    L: Listener,
    L::Addr: Debug,
{
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    axum::serve(Bounded { listener, slots }, one_by_one(router))
        .with_graceful_shutdown(shutdown)
        .await
}

/// The router with one exchange per connection.
fn one_by_one(router: Router) -> Router {
    router.layer(from_fn(exchange))
}

/// HTTP/2 would carry hundreds of exchanges at once over one connection. It is in the server only
/// because the AWS SDK's client brings it in.
async fn exchange(request: Request, next: Next) -> Response {
    if request.version() > Version::HTTP_11 {
        return StatusCode::HTTP_VERSION_NOT_SUPPORTED.into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Accepts no more than [`CONNECTIONS_MAX`] at once.
struct Bounded<L> {
    listener: L,
    slots: Arc<Semaphore>,
}

impl<L: Listener> Listener for Bounded<L> {
    type Io = Exchange<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.expect("nobody closes the semaphore");
        let (io, address) = self.listener.accept().await;
        (Exchange::new(io, slot), address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// One connection, which ends with an error at its deadline.
struct Exchange<Io> {
    io: Io,
    accepted_at: Instant,
    deadline: Pin<Box<Sleep>>,
    answering: bool,
    _slot: OwnedSemaphorePermit,
}

impl<Io> Exchange<Io> {
    fn new(io: Io, slot: OwnedSemaphorePermit) -> Self {
        let accepted_at = Instant::now();
        let deadline = Box::pin(sleep_until(accepted_at + REQUEST_MAX));
        Self { io, accepted_at, deadline, answering: false, _slot: slot }
    }

    fn answer(&mut self) {
        if !self.answering {
            self.answering = true;
            self.deadline.as_mut().reset(self.accepted_at + EXCHANGE_MAX);
        }
    }

    /// Ready with the error once the deadline has passed; until then it wakes the caller.
    fn check(&mut self, cx: &mut Context<'_>) -> Result<(), io::Error> {
        match self.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Exchange<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Exchange<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answer();
        self.check(cx)?;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.answer();
        self.check(cx)?;
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
