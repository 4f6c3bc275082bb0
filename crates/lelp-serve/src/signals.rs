//! A service that runs until the system tells it to stop.

use std::io;
use std::num::NonZeroUsize;

use tokio::runtime;

use crate::connections::{Reloader, Server};
use crate::error::ServeError;
use crate::log::Log;
use crate::settings::ServeSettings;

/// Serves until the program is told to stop, by Ctrl-C or SIGTERM, and has answered what it accepted; a second one ends it
/// at once. SIGHUP loads the model anew. `started` is called once it listens.
///
/// # Errors
/// [`ServeError`] if the model cannot be loaded or the address not be listened on.
pub fn serve_until_stopped(
    settings: ServeSettings,
    threads: NonZeroUsize,
    log: Log,
    started: impl FnOnce(&Server),
) -> Result<(), ServeError> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::Thread)?;
    let served = runtime.block_on(async {
        let server = Server::bind(settings, threads, log).await?;
        let stop = stop_signal().map_err(ServeError::Thread)?;
        reload_on_signal(server.reloader()).map_err(ServeError::Thread)?;
        started(&server);
        let stop = async {
            stop.await;
            if let Ok(second) = stop_signal() {
                tokio::spawn(async {
                    second.await;
                    std::process::exit(INTERRUPTED);
                });
            }
        };
        server.run(stop).await;
        Ok(())
    });
    // Whoever was not answered within the bound is not waited for.
    runtime.shutdown_background();
    served
}

/// Exit code of a program that was interrupted, by the convention of shells.
const INTERRUPTED: i32 = 130;

#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler the system ends the program itself.
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(unix)]
fn reload_on_signal(reloader: Reloader) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // What is wrong with the folder is in the log.
            let _ = reloader.reload().await;
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn reload_on_signal(_: Reloader) -> io::Result<()> {
    Ok(())
}
