//! The admin API. A type is a newtype over a row, a file holds one noun: its type, queries and mutations.

use std::sync::Arc;

use async_graphql::{Data, MergedObject, SDLExportOptions, Schema as GraphqlSchema};

mod client;
mod connect;
mod connection;
mod context;
mod contract;
mod custom_field;
mod executed;
mod explain;
mod fault;
mod fixed_mapping;
pub(crate) mod guard;
pub mod id;
mod import;
mod integration;
mod line;
mod loader;
mod mapping;
mod measure;
mod money;
mod node;
mod preview;
pub mod problem;
mod product;
mod revenue;
mod run;
mod save_client;
pub mod scalar;
mod session;
mod settings;
mod source;
mod stripe;
mod subscription;
mod sync_error;
mod sync_object;
mod token;
mod user;
mod viewer;
mod webhook;

pub use context::ContextExt;
pub(crate) use executed::{EachEvent, Executed};
pub use fault::Fault;
pub(crate) use measure::{Size, too_large};
pub use subscription::SubscriptionRoot;
pub use user::{Scope, User};

use crate::app::App;

/// What can be read.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct QueryRoot(
    viewer::ViewerQuery,
    node::NodeQuery,
    integration::IntegrationQuery,
    client::ClientQuery,
    product::ProductQuery,
    contract::ContractQuery,
    line::LineQuery,
    revenue::RevenueQuery,
    run::RunQuery,
    sync_error::SyncErrorQuery,
    explain::ExplainQuery,
    custom_field::CustomFieldQuery,
    preview::PreviewQuery,
);

/// What can be changed.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct MutationRoot(
    session::SessionMutation,
    token::TokenMutation,
    connect::ConnectMutation,
    settings::SettingsMutation,
    mapping::MappingMutation,
    import::ImportMutation,
    webhook::WebhookMutation,
    custom_field::CustomFieldMutation,
    save_client::ClientMutation,
);

/// The schema, ready to execute.
pub type Schema = GraphqlSchema<QueryRoot, MutationRoot, SubscriptionRoot>;

fn build() -> async_graphql::SchemaBuilder<QueryRoot, MutationRoot, SubscriptionRoot> {
    Schema::build(QueryRoot::default(), MutationRoot::default(), SubscriptionRoot)
        .register_output_type::<stripe::StripeRecord>()
        .disable_suggestions()
        .extension(executed::Watches {
            most: guard::LIMITS.answer,
        })
}

/// The schema over the parts of the server. Documents come in through the guard, which knows the limits.
pub fn schema(app: Arc<App>) -> Schema {
    build().data(app).finish()
}

/// The schema's text.
pub fn sdl() -> String {
    build()
        .finish()
        .sdl_with_options(SDLExportOptions::new().include_specified_by().use_space_ident())
}

/// Attaches what lives as long as one request: loaders go here. The events of a subscription have their own: see [`EachEvent`].
pub fn request_data(app: &Arc<App>, data: &mut Data) {
    data.insert(loader::Loaders::new(app));
}
