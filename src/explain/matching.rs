//! Which client a customer is, and which rule found it; or what each rule found that it cannot be told by.

use std::collections::HashSet;

use entity::kind::{ClientMatchRule, StripeKind};
use entity::{client, client_link, integration};
use sea_orm::{ActiveEnum, EntityTrait};
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;
use crate::map::matching::{Keys, Match, Matching};
use crate::store::{matching, source};

/// Says it in sentences.
pub(super) async fn explain(app: &App, integration: &integration::Model, customer: &str) -> Result<String, Error> {
    let link = matching::find_link(app.db.read(), integration.id, customer).await?;
    let linked = match &link {
        Some(link) => told(app, link).await?,
        None => {
            "It is no client yet: its contracts wait, and attach by themselves when one is found or linked.".to_owned()
        }
    };
    let is_by_rule = |link: &client_link::Model| link.linked_by == ClientMatchRule::StripeId.to_value();
    if link.as_ref().is_some_and(|link| !is_by_rule(link)) {
        return Ok(linked);
    }
    let tried = tried(app, integration, customer).await?;
    Ok(if tried.is_empty() {
        linked
    } else {
        format!("{linked} {tried}")
    })
}

async fn told(app: &App, link: &client_link::Model) -> Result<String, Error> {
    let row = client::Entity::find_by_id(link.client_id).one(app.db.read()).await?;
    let name = row.map_or_else(String::new, |row| format!(" \"{}\"", row.name));
    let how = match ClientMatchRule::try_from_value(&link.linked_by) {
        Ok(ClientMatchRule::StripeId) => "by its own id (STRIPE_ID)",
        Ok(ClientMatchRule::ExternalId) => "by the id of another system (EXTERNAL_ID)",
        Ok(ClientMatchRule::Email) => "by its e-mail address (EMAIL)",
        Err(_) => "because a person has linked them",
    };
    Ok(format!("It is the client{name}, {how}."))
}

/// What the other rules found, when they decided nothing.
async fn tried(app: &App, integration: &integration::Model, customer: &str) -> Result<String, Error> {
    let db = app.db.read();
    let rules = &integration.client_matching.0;
    let source = integration.external_id_source.as_deref();
    let set = Matching::compile(rules, source).map_err(Error::Internal)?;
    let mut bodies = source::find_bodies(db, integration.id, StripeKind::Customer, vec![customer]).await?;
    let keys = match bodies.remove(customer) {
        Some(body) => set.keys(&body.value()?),
        None => Keys::default(),
    };
    let candidates = matching::find_candidates(db, &[&keys]).await?;
    let parted: HashSet<Uuid> = matching::find_parted(db, integration.id, vec![customer])
        .await?
        .into_iter()
        .map(|(_, client_id)| client_id)
        .collect();
    let found = set.choose(&keys, &candidates, |id| parted.contains(&id));
    let mut said: Vec<String> = rules.iter().filter_map(|rule| outcome(*rule, &keys, &found)).collect();
    if !parted.is_empty() {
        said.push("A person has parted it from a client: no rule joins them again.".to_owned());
    }
    Ok(said.join(" "))
}

fn outcome(rule: ClientMatchRule, keys: &Keys, found: &Match) -> Option<String> {
    let (key, what) = match rule {
        ClientMatchRule::StripeId => return None,
        ClientMatchRule::ExternalId => (&keys.external_id, "id of another system"),
        ClientMatchRule::Email => (&keys.email_key, "e-mail address"),
    };
    let word = rule.to_value();
    if key.is_none() {
        return Some(format!("The rule {word} finds nothing: it has no {what}."));
    }
    match found {
        // The next look at this customer links it.
        Match::Found(_, by) if *by == rule => Some(format!("The rule {word} finds a client.")),
        Match::Found(..) => None,
        Match::None(unsure) => match unsure.iter().find(|(by, _)| *by == rule) {
            Some((_, many)) => Some(format!(
                "The rule {word} finds {many} clients of origin MANUAL, and so matches none."
            )),
            None => Some(format!("The rule {word} finds no client of origin MANUAL.")),
        },
    }
}
