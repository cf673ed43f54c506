//! The way in over TCP. Time is real here: sockets do not work on a paused clock.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::support::*;
use crate::simulator::{Fault, FaultRule, Simulator};

const REQUEST: &str = "POST / HTTP/1.1\r\nhost: ecs\r\nconnection: close\r\ncontent-length: 2\r\n\
    x-amz-target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n\r\n{}";

type Serving = JoinHandle<std::io::Result<()>>;

/// Serves a simulator and sends it the request.
async fn ask(sim: &Simulator) -> (TcpStream, oneshot::Sender<()>, Serving) {
    send(sim, REQUEST).await
}

async fn send(sim: &Simulator, request: &str) -> (TcpStream, oneshot::Sender<()>, Serving) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let sim = sim.clone();
    let serving =
        tokio::spawn(
            async move { sim.serve(listener, async { stopped.await.unwrap_or(()) }).await },
        );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    (stream, stop, serving)
}

#[tokio::test]
async fn the_same_router_answers_over_tcp() {
    let sim = with_service(|s| s);
    let (mut stream, stop, serving) = ask(&sim).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("cluster/prd"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_whose_reply_is_lost_ends_with_the_server() {
    let sim = with_service(|s| s);
    sim.inject(FaultRule::new("ListClusters", Fault::LoseReply));
    let (mut stream, stop, serving) = ask(&sim).await;
    while sim.count("ListClusters") == 0 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), serving).await;
    ended.expect("the held connection keeps the server alive").unwrap().unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
}

/// A long poll of the queue `q` that would last for 20 seconds.
fn long_poll(sim: &Simulator) -> String {
    let body = format!(r#"{{"QueueUrl":"{}","WaitTimeSeconds":20}}"#, sim.create_queue("q"));
    let head = "POST / HTTP/1.1\r\nhost: sqs\r\nconnection: close\r\n\
        x-amz-target: AmazonSQS.ReceiveMessage\r\n";
    format!("{head}content-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_long_poll_hears_of_a_message_and_ends_with_the_server() {
    for arrives in [true, false] {
        let sim = simulator();
        let (mut stream, stop, serving) = send(&sim, &long_poll(&sim)).await;
        while sim.count("ReceiveMessage") == 0 {
            tokio::task::yield_now().await;
        }
        let started = tokio::time::Instant::now();
        if arrives {
            sim.send("q", "hello");
        } else {
            stop.send(()).unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert_eq!(answer.contains("hello"), arrives, "{answer}");
        assert!(answer.contains("content-type: application/x-amz-json-1.0"), "{answer}");
        assert!(started.elapsed() < Duration::from_secs(15), "it waited to its end");
        serving.abort();
    }
}
