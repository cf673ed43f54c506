//! The bounds, on virtual time over connections in memory, and one exchange over a real socket.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::body::Body;
use axum::routing::get;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use super::*;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";

/// A client's end of a connection: what it sends, and what became of it.
struct Client {
    received: Arc<Mutex<Vec<u8>>>,
    closed: oneshot::Receiver<()>,
}

impl Client {
    fn text(&self) -> String {
        String::from_utf8(self.received.lock().unwrap().clone()).unwrap()
    }
}

/// The server's end. It sends what it was given and then nothing more.
struct Wire {
    to_send: VecDeque<u8>,
    received: Arc<Mutex<Vec<u8>>>,
    /// Bytes that the client takes before it stops reading.
    takes: usize,
    _open: oneshot::Sender<()>,
}

fn connection(request: &str, takes: usize) -> (Client, Wire) {
    let (open, closed) = oneshot::channel();
    let received = Arc::default();
    let to_send = request.bytes().collect();
    let wire = Wire { to_send, received: Arc::clone(&received), takes, _open: open };
    (Client { received, closed }, wire)
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.to_send.is_empty() {
            return Poll::Pending;
        }
        let number = buffer.remaining().min(self.to_send.len());
        buffer.put_slice(&self.to_send.drain(..number).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let number = bytes.len().min(self.takes);
        if number == 0 {
            return Poll::Pending;
        }
        self.takes -= number;
        self.received.lock().unwrap().extend_from_slice(&bytes[..number]);
        Poll::Ready(Ok(number))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Accepts the connections that tests make.
struct Door(mpsc::UnboundedReceiver<Wire>);

impl Listener for Door {
    type Io = Wire;
    type Addr = ();

    async fn accept(&mut self) -> (Wire, ()) {
        match self.0.recv().await {
            Some(wire) => (wire, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Serves until the test ends.
fn served() -> mpsc::UnboundedSender<Wire> {
    let (knock, door) = mpsc::unbounded_channel();
    let router = Router::new().route("/", get(|| async { "hello" }));
    tokio::spawn(serve_bounded(Door(door), router, std::future::pending()));
    knock
}

#[tokio::test(start_paused = true)]
async fn an_answer_ends_its_connection() {
    let (client, wire) = connection(&REQUEST.repeat(2), usize::MAX);
    served().send(wire).ok().unwrap();
    let Client { received, closed } = client;
    assert!(timeout(Duration::from_secs(1), closed).await.is_ok());
    let text = String::from_utf8(received.lock().unwrap().clone()).unwrap();
    assert!(text.contains("connection: close\r\n") && text.ends_with("hello"), "{text}");
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 1, "{text}");
}

#[tokio::test]
async fn many_exchanges_over_one_connection_are_refused() {
    let router = one_by_one(Router::new().route("/", get(|| async { "hello" })));
    for (version, expected) in [
        (Version::HTTP_10, StatusCode::OK),
        (Version::HTTP_11, StatusCode::OK),
        (Version::HTTP_2, StatusCode::HTTP_VERSION_NOT_SUPPORTED),
    ] {
        let request = Request::get("/").version(version).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), expected, "{version:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_finish_its_request_is_let_go() {
    for request in ["", "G", "GET / HTTP/1.1\r\nHost: here\r\n"] {
        let (mut client, wire) = connection(request, usize::MAX);
        let knock = served();
        knock.send(wire).ok().unwrap();
        let early = timeout(REQUEST_MAX - Duration::from_millis(100), &mut client.closed).await;
        assert!(early.is_err(), "{request:?}");
        let late = timeout(Duration::from_millis(200), &mut client.closed).await;
        assert!(late.is_ok(), "{request:?}");
        assert!(!client.text().contains("200 OK"), "{request:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_take_its_answer_is_let_go() {
    let (mut client, wire) = connection(REQUEST, 10);
    let knock = served();
    knock.send(wire).ok().unwrap();
    let early = timeout(EXCHANGE_MAX - Duration::from_millis(100), &mut client.closed).await;
    assert!(early.is_err());
    assert!(timeout(Duration::from_millis(200), &mut client.closed).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn clients_that_say_nothing_keep_others_out_no_longer_than_a_request_may_take() {
    let knock = served();
    let silent: Vec<_> = (0..CONNECTIONS_MAX)
        .map(|_| {
            let (client, wire) = connection("", usize::MAX);
            knock.send(wire).ok().unwrap();
            client
        })
        .collect();
    let (client, wire) = connection(REQUEST, usize::MAX);
    knock.send(wire).ok().unwrap();
    sleep(REQUEST_MAX - Duration::from_millis(100)).await;
    assert_eq!(client.text(), "");
    sleep(Duration::from_millis(200)).await;
    assert!(client.text().ends_with("hello"), "{}", client.text());
    assert_eq!(silent.len(), CONNECTIONS_MAX);
}

#[tokio::test]
async fn a_request_over_a_socket_is_answered_and_shutdown_ends_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(|| async { "hello" }));
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, router, async {
        stopped.await.ok();
    }));
    let client = TcpStream::connect(address).await.unwrap();
    client.writable().await.unwrap();
    assert_eq!(client.try_write(REQUEST.as_bytes()).unwrap(), REQUEST.len());
    let mut answer = Vec::new();
    loop {
        client.readable().await.unwrap();
        match client.try_read_buf(&mut answer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
    assert!(answer.ends_with(b"hello"));
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
