//! Customers: named as companies, as people, by e-mail alone or not at all,
//! some of them deleted.

use crate::json::{Json, json};

use super::coupon::Holder;
use super::currency::Currency;
use super::random::{below, pick};
use super::{Kind, World};

const COMPANIES: [&str; 13] = [
    "🦊 Foxtrot & Söhne 🚀",
    "Cafe\u{301} Nai\u{308}f",
    "חברת הים",
    "Analytical Engines",
    "Żółw & Synowie",
    "株式会社さくら",
    "Müller Söhne",
    "Øresund Data",
    "Čapek Robotics",
    "Ink & Quill",
    "مؤسسة النخلة",
    "Norðurljós",
    "O'Hara \"Best\" Tools",
];
const PEOPLE: [&str; 8] = [
    "Ada Lovelace",
    "Grace Hopper",
    "José Núñez",
    "Zoë Brontë",
    "李小龍",
    "Łukasz Żak",
    "Nguyễn Thị Mai",
    "Björk Guðmundsdóttir",
];
const CITIES: [(&str, &str, &str); 5] = [
    ("Berlin", "DE", "10115"),
    ("Springfield", "US", "62701"),
    ("東京", "JP", "100-0001"),
    ("Reykjavík", "IS", "101"),
    ("Leeds", "GB", "LS1 4AP"),
];

/// What a customer is called by.
struct Naming {
    business_name: Option<String>,
    individual_name: Option<String>,
    email: Option<String>,
}

impl Naming {
    fn name(&self) -> Option<&str> {
        self.business_name.as_deref().or(self.individual_name.as_deref())
    }
}

impl World {
    pub(crate) fn customer_currency(&self, index: u64) -> Currency {
        Currency::nth(self.mix(1, index))
    }

    /// Whether a generated customer was deleted before the world began.
    pub(crate) fn customer_was_deleted(index: u64) -> bool {
        index % 36 == 17
    }

    /// Whether a discount hangs on the customer itself.
    pub(crate) fn customer_has_discount(&self, index: u64) -> bool {
        self.mix(2, index).is_multiple_of(19)
    }

    pub(crate) fn customer_email(&self, index: u64) -> Option<String> {
        (!self.mix(3, index).is_multiple_of(8)).then(|| format!("billing+{index}@example.com"))
    }

    fn naming(&self, index: u64) -> Naming {
        let chance = self.mix(4, index);
        let company = pick(&COMPANIES, chance >> 8);
        let person = pick(&PEOPLE, chance >> 16);
        let mut naming = Naming {
            business_name: None,
            individual_name: None,
            email: self.customer_email(index),
        };
        match chance % 10 {
            0..=5 => naming.business_name = Some(format!("{company} {index}")),
            6 | 7 => naming.individual_name = Some((*person).to_owned()),
            8 => naming.email = Some(format!("only+{index}@example.com")),
            _ => naming.email = None,
        }
        naming
    }

    /// The name and e-mail an invoice freezes.
    pub(crate) fn customer_snapshot(&self, index: u64) -> (Option<String>, Option<String>) {
        let naming = self.naming(index);
        (naming.name().map(str::to_owned), naming.email)
    }

    pub(crate) fn customer_address(&self, index: u64) -> Json {
        let chance = self.mix(5, index);
        if chance.is_multiple_of(3) {
            return Json::Null;
        }
        let (city, country, postal_code) = pick(&CITIES, chance >> 8);
        json!({
            "city": *city, "country": *country, "line1": format!("{} Example Street", index + 1),
            "line2": null, "postal_code": *postal_code, "state": null,
        })
    }

    pub(crate) fn customer(&self, index: u64) -> Json {
        let id = Self::id(Kind::Customer, index);
        if Self::customer_was_deleted(index) {
            return deleted(&id);
        }
        let naming = self.naming(index);
        let balance = if index % 9 == 2 {
            below(self.mix(6, index), 900) - 450
        } else {
            0
        };
        let discount = self
            .customer_has_discount(index)
            .then(|| self.discount(&Holder::Customer(index).discount_id()));
        json!({
            "id": id,
            "object": "customer",
            "address": self.customer_address(index),
            "balance": balance * self.customer_currency(index).step(),
            "business_name": naming.business_name.as_deref(),
            "created": self.created(Kind::Customer, index),
            "currency": self.customer_currency(index).code(),
            "customer_account": null,
            "default_source": null,
            "delinquent": index % 14 == 6,
            "description": (index % 4 == 1).then(|| format!("Customer no. {index}")),
            "discount": discount,
            "email": naming.email.as_deref(),
            "individual_name": naming.individual_name.as_deref(),
            "invoice_prefix": format!("SB{:05X}", self.mix(7, index) & 0xF_FFFF),
            "invoice_settings": {
                "custom_fields": null, "default_payment_method": null, "footer": null,
                "rendering_options": null,
            },
            "livemode": self.livemode,
            "metadata": if index.is_multiple_of(3) { json!({"crm_id": format!("crm-{index}")}) } else { json!({}) },
            "name": naming.name(),
            "next_invoice_sequence": 1,
            "phone": (index.is_multiple_of(5)).then(|| format!("+49 30 {index:07}")),
            "preferred_locales": if index.is_multiple_of(6) { json!(["de", "en"]) } else { json!([]) },
            "shipping": null,
            "tax_exempt": *pick(&["none", "none", "none", "exempt", "reverse"], index),
            "test_clock": null,
        })
    }
}

/// What is left of a deleted customer.
pub(crate) fn deleted(id: &str) -> Json {
    json!({"id": id, "object": "customer", "deleted": true})
}
