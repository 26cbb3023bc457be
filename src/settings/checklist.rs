//! What is left to do before sync can be turned on.

use entity::{integration, mapping};

use crate::error::CONNECTED_TWICE;

/// A step of setting up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// For programs.
    pub code: &'static str,
    /// It is done.
    pub done: bool,
    /// Sync cannot be turned on without it; the others are advice.
    pub required: bool,
    /// What to do.
    pub message: String,
}

/// The steps, in order.
pub fn checklist(integration: &integration::Model, mappings: &[mapping::Model]) -> Vec<Step> {
    steps(integration, mappings.iter().any(|mapping| mapping.updated_by.is_some()))
}

/// The steps that are still open and required.
pub fn open_required(integration: &integration::Model) -> Vec<Step> {
    steps(integration, false)
        .into_iter()
        .filter(|step| step.required && !step.done)
        .collect()
}

fn steps(integration: &integration::Model, reviewed: bool) -> Vec<Step> {
    let missing: Vec<&str> = integration
        .permissions
        .0
        .iter()
        .filter(|permission| permission.required && !permission.granted)
        .map(|permission| permission.object.as_str())
        .collect();
    // The table of a key that is gone says nothing, and neither does an empty one.
    let is_known = integration.key_sealed.is_some() && !integration.permissions.0.is_empty();
    let step = |code, done, required, message| Step {
        code,
        done,
        required,
        message,
    };
    vec![
        step(
            "CONNECT_STRIPE",
            integration.key_sealed.is_some() && integration.key_problem.is_none(),
            true,
            connect_message(integration),
        ),
        step(
            "KEY_PERMISSIONS",
            is_known && missing.is_empty(),
            true,
            permissions_message(&missing),
        ),
        step(
            "CONTRACT_SOURCE",
            !integration.contract_sources.0.is_empty(),
            true,
            "Choose what makes contracts: invoices, subscriptions or both (updateSettings).".to_owned(),
        ),
        step(
            "REVIEW_MAPPINGS",
            reviewed,
            false,
            "Look at the mappings of customers and products (updateCustomerMapping, updateProductMapping).".to_owned(),
        ),
        step(
            "WEBHOOK",
            integration.webhook_secret.is_some(),
            false,
            "Make a webhook endpoint in Stripe (webhookUrl, webhookEventTypes) and enter its secret (setWebhookSecret): changes are \
             then here within seconds."
                .to_owned(),
        ),
    ]
}

fn connect_message(integration: &integration::Model) -> String {
    if integration.key_problem.is_none() {
        return "Authenticate Stripe with a secret key (authenticateStripe).".to_owned();
    }
    let said = integration
        .key_problem_message
        .as_deref()
        .unwrap_or("Stripe refused the key.")
        .trim_end_matches('.');
    if integration.key_problem.as_deref() == Some(CONNECTED_TWICE) {
        return format!("{said}.");
    }
    format!("{said}. Authenticate Stripe again, with a key that it takes (authenticateStripe).")
}

fn permissions_message(missing: &[&str]) -> String {
    if missing.is_empty() {
        return "Sync wants a key that may read everything that is needed.".to_owned();
    }
    format!(
        "Allow the key to read {} in Stripe's dashboard, then authenticate again.",
        missing.join(", ")
    )
}
