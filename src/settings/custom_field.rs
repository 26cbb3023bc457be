//! Fields that an admin adds to clients or products.

use std::collections::HashSet;

use entity::custom_field::{self, Model};
use entity::kind::{CustomFieldOwner, FieldType, SyncObject};
use entity::list::PicklistOptions;
use entity::{integration, mapping};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect};
use unicode_casefold::UnicodeCaseFold;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error, Problem};
use crate::map::rule::owner_of;
use crate::store::{self, turn};

/// Fields of one owner.
const MOST_FIELDS: usize = 100;
const KEY_LENGTH: usize = 63;
const LABEL_LENGTH: usize = 100;
const MOST_OPTIONS: usize = 200;

/// What a field is to be.
#[derive(Debug, Clone)]
pub struct SaveCustomField {
    /// The field; none = a new one.
    pub id: Option<Uuid>,
    /// What has it. Fixed once it is made.
    pub owner: CustomFieldOwner,
    /// How mappings and scripts name it. Fixed once it is made.
    pub key: String,
    /// How people name it.
    pub label: String,
    /// What its values are. Fixed once it is made.
    pub field_type: FieldType,
    /// What a picklist offers.
    pub options: Option<Vec<String>>,
}

/// Makes a field, or changes its label and options. All problems are told at once.
pub async fn save_custom_field(app: &App, wish: SaveCustomField) -> Result<Model, Error> {
    let tx = app.db.begin().await?;
    turn::take_common(&tx).await?;
    let all = store::custom_field::list(&tx).await?;
    let known = match wish.id {
        None => None,
        Some(id) => Some(
            all.iter()
                .find(|field| field.id == id)
                .ok_or_else(|| Error::refused(&["id"], Code::NotFound, "There is no such field."))?,
        ),
    };
    let mut problems = check(&wish);
    problems.extend(match known {
        Some(known) => check_fixed(known, &wish),
        None => check_new(&all, &wish),
    });
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    let options = wish.options.unwrap_or_default();
    let row = Model {
        id: known.map_or_else(Uuid::now_v7, |known| known.id),
        owner: wish.owner,
        key: wish.key,
        label: wish.label.trim().to_owned(),
        field_type: wish.field_type,
        options: PicklistOptions(options.iter().map(|option| option.trim().to_owned()).collect()),
        created_at: known.map_or_else(|| app.clock.now_ms(), |known| known.created_at),
    };
    let active = row.into_active_model().reset_all();
    let saved = if known.is_some() {
        active.update(&tx).await?
    } else {
        active.insert(&tx).await?
    };
    tx.commit().await?;
    Ok(saved)
}

fn check(wish: &SaveCustomField) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut refuse = |path: &[&str], code, message: String| problems.push(Problem::new(path, code, message));
    let mut letters = wish.key.bytes();
    let begins_well = letters.next().is_some_and(|first| first.is_ascii_lowercase());
    let is_plain = letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_');
    if !begins_well || !is_plain || wish.key.len() > KEY_LENGTH {
        let message =
            format!("A key begins with a small letter, then come small letters, digits and _: at most {KEY_LENGTH}.");
        refuse(&["key"], Code::Invalid, message);
    }
    match wish.label.trim().chars().count() {
        0 => refuse(&["label"], Code::Required, "Give the field a label.".to_owned()),
        1..=LABEL_LENGTH => {}
        _ => refuse(&["label"], Code::TooLong, format!("At most {LABEL_LENGTH} characters.")),
    }
    if wish.label.contains('\0') {
        refuse(&["label"], Code::Invalid, "A label holds no NUL character.".to_owned());
    }
    let options = wish.options.as_deref().unwrap_or_default();
    match (wish.field_type, options.len()) {
        (FieldType::Picklist, 0) => refuse(&["options"], Code::Required, "A picklist has options.".to_owned()),
        (FieldType::Picklist, 1..=MOST_OPTIONS) | (_, 0) => {}
        (FieldType::Picklist, _) => refuse(
            &["options"],
            Code::OutOfRange,
            format!("At most {MOST_OPTIONS} options."),
        ),
        (_, _) => refuse(&["options"], Code::Invalid, "Only a picklist has options.".to_owned()),
    }
    let mut met = HashSet::new();
    for (place, option) in options.iter().enumerate() {
        let place = place.to_string();
        let folded: String = option.trim().case_fold().collect();
        if folded.is_empty() || folded.contains('\0') || option.chars().count() > LABEL_LENGTH {
            let message = format!("An option has 1 to {LABEL_LENGTH} characters.");
            refuse(&["options", &place], Code::Invalid, message);
        } else if !met.insert(folded) {
            refuse(
                &["options", &place],
                Code::Conflict,
                "This option is there twice.".to_owned(),
            );
        }
    }
    problems
}

fn check_fixed(known: &Model, wish: &SaveCustomField) -> Vec<Problem> {
    [
        (known.owner != wish.owner, "owner"),
        (known.key != wish.key, "key"),
        (known.field_type != wish.field_type, "type"),
    ]
    .into_iter()
    .filter(|(differs, _)| *differs)
    .map(|(_, field)| {
        let message = format!("The {field} of a field is fixed once it is made. Make another field.");
        Problem::new(&[field], Code::Conflict, message)
    })
    .collect()
}

fn check_new(all: &[Model], wish: &SaveCustomField) -> Vec<Problem> {
    let own = || all.iter().filter(|field| field.owner == wish.owner);
    let mut problems = Vec::new();
    if own().any(|field| field.key == wish.key) {
        let message = "There is a field with this key already.";
        problems.push(Problem::new(&["key"], Code::AlreadyExists, message));
    }
    if own().count() >= MOST_FIELDS {
        let message = format!("There are {MOST_FIELDS} fields already, and there may be no more.");
        problems.push(Problem::new(&[], Code::OutOfRange, message));
    }
    problems
}

/// Deletes a field with all its values, unless a mapping writes it.
pub async fn delete_custom_field(app: &App, id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    turn::take_common(&tx).await?;
    // Nobody saves a rule for it meanwhile: a mapping is changed by who holds its integration.
    integration::Entity::find()
        .order_by_asc(integration::Column::Id)
        .lock_exclusive()
        .all(&tx)
        .await?;
    let found = store::custom_field::find(&tx, id).await?;
    let field = found.ok_or_else(|| Error::refused(&["id"], Code::NotFound, "There is no such field."))?;
    if let Some(object) = find_writer(&tx, &field).await? {
        let noun = match object {
            SyncObject::Customer => "customer",
            SyncObject::Product | SyncObject::Contract => "product",
        };
        let message = format!("A rule of the {noun} mapping writes it. Take that rule out first.");
        return Err(Error::refused(&["id"], Code::Conflict, message));
    }
    store::custom_field::forget_values(&tx, &field).await?;
    custom_field::Entity::delete_by_id(id).exec(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// A mapping, of any integration, with a rule for the field.
async fn find_writer(conn: &impl ConnectionTrait, field: &Model) -> Result<Option<SyncObject>, Error> {
    let target = format!("custom.{}", field.key);
    let mappings = mapping::Entity::find().all(conn).await?;
    let writer = mappings.into_iter().find(|mapping| {
        owner_of(mapping.object) == Some(field.owner) && mapping.rules.0.iter().any(|rule| rule.target == target)
    });
    Ok(writer.map(|mapping| mapping.object))
}
