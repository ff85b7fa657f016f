//! The page that Prometheus reads: `GET /metrics` over HTTP/1.1 on an address of its own, and
//! nothing else. Whoever asks, however often and however badly, changes nothing for the room: one
//! answer a connection, a bounded number of connections at once and a second, a deadline for each,
//! and the hub is asked a few times a second at most.

use super::exposition;
use crate::serve::admin::{Administered, Command, Report};
use crate::serve::askers::Askers;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A Prometheus has one connection, and there may be a few of them, and a person. A hundred a second
/// are a hundred times what anybody needs, and cost some thousandths of a processor. Prometheus
/// itself gives up after 10 s.
const ASKERS: Askers = Askers {
    what: "metrics",
    at_once: 16,
    deadline: Duration::from_secs(5),
    pace: Duration::from_millis(10),
};
/// A page this young is given again: going through ten thousand members takes the hub a few
/// milliseconds, and four of these a second are not felt.
const FRESH: Duration = Duration::from_millis(250);
/// Headers of a request, and bytes of them all: hyper's least. Prometheus sends five in 300 bytes.
const HEADERS: usize = 32;
const BUFFER: usize = 8 * 1024;

/// Why there is no endpoint. One line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("cannot give metrics on {at}: {error}; choose another address with --metrics ADDR")]
pub struct EndpointError {
    at: String,
    error: io::Error,
}

/// A listener for scrapes.
#[derive(Debug)]
pub struct Endpoint {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Endpoint {
    /// Takes the address, `HOST:PORT`. Nobody is answered before [`serve`](Self::serve).
    pub async fn bind(at: &str) -> Result<Self, EndpointError> {
        let failed = |error| EndpointError { at: at.into(), error };
        let nothing = || io::Error::other("nothing by that name");
        let addr = lookup_host(at).await.and_then(|mut found| found.next().ok_or_else(nothing));
        let listener = TcpListener::bind(addr.map_err(failed)?).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, addr })
    }

    /// The address it really has.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until it is cancelled.
    pub async fn serve(self, hub: impl Administered, cancel: CancellationToken) {
        let page = Arc::new(Page { hub, last: Mutex::default() });
        let one = |stream| {
            let (page, cancel) = (page.clone(), cancel.clone());
            async move { one(stream, page, &cancel).await }
        };
        ASKERS.serve(&self.listener, one, cancel.clone()).await;
    }
}

/// One connection: a request, its answer, the end.
async fn one<H: Administered>(stream: TcpStream, page: Arc<Page<H>>, cancel: &CancellationToken) {
    let answer = service_fn(|request: Request<Incoming>| {
        // What else it sends is not read.
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let page = page.clone();
        async move { Ok::<_, Infallible>(page.answer(&method, &path).await) }
    });
    let connection = http1::Builder::new()
        // The deadline is for all of it.
        .header_read_timeout(None)
        .keep_alive(false)
        .max_headers(HEADERS)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), answer);
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "who asked for metrics did it badly");
        },
        () = cancel.cancelled() => {}
    }
}

/// The page, and when it was made.
#[derive(Debug)]
struct Page<H> {
    hub: H,
    /// Held while a page is made, so that many who ask at once have one made for all of them.
    last: Mutex<Option<(Instant, Arc<str>)>>,
}

impl<H: Administered> Page<H> {
    async fn answer(&self, method: &Method, path: &str) -> Response<String> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/metrics" => match self.page().await {
                Some(page) => {
                    let mut response = Response::new(page.as_ref().to_owned());
                    let format = HeaderValue::from_static(exposition::CONTENT_TYPE);
                    response.headers_mut().insert(CONTENT_TYPE, format);
                    response
                }
                None => plain(StatusCode::SERVICE_UNAVAILABLE, "the server is going down\n"),
            },
            "/" => plain(StatusCode::OK, "chaty's metrics are at /metrics\n"),
            _ => plain(StatusCode::NOT_FOUND, "there is /metrics, and nothing else\n"),
        }
    }

    /// A fresh page; `None` of a hub that has ended.
    async fn page(&self) -> Option<Arc<str>> {
        let mut last = self.last.lock().await;
        if let Some((made, page)) = &*last
            && made.elapsed() < FRESH
        {
            return Some(page.clone());
        }
        let Report::Stats(stats) = self.hub.admin(Command::Stats).await else { return None };
        let page: Arc<str> = exposition::encode(*stats).ok()?.into();
        *last = Some((Instant::now(), page.clone()));
        Some(page)
    }
}

fn plain(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(text.to_owned());
    *response.status_mut() = status;
    let format = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, format);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::metrics::Stats;
    use std::sync::Mutex;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_util::task::TaskTracker;

    /// A hub that counts how often it is asked, and may have ended.
    #[derive(Clone, Default)]
    struct Asked {
        times: Arc<Mutex<u64>>,
        has_ended: bool,
    }

    impl Administered for Asked {
        async fn admin(&self, command: Command) -> Report {
            assert_eq!(command, Command::Stats);
            if self.has_ended {
                return Report::Failed("gone".into());
            }
            let mut times = self.times.lock().unwrap();
            *times += 1;
            Report::Stats(Box::new(Stats { messages: *times, ..Stats::default() }))
        }

        async fn names(&self) -> Vec<String> {
            Vec::new()
        }
    }

    struct Running {
        at: SocketAddr,
        cancel: CancellationToken,
        tasks: TaskTracker,
    }

    async fn running(hub: Asked) -> Running {
        let endpoint = Endpoint::bind("127.0.0.1:0").await.unwrap();
        let (at, cancel, tasks) = (endpoint.addr(), CancellationToken::new(), TaskTracker::new());
        tasks.spawn(endpoint.serve(hub, cancel.clone()));
        tasks.close();
        Running { at, cancel, tasks }
    }

    async fn get(at: SocketAddr) -> String {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_page_that_is_fresh_is_given_again() {
        let hub = Asked::default();
        let page = Page { hub: hub.clone(), last: tokio::sync::Mutex::default() };
        let first = page.page().await.unwrap();
        tokio::time::pause();
        assert_eq!(page.page().await, Some(first.clone()));
        tokio::time::advance(FRESH).await;
        assert_ne!(page.page().await, Some(first));
        assert_eq!(*hub.times.lock().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_hub_that_has_ended_is_said() {
        let server = running(Asked { has_ended: true, ..Asked::default() }).await;
        let answer = get(server.at).await;
        assert!(answer.starts_with("HTTP/1.0 503 "), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_nothing_is_cut_and_keeps_nobody_out() {
        let server = running(Asked::default()).await;
        let mut idle = Vec::new();
        for _ in 0..ASKERS.at_once {
            idle.push(TcpStream::connect(server.at).await.unwrap());
        }
        let since = Instant::now();
        let answer = get(server.at).await;
        assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");
        assert!(since.elapsed() <= ASKERS.deadline + ASKERS.pace * 20, "{:?}", since.elapsed());
        for mut stream in idle {
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        }
        server.cancel.cancel();
        server.tasks.wait().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_nothing_does_not_hold_up_the_end() {
        let server = running(Asked::default()).await;
        let _idle = TcpStream::connect(server.at).await.unwrap();
        // Taken in order: the idle one has been taken in when this one is answered.
        assert!(get(server.at).await.contains("200 OK"));
        let since = Instant::now();
        server.cancel.cancel();
        server.tasks.wait().await;
        assert!(since.elapsed() <= ASKERS.pace, "{:?}", since.elapsed());
    }
}
