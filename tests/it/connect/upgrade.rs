//! A database of the version before, in which one account came to be here twice.

use entity::integration::{Column, Entity};
use migration::{Migrator, MigratorTrait};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::support::integrations;
use crate::settings::support::{insert, ready};
use crate::support::TestApp;

const BACK: [&str; 2] = [
    "DROP INDEX integration_account",
    "DELETE FROM seaql_migrations WHERE version = 'm20261201_000009_accounts'",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_younger_forgets_whose_it_is() {
    let app = TestApp::start().await;
    for sql in BACK {
        app.db().write().execute_unprepared(sql).await.unwrap();
    }
    for account in ["acct_1", "acct_2", "acct_1"] {
        let mut row = ready();
        row.stripe_account_id = Some(account.to_owned());
        insert(&app, row).await;
    }
    Migrator::up(app.db().write(), None).await.unwrap();
    let accounts: Vec<_> = integrations(&app)
        .await
        .into_iter()
        .map(|known| known.stripe_account_id)
        .collect();
    assert_eq!(accounts, [Some("acct_1".to_owned()), Some("acct_2".to_owned()), None]);
    let twice = Entity::update_many()
        .col_expr(Column::StripeAccountId, Expr::value("acct_2"))
        .filter(Column::StripeAccountId.is_null());
    assert!(twice.exec(app.db().write()).await.is_err());
}
