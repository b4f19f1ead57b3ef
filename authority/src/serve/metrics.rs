//! The process's metrics recorder, which Prometheus reads. It is installed once in a process, however many servers the
//! process runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api::Metrics;

/// How often measurements are folded together, so that they need little memory even if nobody reads them.
const UPKEEP: Duration = Duration::from_secs(5);

static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// Starts measuring. Returns a function that renders the measurements.
pub(super) fn start(
    tasks: &mut JoinSet<anyhow::Result<()>>,
    mut ended: watch::Receiver<bool>,
) -> anyhow::Result<Metrics> {
    let handle = installed()?;
    let upkeep = handle.clone();
    tasks.spawn(async move {
        while tokio::time::timeout(UPKEEP, ended.wait_for(|ended| *ended)).await.is_err() {
            upkeep.run_upkeep();
        }
        Ok(())
    });
    Ok(Arc::new(move || handle.render()))
}

fn installed() -> anyhow::Result<PrometheusHandle> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = installed.as_ref() {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new().install_recorder().context("the metrics cannot be recorded")?;
    Ok(installed.insert(handle).clone())
}
