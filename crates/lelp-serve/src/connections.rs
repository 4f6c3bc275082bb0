//! Connections: accepted up to a limit, closed when they are idle or the service stops.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::error::ServeError;
use crate::log::{Level, Log};
use crate::router::router;
use crate::service::Service;
use crate::settings::ServeSettings;
use crate::tls;

/// A service that listens.
pub struct Server {
    service: Arc<Service>,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

/// Loads the model of a running service anew.
#[derive(Clone)]
pub struct Reloader(Arc<Service>);

impl Reloader {
    /// Reads the folder again and puts what it holds in the model's place. No request is lost: each is answered by the
    /// model that it began with, and where the folder cannot be loaded that model stays.
    pub async fn reload(&self) -> Result<(), ServeError> {
        self.0.reload().await
    }
}

impl Server {
    /// Loads the model and listens; `threads` are those of one batch of an encoder.
    pub async fn bind(settings: ServeSettings, threads: NonZeroUsize, log: Log) -> Result<Self, ServeError> {
        let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
        let address = settings.address;
        let load = move || Service::new(settings, threads, log);
        let service = tokio::task::spawn_blocking(load)
            .await
            .unwrap_or_else(|error| Err(ServeError::Thread(error.into())))?;
        let listening = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = listening.await.map_err(|source| ServeError::Bind { address, source })?;
        Ok(Self { service: Arc::new(service), listener, address, tls })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Names of the model's classes.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        self.service.model().labels().to_vec()
    }

    /// The least probability at which the model answers itself, where there is a teacher to ask else.
    #[must_use]
    pub fn fallback_threshold(&self) -> Option<f32> {
        self.service.model().fallback_threshold()
    }

    /// What loads the model anew while the service runs.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader(Arc::clone(&self.service))
    }

    /// Answers until `stop` comes, then answers what was accepted, closes idle connections, and ends after
    /// `timeouts.shutdown` at the latest.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { service, listener, address, tls } = self;
        service.log(
            Level::Info,
            "listening",
            json!({ "address": address.to_string(), "tls": tls.is_some() }),
        );
        let limits = service.settings.limits;
        let (places, graceful) = (Arc::new(Semaphore::new(limits.connections)), GracefulShutdown::new());
        let router = router(Arc::clone(&service));
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = accept(&listener, &places) => accepted,
            };
            let Some((stream, place)) = accepted else { continue };
            let (router, tls, watcher) = (router.clone(), tls.clone(), graceful.watcher());
            let wait = service.settings.timeouts.headers;
            tokio::spawn(async move {
                match tls {
                    None => serve(stream, router, watcher, wait).await,
                    Some(tls) => {
                        if let Ok(Ok(stream)) = tokio::time::timeout(wait, tls.accept(stream)).await {
                            serve(stream, router, watcher, wait).await;
                        }
                    }
                }
                drop(place);
            });
        }
        drop(listener);
        service.stop();
        service.log(Level::Info, "stopping", json!({ "connections": graceful.count() }));
        let in_time =
            tokio::time::timeout(service.settings.timeouts.shutdown, graceful.shutdown()).await.is_ok();
        let level = if in_time { Level::Info } else { Level::Warning };
        service.log(level, "stopped", json!({ "all_answered": in_time }));
    }
}

/// The next connection, once there is a place for it. `None` where it was gone before it was accepted, or the system has
/// no more files to give, which passes.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let Ok((stream, _)) = listener.accept().await else {
        tokio::time::sleep(Duration::from_millis(10)).await;
        return None;
    };
    // An answer is one small write, which must not wait for the one before it to be acknowledged.
    let _ = stream.set_nodelay(true);
    Some((stream, place))
}

/// Answers the requests of one connection, one after the other.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    watcher: Watcher,
    headers: Duration,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(headers)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A client that went away, or did not speak HTTP, is its own affair.
    let _ = watcher.watch(connection).await;
}
