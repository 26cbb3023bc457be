//! Which contracts are meant.

use chrono::NaiveDate;
use entity::contract::{Column, Entity};
use entity::kind::{ContractSource, ContractStatus, PaymentState};
use entity::{client_link, contract_line, product};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::as_of::AsOf;
use super::dated::{counts_toward_recurring, status};
use crate::store::range::{Range, among, holds, within};

/// Filters combine with AND; a list inside one is OR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are those of the API's filter")]
pub struct ContractFilter {
    pub ids: Option<Vec<Uuid>>,
    pub integration_id: Option<Uuid>,
    pub stripe_ids: Option<Vec<String>>,
    pub client_id: Option<Uuid>,
    pub stripe_customer_id: Option<String>,
    pub product_id: Option<Uuid>,
    pub linked: Option<bool>,
    pub source: Option<Vec<ContractSource>>,
    pub status: Option<Vec<ContractStatus>>,
    pub payment_state: Option<Vec<PaymentState>>,
    pub counts_toward_recurring: Option<bool>,
    pub currency: Option<Vec<String>>,
    pub reconciled: Option<bool>,
    pub booking_date: Option<Range<NaiveDate>>,
    pub term_end: Option<Range<NaiveDate>>,
    pub updated_at: Option<Range<i64>>,
    pub search: Option<String>,
    /// The invoice contracts of a subscription, by its integration and Stripe id. No filter of the API's.
    pub bills: Option<(Uuid, String)>,
    /// The day of which they are told; `None` = today. No filter of the API's, but lists of two days are two lists.
    pub as_of: Option<NaiveDate>,
}

impl ContractFilter {
    /// Only of what can be said of recurring revenue itself, without its contracts.
    pub(super) fn is_of_revenue(&self) -> bool {
        let own = Self {
            integration_id: None,
            client_id: None,
            stripe_customer_id: None,
            product_id: None,
            currency: None,
            as_of: None,
            ..self.clone()
        };
        own == Self::default()
    }
}

/// The contracts that `filter` lets through on a day.
pub(super) fn filtered(filter: &ContractFilter, as_of: &AsOf) -> Select<Entity> {
    let conditions = Condition::all()
        .add_option(among(Column::Id, filter.ids.as_ref()))
        .add_option(filter.integration_id.map(|id| Column::IntegrationId.eq(id)))
        .add_option(among(Column::StripeId, filter.stripe_ids.as_ref()))
        .add_option(
            filter
                .client_id
                .map(|id| Expr::exists(link().and_where(client_link::Column::ClientId.eq(id)).to_owned())),
        )
        .add_option(
            filter
                .stripe_customer_id
                .as_ref()
                .map(|id| Column::StripeCustomerId.eq(id.as_str())),
        )
        .add_option(filter.product_id.map(|id| Column::Id.in_subquery(with_product(id))))
        .add_option(filter.linked.map(|linked| {
            if linked {
                Expr::exists(link())
            } else {
                Expr::exists(link()).not()
            }
        }))
        .add_option(among(Column::Source, filter.source.as_ref()))
        .add_option(filter.status.clone().map(|words| status(as_of).is_in(words)))
        .add_option(among(Column::PaymentState, filter.payment_state.as_ref()))
        .add_option(filter.counts_toward_recurring.map(|counts| {
            if counts {
                counts_toward_recurring()
            } else {
                counts_toward_recurring().not()
            }
        }))
        .add_option(
            filter
                .bills
                .as_ref()
                .map(|(integration_id, stripe_id)| bills(*integration_id, std::slice::from_ref(stripe_id))),
        )
        .add_option(among(Column::Currency, filter.currency.as_ref()))
        .add_option(filter.reconciled.map(|reconciled| Column::Reconciled.eq(reconciled)))
        .add(within(Column::BookingDate, filter.booking_date.as_ref()))
        .add(within(Column::TermEnd, filter.term_end.as_ref()))
        .add(within(Column::UpdatedAt, filter.updated_at.as_ref()))
        .add_option(holds(Column::SearchKey, filter.search.as_ref()));
    Entity::find().filter(conditions)
}

/// The link of the contract's customer, correlated.
fn link() -> SelectStatement {
    use client_link::{Column as Link, Entity as Links};
    let mut query = Query::select();
    query
        .expr(Expr::val(1))
        .from(Links)
        .and_where(Expr::col((Links, Link::IntegrationId)).equals((Entity, Column::IntegrationId)))
        .and_where(Expr::col((Links, Link::StripeCustomerId)).equals((Entity, Column::StripeCustomerId)));
    query
}

pub(super) fn with_product(id: Uuid) -> SelectStatement {
    use contract_line::{Column as Line, Entity as Lines};
    use product::{Column as Product, Entity as Products};
    let mut query = Query::select();
    query
        .column((Lines, Line::ContractId))
        .from(Lines)
        .inner_join(
            Products,
            Expr::col((Products, Product::IntegrationId))
                .equals((Lines, Line::IntegrationId))
                .and(Expr::col((Products, Product::StripeId)).equals((Lines, Line::StripeProductId))),
        )
        .and_where(Expr::col((Products, Product::Id)).eq(id));
    query
}

/// It is an invoice contract of one of these subscriptions.
pub(super) fn bills(integration_id: Uuid, subscriptions: &[String]) -> SimpleExpr {
    Column::Source
        .eq(ContractSource::Invoice)
        .and(Column::IntegrationId.eq(integration_id))
        .and(Column::StripeSubscriptionId.is_in(subscriptions.iter().cloned()))
}
