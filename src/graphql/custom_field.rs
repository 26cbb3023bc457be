//! Fields that an admin has added, and their values.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::custom_field::Model;
use entity::kind::Scope;
use uuid::Uuid;

use super::id::IdType;
use super::loader::FieldsOf;
use super::problem::{UserError, settle};
use super::token::{DeletedPayload, IdInput};
use super::{ContextExt, Fault};
use crate::app::App;
use crate::error::Error;
use crate::settings::{self, SaveCustomField};
use crate::store;

/// A field that an admin has added to clients or products.
#[derive(Debug, Clone)]
pub(super) struct CustomField(pub Arc<Model>);

/// What has a custom field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::CustomFieldOwner")]
pub(super) enum CustomFieldOwner {
    Client,
    Product,
}

/// What the values of a field are. CURRENCY is an amount of money as a decimal such as -19.90; LINK an address that begins with https:// or http://; DATE is YYYY-MM-DD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::FieldType")]
pub(super) enum FieldType {
    Text,
    Integer,
    Decimal,
    Currency,
    Boolean,
    Date,
    Link,
    Picklist,
}

#[Object]
impl CustomField {
    pub(super) async fn id(&self) -> ID {
        IdType::CustomField.encode(self.0.id)
    }

    async fn owner(&self) -> CustomFieldOwner {
        self.0.owner.into()
    }

    /// Mappings name the field by it: `custom.<key>`.
    async fn key(&self) -> &str {
        &self.0.key
    }

    async fn label(&self) -> &str {
        &self.0.label
    }

    async fn r#type(&self) -> FieldType {
        self.0.field_type.into()
    }

    /// What a PICKLIST offers, in order.
    async fn options(&self) -> &[String] {
        &self.0.options.0
    }
}

/// The value of a custom field in one record.
#[derive(Debug, SimpleObject)]
pub(super) struct CustomValue {
    field: CustomField,
    /// Text form; typed by `field.type`.
    value: Option<String>,
}

/// All custom fields of `owner`, in the order of their keys, with a record's values.
pub(super) async fn custom_values(
    ctx: &Context<'_>,
    owner: entity::kind::CustomFieldOwner,
    values: &BTreeMap<Uuid, String>,
) -> Result<Vec<CustomValue>, Fault> {
    let fields = ctx.rows()?.load_one(FieldsOf(owner)).await?.unwrap_or_default();
    let values = fields.into_iter().map(|field| CustomValue {
        value: values.get(&field.id).cloned(),
        field: CustomField(field),
    });
    Ok(values.collect())
}

#[derive(InputObject)]
struct SaveCustomFieldInput {
    /// The field to change; absent = a new one.
    id: Option<ID>,
    owner: CustomFieldOwner,
    /// `[a-z][a-z0-9_]{0,62}`; fixed once created, as are owner and type.
    key: String,
    label: String,
    r#type: FieldType,
    /// Of a PICKLIST only. Values that are here already stay as they are.
    options: Option<Vec<String>>,
}

/// What became of a change to a custom field.
#[derive(Debug, SimpleObject)]
struct CustomFieldPayload {
    custom_field: Option<CustomField>,
    user_errors: Vec<UserError>,
}

/// The queries of custom fields.
#[derive(Default)]
pub(super) struct CustomFieldQuery;

#[Object]
impl CustomFieldQuery {
    /// By owner and key.
    async fn custom_fields(
        &self,
        ctx: &Context<'_>,
        owner: Option<CustomFieldOwner>,
    ) -> Result<Vec<CustomField>, Fault> {
        ctx.require(Scope::Read)?;
        let owner = owner.map(entity::kind::CustomFieldOwner::from);
        let fields = store::custom_field::list(ctx.app()?.db.read()).await?;
        let meant = fields
            .into_iter()
            .filter(|field| owner.is_none_or(|owner| field.owner == owner));
        Ok(meant.map(Arc::new).map(CustomField).collect())
    }
}

/// The mutations of custom fields.
#[derive(Default)]
pub(super) struct CustomFieldMutation;

#[Object]
impl CustomFieldMutation {
    async fn save_custom_field(
        &self,
        ctx: &Context<'_>,
        input: SaveCustomFieldInput,
    ) -> Result<CustomFieldPayload, Fault> {
        ctx.require(Scope::Configure)?;
        let (custom_field, user_errors) = settle(save(ctx.app()?, input).await)?;
        Ok(CustomFieldPayload {
            custom_field: custom_field.map(Arc::new).map(CustomField),
            user_errors,
        })
    }

    /// Deletes the field with all its values. Refused while a mapping writes it.
    async fn delete_custom_field(&self, ctx: &Context<'_>, input: IdInput) -> Result<DeletedPayload, Fault> {
        ctx.require(Scope::Configure)?;
        DeletedPayload::of(input.id.clone(), delete(ctx.app()?, &input.id).await)
    }
}

async fn save(app: &App, input: SaveCustomFieldInput) -> Result<Model, Error> {
    let id = input
        .id
        .map(|id| IdType::CustomField.decode(&id, &["id"]))
        .transpose()?;
    let wish = SaveCustomField {
        id,
        owner: input.owner.into(),
        key: input.key,
        label: input.label,
        field_type: input.r#type.into(),
        options: input.options,
    };
    settings::save_custom_field(app, wish).await
}

async fn delete(app: &App, id: &ID) -> Result<(), Error> {
    settings::delete_custom_field(app, IdType::CustomField.decode(id, &["id"])?).await
}
