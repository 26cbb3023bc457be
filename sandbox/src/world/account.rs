//! The account the key belongs to.

use crate::json::{Json, json};

use super::{SPAN_SECONDS, World, ids};

impl World {
    /// The id of the company's account.
    pub fn account_id(&self) -> String {
        ids::encode("acct_", self.seed & 0xFF_FFFF)
    }

    /// The account as `/v1/account` serves it.
    pub fn account(&self) -> serde_json::Value {
        self.account_json().into()
    }

    pub(crate) fn account_json(&self) -> Json {
        json!({
            "id": self.account_id(),
            "object": "account",
            "business_profile": {
                "annual_revenue": null, "estimated_worker_count": null, "mcc": "5734",
                "minority_owned_business_designation": null, "name": "Sandbox Works",
                "product_description": null, "support_address": null,
                "support_email": "support@example.com", "support_phone": null,
                "support_url": null, "url": "https://example.com",
            },
            "business_type": "company",
            "capabilities": {"card_payments": "active", "transfers": "active"},
            "charges_enabled": true,
            "controller": {"type": "account"},
            "country": "DE",
            "created": self.anchor - SPAN_SECONDS - 86_400,
            "default_currency": "eur",
            "details_submitted": true,
            "email": "owner@example.com",
            "external_accounts": {
                "object": "list", "data": [], "has_more": false,
                "url": format!("/v1/accounts/{}/external_accounts", self.account_id()),
            },
            "metadata": {},
            "payouts_enabled": true,
            "settings": {"dashboard": {"display_name": "Sandbox Works", "timezone": "Etc/UTC"}},
            "tos_acceptance": {"date": null, "ip": null, "user_agent": null},
            "type": "standard",
        })
    }
}
