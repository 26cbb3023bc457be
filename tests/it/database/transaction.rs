//! A transaction is all or nothing, whatever happens to it and to whoever waits for it, and never spoils the connection for the next.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use entity::write_check::{Column, Entity};
use futures_util::future::join_all;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use tributary::store::{Db, Failure};

use crate::support::{TestDatabase, on_postgres};

/// More than there are connections for writing.
const AT_ONCE: i32 = 12;
const KEEP: &str = "CREATE TABLE kept (id integer PRIMARY KEY, text text)";

/// A database with a table to write into, and a second look at it that shares no connection with the first.
struct Desk {
    db: Db,
    other: Db,
    _database: TestDatabase,
}

impl Desk {
    async fn open() -> Self {
        let database = TestDatabase::create().await;
        let db = database.open().await;
        db.write().execute_unprepared(KEEP).await.unwrap();
        let other = database.open().await;
        Self {
            db,
            other,
            _database: database,
        }
    }

    async fn insert(&self, conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
        let sql = format!("INSERT INTO kept (id, text) VALUES ({id}, 'x')");
        conn.execute_unprepared(&sql).await.map(|_done| ())
    }

    /// What is there for everybody.
    async fn ids(&self) -> Vec<i32> {
        let backend = self.other.read().get_database_backend();
        let all = sea_orm::Statement::from_string(backend, "SELECT id FROM kept ORDER BY id");
        let rows = self.other.read().query_all_raw(all).await.unwrap();
        rows.iter().map(|row| row.try_get("", "id").unwrap()).collect()
    }

    /// A transaction that writes and is let go, and one that writes and is committed.
    async fn write_on(&self, id: i32) {
        let let_go = self.db.begin().await.unwrap();
        self.insert(&let_go, id + 1).await.unwrap();
        drop(let_go);
        let tx = self.db.begin().await.unwrap();
        self.insert(&tx, id + 2).await.unwrap();
        tx.commit().await.unwrap();
        self.insert(self.db.write(), id + 3).await.unwrap();
    }
}

/// Polls `future` at most `polls` times, then drops it; true when it came to its end.
async fn give_up_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn after_a_failed_statement_a_transaction_writes_nothing() {
    let desk = Desk::open().await;
    desk.insert(desk.db.write(), 1).await.unwrap();
    let tx = desk.db.begin().await.unwrap();
    desk.insert(&tx, 2).await.unwrap();
    desk.insert(&tx, 1).await.unwrap_err();
    desk.insert(&tx, 3).await.unwrap_err();
    assert!(
        tx.commit().await.is_err(),
        "nothing of it is there, so nobody is told that it is"
    );
    assert_eq!(desk.ids().await, [1]);
    desk.write_on(10).await;
    assert_eq!(desk.ids().await, [1, 12, 13]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_waiting_for_a_transaction_leaves_nothing_behind() {
    let desk = Desk::open().await;
    let mut expected = Vec::new();
    for polls in 0..8 {
        // At once, so that no connection is left that nobody has given up.
        join_all((0..AT_ONCE).map(|_| give_up_after(polls, desk.db.begin()))).await;
        join_all((0..AT_ONCE).map(|_| give_up_after(polls, desk.db.begin_view()))).await;
        let id = i32::try_from(polls).unwrap() * 100;
        for at in 0..AT_ONCE {
            desk.insert(desk.db.write(), id + at).await.unwrap();
            expected.push(id + at);
        }
        desk.write_on(id + 50).await;
        expected.extend([id + 52, id + 53]);
        assert_eq!(desk.ids().await, expected, "given up after {polls} looks");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_a_write_half_way_leaves_all_or_nothing() {
    let desk = Desk::open().await;
    for polls in 0..16 {
        let id = i32::try_from(polls).unwrap() * 10;
        let whole = async {
            let tx = desk.db.begin().await?;
            desk.insert(&tx, id).await?;
            desk.insert(&tx, id + 5).await?;
            tx.commit().await
        };
        let is_done = give_up_after(polls, whole).await;
        desk.write_on(id).await;
        let ids: Vec<i32> = desk.ids().await.into_iter().filter(|found| *found >= id).collect();
        let (all, nothing) = (vec![id, id + 2, id + 3, id + 5], vec![id + 2, id + 3]);
        assert!(
            ids == all || (!is_done && ids == nothing),
            "{ids:?} after {polls} looks"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_transaction_leaves_nothing_behind() {
    let desk = Desk::open().await;
    let db = desk.db.clone();
    let breaking = tokio::spawn(async move {
        let tx = db.begin().await.unwrap();
        tx.execute_unprepared("INSERT INTO kept (id, text) VALUES (1, 'x')")
            .await
            .unwrap();
        panic!("on purpose");
    });
    assert!(breaking.await.unwrap_err().is_panic());
    desk.write_on(10).await;
    assert_eq!(desk.ids().await, [12, 13]);
}

#[tokio::test]
async fn a_connection_whose_transaction_sqlite_ended_by_itself_is_not_used_again() {
    if on_postgres() {
        return;
    }
    let desk = Desk::open().await;
    let full = "PRAGMA max_page_count = 1";
    desk.db.write().execute_unprepared(full).await.unwrap();
    let tx = desk.db.begin().await.unwrap();
    let too_much = "INSERT INTO kept (id, text) VALUES (1, zeroblob(1000000))";
    let error = tx.execute_unprepared(too_much).await.unwrap_err();
    assert_eq!(Failure::of(&error), Failure::DiskFull);
    drop(tx);
    desk.write_on(10).await;
    assert_eq!(desk.ids().await, [12, 13]);
}

/// Something was written, lost its answer, and whoever asked was told so: never that it was written.
#[tokio::test]
async fn a_commit_whose_connection_is_lost_is_not_acknowledged() {
    if !on_postgres() {
        return;
    }
    let desk = Desk::open().await;
    let tx = desk.db.begin().await.unwrap();
    desk.insert(&tx, 1).await.unwrap();
    let end_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'";
    desk.other.write().execute_unprepared(end_others).await.unwrap();
    assert!(tx.commit().await.is_err());
    desk.write_on(10).await;
    assert_eq!(desk.ids().await, [12, 13]);
}

#[tokio::test]
async fn the_check_writes_its_row_when_nothing_else_was_written_lately() {
    let desk = Desk::open().await;
    let zero = Entity::update_many().col_expr(Column::CheckedAt, Expr::value(0_i64));
    zero.exec(desk.db.write()).await.unwrap();
    desk.db.check_writable(1_234).await.unwrap();
    let row = Entity::find().one(desk.other.read()).await.unwrap().unwrap();
    assert_eq!(row.checked_at, 1_234);
    desk.db.check_writable(5_678).await.unwrap();
    let row = Entity::find().one(desk.other.read()).await.unwrap().unwrap();
    assert_eq!(row.checked_at, 1_234, "what was found a moment ago is believed");
}

#[tokio::test]
async fn a_commit_that_changes_nothing_does_not_pass_for_writing() {
    let desk = Desk::open().await;
    let out_of_reach = "ALTER TABLE write_check RENAME TO out_of_reach";
    desk.db.write().execute_unprepared(out_of_reach).await.unwrap();
    desk.db.begin().await.unwrap().commit().await.unwrap();
    assert!(desk.db.check_writable(1).await.is_err());
}

#[tokio::test]
async fn a_transaction_whose_statement_nobody_waited_for_writes_nothing() {
    let desk = Desk::open().await;
    let tx = desk.db.begin().await.unwrap();
    let slow = if on_postgres() {
        "INSERT INTO kept SELECT 1, 'x' FROM pg_sleep(0.2)"
    } else {
        "INSERT INTO kept WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) SELECT 1, max(i) FROM n"
    };
    assert!(!give_up_after(1, tx.execute_unprepared(slow)).await);
    assert!(desk.insert(&tx, 2).await.is_err());
    assert!(tx.commit().await.is_err());
    desk.write_on(10).await;
    assert_eq!(desk.ids().await, [12, 13]);
}
