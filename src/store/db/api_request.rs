//! What the statements of one API request may take: a bounded time each, a few connections at once, and no longer than somebody
//! waits for the answer. Reads know by themselves whether they belong to a request; all other work has no such bounds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// The longest that one statement of a request may take.
pub const STATEMENT_LIMIT: Duration = Duration::from_secs(8);
/// Reads of one user that run side by side, in however many requests. Fewer than there are connections: one user must not hold up
/// all others.
const SIDE_BY_SIDE: usize = 2;

tokio::task_local! {
    static REQUEST: Arc<ApiRequest>;
    static STATEMENT: Arc<AtomicBool>;
}

/// Whose turn it is to read, by user. Requests of one user share it.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<Uuid, Weak<Semaphore>>>);

impl Turns {
    /// The turns of a user's requests.
    pub fn of(&self, user_id: Uuid) -> Arc<Semaphore> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = known.get(&user_id).and_then(Weak::upgrade) {
            return turns;
        }
        known.retain(|_, turns| turns.strong_count() > 0);
        let turns = alone();
        known.insert(user_id, Arc::downgrade(&turns));
        turns
    }
}

/// The turns of a request that is nobody's yet.
pub fn alone() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(SIDE_BY_SIDE))
}

/// A request under way.
#[derive(Debug)]
pub(super) struct ApiRequest {
    turns: Arc<Semaphore>,
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

/// This task works for a request.
pub(super) fn is_under_way() -> bool {
    REQUEST.try_with(|_request| ()).is_ok()
}

/// Runs `work` as one API request, which reads in its `turns`. Its statements, those of its [`spawn`]ed tasks included, end when it
/// is dropped.
pub async fn scope<T>(turns: Arc<Semaphore>, work: impl Future<Output = T>) -> T {
    let left = CancellationToken::new();
    let request = Arc::new(ApiRequest {
        turns,
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
