//! The tables as they are on both databases.

use entity::client;
use entity::kind::{ClientOrigin, ClientStatus, StripeKind};
use entity::list::{CustomValues, EditedFields, HeldBefore, Warnings};
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};
use tributary::store::source;
use uuid::Uuid;

use crate::support::TestDatabase;

/// Reads a row of each entity: a column that the migration lacks, or names otherwise, fails.
macro_rules! read_each {
    ($db:expr, $($entity:ident),+ $(,)?) => {
        $(assert_eq!(entity::$entity::Entity::find().one($db).await, Ok(None), stringify!($entity));)+
    };
}

#[tokio::test]
async fn a_fresh_database_has_every_column() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    read_each!(
        db.read(),
        api_token,
        client,
        client_link,
        client_unlink,
        contract,
        contract_line,
        custom_field,
        erased_customer,
        integration,
        mapping,
        product,
        read_count,
        record_change,
        record_change_counter,
        remap_queue,
        run,
        saved_clients,
        session,
        source_object,
        source_ref,
        stripe_event,
        sync_error,
        unmatched_customer,
        user,
    );
    let checks = entity::write_check::Entity::find().all(db.read()).await.unwrap();
    assert_eq!(checks.len(), 1, "the readiness check has its row");
}

#[tokio::test]
async fn keys_sort_by_their_bytes() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    let mut keys = ["b", "A", "a", "B", "Zebra", "ä", "a b", "a-b", "ab", "ﬀ", "😀", "_"];
    let rows = keys.map(|key| client_named(key).into());
    client::Entity::insert_many::<client::ActiveModel, _>(rows)
        .exec(db.write())
        .await
        .unwrap();
    let sorted: Vec<String> = client::Entity::find()
        .select_only()
        .column(client::Column::NameKey)
        .order_by_asc(client::Column::NameKey)
        .into_tuple()
        .all(db.read())
        .await
        .unwrap();
    keys.sort_unstable();
    assert_eq!(sorted, keys);
}

fn client_named(name: &str) -> client::Model {
    client::Model {
        id: Uuid::now_v7(),
        origin: ClientOrigin::Manual,
        name: name.to_owned(),
        name_key: name.to_owned(),
        search_key: name.to_owned(),
        status: ClientStatus::Active,
        email: None,
        email_key: None,
        phone: None,
        site_url: None,
        external_id: None,
        address_line1: None,
        address_line2: None,
        address_city: None,
        address_state: None,
        address_postal_code: None,
        address_country: None,
        currency: None,
        inception_date: None,
        custom_values: CustomValues::default(),
        edited: EditedFields::default(),
        held_before: HeldBefore::default(),
        deleted_in_stripe: false,
        warnings: Warnings::default(),
        created_at: 0,
        updated_at: 0,
    }
}

#[tokio::test]
async fn far_more_ids_are_looked_for_than_a_statement_takes_values() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    let ids: Vec<String> = (0..70_000).map(|number| format!("price_{number}")).collect();
    let ids = || ids.iter().map(String::as_str).collect();
    let (of, kind) = (Uuid::now_v7(), StripeKind::Price);
    assert!(source::find_ids(db.read(), of, kind, ids()).await.unwrap().is_empty());
    assert!(
        source::find_bodies(db.read(), of, kind, ids())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        source::find_stored(db.read(), of, kind, ids())
            .await
            .unwrap()
            .is_empty()
    );
}
