//! The companies we sell to.

use sea_orm::entity::prelude::*;

use crate::kind::{ClientOrigin, ClientStatus};
use crate::list::{CustomValues, EditedFields, HeldBefore, Warnings};

/// A company we sell to. Which Stripe customers it is, [`crate::client_link`] says.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it comes from.
    pub origin: ClientOrigin,
    /// The name people see.
    pub name: String,
    /// The name in the form that lists sort by.
    pub name_key: String,
    /// Name, e-mail and ids in the form that `search` reads.
    pub search_key: String,
    /// Its place in its life.
    pub status: ClientStatus,
    /// E-mail address.
    pub email: Option<String>,
    /// The e-mail address in the form that is compared.
    pub email_key: Option<String>,
    /// Phone number as given.
    pub phone: Option<String>,
    /// Web site.
    pub site_url: Option<String>,
    /// The id another system knows it by.
    pub external_id: Option<String>,
    /// First line of the address.
    pub address_line1: Option<String>,
    /// Second line of the address.
    pub address_line2: Option<String>,
    /// City.
    pub address_city: Option<String>,
    /// State or province.
    pub address_state: Option<String>,
    /// Postal code.
    pub address_postal_code: Option<String>,
    /// Country.
    pub address_country: Option<String>,
    /// Currency it is billed in, upper case.
    pub currency: Option<String>,
    /// Since when it is known.
    pub inception_date: Option<Date>,
    /// Values of the fields that an admin has added.
    pub custom_values: CustomValues,
    /// Fields whose value a person or another system has set.
    pub edited: EditedFields,
    /// What people wrote and Stripe has written over, of a client kept by hand: it comes back when the customers go.
    pub held_before: HeldBefore,
    /// All linked customers are gone from Stripe.
    pub deleted_in_stripe: bool,
    /// What could not be done as it should.
    pub warnings: Warnings,
    /// When the row was made.
    pub created_at: i64,
    /// When a field last changed.
    pub updated_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
