//! Tributary's tables: columns and relations only, no clock, no finders.
//!
//! Conventions: ids are UUIDs made by us, shown outside as `<type>_<32 hex digits>`; instants are Unix milliseconds (`i64`);
//! Stripe's own times are Unix seconds; amounts are integers in the currency's minor unit as Stripe counts it. Rows refer to
//! Stripe ids, never by foreign key, so that a late parent is never refused.

pub mod api_token;
pub mod billing_currency;
pub mod client;
pub mod client_link;
pub mod client_unlink;
pub mod contract;
pub mod contract_line;
pub mod custom_field;
pub mod discount_terms;
pub mod erased_customer;
pub mod event_lane;
pub mod integration;
pub mod kind;
pub mod list;
pub mod mapping;
pub mod product;
pub mod read_count;
pub mod record_change;
pub mod record_change_counter;
pub mod recurring_revenue;
pub mod remap_queue;
pub mod run;
pub mod saved_clients;
pub mod session;
pub mod source_object;
pub mod source_ref;
pub mod stripe_event;
pub mod subscription_state;
pub mod sync_error;
pub mod unmatched_customer;
pub mod user;
pub mod write_check;
