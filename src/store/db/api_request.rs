//! What the statements of one API request may take: a bounded time each, a few connections at once, and no longer than somebody
//! waits for the answer. Reads know by themselves whether they belong to a request; all other work has no such bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The longest that one statement of a request may take.
pub const STATEMENT_LIMIT: Duration = Duration::from_secs(8);
/// Statements of one request that run side by side. Fewer than there are connections: one request must not hold up all others.
const SIDE_BY_SIDE: usize = 2;

tokio::task_local! {
    static REQUEST: Arc<ApiRequest>;
    static STATEMENT: Arc<AtomicBool>;
}

/// A request under way.
#[derive(Debug)]
pub(super) struct ApiRequest {
    turns: Semaphore,
    left: CancellationToken,
}

impl ApiRequest {
    /// The one that this task works for.
    pub(super) fn current() -> Option<Arc<Self>> {
        REQUEST.try_with(Arc::clone).ok()
    }

    /// Runs a statement in its turn; `is_left` tells those who execute it that nobody waits for it any more.
    pub(super) async fn run<T>(&self, is_left: &Arc<AtomicBool>, statement: impl Future<Output = T>) -> T {
        // Nobody closes it.
        let _turn = self.turns.acquire().await;
        STATEMENT.scope(Arc::clone(is_left), statement).await
    }
}

/// Runs `work` as one API request. Its statements, those of its [`spawn`]ed tasks included, end when it is dropped.
pub async fn scope<T>(work: impl Future<Output = T>) -> T {
    let left = CancellationToken::new();
    let request = Arc::new(ApiRequest {
        turns: Semaphore::new(SIDE_BY_SIDE),
        left: left.clone(),
    });
    let _ends_the_others: DropGuard = left.drop_guard();
    REQUEST.scope(request, work).await
}

/// A task for the request that this one works for. It ends with the request.
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    let Some(request) = ApiRequest::current() else {
        tokio::spawn(work);
        return;
    };
    let left = request.left.clone();
    tokio::spawn(async move {
        left.run_until_cancelled(REQUEST.scope(request, work)).await;
    });
}

/// A statement of a request that is about to be executed.
#[derive(Debug)]
pub(super) struct Statement {
    is_left: Arc<AtomicBool>,
    until: Instant,
}

impl Statement {
    /// Somebody waits for it, and its time is not over.
    pub(super) fn may_go_on(&mut self) -> bool {
        !self.is_left.load(Ordering::Relaxed) && Instant::now() < self.until
    }
}

/// The statement that this task is about to execute for a request; its time begins now.
pub(super) fn statement() -> Option<Statement> {
    let is_left = STATEMENT.try_with(Arc::clone).ok()?;
    let until = Instant::now() + STATEMENT_LIMIT;
    Some(Statement { is_left, until })
}
