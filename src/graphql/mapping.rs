//! Mappings of customers and products.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::kind::Scope;
use entity::list;
use entity::mapping::Model;
use uuid::Uuid;

use super::id::IdType;
use super::loader::{FactsOf, UserKey};
use super::problem::{UserError, settle};
use super::scalar::DateTime;
use super::sync_object::{SyncDirection, SyncObject};
use super::{ContextExt, Fault, User};
use crate::account::Caller;
use crate::app::App;
use crate::error::Error;
use crate::map::rule::RuleInput;
use crate::settings::{self, UpdateMapping};

/// What a Stripe object becomes.
#[derive(Debug, Clone)]
pub(super) struct Mapping(Model);

impl Mapping {
    pub(super) async fn get(
        ctx: &Context<'_>,
        integration_id: Uuid,
        object: entity::kind::SyncObject,
    ) -> Result<Self, Fault> {
        let facts = ctx
            .rows()?
            .load_one(FactsOf(integration_id))
            .await?
            .ok_or(Error::NotFound)?;
        let found = facts.mappings.iter().find(|mapping| mapping.object == object);
        Ok(Self(found.cloned().ok_or(Error::NotFound)?))
    }
}

#[Object]
impl Mapping {
    async fn version(&self) -> i32 {
        self.0.version
    }

    async fn object(&self) -> SyncObject {
        self.0.object.into()
    }

    async fn direction(&self) -> SyncDirection {
        self.0.direction.into()
    }

    async fn rules(&self) -> Vec<MappingRule> {
        self.0.rules.0.iter().cloned().map(MappingRule::from).collect()
    }

    /// Stored objects that another version of it has mapped; `startRemap` applies this one to them.
    async fn stale_count(&self, ctx: &Context<'_>) -> Result<i32, Fault> {
        let count = settings::count_stale(ctx.app()?, &self.0).await?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    async fn updated_at(&self) -> DateTime {
        DateTime::from_ms(self.0.updated_at)
    }

    async fn updated_by(&self, ctx: &Context<'_>) -> Result<Option<User>, Fault> {
        let Some(id) = self.0.updated_by else { return Ok(None) };
        Ok(ctx.rows()?.load_one(UserKey(id)).await?.map(User))
    }
}

/// Who wins when both Stripe and a person have set a mapped field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::FieldPolicy")]
pub(super) enum FieldPolicy {
    StripeWins,
    LocalWins,
    FillIfEmpty,
}

/// One row of a mapping.
#[derive(Debug, SimpleObject)]
struct MappingRule {
    /// A JMESPath expression over the Stripe object: `address.city`, `name || email || id`, `metadata."plan tier" || 'free'`. A closed subset of the language: fields, indexes, literals, `||`, `&&`, `!`, comparisons, one projection (`[*]` or `[?..]`), and functions. Of JMESPath's own these: `to_string`, `length`, `contains`, `starts_with`, `not_null`. And ours: `lower`, `upper`, `trim`, `date(unix)`, `datetime(unix)`, `money(minorUnits, currency)`, `join('literal', list)`. At most 512 characters.
    source: String,
    /// A field of our record, or `custom.<key>`.
    target: String,
    /// Part of the default mapping: the rule cannot be removed or disabled. Its source can be changed, but for `stripeId`, which is always `id`.
    required: bool,
    enabled: bool,
    policy: FieldPolicy,
    /// The policy holds for clients of origin MANUAL, too. Without it what people wrote in one stays, as by `LOCAL_WINS`.
    over_manual: bool,
}

impl From<list::MappingRule> for MappingRule {
    fn from(rule: list::MappingRule) -> Self {
        let list::MappingRule {
            source,
            target,
            required,
            enabled,
            policy,
            over_manual,
        } = rule;
        Self {
            source,
            target,
            required,
            enabled,
            policy: policy.into(),
            over_manual,
        }
    }
}

#[derive(InputObject)]
pub(super) struct MappingRuleInput {
    source: String,
    target: String,
    #[graphql(default = true)]
    enabled: bool,
    #[graphql(default_with = "FieldPolicy::StripeWins")]
    policy: FieldPolicy,
    /// Lets the policy hold for clients of origin MANUAL, too. Products have no such origin.
    #[graphql(default = false)]
    over_manual: bool,
}

impl From<MappingRuleInput> for RuleInput {
    fn from(rule: MappingRuleInput) -> Self {
        Self {
            source: rule.source,
            target: rule.target,
            enabled: rule.enabled,
            policy: rule.policy.into(),
            over_manual: rule.over_manual,
        }
    }
}

/// Given rules replace the whole list (at most 200).
#[derive(InputObject)]
struct UpdateMappingInput {
    integration_id: ID,
    expected_version: Option<i32>,
    direction: Option<SyncDirection>,
    rules: Option<Vec<MappingRuleInput>>,
}

#[derive(InputObject)]
struct ResetMappingInput {
    integration_id: ID,
    object: SyncObject,
}

/// What became of a change to a mapping.
#[derive(Debug, SimpleObject)]
struct MappingPayload {
    mapping: Option<Mapping>,
    user_errors: Vec<UserError>,
}

impl MappingPayload {
    fn of(result: Result<Model, Error>) -> Result<Self, Fault> {
        let (mapping, user_errors) = settle(result)?;
        Ok(Self {
            mapping: mapping.map(Mapping),
            user_errors,
        })
    }
}

/// The mutations of mappings.
#[derive(Default)]
pub(super) struct MappingMutation;

#[Object]
impl MappingMutation {
    async fn update_customer_mapping(
        &self,
        ctx: &Context<'_>,
        input: UpdateMappingInput,
    ) -> Result<MappingPayload, Fault> {
        let caller = ctx.require(Scope::Configure)?;
        MappingPayload::of(update(ctx.app()?, caller, entity::kind::SyncObject::Customer, input).await)
    }

    async fn update_product_mapping(
        &self,
        ctx: &Context<'_>,
        input: UpdateMappingInput,
    ) -> Result<MappingPayload, Fault> {
        let caller = ctx.require(Scope::Configure)?;
        MappingPayload::of(update(ctx.app()?, caller, entity::kind::SyncObject::Product, input).await)
    }

    async fn reset_mapping(&self, ctx: &Context<'_>, input: ResetMappingInput) -> Result<MappingPayload, Fault> {
        let caller = ctx.require(Scope::Configure)?;
        MappingPayload::of(reset(ctx.app()?, caller, input).await)
    }
}

async fn update(
    app: &App,
    caller: &Caller,
    object: entity::kind::SyncObject,
    input: UpdateMappingInput,
) -> Result<Model, Error> {
    let wish = UpdateMapping {
        integration_id: IdType::Integration.decode(&input.integration_id, &["integrationId"])?,
        object,
        expected_version: input.expected_version,
        direction: input.direction.map(Into::into),
        rules: input
            .rules
            .map(|rules| rules.into_iter().map(RuleInput::from).collect()),
        user_id: caller.user.id,
    };
    settings::update_mapping(app, wish).await
}

async fn reset(app: &App, caller: &Caller, input: ResetMappingInput) -> Result<Model, Error> {
    let id = IdType::Integration.decode(&input.integration_id, &["integrationId"])?;
    settings::reset_mapping(app, id, input.object.into(), caller.user.id).await
}
