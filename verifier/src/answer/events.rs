//! A body of server-sent events: it says at once that the request is under way, and ends with one last event.
//!
//! While nothing is known yet, a comment now and then keeps the connection and the client's patience. If the client goes
//! away, the work goes on elsewhere to its end, as for every request.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use serde_json::Value;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::caller::Caller;
use crate::tasks::Tasks;

/// How often a waiting client hears that its request is still under way.
const ALIVE_EVERY: Duration = Duration::from_secs(10);

type EventsRun = Pin<Box<dyn Future<Output = Vec<Value>> + Send>>;

/// Work that ends in the last events of a stream.
pub(crate) struct Events {
    first: Option<Bytes>,
    run: Option<EventsRun>,
    alive: Interval,
    caller: Caller,
    tasks: Arc<Tasks>,
}

impl Events {
    pub(crate) fn new(run: EventsRun, first: Option<&Value>, caller: Caller, tasks: Arc<Tasks>) -> Self {
        let mut alive = interval(ALIVE_EVERY);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { first: first.map(event), run: Some(run), alive, caller, tasks }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.run.is_none()
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        // `run` is taken out while it is polled. After a panic nothing is left to poll again.
        let Some(mut run) = self.run.take() else { return Poll::Ready(None) };
        if let Poll::Ready(last) = run.as_mut().poll(cx) {
            let text: Vec<u8> = last.iter().flat_map(|one| event(one).to_vec()).collect();
            return Poll::Ready(Some(Ok(Frame::data(text.into()))));
        }
        self.run = Some(run);
        match self.alive.poll_tick(cx) {
            Poll::Ready(_) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b": under way\n\n"))))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            self.caller.leaves();
            self.tasks.spawn(async move { drop(run.await) });
        }
    }
}

/// One event. JSON has no line breaks, so it is one line of data.
fn event(value: &Value) -> Bytes {
    format!("event: message\ndata: {value}\n\n").into()
}
