//! The body of an answer, which may come slowly, break off or never end.

use std::fmt::{self, Display, Formatter};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use tokio::time::{Sleep, sleep};

const PIECES: usize = 20;
const PAUSE: Duration = Duration::from_millis(100);
const PIECES_PER_SECOND: usize = 10;
const FLOOD_PIECE: usize = 64 << 10;

/// The connection is cut on purpose.
#[derive(Debug)]
pub(crate) struct Broken;

impl Display for Broken {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Broken {}

/// A body in pieces, which may come slowly, break off or never end.
#[derive(Debug)]
pub(crate) struct Body {
    pieces: std::vec::IntoIter<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
    breaks_off: bool,
    /// Comes again and again after the pieces.
    refrain: Option<Bytes>,
}

impl Body {
    pub(crate) fn whole(text: String) -> Self {
        Self {
            pieces: vec![Bytes::from(text)].into_iter(),
            pause: None,
            breaks_off: false,
            refrain: None,
        }
    }

    /// A list that goes on with a blank at a time.
    pub(crate) fn endless() -> Self {
        Self {
            pause: Some(Box::pin(sleep(PAUSE))),
            refrain: Some(Bytes::from_static(b" ")),
            ..Self::whole(r#"{"object":"list","data":["#.to_owned())
        }
    }

    /// The same, as fast as it is taken.
    pub(crate) fn flood() -> Self {
        Self {
            pause: None,
            refrain: Some(Bytes::from(vec![b' '; FLOOD_PIECE])),
            ..Self::endless()
        }
    }

    /// Its length can be told.
    pub(crate) fn ends(&self) -> bool {
        self.refrain.is_none()
    }

    pub(crate) fn cut(text: &str) -> Self {
        Self {
            breaks_off: true,
            ..Self::whole(text.to_owned())
        }
    }

    /// All of it within two seconds.
    pub(crate) fn slow(text: &str) -> Self {
        Self::in_pieces(text, text.len().div_ceil(PIECES))
    }

    /// So many bytes a second.
    pub(crate) fn trickle(text: &str, bytes_per_second: u32) -> Self {
        let a_second = usize::try_from(bytes_per_second).unwrap_or(usize::MAX);
        Self::in_pieces(text, a_second.div_ceil(PIECES_PER_SECOND))
    }

    fn in_pieces(text: &str, size: usize) -> Self {
        let pieces: Vec<Bytes> = text
            .as_bytes()
            .chunks(size.max(1))
            .map(Bytes::copy_from_slice)
            .collect();
        Self {
            pieces: pieces.into_iter(),
            pause: Some(Box::pin(sleep(PAUSE))),
            breaks_off: false,
            refrain: None,
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(pause) = self.pause.as_mut() {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            pause.set(sleep(PAUSE));
        }
        match self.pieces.next().or_else(|| self.refrain.clone()) {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if std::mem::take(&mut self.breaks_off) => Poll::Ready(Some(Err(Broken))),
            None => Poll::Ready(None),
        }
    }
}
