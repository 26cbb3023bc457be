//! Anything by its global id.

use async_graphql::{Context, ID, Interface, Object};
use entity::kind::Scope;
use uuid::Uuid;

use super::client::Client;
use super::contract::Contract;
use super::id::{IdType, decode};
use super::integration::Integration;
use super::line::ContractLine;
use super::product::Product;
use super::run::Run;
use super::session::Session;
use super::sync_error::SyncError;
use super::token::ApiToken;
use super::{ContextExt, Fault, User};
use crate::account::{Caller, Proof};
use crate::app::App;
use crate::error::{Code, Error};
use crate::store;

/// Ids of one request.
const MOST_IDS: usize = 100;

/// Anything with a global id. Ids are opaque, stable for life and never reused; the type can be read from the prefix (`client_…`).
#[derive(Interface)]
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
        find(ctx.app()?, caller, &id).await
    }

    /// In the order of `ids`, null where missing or not visible. At most 100.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>, Fault> {
        let caller = ctx.require(Scope::Read)?;
        if ids.len() > MOST_IDS {
            return Err(Error::refused(&["ids"], Code::OutOfRange, format!("At most {MOST_IDS} ids at once.")).into());
        }
        let mut nodes = Vec::with_capacity(ids.len());
        for id in ids {
            nodes.push(find(ctx.app()?, caller, &id).await?);
        }
        Ok(nodes)
    }
}

/// What cannot be seen is null, the same as what is missing.
async fn find(app: &App, caller: &Caller, id: &ID) -> Result<Option<Node>, Fault> {
    let Some((of, row)) = decode(id) else { return Ok(None) };
    let db = app.db.read();
    Ok(match of {
        IdType::Integration => store::integration::find(db, row)
            .await?
            .map(|row| Node::Integration(Integration(row))),
        IdType::Client => store::client::find(db, row).await?.map(|row| Node::Client(Client(row))),
        IdType::Product => store::product::find(db, row)
            .await?
            .map(|row| Node::Product(Product(row))),
        IdType::Contract => store::contract::find(db, row)
            .await?
            .map(|row| Node::Contract(Contract(row))),
        IdType::ContractLine => store::line::find(db, row)
            .await?
            .map(|row| Node::ContractLine(ContractLine(row))),
        IdType::Run => store::run::find(db, row).await?.map(|row| Node::Run(Run(row))),
        IdType::SyncError => store::sync_error::find(db, row)
            .await?
            .map(|row| Node::SyncError(SyncError(row))),
        IdType::User | IdType::Session | IdType::ApiToken => of_caller(caller, row),
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
