//! Why a contract is CHURNED.

use async_graphql::Enum;
use entity::kind::{self, ContractStatus};

use crate::store::contract::Dated;

/// Why a contract is CHURNED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum TerminationReason {
    /// Credit notes gave all of it back.
    Credited,
    /// Its invoice was voided or written off after it had counted, or is open while open invoices do not count.
    Reversed,
    /// All its items were given back by prorations: taken out, or canceled at once.
    GivenBack,
    /// All its items were taken out of the subscription, which goes on.
    ItemsRemoved,
    /// Its subscription has ended.
    SubscriptionEnded,
}

/// Why `contract` is CHURNED, if it is.
pub(super) fn reason(contract: &Dated) -> Option<TerminationReason> {
    if contract.status != ContractStatus::Churned {
        return None;
    }
    let row = &contract.row;
    Some(match row.fixed_reason {
        Some(kind::TerminationReason::Credited) => TerminationReason::Credited,
        Some(kind::TerminationReason::Reversed) => TerminationReason::Reversed,
        None if row.removed_on.is_some() => TerminationReason::ItemsRemoved,
        None if row.left_as == Some(ContractStatus::Churned) => TerminationReason::GivenBack,
        None => TerminationReason::SubscriptionEnded,
    })
}
