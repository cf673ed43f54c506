//! HTTP: heads and bodies in, status codes out, and the pauses between.
//!
//! Protocols know how bodies are read and written, services what operations mean.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};

use super::Simulator;
use super::error::ApiError;
use super::polling::Stopping;
use super::protocol::{Protocol, Target};
use super::reply::{Answer, Reply};

/// No request is as long, not even a message of Amazon SQS of one MiB with every sign escaped.
const REQUEST_BODY_MAX: usize = 8 << 20;

/// Marks a response that must not be delivered: the caller shall hear nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Silence;

/// The router over a simulator: one path, whatever service it speaks for.
pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new().fallback(answer).with_state(simulator)
}

async fn answer(State(simulator): State<Simulator>, request: Request<Body>) -> Response<Body> {
    let latency = simulator.latency();
    // Half of the latency is the way there, half the way back.
    wait(latency / 2).await;
    let (head, body) = request.into_parts();
    let target = Target::of(&head);
    let mut protocol = target.protocol;
    let stopping = head.extensions.get::<Stopping>().cloned().unwrap_or_default();
    let reply = match to_bytes(body, REQUEST_BODY_MAX).await {
        Ok(bytes) => match protocol.read(&bytes) {
            Ok(request) => {
                let target = target.with_body(&request);
                protocol = target.protocol;
                simulator.call(&target.name, request, &stopping).await
            }
            Err(error) => Reply { delay: Duration::ZERO, answer: Answer::Error(error) },
        },
        Err(_) => {
            let error = ApiError::client("RequestEntityTooLarge", "The request is too long.");
            Reply { delay: Duration::ZERO, answer: Answer::Error(error) }
        }
    };
    wait(latency / 2 + reply.delay).await;
    write(reply.answer, protocol)
}

async fn wait(span: Duration) {
    if !span.is_zero() {
        tokio::time::sleep(span).await;
    }
}

fn write(answer: Answer, protocol: Protocol) -> Response<Body> {
    match answer {
        Answer::Json(value) => {
            respond(StatusCode::OK, protocol.headers(None), protocol.write(&value))
        }
        Answer::Error(error) => {
            let status = StatusCode::from_u16(protocol.status(&error))
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            respond(status, protocol.headers(Some(&error)), protocol.write_error(&error))
        }
        Answer::Html => {
            let page = "<html><body><h1>500 Internal Server Error</h1></body></html>";
            respond(StatusCode::INTERNAL_SERVER_ERROR, text("text/html"), page.into())
        }
        // Whoever waits has been waited for; what is left of it could only be silence.
        Answer::Silence | Answer::Wait(_) => {
            let mut response = respond(StatusCode::GATEWAY_TIMEOUT, text("text/plain"), Vec::new());
            response.extensions_mut().insert(Silence);
            response
        }
    }
}

fn text(content_type: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))])
}

fn respond(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
