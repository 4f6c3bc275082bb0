//! What all requests share.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use lelp::ErrorChain;
use serde_json::json;
use tokio::sync::{Mutex, Semaphore};

use crate::error::ServeError;
use crate::log::{Level, Log, LogLine};
use crate::metrics::Metrics;
use crate::served_model::ServedModel;
use crate::settings::ServeSettings;

/// What all requests share.
pub(crate) struct Service {
    pub(crate) settings: ServeSettings,
    pub(crate) metrics: Metrics,
    /// Room for requests that are being read or answered.
    pub(crate) requests: Arc<Semaphore>,
    /// Room for their texts.
    pub(crate) room: Arc<Semaphore>,
    threads: NonZeroUsize,
    log: Log,
    model: RwLock<Arc<ServedModel>>,
    loading: Mutex<()>,
    stopping: AtomicBool,
    numbers: AtomicU64,
}

impl Service {
    /// Loads the model; blocks.
    pub(crate) fn new(settings: ServeSettings, threads: NonZeroUsize, log: Log) -> Result<Self, ServeError> {
        settings.check()?;
        let model = ServedModel::load(&settings, threads)?;
        let service = Self {
            metrics: Metrics::new(),
            requests: Arc::new(Semaphore::new(settings.limits.requests_in_flight)),
            room: Arc::new(Semaphore::new(settings.limits.texts_in_flight)),
            threads,
            log,
            model: RwLock::new(Arc::new(model)),
            loading: Mutex::new(()),
            stopping: AtomicBool::new(false),
            numbers: AtomicU64::new(0),
            settings,
        };
        service.warn_of_teacher(&service.model());
        Ok(service)
    }

    /// Says where nothing shows that the teacher is the one that the threshold was chosen for.
    fn warn_of_teacher(&self, model: &ServedModel) {
        let unchecked = model.fallback.as_ref().and_then(|fallback| fallback.unchecked.as_ref());
        let Some((chosen, settings)) = unchecked.zip(self.settings.fallback.as_ref()) else { return };
        let fields = json!({
            "teacher": settings.teacher, "chosen_for": chosen,
            "message": "nothing shows that this is the teacher that the threshold was chosen for",
        });
        self.log(Level::Warning, "teacher not checked", fields);
    }

    /// The model that answers now.
    pub(crate) fn model(&self) -> Arc<ServedModel> {
        Arc::clone(&self.model.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Loads the folder again and puts what it holds in the model's place; where it cannot be loaded, the model stays.
    /// Requests that are being answered keep the model that they began with.
    pub(crate) async fn reload(self: &Arc<Self>) -> Result<(), ServeError> {
        let _loading = self.loading.try_lock().map_err(|_| ServeError::Loading)?;
        let (started, service) = (Instant::now(), Arc::clone(self));
        let load = move || ServedModel::load(&service.settings, service.threads);
        let loaded = tokio::task::spawn_blocking(load)
            .await
            .unwrap_or_else(|error| Err(ServeError::Thread(error.into())));
        self.metrics.reload(loaded.is_ok());
        let folder = self.settings.model.display().to_string();
        match loaded {
            Ok(model) => {
                self.warn_of_teacher(&model);
                let fields = json!({
                    "model": folder, "labels": model.labels().len(),
                    "fallback_threshold": model.fallback_threshold(),
                    "seconds": started.elapsed().as_secs_f64(),
                });
                *self.model.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(model);
                self.log(Level::Info, "reloaded", fields);
                Ok(())
            }
            Err(error) => {
                let reason = ErrorChain(&error).to_string();
                self.log(Level::Error, "reload failed", json!({ "model": folder, "error": reason }));
                Err(error)
            }
        }
    }

    /// Tells whoever routes requests that no more are wanted.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A number for a request that brings no name of its own.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn log(&self, level: Level, event: &'static str, fields: serde_json::Value) {
        (self.log)(&LogLine::new(level, event, fields));
    }
}
