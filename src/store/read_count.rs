//! How many requests a day were sent to Stripe.

use entity::read_count::{ActiveModel, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set};
use uuid::Uuid;

use super::order::{Order, order_of_integration};
use super::{Db, turn};

/// Adds to the day's count of requests sent to Stripe.
pub async fn add(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    day: chrono::NaiveDate,
    reads: i64,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        integration_id: Set(integration_id),
        day: Set(day),
        reads: Set(reads),
    };
    let mut add = OnConflict::columns([Column::IntegrationId, Column::Day]);
    add.value(Column::Reads, Expr::col((Entity, Column::Reads)).add(reads));
    Entity::insert(row)
        .on_conflict(add)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// The same outside of any other transaction. What is being removed is counted no more.
pub async fn add_last(db: &Db, integration_id: Uuid, day: chrono::NaiveDate, reads: i64) -> Result<(), DbErr> {
    if reads <= 0 {
        return Ok(());
    }
    let tx = db.begin().await?;
    turn::take(&tx, integration_id).await?;
    if order_of_integration(&tx, integration_id).await? != Order::Cancel {
        add(&tx, integration_id, day, reads).await?;
    }
    tx.commit().await
}
