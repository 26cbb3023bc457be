//! What waits to be written, and the task that writes it. It alone writes, so that messages keep their order, and it alone notices a
//! client that takes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use actix_ws::Session;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use super::close::Close;

/// Where a subscription is in its life, for all who deal with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Life(Arc<AtomicU8>);

const OPEN: u8 = 0;
const ENDED: u8 = 1;
const CALLED_OFF: u8 = 2;

impl Life {
    /// It has not ended, and nobody has called it off.
    pub(super) fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) == OPEN
    }

    /// The client wants nothing more of it: what waits is thrown away.
    pub(super) fn call_off(&self) {
        self.0.store(CALLED_OFF, Ordering::Release);
    }

    fn is_called_off(&self) -> bool {
        self.0.load(Ordering::Acquire) == CALLED_OFF
    }

    fn end(&self) {
        // What was called off stays so.
        let _open = self
            .0
            .compare_exchange(OPEN, ENDED, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// Something to be written.
#[derive(Debug)]
pub(super) enum Frame {
    /// For the connection itself.
    Text(String),
    /// An event. Until it is written, the subscription makes no other.
    Event {
        text: String,
        of: Life,
        turn: OwnedSemaphorePermit,
    },
    /// A subscription's last message.
    Last { text: String, of: Life },
    /// Asks whether the client is there.
    Ping,
    /// Answers the same question.
    Pong(actix_web::web::Bytes),
    /// Ends the connection.
    Close(Close),
}

/// Takes what is to be written, and waits where too much does.
pub(super) type Outbox = mpsc::Sender<Frame>;

/// Writes until it cannot go on; says why. `stall` is how long the client may take nothing.
pub(super) async fn write_all(mut session: Session, mut queue: mpsc::Receiver<Frame>, stall: Duration) -> Close {
    while let Some(frame) = queue.recv().await {
        if let Frame::Close(why) = frame {
            return why;
        }
        match timeout(stall, write(&mut session, frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(actix_ws::Closed)) => return Close::Gone,
            Err(_elapsed) => return Close::TooSlow,
        }
    }
    Close::Gone
}

async fn write(session: &mut Session, frame: Frame) -> Result<(), actix_ws::Closed> {
    match frame {
        Frame::Text(text) => session.text(text).await,
        Frame::Event { of, .. } | Frame::Last { of, .. } if of.is_called_off() => Ok(()),
        Frame::Event { text, turn, .. } => {
            let written = session.text(text).await;
            drop(turn);
            written
        }
        Frame::Last { text, of } => {
            // Before it is written: the client may use the id again as soon as it has read this.
            of.end();
            session.text(text).await
        }
        Frame::Ping => session.ping(b"").await,
        Frame::Pong(echo) => session.pong(&echo).await,
        Frame::Close(_) => Ok(()),
    }
}
