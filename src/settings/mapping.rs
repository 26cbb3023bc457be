//! Changing what a customer or a product becomes.

use entity::kind::{SyncDirection, SyncObject};
use entity::list::{MappingRule, MappingRules};
use entity::mapping;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Set};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error, Problem};
use crate::map::rule::{RuleInput, RuleProblem, check, default_customer_rules, default_product_rules};

/// What is to change; what is not given stays.
#[derive(Debug, Clone)]
pub struct UpdateMapping {
    /// Whose.
    pub integration_id: Uuid,
    /// Customer or product.
    pub object: SyncObject,
    /// The version that the caller has seen.
    pub expected_version: Option<i32>,
    /// Whether records are written.
    pub direction: Option<SyncDirection>,
    /// All rules, in place of the old ones.
    pub rules: Option<Vec<RuleInput>>,
    /// Who changes it.
    pub user_id: Uuid,
}

/// Changes a mapping. What is here already follows with the next import.
pub async fn update_mapping(app: &App, wish: UpdateMapping) -> Result<mapping::Model, Error> {
    let tx = app.db.begin().await?;
    super::get(&tx, wish.integration_id).await?;
    let known = get(&tx, wish.integration_id, wish.object).await?;
    let mut problems: Vec<Problem> = super::stale(wish.expected_version, known.version).into_iter().collect();
    let rules = match wish.rules.map(|rules| check(wish.object, rules)).transpose() {
        Ok(rules) => rules,
        Err(found) => {
            problems.extend(found.into_iter().map(problem));
            None
        }
    };
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    let updated = write(app, &tx, &known, wish.direction, rules, Some(wish.user_id)).await?;
    tx.commit().await?;
    Ok(updated)
}

/// Puts the default rules back.
pub async fn reset_mapping(
    app: &App,
    integration_id: Uuid,
    object: SyncObject,
    user_id: Uuid,
) -> Result<mapping::Model, Error> {
    let rules = match object {
        SyncObject::Customer => default_customer_rules(),
        SyncObject::Product => default_product_rules(),
        SyncObject::Contract => {
            return Err(Error::refused(
                &["object"],
                Code::MappingFixed,
                "The mapping of contracts is fixed.",
            ));
        }
    };
    let tx = app.db.begin().await?;
    super::get(&tx, integration_id).await?;
    let known = get(&tx, integration_id, object).await?;
    let updated = write(app, &tx, &known, None, Some(rules), Some(user_id)).await?;
    tx.commit().await?;
    Ok(updated)
}

/// The mapping of `object`.
async fn get(conn: &impl ConnectionTrait, integration_id: Uuid, object: SyncObject) -> Result<mapping::Model, Error> {
    mapping::Entity::find_by_id((integration_id, object))
        .one(conn)
        .await?
        .ok_or(Error::NotFound)
}

async fn write(
    app: &App,
    conn: &impl ConnectionTrait,
    known: &mapping::Model,
    direction: Option<SyncDirection>,
    rules: Option<Vec<MappingRule>>,
    user_id: Option<Uuid>,
) -> Result<mapping::Model, Error> {
    let mut row = mapping::ActiveModel {
        integration_id: Set(known.integration_id),
        object: Set(known.object),
        version: Set(known.version + 1),
        updated_at: Set(app.clock.now_ms()),
        updated_by: Set(user_id),
        ..Default::default()
    };
    if let Some(direction) = direction {
        row.direction = Set(direction);
    }
    if let Some(rules) = rules {
        row.rules = Set(MappingRules(rules));
    }
    Ok(row.update(conn).await?)
}

fn problem(found: RuleProblem) -> Problem {
    let index = found.index.map(|index| index.to_string());
    let path = match &index {
        Some(index) => vec!["rules", index, found.field],
        None => vec![found.field],
    };
    Problem::new(&path, found.code, found.message)
}
