//! Anything by its global id.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object};
use entity::kind::Scope;
use futures_util::future::try_join_all;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::client::Client;
use super::contract::Contract;
use super::custom_field::CustomField;
use super::id::{IdType, decode};
use super::integration::Integration;
use super::line::ContractLine;
use super::loader::NodeKey;
use super::product::Product;
use super::run::Run;
use super::session::Session;
use super::sync_error::SyncError;
use super::token::ApiToken;
use super::{ContextExt, Fault, User};
use crate::account::{Caller, Proof};
use crate::error::{Code, Error};
use crate::store;

/// Ids of one request.
const MOST_IDS: usize = 100;

/// Anything with a global id. Ids are opaque, stable for life and never reused; the type can be read from the prefix (`client_…`).
#[derive(Debug, Clone, Interface)]
#[graphql(field(name = "id", ty = "ID"))]
pub(super) enum Node {
    /// A connected Stripe account.
    Integration(Integration),
    /// A client.
    Client(Client),
    /// A product.
    Product(Product),
    /// A contract.
    Contract(Contract),
    /// A contract's line.
    ContractLine(ContractLine),
    /// A run.
    Run(Run),
    /// An object that could not be imported.
    SyncError(SyncError),
    /// A field that an admin has added.
    CustomField(CustomField),
    /// The caller.
    User(User),
    /// The caller's session.
    Session(Session),
    /// One of the caller's tokens.
    ApiToken(ApiToken),
}

/// The queries by global id.
#[derive(Default)]
pub(super) struct NodeQuery;

#[Object]
impl NodeQuery {
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>, Fault> {
        let caller = ctx.require(Scope::Read)?;
        find(ctx, caller, &id, &["id"]).await
    }

    /// In the order of `ids`, null where missing or not visible. At most 100.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>, Fault> {
        let caller = ctx.require(Scope::Read)?;
        if ids.len() > MOST_IDS {
            return Err(Error::refused(&["ids"], Code::OutOfRange, format!("At most {MOST_IDS} ids at once.")).into());
        }
        let places: Vec<String> = (0..ids.len()).map(|place| place.to_string()).collect();
        let found = ids
            .iter()
            .zip(&places)
            .map(async |(id, place)| find(ctx, caller, id, &["ids", place]).await);
        try_join_all(found).await
    }
}

/// What cannot be seen is null, the same as what is missing.
async fn find(ctx: &Context<'_>, caller: &Caller, id: &ID, path: &[&str]) -> Result<Option<Node>, Fault> {
    let (of, row) = decode(id).ok_or_else(|| Error::refused(path, Code::Invalid, "This is not an id."))?;
    match of {
        IdType::User | IdType::Session | IdType::ApiToken => Ok(of_caller(caller, row)),
        _ => Ok(ctx.rows()?.load_one(NodeKey(of, row)).await?),
    }
}

/// Those of the records of one type that are here, with their ids.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    of: IdType,
    ids: &[Uuid],
    as_of: &store::contract::AsOf,
) -> Result<Vec<(Uuid, Node)>, DbErr> {
    macro_rules! rows {
        ($store:ident, $node:ident) => {
            store::$store::list_by_ids(db, ids)
                .await?
                .into_iter()
                .map(|row| (row.id, Node::$node($node(row))))
                .collect()
        };
    }
    Ok(match of {
        IdType::Integration => rows!(integration, Integration),
        IdType::Client => rows!(client, Client),
        IdType::Product => rows!(product, Product),
        IdType::Contract => store::contract::list_by_ids(db, ids, as_of)
            .await?
            .into_iter()
            .map(|dated| (dated.row.id, Node::Contract(Contract(Arc::new(dated)))))
            .collect(),
        IdType::ContractLine => rows!(line, ContractLine),
        IdType::Run => rows!(run, Run),
        IdType::SyncError => rows!(sync_error, SyncError),
        IdType::CustomField => store::custom_field::list_by_ids(db, ids)
            .await?
            .into_iter()
            .map(|row| (row.id, Node::CustomField(CustomField(Arc::new(row)))))
            .collect(),
        IdType::User | IdType::Session | IdType::ApiToken => Vec::new(),
    })
}

/// Of people, sessions and tokens a caller finds the own ones only.
fn of_caller(caller: &Caller, row: Uuid) -> Option<Node> {
    if caller.user.id == row {
        return Some(Node::User(User(caller.user.clone())));
    }
    match &caller.proof {
        Proof::Session(session) if session.id == row => Some(Node::Session(Session::new(session.clone(), caller))),
        Proof::Token(token) if token.id == row => Some(Node::ApiToken(ApiToken(token.clone()))),
        Proof::Session(_) | Proof::Token(_) => None,
    }
}
