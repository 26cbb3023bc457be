//! What a test can do to the world; each act tells of itself by events. An act
//! on an object that is not there does nothing.

use serde_json::Value;

use super::{Kind, World};
use crate::json::{Json, json};

impl World {
    /// Creates a customer with these fields; gives its id.
    pub fn create_customer(&self, patch: Value) -> String {
        let customer = json!({
            "object": "customer", "address": null, "balance": 0, "business_name": null,
            "currency": null, "customer_account": null, "default_source": null,
            "delinquent": false, "description": null, "discount": null, "email": null,
            "individual_name": null, "invoice_prefix": "SBNEW",
            "invoice_settings": {
                "custom_fields": null, "default_payment_method": null, "footer": null,
                "rendering_options": null,
            },
            "metadata": {}, "name": null, "next_invoice_sequence": 1, "phone": null,
            "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
        });
        let index = self.reserve(Kind::Customer);
        self.create(Kind::Customer, index, customer, patch, &["customer.created"])
    }

    /// Creates a product with these fields, `id` among them if wished; gives its id.
    pub fn create_product(&self, patch: Value) -> String {
        let product = json!({
            "object": "product", "active": true, "default_price": null, "description": null,
            "images": [], "marketing_features": [], "metadata": {}, "name": "New product",
            "package_dimensions": null, "shippable": null, "statement_descriptor": null,
            "tax_code": null, "tax_details": null, "type": "service", "unit_label": null,
            "updated": self.now(), "url": null,
        });
        let index = self.reserve(Kind::Product);
        self.create(Kind::Product, index, product, patch, &["product.created"])
    }

    /// Creates a monthly price of so many minor units for a product; gives its id.
    pub fn create_price(&self, product_id: &str, unit_amount_minor: i64, patch: Value) -> String {
        let price = json!({
            "object": "price", "active": true, "billing_scheme": "per_unit", "currency": "usd",
            "custom_unit_amount": null, "lookup_key": null, "metadata": {}, "nickname": null,
            "product": product_id,
            "recurring": {
                "interval": "month", "interval_count": 1, "meter": null, "trial_period_days": null,
                "usage_type": "licensed",
            },
            "tax_behavior": "unspecified", "tiers_mode": null, "transform_quantity": null,
            "type": "recurring", "unit_amount": unit_amount_minor,
            "unit_amount_decimal": unit_amount_minor.to_string(),
        });
        let index = self.reserve(Kind::Price);
        self.create(Kind::Price, index, price, patch, &["price.created"])
    }

    /// Serves this as an object of its own, in full, without an event. What
    /// lists and their filters need is added where it is missing; gives its id.
    pub fn put(&self, kind: Kind, object: Value) -> String {
        let list = json!({"object": "list", "data": [], "has_more": false, "url": ""});
        let mut frame = json!({ "object": kind.object() });
        match kind {
            Kind::Invoice => {
                frame["collection_method"] = json!("charge_automatically");
                frame["lines"] = list;
            }
            Kind::Subscription => frame["items"] = list,
            Kind::Product | Kind::Price => frame["active"] = json!(true),
            // What is put has been there, before any discount that is put.
            Kind::Coupon => frame["created"] = json!(0),
            Kind::Customer | Kind::CreditNote | Kind::Refund | Kind::Event => {}
        }
        let index = self.reserve(kind);
        self.create(kind, index, frame, object, &[])
    }

    /// Creates a coupon with these fields, `id` among them if wished: a tenth off
    /// for ever unless they say otherwise; gives its id, which may be that of a deleted one.
    pub fn create_coupon(&self, patch: Value) -> String {
        let coupon = json!({
            "object": "coupon", "amount_off": null, "currency": null, "duration": "forever",
            "duration_in_months": null, "max_redemptions": null, "metadata": {}, "name": null,
            "percent_off": 10, "redeem_by": null, "times_redeemed": 0, "valid": true,
        });
        let index = self.reserve(Kind::Coupon);
        self.create(Kind::Coupon, index, coupon, patch, &["coupon.created"])
    }

    /// Changes fields of an object; a nested object is merged, an array taken
    /// whole.
    pub fn update(&self, kind: Kind, id: &str, patch: Value) {
        let event = match kind {
            Kind::Subscription => "customer.subscription.updated".to_owned(),
            _ => format!("{}.updated", kind.object()),
        };
        self.amend(kind, id, patch.into(), &[&event]);
    }

    /// The same without an event, for acts that something else tells of.
    pub fn update_untold(&self, kind: Kind, id: &str, patch: Value) {
        self.amend(kind, id, patch.into(), &[]);
    }

    /// Tells by an event of any type of an object as it is given, which need not
    /// be one of this world.
    pub fn tell_of(&self, event_type: &str, object: Value) {
        self.tell(event_type, object.into(), None);
    }

    /// Deletes a customer and cancels their subscriptions.
    pub fn delete_customer(&self, id: &str) {
        let Some((index, before)) = self.standing(Kind::Customer, id) else {
            return;
        };
        let field = |number: &u64, name| self.field(Kind::Subscription, *number, name);
        let held: Vec<u64> = (0..self.generated(Kind::Subscription))
            .chain(self.added(Kind::Subscription))
            .filter(|number| field(number, "customer").as_deref() == Some(id))
            .filter(|number| field(number, "status").as_deref() != Some("canceled"))
            .collect();
        for subscription in held {
            self.cancel_subscription(&Self::id(Kind::Subscription, subscription));
        }
        self.with_changes(|changes| changes.objects.insert((Kind::Customer, index), Self::stub(id)));
        self.tell("customer.deleted", before, None);
    }

    /// Deletes a product; only a stub is left, where a price is expanded.
    pub fn delete_product(&self, id: &str) {
        self.delete(Kind::Product, id, "product.deleted");
    }

    /// Deletes a price, as the Dashboard can one that was never used; it is then
    /// found nowhere.
    pub fn delete_price(&self, id: &str) {
        self.delete(Kind::Price, id, "price.deleted");
    }

    /// Deletes a draft invoice; it is then found nowhere.
    pub fn delete_invoice(&self, id: &str) {
        self.delete(Kind::Invoice, id, "invoice.deleted");
    }

    /// Deletes a coupon; the discounts given with it stay.
    pub fn delete_coupon(&self, id: &str) {
        self.delete(Kind::Coupon, id, "coupon.deleted");
    }

    /// Deletes a test clock with everything on it. No event tells of any of that but the clock's own.
    pub fn delete_test_clock(&self, id: &str) {
        self.with_changes(|changes| {
            let on_it = changes.objects.iter().filter(|(_, object)| object["test_clock"] == id);
            let on_it: Vec<_> = on_it.map(|(key, _)| *key).collect();
            changes.gone.extend(on_it);
        });
        self.tell(
            "test_helpers.test_clock.deleted",
            json!({"id": id, "object": "test_helpers.test_clock"}),
            None,
        );
    }

    fn delete(&self, kind: Kind, id: &str, event: &str) {
        if let Some((index, before)) = self.standing(kind, id) {
            self.with_changes(|changes| changes.gone.insert((kind, index)));
            self.tell(event, before, None);
        }
    }

    /// The number of an object and the object itself, unless it is deleted.
    fn standing(&self, kind: Kind, id: &str) -> Option<(u64, Json)> {
        let index = self.resolve(kind, id)?;
        let object = self.current(kind, index)?;
        (object["deleted"] != true).then_some((index, object))
    }

    /// Serves this in the object's place, without an event and without touching
    /// the truth.
    pub fn poison(&self, kind: Kind, id: &str, value: Value) {
        if let Some(index) = self.resolve(kind, id) {
            self.with_changes(|changes| changes.poisons.insert((kind, index), value.into()));
        }
    }

    /// Serves the object itself again.
    pub fn cure(&self, kind: Kind, id: &str) {
        if let Some(index) = self.resolve(kind, id) {
            self.with_changes(|changes| changes.poisons.remove(&(kind, index)));
        }
    }
}
