//! The service over loopback: every shape, every refusal, and clients that mean no good.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod client;
mod fallback;
mod hostile;
mod lifecycle;
mod models;
mod open_inference;
mod shapes;
mod tls;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use lelp_serve::{Log, ServeSettings, Server, no_log};
use tokio::sync::oneshot;

pub(crate) use client::{Client, Response};

/// A service on a free port, stopped when it is dropped.
pub(crate) struct Running {
    pub(crate) client: Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::with(folder, |_| {})
    }

    pub(crate) fn with(folder: &Path, change: impl FnOnce(&mut ServeSettings)) -> Self {
        Self::logged(folder, no_log(), change)
    }

    pub(crate) fn logged(folder: &Path, log: Log, change: impl FnOnce(&mut ServeSettings)) -> Self {
        let mut settings = ServeSettings::new(folder.to_owned());
        settings.address.set_port(0);
        change(&mut settings);
        let (stop, stopped) = oneshot::channel::<()>();
        let (address, at) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::bind(settings, NonZeroUsize::MIN, log).await.unwrap();
                address.send(server.address()).unwrap();
                server
                    .run(async {
                        let _ = stopped.await;
                    })
                    .await;
            });
            runtime.shutdown_background();
        });
        Self { client: Client { address: at.recv().unwrap() }, stop: Some(stop), thread: Some(thread) }
    }

    /// Tells the service to stop, and waits until it has.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        self.thread.take().into_iter().for_each(|thread| thread.join().unwrap());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}
