//! The HTTP layer: our own from the socket to the executor, because the stock integration takes form posts, mutations by GET and
//! bodies of any size.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::{App as Routes, HttpServer, web};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

mod answer;
mod bodies;
mod body;
mod credentials;
mod graphql;
mod headers;
mod health;
mod negotiate;
mod origin;
mod socket;
mod unread;
mod webhook;

use crate::app::App;
use crate::graphql::Schema;
use crate::store::db::api_request;

pub use socket::Limits as SocketLimits;

/// A worker reads and writes sockets; the work itself is done on the program's own runtime.
const MAX_WORKERS: usize = 4;
const HEADERS_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Open requests get this long to end when the server stops, seconds.
const STOP_SECONDS: u64 = 20;

/// What every handler shares.
pub(crate) struct Shared {
    app: Arc<App>,
    schema: Schema,
    /// Database connections live on this runtime, which outlives the workers'.
    runtime: Handle,
    /// The origin that people reach the server by.
    origin: String,
    bodies: bodies::Bodies,
    sockets: socket::Gate,
    /// Whose turn it is to read.
    turns: api_request::Turns,
    socket_limits: SocketLimits,
    /// Set when the server stops: requests come to their end, sockets would not by themselves.
    stopping: CancellationToken,
}

/// A server that listens, not yet running.
pub struct Server {
    address: SocketAddr,
    running: actix_web::dev::Server,
    stopping: CancellationToken,
}

/// Stops a server.
#[derive(Debug, Clone)]
pub struct StopHandle {
    server: ServerHandle,
    stopping: CancellationToken,
}

impl StopHandle {
    /// Takes no new connections, closes the sockets, and ends when the open requests have ended, or after 20 s.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.server.stop(true).await;
    }
}

/// Listens on the configured address; port 0 takes a free one. To be called on the runtime that requests shall be worked on.
pub fn bind(app: Arc<App>) -> io::Result<Server> {
    bind_with(app, SocketLimits::default())
}

/// The same with other limits for each WebSocket.
pub fn bind_with(app: Arc<App>, socket_limits: SocketLimits) -> io::Result<Server> {
    let listener = std::net::TcpListener::bind(app.config.listen)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let is_https = app.is_public_https();
    let origin = app.origin.get_or_init(|| app.config.public_url(address)).clone();
    let stopping = CancellationToken::new();
    let shared = web::Data::new(Shared {
        origin,
        schema: crate::graphql::schema(Arc::clone(&app)),
        runtime: Handle::current(),
        bodies: bodies::Bodies::default(),
        sockets: socket::Gate::default(),
        turns: api_request::Turns::default(),
        socket_limits,
        stopping: stopping.clone(),
        app,
    });
    let routes = move || {
        Routes::new()
            .app_data(shared.clone())
            .wrap(headers::security(is_https))
            .wrap(from_fn(headers::request_id))
            .configure(graphql::routes)
            .configure(health::routes)
            .configure(webhook::routes)
    };
    let running = HttpServer::new(routes)
        .workers(available_parallelism().map_or(1, |cores| cores.get().min(MAX_WORKERS)))
        .client_request_timeout(HEADERS_TIMEOUT)
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .shutdown_timeout(STOP_SECONDS)
        .on_connect(move |connection, _data| unread::limit(connection, socket_limits.unread))
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(Server {
        address,
        running,
        stopping,
    })
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it from elsewhere.
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle {
            server: self.running.handle(),
            stopping: self.stopping.clone(),
        }
    }

    /// Serves until it is stopped.
    pub async fn run(self) -> io::Result<()> {
        self.running.await
    }
}
