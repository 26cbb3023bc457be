//! Changing what a customer or a product becomes.

use entity::kind::{StripeKind, SyncDirection, SyncObject};
use entity::list::{MappingRule, MappingRules};
use entity::mapping;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Set};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error, Problem};
use crate::map::rule::{RuleInput, RuleProblem, Target, check, default_customer_rules, default_product_rules, targets};
use crate::pull::rules::Rules;
use crate::store::{custom_field, remap_queue, source, turn};

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

/// Stored objects that new rules are tried on.
const SAMPLES: u64 = 50;

/// Changes a mapping. What is here already follows when it is mapped again, or with the next import; what was not pulled for a while
/// is caught up with at once.
pub async fn update_mapping(app: &App, wish: UpdateMapping) -> Result<mapping::Model, Error> {
    let tx = app.db.begin().await?;
    // What is skipped while the direction is DISABLED is committed before, and queued, or sees that it is not any more.
    turn::take(&tx, wish.integration_id).await?;
    super::get(&tx, wish.integration_id).await?;
    let known = get(&tx, wish.integration_id, wish.object).await?;
    let mut problems: Vec<Problem> = super::stale(wish.expected_version, known.version).into_iter().collect();
    let rules = match wish.rules {
        None => None,
        Some(rules) => match try_rules(&tx, wish.integration_id, wish.object, rules).await? {
            Ok(rules) => Some(rules),
            Err(found) => {
                problems.extend(found.into_iter().map(problem));
                None
            }
        },
    };
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    let updated = write(app, &tx, &known, wish.direction, rules, Some(wish.user_id)).await?;
    let pulls_again = known.direction == SyncDirection::Disabled && updated.direction == SyncDirection::Pull;
    if let Some(kind) = kind_of(wish.object).filter(|_| pulls_again) {
        remap_queue::add_kind(&tx, wish.integration_id, kind).await?;
    }
    tx.commit().await?;
    app.wake.notify_one();
    Ok(updated)
}

/// Checks rules against the fields that there are, and against some of the objects that are here.
pub(super) async fn try_rules(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    object: SyncObject,
    rules: Vec<RuleInput>,
) -> Result<Result<Vec<MappingRule>, Vec<RuleProblem>>, Error> {
    let fields = custom_field::list(conn).await?;
    let samples = match kind_of(object) {
        Some(kind) => source::sample(conn, integration_id, kind, SAMPLES).await?,
        None => Vec::new(),
    };
    let samples: Vec<_> = samples.into_iter().map(|(_, value)| value).collect();
    Ok(check(object, rules, &targets(object, &fields), &samples))
}

/// How many stored objects another version of the mapping has mapped.
pub async fn count_stale(app: &App, mapping: &mapping::Model) -> Result<u64, Error> {
    let db = app.db.read();
    let integration = crate::store::integration::find(db, mapping.integration_id).await?;
    let (Some(integration), Some(kind)) = (integration, kind_of(mapping.object)) else {
        return Ok(0);
    };
    let stamp = Rules::load(db, &integration, app.clock.now_ms()).await?.stamp(kind);
    Ok(source::count_mapped_otherwise(db, integration.id, kind, stamp).await?)
}

/// What the mapping of `object` may write.
pub async fn mapping_targets(app: &App, object: SyncObject) -> Result<Vec<Target>, Error> {
    if object == SyncObject::Contract {
        let message = "The mapping of contracts is fixed.";
        return Err(Error::refused(&["object"], Code::MappingFixed, message));
    }
    Ok(targets(object, &custom_field::list(app.db.read()).await?))
}

/// The Stripe objects that a mapping reads; contracts have no mapping.
pub(super) fn kind_of(object: SyncObject) -> Option<StripeKind> {
    match object {
        SyncObject::Customer => Some(StripeKind::Customer),
        SyncObject::Product => Some(StripeKind::Product),
        SyncObject::Contract => None,
    }
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

pub(super) fn problem(found: RuleProblem) -> Problem {
    let index = found.index.map(|index| index.to_string());
    let path = match &index {
        Some(index) => vec!["rules", index, found.field],
        None => vec![found.field],
    };
    Problem::new(&path, found.code, found.message)
}
