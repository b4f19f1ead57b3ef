//! Tells people about events of the log, by a webhook and a command.
//!
//! The log is the queue. A sink stores the number of the last record that it told, so a restart loses nothing, and a
//! notice may come twice under the same id. Each sink goes at its own pace. A flood of questions becomes one notice. No
//! notice holds a secret, a body, or a link that opens anything by itself.

mod command;
pub(crate) mod sink;
mod webhook;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::app::{App, LogQuery, LogRecord, notice};
use crate::clock::Clock;
use crate::config::types::NotifyConfig;
use crate::notify::sink::Sink;

pub(crate) use crate::app::notice::Notice;
pub(crate) use crate::config::webhook_secret::Secret;
pub(crate) use command::CommandHook;
pub(crate) use webhook::Webhook;

/// The pause between two notices about questions.
const APART: Duration = Duration::from_secs(60);
/// The pauses after failed attempts. After the last one the notice is dropped.
const BACKOFF: [Duration; 6] = [
    Duration::from_secs(2),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
];
const PAGE: u32 = 1_000;

/// Returns the sinks that are configured.
pub(crate) fn sinks(config: &NotifyConfig, clock: &Clock) -> Result<Vec<Box<dyn Sink>>, String> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if let Some((url, secret)) = config.webhook.as_ref().zip(config.webhook_secret.as_ref()) {
        sinks.push(Box::new(Webhook::new(url, secret.clone(), clock.clone())?));
    }
    if !config.command.is_empty() {
        sinks.push(Box::new(CommandHook::new(config.command.clone())));
    }
    Ok(sinks)
}

/// Tells one sink the events, until the authority ends.
pub(crate) async fn tell(app: Arc<App>, sink: Box<dyn Sink>, mut ended: watch::Receiver<bool>) {
    let mut teller = Teller { app, sink, told: BTreeSet::new(), asked_at: None };
    let mut head = teller.app.log_head();
    loop {
        let again = tokio::select! {
            again = teller.round() => again,
            _ = ended.wait_for(|ended| *ended) => return,
        };
        tokio::select! {
            _ = head.changed() => {}
            () = sleep(again) => {}
            _ = ended.wait_for(|ended| *ended) => return,
        }
    }
}

struct Teller {
    app: Arc<App>,
    sink: Box<dyn Sink>,
    /// Records after the stored position that were already told, because a question before them must still wait.
    told: BTreeSet<u64>,
    /// When people were last told of a question.
    asked_at: Option<Instant>,
}

impl Teller {
    /// Tells new events. Returns how long until there may be more to tell even without a new record.
    async fn round(&mut self) -> Duration {
        match self.tell_new().await {
            Ok(again) => again,
            Err(because) => {
                tracing::error!(sink = self.sink.name(), because, "people are not told");
                APART
            }
        }
    }

    async fn tell_new(&mut self) -> Result<Duration, String> {
        let Some(place) = self.app.told(self.sink.name()).await? else {
            // Events that are older than the sink are not told.
            let head = *self.app.log_head().borrow();
            self.app.has_told(self.sink.name(), head).await?;
            return Ok(APART);
        };
        let query = LogQuery {
            after: Some(place),
            limit: Some(PAGE),
            kind: Some("event".into()),
            ..LogQuery::default()
        };
        let records = self.app.log(query).await.map_err(|error| error.to_string())?;
        let Some(last) = records.last().map(|record| record.seq) else { return Ok(APART) };
        for record in &records {
            let Some(notice) = Notice::of(record).filter(|_| !self.told.contains(&record.seq)) else {
                continue;
            };
            self.deliver(&notice).await;
            self.told.insert(record.seq);
        }
        let asked: Vec<&LogRecord> = records.iter().filter(|record| notice::is_asked(record)).collect();
        if let Some(newest) = asked.last() {
            let wait = self.asked_at.map_or(Duration::ZERO, |at| APART.saturating_sub(at.elapsed()));
            if !wait.is_zero() {
                return Ok(wait);
            }
            if let Some(notice) = self.app.asked_notice(newest, asked.len()).await? {
                self.deliver(&notice).await;
                self.asked_at = Some(Instant::now());
            }
        }
        self.app.has_told(self.sink.name(), last).await?;
        self.told.clear();
        Ok(if records.len() == PAGE as usize { Duration::ZERO } else { APART })
    }

    async fn deliver(&self, notice: &Notice) {
        let name = self.sink.name();
        for pause in BACKOFF {
            match timeout(Duration::from_secs(40), self.sink.deliver(notice)).await {
                Ok(Ok(())) => return,
                Ok(Err(because)) => tracing::warn!(sink = name, because, "a notice was not taken"),
                Err(_) => tracing::warn!(sink = name, "a notice was not taken in time"),
            }
            sleep(pause).await;
        }
        tracing::error!(sink = name, kind = notice.kind, "a notice is dropped: nobody took it");
    }
}
