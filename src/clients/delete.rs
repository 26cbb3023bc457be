//! Deleting a client that was made by hand.

use entity::client;
use entity::kind::ClientOrigin;
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::{settle, take_turns};
use crate::app::App;
use crate::error::{Code, Error};
use crate::map::matching::Keys;
use crate::store::{self, matching, record};

/// Deletes a client of origin MANUAL that has no contracts. Customers that it was are somebody else from now on.
pub async fn delete(app: &App, client_id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let integrations = take_turns(&tx).await?;
    let found = client::Entity::find_by_id(client_id).one(&tx).await?;
    let Some(row) = found else {
        return Err(Error::refused(&["id"], Code::NotFound, "There is no such client."));
    };
    if row.origin != ClientOrigin::Manual {
        let message = "This client comes from Stripe. Only one that was made by hand can be deleted; eraseClient removes a person's data.";
        return Err(Error::refused(&["id"], Code::Conflict, message));
    }
    let links = store::client::list_links(&tx, &[client_id]).await?;
    for link in &links {
        let customer = vec![link.stripe_customer_id.as_str()];
        if !matching::list_contracts_of(&tx, link.integration_id, customer)
            .await?
            .is_empty()
        {
            let message = "This client has contracts. Part it from its Stripe customers first (unlinkClient).";
            return Err(Error::refused(&["id"], Code::Conflict, message));
        }
    }
    record::delete_client(&tx, client_id).await?;
    // Another client of the same address may be the only one now.
    let waiting = matching::list_waiting(&tx, &[&Keys::of(&row)]).await?;
    let waiting = waiting
        .into_iter()
        .map(|row| (row.integration_id, row.stripe_customer_id));
    let parted = links
        .into_iter()
        .map(|link| (link.integration_id, link.stripe_customer_id));
    settle(&tx, app, &integrations, waiting.chain(parted)).await?;
    tx.commit().await?;
    app.changed.send_replace(());
    Ok(())
}
