//! An agent's connection. It ends if the agent takes none of its answer for too long, or sends the head of a request
//! too slowly.
//!
//! While written bytes wait, hyper asks for no further piece, so no other deadline is checked. Agents that never read
//! would keep their places, and the service's connections, for ever. Incoming bytes go through `heads`, which gives
//! hyper only what it may parse.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::heads::{Given, Heads};

pub(crate) struct TimedStream {
    stream: TcpStream,
    heads: Arc<Heads>,
    patience: Duration,
    /// Runs while a write waits.
    end: Option<Pin<Box<Sleep>>>,
    /// The time for a head, from its first byte to its last.
    for_a_head: Duration,
    /// Runs while a head is incomplete.
    end_of_head: Option<Pin<Box<Sleep>>>,
    came: HasSent,
}

/// Whether the agent has sent anything. A new connection must bring a request; it may idle only between two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HasSent {
    Nothing,
    Something,
}

impl TimedStream {
    pub(crate) fn new(
        stream: TcpStream,
        heads: Arc<Heads>,
        patience: Duration,
        for_a_head: Duration,
    ) -> Self {
        Self { stream, heads, patience, end: None, for_a_head, end_of_head: None, came: HasSent::Nothing }
    }

    /// Whether the time is over for a head that has begun, or for the first head. If not, this task is woken when it is
    /// over.
    fn head_is_late(&mut self, cx: &mut Context<'_>) -> bool {
        if self.came == HasSent::Something && !self.heads.is_in_a_head() {
            self.end_of_head = None;
            return false;
        }
        let for_a_head = self.for_a_head;
        let end = self.end_of_head.get_or_insert_with(|| Box::pin(sleep(for_a_head)));
        end.as_mut().poll(cx).is_ready()
    }

    fn timed<T>(&mut self, cx: &mut Context<'_>, written: Poll<Result<T>>) -> Poll<Result<T>> {
        if written.is_ready() {
            self.end = None;
            return written;
        }
        let patience = self.patience;
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(patience)));
        end.as_mut().poll(cx).map(|()| Err(Error::new(ErrorKind::TimedOut, "the agent takes nothing")))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        loop {
            match self.heads.give(into.remaining(), |bytes| into.put_slice(bytes)) {
                Given::Some => return Poll::Ready(Ok(())),
                Given::Ended => {
                    return Poll::Ready(Err(Error::new(ErrorKind::ConnectionAborted, "ended to make room")));
                }
                Given::Nothing => {}
            }
            let before = into.filled().len();
            match Pin::new(&mut self.stream).poll_read(cx, into) {
                Poll::Pending if self.head_is_late(cx) => {
                    if self.came == HasSent::Nothing {
                        return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the agent sends nothing")));
                    }
                    self.end_of_head = None;
                    self.heads.took_too_long(self.for_a_head.as_secs());
                    continue;
                }
                Poll::Ready(Ok(())) => {}
                Poll::Pending => {
                    self.heads.is_silent();
                    return Poll::Pending;
                }
                failed @ Poll::Ready(Err(_)) => return failed,
            }
            let came = into.filled().get(before..).unwrap_or_default();
            if came.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let parsed = self.heads.came(came);
            self.came = HasSent::Something;
            into.set_filled(before + parsed);
            if parsed > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.timed(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.timed(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
