//! One agent's connection as hyper's service: each request runs the pipeline to its end.
//!
//! When an agent goes away, hyper drops its request. The work is then finished elsewhere, without an answer, so that no
//! budget stays taken and no record stays open.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;

use crate::answer::body::AnswerBody;
use crate::caller::Caller;
use crate::entrance::Entrance;
use crate::heads::Heads;
use crate::pipeline::Worker;
use crate::surface::base_url;
use crate::tasks::Tasks;

/// The client at the other end of one connection.
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
        let caller = Caller::default();
        let (worker, entrance, waits) = (self.worker.clone(), self.entrance.clone(), caller.clone());
        let tasks = self.worker.tasks().clone();
        let (mut parts, body) = request.into_parts();
        match self.heads.begins(&mut parts) {
            Ok(Some(chunked)) => _ = parts.extensions.insert(chunked),
            Ok(None) => {}
            Err(flaw) => _ = parts.extensions.insert(flaw),
        }
        let run = Box::pin(async move { base_url::answer(&worker, parts, body, &entrance, waits).await });
        Finishing { run: Some(run), caller, tasks }
    }
}

type Run = Pin<Box<dyn Future<Output = Response<AnswerBody>> + Send>>;

/// A request that runs to its end, even if nobody waits for it any longer.
pub(crate) struct Finishing {
    run: Option<Run>,
    caller: Caller,
    tasks: Arc<Tasks>,
}

impl Future for Finishing {
    type Output = Result<Response<AnswerBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // `run` is taken out while it is polled. After a panic nothing is left to poll again.
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
            self.caller.leaves();
            self.tasks.spawn(async move { drop(run.await) });
        }
    }
}
