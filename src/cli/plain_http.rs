//! One request by plain HTTP to something on the same host.

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Response, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Asks for `uri` and reads an answer of at most `bytes_max` bytes. Waits for as long as it takes.
///
/// # Errors
/// When nothing answers there, when what does is not HTTP, or when it says too much.
pub async fn get(uri: &Uri, bytes_max: usize) -> anyhow::Result<Response<Bytes>> {
    if uri.scheme_str().is_some_and(|scheme| scheme != "http") {
        bail!("{uri} is not plain HTTP");
    }
    let authority = uri.authority().with_context(|| format!("{uri} names no host"))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = http::Request::get(path)
        .header(http::header::HOST, authority.as_str())
        .body(Empty::<Bytes>::new())?;
    // The sender goes with the exchange, and with the sender the connection ends.
    let exchange = async move {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, bytes_max).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
        Ok::<_, anyhow::Error>(Response::from_parts(head, body))
    };
    let (answer, _connection) = tokio::join!(biased; exchange, connection);
    answer
}
