//! What each proof and each word of the admin's leads to.

use Sameness::{Another, Same, Unread, Untold};
use entity::kind::{ChurnAt, CountInvoices, DayZone, DiscountCounts};
use entity::list::{ContractSources, KeyPermissions, MatchRules};

use super::*;

fn integration(number: u128, is_going: bool) -> Model {
    Model {
        id: Uuid::from_u128(number),
        stripe_account_id: None,
        name: format!("no. {number}"),
        timezone: None,
        livemode: false,
        key_sealed: None,
        key_display: None,
        key_rotated_at: None,
        permissions: KeyPermissions(Vec::new()),
        sync_enabled: false,
        settings_version: 1,
        contract_sources: ContractSources(Vec::new()),
        invoice_lookback_days: 30,
        poll_interval_seconds: None,
        import_zero_amount_invoices: false,
        days: DayZone::Utc,
        repeating_discounts_in_mrr: DiscountCounts::WhileRunning,
        once_discounts_in_mrr: DiscountCounts::Never,
        past_due_counts_for_days: None,
        churn_at: ChurnAt::End,
        count_open_invoices: CountInvoices::Paid,
        client_matching: MatchRules(Vec::new()),
        external_id_source: None,
        max_requests_per_second: None,
        event_watermark: None,
        next_poll_at: None,
        webhook_secret: None,
        webhook_secret_display: None,
        webhook_secret_before: None,
        webhook_secret_before_until: None,
        last_webhook_at: None,
        key_problem: None,
        key_problem_message: None,
        events_from: None,
        covered_from: None,
        reconcile_schedule: String::new(),
        next_reconcile_at: None,
        last_success_at: None,
        purge_requested_at: is_going.then_some(0),
        created_at: 0,
    }
}

/// The number of the chosen one, 0 for a new one; or the field and the code.
fn chosen(said: Account, here: &[(Sameness, bool)]) -> Result<u128, (String, Code)> {
    let integrations = (1..)
        .zip(here)
        .map(|(number, (_, is_going))| integration(number, *is_going));
    let judge = |known: &Model| here[usize::try_from(known.id.as_u128()).unwrap() - 1].0;
    match choose(said, integrations.collect(), judge) {
        Ok(known) => Ok(known.map_or(0, |known| known.id.as_u128())),
        Err(Error::Refused(problems)) => Err((problems[0].path.join("."), problems[0].code)),
        Err(other) => panic!("{other:?}"),
    }
}

fn refused(field: &str, code: Code) -> Result<u128, (String, Code)> {
    Err((field.to_owned(), code))
}

#[test]
fn what_is_found_out() {
    let unknown = refused("apiKey", Code::KeyAccountUnknown);
    let conflict = refused("apiKey", Code::Conflict);
    for (here, expected) in [
        (&[][..], Ok(0)),
        (&[(Same, false)], Ok(1)),
        (&[(Another, false)], Ok(0)),
        (&[(Untold, false)], unknown.clone()),
        (&[(Unread, false)], unknown.clone()),
        (&[(Another, false), (Same, false)], Ok(2)),
        (&[(Untold, false), (Same, false)], Ok(2)),
        (&[(Another, false), (Untold, false)], unknown),
        (&[(Same, false), (Same, false)], conflict.clone()),
        // What is being removed is nobody's any more, but for an account that would come back meanwhile.
        (&[(Same, true)], conflict),
        (&[(Same, true), (Same, false)], Ok(2)),
        (&[(Untold, true)], Ok(0)),
        (&[(Unread, true), (Another, false)], Ok(0)),
    ] {
        assert_eq!(chosen(Account::FoundOut, here), expected, "{here:?}");
    }
}

#[test]
fn what_is_said_to_be_new() {
    let mismatch = refused("newAccount", Code::KeyAccountMismatch);
    let conflict = refused("apiKey", Code::Conflict);
    for (here, expected) in [
        (&[][..], Ok(0)),
        (&[(Untold, false), (Unread, false), (Another, false)], Ok(0)),
        (&[(Untold, false), (Same, false)], mismatch),
        (&[(Same, true)], conflict.clone()),
        (&[(Same, false), (Same, false)], conflict),
    ] {
        assert_eq!(chosen(Account::New, here), expected, "{here:?}");
    }
}

#[test]
fn what_is_said_to_be_the_first_s() {
    let mismatch = refused("apiKey", Code::KeyAccountMismatch);
    for (here, expected) in [
        (&[][..], refused("integrationId", Code::NotFound)),
        (&[(Same, false)], Ok(1)),
        (&[(Untold, false)], Ok(1)),
        (&[(Untold, false), (Untold, false)], Ok(1)),
        (&[(Another, false)], mismatch.clone()),
        (&[(Untold, false), (Same, false)], mismatch.clone()),
        (&[(Unread, false), (Same, false)], mismatch),
        (&[(Unread, false)], refused("apiKey", Code::KeyPermissionMissing)),
        (&[(Same, true)], refused("integrationId", Code::Conflict)),
        (&[(Untold, false), (Same, true)], refused("apiKey", Code::Conflict)),
        (&[(Same, false), (Same, false)], refused("apiKey", Code::Conflict)),
    ] {
        let said = Account::Of(Uuid::from_u128(1));
        assert_eq!(chosen(said, here), expected, "{here:?}");
    }
}
