//! What rules that are not saved would make of real records. Writes nothing, and is the very code that a run maps with.

use entity::kind::{StripeKind, SyncObject};
use entity::product;
use serde_json::Value;
use uuid::Uuid;

use super::mapping::{kind_of, problem, try_rules};
use crate::app::App;
use crate::error::{Code, Error, Problem};
use crate::map::client::ClientDraft;
use crate::map::product::ProductDraft;
use crate::map::rule::{CompiledRules, RuleInput, Target, targets};
use crate::map::{self, MapError};
use crate::pull::rules::Rules;
use crate::pull::stranger::{Whose, whose};
use crate::store::{custom_field, record, source};

/// Records of one preview.
const MOST: usize = 5;
const KEPT_BY_HAND: &str =
    "Nothing is written: people keep this client and have set the field. A rule with overManual writes it.";

/// Rules to be tried.
#[derive(Debug)]
pub struct Preview {
    /// Whose objects.
    pub integration_id: Uuid,
    /// Customers or products.
    pub object: SyncObject,
    /// All rules.
    pub rules: Vec<RuleInput>,
    /// The objects, by Stripe's id; none = some that are here.
    pub stripe_ids: Option<Vec<String>>,
}

/// What rules would make of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewedRecord {
    /// Of Stripe's object.
    pub stripe_id: String,
    /// A row for each rule that is on, in their order.
    pub fields: Vec<PreviewedField>,
}

/// What a rule would make of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewedField {
    /// The field.
    pub target: String,
    /// What is in it now.
    pub before: Option<String>,
    /// What would be in it.
    pub after: Option<String>,
    /// Why it would be empty although the rule gives something, or why nothing would be written.
    pub problem: Option<String>,
}

/// Tries rules on at most five records.
pub async fn preview_mapping(app: &App, wish: Preview) -> Result<Vec<PreviewedRecord>, Error> {
    let db = app.db.read();
    let (id, object) = (wish.integration_id, wish.object);
    crate::store::integration::find(db, id)
        .await?
        .ok_or_else(Error::no_such_integration)?;
    let Some(kind) = kind_of(object) else {
        let message = "The mapping of contracts is fixed.";
        return Err(Error::refused(&["object"], Code::MappingFixed, message));
    };
    let rules = match try_rules(db, id, object, wish.rules).await? {
        Ok(rules) => rules,
        Err(found) => return Err(Error::Refused(found.into_iter().map(problem).collect())),
    };
    let fields = custom_field::list(db).await?;
    let rules = CompiledRules::compile(&rules, &targets(object, &fields)).map_err(Error::Internal)?;
    let objects = find_objects(app, id, kind, wish.stripe_ids).await?;
    let todays = Rules::load_todays(db, id, app.clock.now_ms()).await?;
    let mut previewed = Vec::with_capacity(objects.len());
    for (stripe_id, value) in objects {
        let fields = match object {
            SyncObject::Customer => {
                client_fields(&rules, &value, whose(db, &todays, (&stripe_id, &value)).await?.as_ref())
            }
            SyncObject::Product | SyncObject::Contract => {
                product_fields(&rules, &value, find_product(app, id, &stripe_id).await?.as_ref())
            }
        };
        previewed.push(PreviewedRecord { stripe_id, fields });
    }
    Ok(previewed)
}

async fn find_objects(
    app: &App,
    integration_id: Uuid,
    kind: StripeKind,
    wanted: Option<Vec<String>>,
) -> Result<Vec<(String, Value)>, Error> {
    let db = app.db.read();
    let Some(wanted) = wanted else {
        let most = u64::try_from(MOST).unwrap_or_default();
        return Ok(source::sample(db, integration_id, kind, most).await?);
    };
    if !(1..=MOST).contains(&wanted.len()) {
        let message = format!("Name between 1 and {MOST} objects, or none.");
        return Err(Error::refused(&["stripeIds"], Code::OutOfRange, message));
    }
    let ids = wanted.iter().map(String::as_str).collect();
    let bodies = source::find_bodies(db, integration_id, kind, ids).await?;
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (place, id) in wanted.into_iter().enumerate() {
        let body = bodies.get(&id).filter(|body| !body.deleted);
        let value = body.map(source::Body::value).transpose()?;
        match value.filter(|value| value.get("id").is_some()) {
            Some(value) => found.push((id, value)),
            None => problems.push(Problem::new(
                &["stripeIds", &place.to_string()],
                Code::NotFound,
                "Nothing is kept of an object with this id.",
            )),
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(Error::Refused(problems))
    }
}

async fn find_product(app: &App, integration_id: Uuid, stripe_id: &str) -> Result<Option<product::Model>, Error> {
    let mut found = record::find_products(app.db.read(), integration_id, vec![stripe_id]).await?;
    Ok(found.remove(stripe_id))
}

fn client_fields(rules: &CompiledRules, value: &Value, whose: Option<&Whose>) -> Vec<PreviewedField> {
    let here = whose.map(|whose| &whose.client);
    let before = here.map(ClientDraft::of);
    let shown_before = |target: &Target| before.as_ref()?.shown(target);
    if let Some(speaker) = whose.and_then(|whose| whose.speaker.as_deref()) {
        return nothing_written(rules, value, shown_before, speaker);
    }
    let after = map::client::map(rules, value, here);
    let mut fields = fields(rules, value, shown_before, &after, ClientDraft::shown);
    let kept = here.map(|client| map::client::kept(rules, value, client));
    for target in kept.unwrap_or_default() {
        if let Some(field) = fields.iter_mut().find(|field| field.target == target.path) {
            field.problem.get_or_insert_with(|| KEPT_BY_HAND.to_owned());
        }
    }
    fields
}

/// Of several customers that are one client, only one is mapped.
fn nothing_written(
    rules: &CompiledRules,
    value: &Value,
    before: impl Fn(&Target) -> Option<String>,
    speaker: &str,
) -> Vec<PreviewedField> {
    let of = |target: &Target| {
        let here = if is_id(target) { own_id(value) } else { before(target) };
        PreviewedField {
            target: target.path.to_string(),
            before: here.clone(),
            after: here,
            problem: Some(format!(
                "Nothing is written: the customer {speaker} is the same client and stands before this one."
            )),
        }
    };
    rules.targets().map(of).collect()
}

fn is_id(target: &Target) -> bool {
    target.path == "stripeId"
}

fn own_id(value: &Value) -> Option<String> {
    value["id"].as_str().map(str::to_owned)
}

fn product_fields(rules: &CompiledRules, value: &Value, here: Option<&product::Model>) -> Vec<PreviewedField> {
    let before = here.map(ProductDraft::of);
    let recurring = here.is_some_and(|row| row.recurring);
    let after = map::product::map(rules, value, recurring, here);
    fields(
        rules,
        value,
        |target| before.as_ref()?.shown(target),
        &after,
        ProductDraft::shown,
    )
}

fn fields<D>(
    rules: &CompiledRules,
    value: &Value,
    before: impl Fn(&Target) -> Option<String>,
    after: &Result<D, MapError>,
    shown: fn(&D, &Target) -> Option<String>,
) -> Vec<PreviewedField> {
    let problems = rules.problems(value);
    let of = |target: &Target| {
        let problem = problems.iter().find(|(of, _)| of.path == target.path);
        PreviewedField {
            target: target.path.to_string(),
            before: if is_id(target) { own_id(value) } else { before(target) },
            after: match after {
                Ok(_) if is_id(target) => own_id(value),
                Ok(draft) => shown(draft, target),
                Err(_) => None,
            },
            problem: match after {
                Err(error) => Some(error.message.clone()),
                Ok(_) => problem.map(|(_, why)| why.clone()),
            },
        }
    };
    rules.targets().map(of).collect()
}
