//! What a mapping can read and write, and what rules would make of real records before they are saved.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::kind::Scope;

use super::custom_field::FieldType;
use super::import::integration_of;
use super::mapping::MappingRuleInput;
use super::problem::{UserError, settle};
use super::sync_object::SyncObject;
use super::{ContextExt, Fault};
use crate::app::App;
use crate::error::Error;
use crate::map::rule::{RuleInput, Target};
use crate::settings::{self, Preview, PreviewedField, PreviewedRecord};

/// Something that a mapping can read.
#[derive(Debug, SimpleObject)]
struct MappingSource {
    /// The expression that reads it.
    path: String,
    r#type: FieldType,
    /// Of a hundred objects looked at, in how many it is filled.
    filled_percent: i32,
    samples: Vec<String>,
}

impl From<settings::MappingSource> for MappingSource {
    fn from(source: settings::MappingSource) -> Self {
        Self {
            path: source.path,
            r#type: source.field_type.into(),
            filled_percent: source.filled_percent,
            samples: source.samples,
        }
    }
}

/// A field that a mapping can write.
#[derive(Debug, SimpleObject)]
struct MappingTarget {
    path: String,
    r#type: FieldType,
    required: bool,
    label: String,
}

impl From<Target> for MappingTarget {
    fn from(target: Target) -> Self {
        Self {
            r#type: target.field_type().into(),
            path: target.path.into_owned(),
            required: target.required,
            label: target.label.into_owned(),
        }
    }
}

#[derive(InputObject)]
struct PreviewMappingInput {
    integration_id: ID,
    object: SyncObject,
    /// All rules, as they would be saved.
    rules: Vec<MappingRuleInput>,
    /// At most five; absent = some that are here.
    stripe_ids: Option<Vec<String>>,
}

/// What rules would make of real records.
#[derive(Debug, SimpleObject)]
struct PreviewMappingPayload {
    records: Vec<MappingPreview>,
    user_errors: Vec<UserError>,
}

/// What rules would make of one record.
#[derive(Debug, SimpleObject)]
struct MappingPreview {
    stripe_id: String,
    /// A row for each rule that is on.
    fields: Vec<MappingPreviewField>,
}

/// What a rule would make of one field.
#[derive(Debug, SimpleObject)]
struct MappingPreviewField {
    target: String,
    before: Option<String>,
    after: Option<String>,
    /// Why it would be empty although the rule gives something, or why nothing would be written.
    problem: Option<String>,
}

impl From<PreviewedRecord> for MappingPreview {
    fn from(record: PreviewedRecord) -> Self {
        let field = |field: PreviewedField| MappingPreviewField {
            target: field.target,
            before: field.before,
            after: field.after,
            problem: field.problem,
        };
        Self {
            stripe_id: record.stripe_id,
            fields: record.fields.into_iter().map(field).collect(),
        }
    }
}

/// The queries of whoever edits a mapping.
#[derive(Default)]
pub(super) struct PreviewQuery;

#[Object]
impl PreviewQuery {
    /// What a mapping can read: the fields seen in this account's data, metadata keys included, with samples. Needs CONFIGURE.
    async fn mapping_sources(
        &self,
        ctx: &Context<'_>,
        integration_id: ID,
        object: SyncObject,
    ) -> Result<Vec<MappingSource>, Fault> {
        ctx.require(Scope::Configure)?;
        let id = integration_of(&integration_id)?;
        let sources = settings::mapping_sources(ctx.app()?, id, object.into()).await?;
        Ok(sources.into_iter().map(MappingSource::from).collect())
    }

    /// What a mapping can write: our fields, with their types, and the custom fields.
    async fn mapping_targets(&self, ctx: &Context<'_>, object: SyncObject) -> Result<Vec<MappingTarget>, Fault> {
        ctx.require(Scope::Read)?;
        let targets = settings::mapping_targets(ctx.app()?, object.into()).await?;
        Ok(targets.into_iter().map(MappingTarget::from).collect())
    }

    /// What the given, unsaved rules would make of real records (5 at most). Writes nothing. Needs CONFIGURE.
    async fn preview_mapping(
        &self,
        ctx: &Context<'_>,
        input: PreviewMappingInput,
    ) -> Result<PreviewMappingPayload, Fault> {
        ctx.require(Scope::Configure)?;
        let (records, user_errors) = settle(preview(ctx.app()?, input).await)?;
        Ok(PreviewMappingPayload {
            records: records
                .unwrap_or_default()
                .into_iter()
                .map(MappingPreview::from)
                .collect(),
            user_errors,
        })
    }
}

async fn preview(app: &App, input: PreviewMappingInput) -> Result<Vec<PreviewedRecord>, Error> {
    let wish = Preview {
        integration_id: integration_of(&input.integration_id)?,
        object: input.object.into(),
        rules: input.rules.into_iter().map(RuleInput::from).collect(),
        stripe_ids: input.stripe_ids,
    };
    settings::preview_mapping(app, wish).await
}
