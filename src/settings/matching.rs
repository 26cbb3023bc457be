//! How customers are to find clients that are here already.

use entity::integration;
use entity::kind::ClientMatchRule;

use super::UpdateSettings;
use crate::error::{Code, Problem};
use crate::map::matching::Matching;

const SOURCE_LENGTH: usize = 512;

/// The matching that is wanted, of what is given and what is set.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) rules: Vec<ClientMatchRule>,
    pub(super) external_id_source: Option<String>,
}

impl Wanted {
    pub(super) fn of(known: &integration::Model, wish: &UpdateSettings) -> Self {
        let rules = wish.client_matching.clone();
        let source = wish.external_id_source.clone();
        let source = source.unwrap_or_else(|| known.external_id_source.clone());
        Self {
            rules: rules.unwrap_or_else(|| known.client_matching.0.clone()),
            external_id_source: source.filter(|source| !source.trim().is_empty()),
        }
    }

    pub(super) fn differs_from(&self, known: &integration::Model) -> bool {
        self.rules != known.client_matching.0 || self.external_id_source != known.external_id_source
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let rules = &self.rules;
        let has = |rule| rules.contains(&rule);
        let mut problems = Vec::new();
        let mut refuse = |field: &str, code, message: &str| problems.push(Problem::new(&[field], code, message));
        if !has(ClientMatchRule::StripeId) {
            let message = "STRIPE_ID belongs to the rules: a customer that is a client stays it.";
            refuse("clientMatching", Code::Required, message);
        }
        if (1..rules.len()).any(|place| rules[..place].contains(&rules[place])) {
            refuse("clientMatching", Code::Conflict, "A rule is there twice.");
        }
        match &self.external_id_source {
            None if has(ClientMatchRule::ExternalId) => {
                let message = "The rule EXTERNAL_ID needs an expression that finds the id in a customer.";
                refuse("externalIdSource", Code::Required, message);
            }
            Some(source) if source.chars().count() > SOURCE_LENGTH => {
                let message = format!("At most {SOURCE_LENGTH} characters.");
                refuse("externalIdSource", Code::TooLong, &message);
            }
            Some(source) => {
                if let Err(why) = Matching::compile(rules, Some(source)) {
                    let message = format!("The expression cannot be used: {why}.");
                    refuse("externalIdSource", Code::MappingSourceInvalid, &message);
                }
            }
            None => {}
        }
        problems
    }
}
