//! A record of a file as an edit of a client.

use async_graphql::ID;
use csv::ByteRecord;
use uuid::Uuid;

use super::cell::shown;
use super::column::{Column, Columns};
use crate::clients::{ClientEdit, StripeCustomer};
use crate::error::Problem;
use crate::graphql::id::IdType;

/// What records are read with.
pub(super) struct Rows {
    pub(super) columns: Columns,
    /// The account of customers whose row names none.
    pub(super) integration_id: Option<Uuid>,
    /// A Stripe account is connected.
    pub(super) is_connected: bool,
}

impl Rows {
    /// What a record says; the sentences say why it says nothing.
    pub(super) fn edit(&self, record: &ByteRecord) -> Result<ClientEdit, Vec<String>> {
        let (here, wanted) = (record.len(), self.columns.all.len());
        if here != wanted {
            return Err(vec![format!(
                "This line has {here} cells, the first line has {wanted}."
            )]);
        }
        let mut row = Row {
            edit: ClientEdit {
                only_news: true,
                ..ClientEdit::default()
            },
            customer: None,
            account: self.integration_id,
        };
        let mut problems = Vec::new();
        for (place, (column, cell)) in self.columns.all.iter().zip(record).enumerate() {
            if let Err(message) = row.put(column, cell) {
                problems.push(self.under(place, message));
            }
        }
        if row.customer.is_some() && !self.is_connected {
            problems.push("No Stripe account is connected that could have this customer.".to_owned());
        }
        if problems.is_empty() {
            Ok(row.into_edit())
        } else {
            Err(problems)
        }
    }

    /// A problem of an edit in the file's own words.
    pub(super) fn tell(&self, problem: &Problem) -> String {
        let path = problem.path.join(".");
        let column = match path.as_str() {
            "id" => Column::Id,
            "stripe.stripeId" => Column::StripeId,
            "stripe.integrationId" => Column::IntegrationId,
            _ => Column::Field(path),
        };
        match self.columns.place(&column) {
            Some(place) => self.under(place, &problem.message),
            None => problem.message.clone(),
        }
    }

    fn under(&self, place: usize, message: &str) -> String {
        let title = self.columns.title(place).replace(char::is_control, " ");
        if title.is_empty() {
            format!("Column {}: {message}", place + 1)
        } else {
            format!("{title}: {message}")
        }
    }
}

/// What the cells of a record come to.
struct Row {
    edit: ClientEdit,
    customer: Option<String>,
    account: Option<Uuid>,
}

impl Row {
    fn put(&mut self, column: &Column, cell: &[u8]) -> Result<(), &'static str> {
        if *column == Column::LeftOut {
            return Ok(());
        }
        let Ok(cell) = std::str::from_utf8(cell) else {
            return Err("This is not UTF-8. Save the file as UTF-8.");
        };
        let text = shown(cell);
        if let Column::Field(path) = column {
            let value = Some(text.to_owned()).filter(|text| !text.is_empty());
            self.edit.fields.push((path.clone(), value));
            return Ok(());
        }
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        match column {
            Column::Id => self.edit.id = Some(decode(IdType::Client, text).ok_or("There is no such client.")?),
            Column::IntegrationId => {
                self.account = Some(decode(IdType::Integration, text).ok_or("There is no such integration.")?);
            }
            Column::StripeId => self.customer = Some(text.to_owned()),
            Column::Nameless => return Err("The first line does not say what this is."),
            Column::Field(_) | Column::LeftOut => {}
        }
        Ok(())
    }

    fn into_edit(self) -> ClientEdit {
        let stripe = self.customer.map(|stripe_id| StripeCustomer {
            integration_id: self.account,
            stripe_id,
        });
        ClientEdit { stripe, ..self.edit }
    }
}

fn decode(of: IdType, text: &str) -> Option<Uuid> {
    of.decode(&ID(text.to_owned()), &[]).ok()
}
