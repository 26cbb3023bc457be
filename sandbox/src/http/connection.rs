//! Accepting connections and serving each in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Server;

/// How long to wait for file descriptors to come free.
const BREATH: Duration = Duration::from_millis(20);

impl Server {
    /// Serves connections until cancelled.
    pub(crate) async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        stopping: CancellationToken,
        tasks: TaskTracker,
    ) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let serving = Arc::clone(&self).serve(stream);
                    tasks.spawn(stopping.clone().run_until_cancelled_owned(serving));
                }
                Err(error) => {
                    tracing::debug!(%error, "connection not accepted");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers may be delayed");
        }
        let service = service_fn(move |request| {
            let server = Arc::clone(&self);
            async move { server.answer(request).await }
        });
        // The date is the world's, so hyper must not write one of its own.
        let mut connection = http1::Builder::new()
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service);
        let Err(error) = (&mut connection).await else {
            return;
        };
        tracing::debug!(%error, "connection ended");
        if error.is_user() {
            // Closing without lingering sends a reset in place of an end.
            let stream = connection.into_parts().io.into_inner();
            if let Err(error) = stream.set_zero_linger() {
                tracing::debug!(%error, "the connection ends without a reset");
            }
        }
    }
}
