//! AWS JSON 1.1 over HTTP: `POST /` with the operation in `X-Amz-Target`.
//!
//! It knows headers, bodies and status codes; what operations mean is the services' business.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::Simulator;
use super::error::ApiError;
use super::world::{Answer, Reply};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// No request of the simulated services is anywhere near as long.
const REQUEST_BODY_MAX: usize = 1 << 20;

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
    let target = header(&head.headers, "x-amz-target").to_owned();
    let reply = match to_bytes(body, REQUEST_BODY_MAX).await {
        Ok(bytes) => read(&bytes).map(|request| simulator.call(&target, request)),
        Err(_) => Err(ApiError::client("RequestEntityTooLarge", "The request is too long.")),
    };
    let reply =
        reply.unwrap_or_else(|error| Reply { delay: Duration::ZERO, answer: Answer::Error(error) });
    wait(latency / 2 + reply.delay).await;
    write(reply.answer)
}

async fn wait(span: Duration) {
    if !span.is_zero() {
        tokio::time::sleep(span).await;
    }
}

fn read(bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    let parsed: Result<Value, _> = serde_json::from_slice(bytes);
    parsed.ok().filter(Value::is_object).ok_or_else(|| {
        ApiError::client("SerializationException", "The request is not a JSON object.")
    })
}

fn write(answer: Answer) -> Response<Body> {
    match answer {
        Answer::Json(value) => {
            let body = serde_json::to_vec(&value).expect("a JSON value can always be written");
            respond(StatusCode::OK, CONTENT_TYPE, body)
        }
        Answer::Error(error) => {
            let status =
                StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let body = json!({ "__type": error.code, "message": error.message });
            respond(status, CONTENT_TYPE, body.to_string().into_bytes())
        }
        Answer::Html => {
            let page = "<html><body><h1>500 Internal Server Error</h1></body></html>";
            respond(StatusCode::INTERNAL_SERVER_ERROR, "text/html", page.into())
        }
        Answer::Silence => {
            let mut response = respond(StatusCode::GATEWAY_TIMEOUT, "text/plain", Vec::new());
            response.extensions_mut().insert(Silence);
            response
        }
    }
}

fn respond(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let value = axum::http::HeaderValue::from_static(content_type);
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, value);
    response
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}
