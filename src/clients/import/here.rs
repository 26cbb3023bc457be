//! The clients that lines of a file may mean.

use std::collections::{BTreeMap, HashMap};

use entity::integration;
use uuid::Uuid;

use super::Line;
use crate::clients::ClientEdit;
use crate::error::{Code, Error, Problem};
use crate::map::matching::Keys;
use crate::store::Transaction;
use crate::store::{matching, record};
use crate::stripe::object::is_id;

/// What is here of the clients that lines may mean.
#[derive(Debug, Default)]
pub(super) struct Here {
    by_external_id: HashMap<String, Vec<Uuid>>,
    by_customer: HashMap<(Uuid, String), Uuid>,
    external_ids: HashMap<Uuid, String>,
    only_integration: Option<Uuid>,
}

impl Here {
    pub(super) async fn find(
        tx: &Transaction,
        integrations: &[integration::Model],
        lines: &[Line],
    ) -> Result<Self, Error> {
        let mut here = Self::default();
        if let [only] = integrations {
            here.only_integration = Some(only.id);
        }
        let edits: Vec<&ClientEdit> = lines.iter().map(|line| &line.edit).collect();
        here.find_by_external_ids(tx, &edits).await?;
        here.find_by_customers(tx, &edits).await?;
        let named = edits.iter().filter_map(|edit| edit.id);
        let clients = named.chain(here.by_customer.values().copied()).collect();
        for (client_id, row) in record::find_clients(tx, clients).await? {
            here.external_ids.extend(row.external_id.map(|id| (client_id, id)));
        }
        Ok(here)
    }

    async fn find_by_external_ids(&mut self, tx: &Transaction, edits: &[&ClientEdit]) -> Result<(), Error> {
        let keys: Vec<Keys> = edits.iter().filter_map(|edit| keys_of(edit)).collect();
        let candidates = matching::find_candidates(tx, &keys.iter().collect::<Vec<_>>()).await?;
        for candidate in candidates {
            if let Some(external_id) = candidate.keys.external_id {
                self.by_external_id
                    .entry(external_id)
                    .or_default()
                    .push(candidate.client_id);
            }
        }
        Ok(())
    }

    async fn find_by_customers(&mut self, tx: &Transaction, edits: &[&ClientEdit]) -> Result<(), Error> {
        let mut customers: BTreeMap<Uuid, Vec<&str>> = BTreeMap::new();
        for edit in edits {
            if let Some((integration_id, customer)) = self.customer(edit) {
                customers.entry(integration_id).or_default().push(customer);
            }
        }
        for (integration_id, customers) in customers {
            for (customer, link) in record::find_links(tx, integration_id, customers).await? {
                self.by_customer.insert((integration_id, customer), link.client_id);
            }
        }
        Ok(())
    }

    /// The client that a line means, if it is here: the one that it names, else the one kept by hand that has its id in another
    /// system, else the one that its Stripe customer is.
    pub(super) fn identify(&self, edit: &ClientEdit) -> Result<Option<Uuid>, Problem> {
        if edit.id.is_some() {
            return Ok(edit.id);
        }
        let found = external_id(edit).and_then(|id| self.by_external_id.get(id));
        match found.map(Vec::as_slice) {
            Some([one]) => Ok(Some(*one)),
            Some(several @ [_, ..]) => {
                let message = format!("{} clients have this id. Name the one by its own id.", several.len());
                Err(Problem::new(&["externalId"], Code::Conflict, message))
            }
            _ => {
                let customer = self.customer(edit).map(|(of, customer)| (of, customer.to_owned()));
                Ok(customer.and_then(|customer| self.by_customer.get(&customer).copied()))
            }
        }
    }

    /// The customer that a line names, with its account.
    pub(super) fn customer<'e>(&self, edit: &'e ClientEdit) -> Option<(Uuid, &'e str)> {
        let stripe = edit.stripe.as_ref()?;
        let integration_id = stripe.integration_id.or(self.only_integration)?;
        is_id(&stripe.stripe_id).then_some((integration_id, &*stripe.stripe_id))
    }

    /// The id by which another system knows a client now.
    pub(super) fn external_id_of(&self, client_id: Uuid) -> Option<&str> {
        self.external_ids.get(&client_id).map(String::as_str)
    }
}

fn keys_of(edit: &ClientEdit) -> Option<Keys> {
    let external_id = external_id(edit).filter(|_| edit.id.is_none())?;
    Some(Keys {
        email_key: None,
        external_id: Some(external_id.to_owned()),
    })
}

/// The id in another system that an edit gives, as it would be stored; none where it could not be.
pub(super) fn external_id(edit: &ClientEdit) -> Option<&str> {
    let given = edit.fields.iter().find(|(path, _)| path == "externalId");
    let value = given.and_then(|(_, value)| value.as_deref());
    value
        .map(str::trim)
        .filter(|value| !value.is_empty() && !value.contains('\0'))
}
