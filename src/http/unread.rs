//! Ends connections whose client takes nothing. A worker waits for room in such a connection for ever; the operating system can be
//! told not to.

use std::any::Any;
use std::time::Duration;

use actix_web::rt::net::TcpStream;

/// Ends the connection once what was sent, or waits to be sent, is not taken for so long. Linux only; elsewhere such a client is
/// waited for.
pub(super) fn limit(connection: &dyn Any, limit: Duration) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    if let Err(error) = set(stream, limit) {
        tracing::warn!(%error, "a connection is waited for without end should its client stop reading");
    }
}

#[cfg(target_os = "linux")]
fn set(stream: &TcpStream, limit: Duration) -> std::io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(limit))
}

#[cfg(not(target_os = "linux"))]
fn set(_stream: &TcpStream, _limit: Duration) -> std::io::Result<()> {
    Ok(())
}
