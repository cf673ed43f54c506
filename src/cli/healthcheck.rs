//! `ecs-refresh healthcheck`: asks the daemon beside it whether it is alive, for a container that has
//! neither a shell nor curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{StatusCode, Uri};

use super::args::HealthcheckArgs;
use super::columns::plain;
use super::exit::Exit;
use super::plain_http;
use crate::settings;

/// The answer is a sentence.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// So much of it is repeated.
const SHOWN_CHARS_MAX: usize = 200;

/// Asks once.
pub async fn healthcheck(args: HealthcheckArgs) -> Exit {
    let uri = match uri(&args) {
        Ok(uri) => uri,
        // An orchestrator knows two answers, and 2 is none of them.
        Err(Exit::Cannot(why)) => return Exit::no(why),
        Err(exit) => return exit,
    };
    let asking = plain_http::get(&uri, ANSWER_BYTES_MAX);
    match tokio::time::timeout(*args.timeout, asking).await {
        Ok(Ok(answer)) if answer.status() == StatusCode::OK => Exit::Fine,
        Ok(Ok(answer)) => {
            let text = String::from_utf8_lossy(answer.body());
            let text: String = plain(text.trim()).chars().take(SHOWN_CHARS_MAX).collect();
            Exit::no(format!("{uri} answers {}: {text}", answer.status().as_u16()))
        }
        Ok(Err(error)) => Exit::no(format!("{uri} does not answer: {error:#}")),
        Err(_) => Exit::no(format!("{uri} does not answer within {}", args.timeout)),
    }
}

fn uri(args: &HealthcheckArgs) -> Result<Uri, Exit> {
    if let Some(uri) = &args.url {
        return Ok(uri.clone());
    }
    let address = settings::listen(&args.config.optional_sources()?);
    if address.port() == 0 {
        return Err(Exit::cannot("the daemon listens on any free port: say --url"));
    }
    let uri = format!("http://{}/healthz", reachable(address));
    uri.parse().map_err(|error| Exit::cannot(format!("{uri}: {error}")))
}

/// What stands for every address is reached by that of the host itself.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::cli::args::ConfigArgs;

    /// What is said of a daemon that answers with `answer`, if anything.
    async fn said(answer: Option<&'static str>) -> Exit {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/healthz", listener.local_addr().unwrap()).parse().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /healthz HTTP/1.1\r\n"));
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
        });
        let timeout = std::time::Duration::from_millis(200).into();
        let config = ConfigArgs { config: None };
        let exit = healthcheck(HealthcheckArgs { config, url: Some(url), timeout }).await;
        server.abort();
        exit
    }

    #[tokio::test]
    async fn only_200_is_alive() {
        let fine = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert!(matches!(said(Some(fine)).await, Exit::Fine));
        for (answer, why) in [
            (
                Some("HTTP/1.1 503 Busy\r\ncontent-length: 8\r\n\r\nstuck\n\u{1b}!"),
                "answers 503: stuck  !",
            ),
            (Some("HTTP/1.1 204 No\r\n\r\n"), "answers 204"),
            (Some("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"), "does not answer: "),
            (Some("SSH-2.0-OpenSSH\r\n"), "does not answer: "),
            (None, "does not answer within 200ms"),
        ] {
            let exit = said(answer).await;
            let Exit::No(Some(said)) = exit else { panic!("{exit:?} for {answer:?}") };
            assert!(said.contains(why) && !said.contains('\n'), "{said}");
        }
    }

    #[tokio::test]
    async fn only_plain_http_can_be_asked() {
        for (url, why) in [
            ("https://127.0.0.1/healthz", "not plain HTTP"),
            ("/healthz", "names no host"),
            ("http://127.0.0.1:1/healthz", "does not answer: "),
        ] {
            let config = ConfigArgs { config: None };
            let (url, timeout) = (Some(url.parse().unwrap()), "5s".parse().unwrap());
            let exit = healthcheck(HealthcheckArgs { config, url, timeout }).await;
            let Exit::No(Some(said)) = exit else { panic!("{exit:?}") };
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_daemon_that_listens_everywhere_is_asked_on_this_host() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:9090", "[::1]:9090"),
            ("10.0.0.7:80", "10.0.0.7:80"),
            ("[fd00::1]:80", "[fd00::1]:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
