//! Products become products.

use std::collections::{HashMap, HashSet};

use entity::kind::{StripeKind, SyncObject};
use entity::list::{CustomValues, Warnings};
use entity::product;
use uuid::Uuid;

use super::{Item, Written, is_of_mode, left_aside, note, queue_left_aside};
use crate::error::Error;
use crate::pull::outcome::Outcome;
use crate::pull::road::Road;
use crate::store::Transaction;
use crate::store::change::Changed;
use crate::store::{record, source};

pub(super) async fn write(tx: &Transaction, road: Road<'_>, items: &[Item<'_>]) -> Result<Vec<Written>, Error> {
    let integration_id = road.rules.integration_id;
    let ids: Vec<&str> = items.iter().map(|item| item.stripe_id).collect();
    let existing = record::find_products(tx, integration_id, ids.clone()).await?;
    let recurring = source::find_recurring_products(tx, integration_id, ids)
        .await?
        .into_iter()
        .collect();
    let mut changed = Vec::new();
    let written = items
        .iter()
        .map(|item| settle(road, item, &existing, &recurring, &mut changed))
        .collect();
    let ids = changed.iter().map(|row: &product::Model| row.id).collect();
    let here: HashSet<Uuid> = existing.values().map(|row| row.id).collect();
    record::upsert_products(tx, changed).await?;
    note(tx, road, SyncObject::Product, Changed::of(ids, |id| !here.contains(id))).await?;
    queue_left_aside(
        tx,
        road,
        StripeKind::Product,
        left_aside(road.rules.product.pulls, items),
    )
    .await?;
    Ok(written)
}

fn settle(
    road: Road<'_>,
    item: &Item<'_>,
    existing: &HashMap<String, product::Model>,
    recurring: &HashSet<String>,
    changed: &mut Vec<product::Model>,
) -> Written {
    let existing = existing.get(item.stripe_id);
    let row = match (item.value, existing) {
        (None, None) => return Outcome::Skipped("PRODUCT_DELETED").into(),
        (None, Some(existing)) => product::Model {
            deleted_in_stripe: true,
            // What a mapping writes is left alone while the direction is DISABLED.
            active: existing.active && !road.rules.product.pulls,
            ..existing.clone()
        },
        (Some(value), _) => {
            if let Err(error) = is_of_mode(road, value) {
                return error.into();
            }
            if !road.rules.product.pulls {
                return Outcome::Skipped("DIRECTION_DISABLED").into();
            }
            match crate::map::product::map(
                &road.rules.product.rules,
                value,
                recurring.contains(item.stripe_id),
                existing,
            ) {
                Ok(draft) => draft.into_row(existing.unwrap_or(&blank(road)), item.stripe_id),
                Err(error) => return error.into(),
            }
        }
    };
    if existing == Some(&row) {
        return Outcome::Unchanged.into();
    }
    changed.push(product::Model {
        updated_at: road.now_ms,
        ..row
    });
    if existing.is_some() {
        Outcome::Updated.into()
    } else {
        Outcome::Created.into()
    }
}

fn blank(road: Road<'_>) -> product::Model {
    product::Model {
        id: Uuid::now_v7(),
        integration_id: road.rules.integration_id,
        stripe_id: String::new(),
        name: String::new(),
        name_key: String::new(),
        search_key: String::new(),
        description: None,
        sku: None,
        active: false,
        recurring: false,
        deleted_in_stripe: false,
        custom_values: CustomValues::default(),
        warnings: Warnings::default(),
        created_at: road.now_ms,
        updated_at: road.now_ms,
    }
}
