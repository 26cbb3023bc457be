//! Stripe customers without a client, by what a client may be found: they wait for one that fits.

use sea_orm::entity::prelude::*;

/// A customer that waits for a client.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unmatched_customer")]
pub struct Model {
    /// The connected account of the customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Stripe's id of the customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_customer_id: String,
    /// Its e-mail address in the form that is compared.
    pub email_key: Option<String>,
    /// The id that another system knows it by, as the settings find it in the customer.
    pub external_id: Option<String>,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
