//! The running sandbox: its socket, what it was asked and its end.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::{Faults, Server};
use crate::log::Request;
use crate::options::Options;
use crate::webhook;
use crate::world::World;

/// A stand-in for Stripe that listens on the loopback interface until it is
/// stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    server: Arc<Server>,
    socket: Mutex<Socket>,
    webhooks: Socket,
}

/// Tasks that end together.
#[derive(Clone, Debug, Default)]
struct Socket {
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Socket {
    async fn close(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn serve(listener: TcpListener, server: &Arc<Server>) -> Self {
        let socket = Self::default();
        let (stopping, tasks) = (socket.stopping.clone(), socket.tasks.clone());
        let accepting = Arc::clone(server).accept(listener, stopping.clone(), tasks.clone());
        tasks.spawn(stopping.run_until_cancelled_owned(accepting));
        socket
    }
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
        let undelivered = watch::Sender::new(0);
        let serve = |options: &Options| {
            let world = World::new(options, sender.clone(), undelivered.clone());
            Server::new(world, options)
        };
        let neighbour = options.neighbour.as_deref().map(|neighbour| {
            serve(&Options {
                now: options.now,
                ..neighbour.clone()
            })
        });
        let server = Arc::new(serve(&options).beside(neighbour));
        let webhooks = Socket::default();
        let delivering = webhook::deliver(deliveries, undelivered);
        webhooks
            .tasks
            .spawn(webhooks.stopping.clone().run_until_cancelled_owned(delivering));
        Ok(Self {
            address,
            socket: Mutex::new(Socket::serve(listener, &server)),
            server,
            webhooks,
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

    /// The secret key of the company beside it, with all rights.
    pub fn neighbour_key(&self) -> Option<&str> {
        self.server.neighbour().map(Server::key)
    }

    /// The company beside it. Ids of the world's making are others outside.
    pub fn neighbour(&self) -> Option<&World> {
        self.server.neighbour().map(Server::world)
    }

    /// What it does wrong on demand.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// Has this happen before each request is answered, with the request's
    /// number since the start.
    pub fn before_requests(&self, act: impl Fn(u64, &World) + Send + Sync + 'static) {
        self.server.acts().set(act);
    }

    /// Lets nothing happen before requests any more.
    pub fn clear_acts(&self) {
        self.server.acts().clear();
    }

    /// The last hundred thousand requests, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.server.log().last()
    }

    /// How many requests there were since the start or the last clearing.
    pub fn request_count(&self) -> u64 {
        self.server.log().count()
    }

    /// How many requests tried anything but GET.
    pub fn non_get_count(&self) -> u64 {
        self.server.log().not_reads()
    }

    /// Forgets all requests and begins to count anew.
    pub fn clear_requests(&self) {
        self.server.log().clear();
    }

    /// The key is refused as expired from now on.
    pub fn expire_key(&self, key: &str) {
        self.server.keys().expire(key);
    }

    /// A restricted key, new or known, has these rights from now on.
    pub fn restrict_key(&self, key: &str, rights: &[&str]) {
        let rights = rights.iter().map(|right| (*right).to_owned()).collect();
        self.server.keys().restrict(key, rights);
    }

    /// Closes the socket and all connections: who calls is refused until it
    /// listens again. The company stays as it is.
    pub async fn hang_up(&self) {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner).clone();
        socket.close().await;
    }

    /// Listens again where it did before it hung up.
    ///
    /// # Errors
    /// When somebody else has taken the port meanwhile.
    pub async fn listen_again(&self) -> std::io::Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = Socket::serve(listener, &self.server);
        Ok(())
    }

    /// Closes the socket and all connections and waits until they are closed.
    pub async fn stop(self) {
        self.hang_up().await;
        self.webhooks.close().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        socket.stopping.cancel();
        self.webhooks.stopping.cancel();
    }
}
