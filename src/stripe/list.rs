//! Stripe's endpoints as we read them: lists page by page, objects one by one, always with the same expansions, so that an object
//! looks the same whichever way it came.

use entity::kind::StripeKind;
use serde_json::Value;

use super::client::Answer;
use super::{Client, Error, Seen};

/// Stripe's largest page.
pub const PAGE: usize = 100;

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub data: Vec<Value>,
    /// There are older ones.
    pub has_more: bool,
    /// When Stripe held this state.
    pub seen: Seen,
}

/// One object read by its id.
#[derive(Debug)]
pub enum Found {
    /// Stripe has it.
    Whole(Value, Seen),
    /// Stripe has deleted it, and says so.
    Gone(Seen),
    /// Stripe has no such object: it never had one, has one in the other mode, or deletes objects of the kind without a trace.
    Missing(Seen),
}

/// Where a kind is read: its list, one object's route template, and what to expand of an object.
struct Place {
    list: &'static str,
    object: &'static str,
    expand: &'static [&'static str],
}

/// The part of a list's path below `/v1`.
fn name_of(list: &'static str) -> &'static str {
    list.trim_start_matches("/v1/")
}

/// Stripe's name for objects of `kind`, e.g. `customers`; `None` = events.
pub fn resource(kind: Option<StripeKind>) -> &'static str {
    name_of(kind.map_or("/v1/events", |kind| place(kind).list))
}

fn place(kind: StripeKind) -> Place {
    let (list, object, expand): (_, _, &[&str]) = match kind {
        StripeKind::Customer => ("/v1/customers", "/v1/customers/:id", &[]),
        StripeKind::Product => ("/v1/products", "/v1/products/:id", &[]),
        StripeKind::Price => ("/v1/prices", "/v1/prices/:id", &["tiers", "currency_options"]),
        StripeKind::Invoice => ("/v1/invoices", "/v1/invoices/:id", &["discounts"]),
        StripeKind::Subscription => (
            "/v1/subscriptions",
            "/v1/subscriptions/:id",
            &["discounts", "items.data.discounts"],
        ),
        StripeKind::Coupon => ("/v1/coupons", "/v1/coupons/:id", &["applies_to", "currency_options"]),
        StripeKind::CreditNote => ("/v1/credit_notes", "/v1/credit_notes/:id", &[]),
        StripeKind::Refund => ("/v1/refunds", "/v1/refunds/:id", &[]),
    };
    Place { list, object, expand }
}

impl Client {
    /// A page of the objects of `kind` that fit `filter`.
    pub async fn list(&self, kind: StripeKind, filter: &[(&'static str, String)]) -> Result<Page, Error> {
        let place = place(kind);
        let expand = self.expansions(kind).into_iter();
        let expand = expand.map(|path| ("expand[]", format!("data.{path}")));
        let query: Vec<_> = filter.iter().cloned().chain(expand).collect();
        self.page(place.list, &[name_of(place.list)], query).await
    }

    /// What to expand of an object. A price's tiers in another currency come only where that currency is named: Stripe accepts
    /// `currency_options.tiers`, and passes over it.
    fn expansions(&self, kind: StripeKind) -> Vec<String> {
        let fixed = place(kind).expand.iter().map(|path| (*path).to_owned());
        let currencies = if kind == StripeKind::Price {
            self.tier_currencies()
        } else {
            Vec::new()
        };
        let tiers = currencies
            .iter()
            .map(|currency| format!("currency_options.{currency}.tiers"));
        fixed.chain(tiers).collect()
    }

    /// Whether the key may read objects of `kind`, or events where none is given.
    pub async fn may_read(&self, kind: Option<StripeKind>) -> Result<(), Error> {
        let list = kind.map_or("/v1/events", |kind| place(kind).list);
        self.get(list, &[name_of(list)], &[("limit", "1".to_owned())], is_page)
            .await
            .map(|_page| ())
    }

    /// The key's own account.
    pub async fn account(&self) -> Result<Value, Error> {
        Ok(self.get("/v1/account", &["account"], &[], is_object).await?.body)
    }

    /// A page of events.
    pub async fn events(&self, filter: &[(&'static str, String)]) -> Result<Page, Error> {
        self.page("/v1/events", &["events"], filter.to_vec()).await
    }

    /// All lines of an invoice: an invoice itself holds the first ten only.
    pub async fn invoice_lines(&self, invoice_id: &str) -> Result<Vec<Value>, Error> {
        self.all("/v1/invoices/:id/lines", &["invoices", invoice_id, "lines"], &[])
            .await
    }

    /// The invoice that a payment was for, if any: `payment` is its type, such as `payment_intent`, and its id.
    pub async fn invoice_of_payment(&self, payment: (&'static str, &str)) -> Result<Option<String>, Error> {
        let id = match payment.0 {
            "charge" => "payment[charge]",
            _ => "payment[payment_intent]",
        };
        let filter = vec![("payment[type]", payment.0.to_owned()), (id, payment.1.to_owned())];
        let page = self.page("/v1/invoice_payments", &["invoice_payments"], filter).await?;
        let paid = page.data.iter().find(|payment| payment["status"] == "paid");
        let payment = paid.or(page.data.first());
        Ok(payment.and_then(|payment| Some(payment["invoice"].as_str()?.to_owned())))
    }

    /// All items of a subscription.
    pub async fn subscription_items(&self, subscription_id: &str) -> Result<Vec<Value>, Error> {
        let filter = [
            ("subscription", subscription_id.to_owned()),
            ("expand[]", "data.discounts".to_owned()),
        ];
        self.all("/v1/subscription_items", &["subscription_items"], &filter)
            .await
    }

    /// One object by its id.
    pub async fn object(&self, kind: StripeKind, stripe_id: &str) -> Result<Found, Error> {
        match self.object_or_stub(kind, stripe_id).await {
            Ok(answer) if answer.body["deleted"] == true => Ok(Found::Gone(answer.seen)),
            Ok(answer) => Ok(Found::Whole(answer.body, answer.seen)),
            Err(Error::NotFound { seen, .. }) => Ok(Found::Missing(seen)),
            Err(error) => Err(error),
        }
    }

    /// One object by its id as Stripe answers for it: whole, or the stub that is left of a deleted one.
    pub async fn object_or_stub(&self, kind: StripeKind, stripe_id: &str) -> Result<Answer, Error> {
        let place = place(kind);
        let expand: Vec<_> = self
            .expansions(kind)
            .into_iter()
            .map(|path| ("expand[]", path))
            .collect();
        let path = [name_of(place.list), stripe_id];
        let answer = self.get(place.object, &path, &expand, is_object).await?;
        if answer.body["id"] != stripe_id {
            return Err(Error::Garbled {
                message: "another object came than was asked for".into(),
            });
        }
        Ok(answer)
    }

    pub(super) async fn all(
        &self,
        endpoint: &'static str,
        path: &[&str],
        filter: &[(&'static str, String)],
    ) -> Result<Vec<Value>, Error> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let mut query = filter.to_vec();
            if let Some(last) = all.last().and_then(|last| last["id"].as_str()) {
                query.push(("starting_after", last.to_owned()));
            }
            let page = self.page(endpoint, path, query).await?;
            if page
                .data
                .first()
                .is_some_and(|first| all.iter().any(|known| known["id"] == first["id"]))
            {
                return Err(Error::Garbled {
                    message: "the list repeats itself".into(),
                });
            }
            all.extend(page.data);
            if !page.has_more {
                return Ok(all);
            }
        }
    }

    async fn page(
        &self,
        endpoint: &'static str,
        path: &[&str],
        mut query: Vec<(&'static str, String)>,
    ) -> Result<Page, Error> {
        query.push(("limit", PAGE.to_string()));
        let mut answer = self.get(endpoint, path, &query, is_page).await?;
        let has_more = answer.body["has_more"] == true;
        match answer.body["data"].take() {
            Value::Array(data) => Ok(Page {
                data,
                has_more,
                seen: answer.seen,
            }),
            _ => Err(Error::Garbled {
                message: "the list has no data".into(),
            }),
        }
    }
}

/// An empty page that promises more would never end, and half a page must not pass for the end of the list.
fn is_page(body: &Value) -> Result<(), &'static str> {
    let has_more = body["has_more"]
        .as_bool()
        .ok_or("the list does not say whether there is more")?;
    let data = body["data"].as_array().ok_or("the list has no data")?;
    if data.is_empty() && has_more {
        return Err("an empty page says that there is more");
    }
    Ok(())
}

pub(super) fn is_object(body: &Value) -> Result<(), &'static str> {
    body["id"].as_str().map(|_id| ()).ok_or("the object has no id")
}
