//! One agent's connection, as hyper's service: each request runs the pipeline to its end.
//!
//! When an agent goes away, hyper drops its request. What was begun is then finished elsewhere, without an
//! answer, so that no budget stays taken and no record stays open.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;

use crate::body::AnswerBody;
use crate::entrance::Entrance;
use crate::heads::Heads;
use crate::pipeline::Worker;
use crate::tasks::Tasks;

/// Whoever is at the other end of one connection.
pub(crate) struct Agent {
    pub worker: Arc<Worker>,
    pub entrance: Entrance,
    pub heads: Arc<Heads>,
}

impl hyper::service::Service<Request<Incoming>> for Agent {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Finishing;

    fn call(&self, request: Request<Incoming>) -> Finishing {
        let gone = Arc::new(AtomicBool::new(false));
        let (worker, entrance, seen) = (self.worker.clone(), self.entrance.clone(), gone.clone());
        let tasks = self.worker.recorder.tasks.clone();
        let (mut parts, body) = request.into_parts();
        if let Some(chunked) = self.heads.begins(&parts) {
            parts.extensions.insert(chunked);
        }
        let run = Box::pin(async move { worker.handle(parts, body, entrance, seen).await });
        Finishing { run: Some(run), gone, tasks }
    }
}

type Run = Pin<Box<dyn Future<Output = Response<AnswerBody>> + Send>>;

/// A request that runs to its end even when nobody waits for it any more.
pub(crate) struct Finishing {
    run: Option<Run>,
    gone: Arc<AtomicBool>,
    tasks: Arc<Tasks>,
}

impl Future for Finishing {
    type Output = Result<Response<AnswerBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Taken out while it is polled: after a panic nothing is left to poll again.
        let Some(mut run) = self.run.take() else { return Poll::Pending };
        match run.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending => {
                self.run = Some(run);
                Poll::Pending
            }
        }
    }
}

impl Drop for Finishing {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            self.gone.store(true, Ordering::Release);
            self.tasks.spawn(async move { drop(run.await) });
        }
    }
}
