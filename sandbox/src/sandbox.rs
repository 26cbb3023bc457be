//! The running sandbox: its socket, its log of requests and its end.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::{Faults, Server};
use crate::options::Options;
use crate::webhook;
use crate::world::World;

const LOGGED_REQUESTS: usize = 10_000;

/// One request as the sandbox answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Path and query as they came.
    pub path_and_query: String,
    /// The status answered; 0 when the connection was cut instead.
    pub status: u16,
}

/// The last requests and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Log {
    last: Mutex<VecDeque<Request>>,
    all: AtomicU64,
    not_reads: AtomicU64,
}

impl Log {
    pub(crate) fn record(&self, request: Request) {
        self.all.fetch_add(1, Ordering::Relaxed);
        if request.method != "GET" {
            self.not_reads.fetch_add(1, Ordering::Relaxed);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LOGGED_REQUESTS {
            last.pop_front();
        }
        last.push_back(request);
    }
}

/// A stand-in for Stripe that listens on the loopback interface until it is
/// stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    server: Arc<Server>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Sandbox {
    /// Makes the world and starts to listen.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let (sender, deliveries) = unbounded_channel();
        let server = Arc::new(Server::new(World::new(&options, sender), &options));
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(stopping.clone().run_until_cancelled_owned(webhook::deliver(deliveries)));
        let accepting = Arc::clone(&server).accept(listener, stopping.clone(), tasks.clone());
        tasks.spawn(stopping.clone().run_until_cancelled_owned(accepting));
        tasks.close();
        Ok(Self {
            address,
            server,
            stopping,
            tasks,
        })
    }

    /// Where it listens, such as `http://127.0.0.1:4242`, without a final slash.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The secret key with all rights.
    pub fn key(&self) -> &str {
        self.server.key()
    }

    /// The company it serves.
    pub fn world(&self) -> &World {
        self.server.world()
    }

    /// What it does wrong on demand.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// The last ten thousand requests, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        let last = self.server.log().last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().cloned().collect()
    }

    /// How many requests there were.
    pub fn request_count(&self) -> u64 {
        self.server.log().all.load(Ordering::Relaxed)
    }

    /// How many requests tried anything but GET.
    pub fn non_get_count(&self) -> u64 {
        self.server.log().not_reads.load(Ordering::Relaxed)
    }

    /// Closes the socket and all connections and waits until they are closed.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
