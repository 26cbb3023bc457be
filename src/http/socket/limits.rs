//! How much one socket may take, and for how long it waits.

use std::time::Duration;

/// How much one socket may take, and for how long it waits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A socket that has not been initialised by then is closed.
    pub init: Duration,
    /// How often the server asks whether the client is still there.
    pub ping: Duration,
    /// So many of these questions may stay unanswered.
    pub missed_pings: u32,
    /// How often the session or token is looked at when nothing is delivered.
    pub recheck: Duration,
    /// A client that takes nothing for so long is too slow.
    pub stall: Duration,
    /// How long the last words may take, and the client's answer to them.
    pub farewell: Duration,
    /// A connection of which the client takes nothing for so long is ended without a word, whatever it is used for.
    pub unread: Duration,
    /// Subscriptions of one socket.
    pub subscriptions: usize,
    /// Sockets of one user, on this process.
    pub sockets: usize,
    /// Bytes of one message.
    pub message_bytes: usize,
    /// Bytes of a subscription's id.
    pub id_bytes: usize,
    /// Messages that wait for a slow client.
    pub queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            init: Duration::from_secs(3),
            ping: Duration::from_secs(15),
            missed_pings: 2,
            recheck: Duration::from_secs(2),
            stall: Duration::from_secs(10),
            farewell: Duration::from_secs(5),
            unread: Duration::from_secs(30),
            subscriptions: 20,
            sockets: 10,
            message_bytes: 64 * 1024,
            id_bytes: 256,
            queue: 64,
        }
    }
}
