//! Which client a customer is, or would be.

use std::collections::{HashMap, HashSet};

use entity::client;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

use super::family::Family;
use super::rules::Rules;
use crate::error::Error;
use crate::map::matching::{Keys, Match};
use crate::store::{self, matching, record};

/// What the rules find for customers that are not known yet, each with what it is found by.
pub(super) async fn introduce(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    strange: Vec<(&str, Keys)>,
) -> Result<HashMap<String, (Keys, Match)>, Error> {
    let wanted: Vec<&Keys> = strange.iter().map(|(_, keys)| keys).collect();
    let candidates = matching::find_candidates(conn, &wanted).await?;
    let parted = if candidates.is_empty() {
        HashSet::new()
    } else {
        let ids = strange.iter().map(|(id, _)| *id).collect();
        matching::find_parted(conn, rules.integration_id, ids).await?
    };
    let strangers = strange.into_iter().map(|(id, keys)| {
        let is_parted = |client_id| parted.contains(&(id.to_owned(), client_id));
        let found = rules.matching.choose(&keys, &candidates, is_parted);
        (id.to_owned(), (keys, found))
    });
    Ok(strangers.collect())
}

/// The client that a customer is or would be.
#[derive(Debug)]
pub struct Whose {
    /// The client.
    pub client: client::Model,
    /// The customer that is mapped in its place: the first one of the client that Stripe still has.
    pub speaker: Option<String>,
}

/// The client that a customer is, or that the rules would find for it. Writes nothing.
pub async fn whose(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    (stripe_id, customer): (&str, &Value),
) -> Result<Option<Whose>, Error> {
    let links = record::find_links(conn, rules.integration_id, vec![stripe_id]).await?;
    let client_id = match links.get(stripe_id) {
        Some(link) => Some(link.client_id),
        None => find_match(conn, rules, stripe_id, customer).await?,
    };
    let Some(client_id) = client_id else { return Ok(None) };
    let Some(client) = store::client::find(conn, client_id).await? else {
        return Ok(None);
    };
    let family = Family::new(client, store::client::list_links(conn, &[client_id]).await?);
    let own = |link: &entity::client_link::Model| {
        (link.integration_id, link.stripe_customer_id.as_str()) == (rules.integration_id, stripe_id)
    };
    let speaker = family.speaker().filter(|link| !own(link));
    Ok(Some(Whose {
        speaker: speaker.map(|link| link.stripe_customer_id.clone()),
        client: family.row,
    }))
}

async fn find_match(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    stripe_id: &str,
    customer: &Value,
) -> Result<Option<Uuid>, Error> {
    let strange = vec![(stripe_id, rules.matching.keys(customer))];
    let found = introduce(conn, rules, strange).await?;
    Ok(match found.get(stripe_id) {
        Some((_, Match::Found(client_id, _))) => Some(*client_id),
        _ => None,
    })
}
