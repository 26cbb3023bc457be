//! Known rows: names of many scripts, ties in every sort key, a row for and against each filter.
#![expect(
    clippy::as_conversions,
    clippy::manual_is_multiple_of,
    reason = "rows are told by their number"
)]

use chrono::{Days, NaiveDate};
use entity::kind::{
    ChurnAt, ClientMatchRule, ClientOrigin, ClientStatus, ContractSource, ContractStatus, CountInvoices, DayZone,
    DiscountCounts, LineKind, PaymentState, RecordState, RevenueBasis, RevenueCause, RunKind, RunState, RunTrigger,
    StripeKind, SyncDirection, SyncObject,
};
use entity::list::{
    ContractSources, CustomValues, EditedFields, HeldBefore, KeyPermission, KeyPermissions, MappingRules, MatchRules,
    RunPhases, SyncObjects, Warnings,
};
use entity::{
    client, client_link, contract, contract_line, integration, mapping, product, read_count, recurring_revenue, run,
    source_object, sync_error,
};
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, DatabaseConnection, EntityTrait, IntoActiveModel};
use tributary::map::key::{email_key, name_key, search_key};
use tributary::map::rule::{default_customer_rules, default_product_rules};
use uuid::Uuid;

/// When it is: 2026-11-23T12:00:00Z, Unix milliseconds.
pub(crate) const NOW_MS: i64 = 1_795_435_200_000;
const DAY_MS: i64 = 86_400_000;

/// Two names that only differ in case, two that only look alike, and what `LIKE` would take for a sign.
const NAMES: [&str; 16] = [
    "Acme",
    "ACME",
    "acme",
    "Ａｃｍｅ",
    "Straße",
    "STRASSE",
    "Zebra",
    "Ärzte",
    "Ångström",
    "東京",
    "😀 Smile",
    "ﬁne",
    "100% Wool",
    "snake_case",
    "back\\slash",
    "100 Wool",
];

/// Everything that is in the database.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) integrations: Vec<integration::Model>,
    pub(crate) mappings: Vec<mapping::Model>,
    pub(crate) clients: Vec<client::Model>,
    pub(crate) links: Vec<client_link::Model>,
    pub(crate) products: Vec<product::Model>,
    pub(crate) contracts: Vec<contract::Model>,
    pub(crate) lines: Vec<contract_line::Model>,
    pub(crate) recurring: Vec<recurring_revenue::Model>,
    pub(crate) runs: Vec<run::Model>,
    pub(crate) errors: Vec<sync_error::Model>,
    pub(crate) sources: Vec<source_object::Model>,
    pub(crate) reads: Vec<read_count::Model>,
}

impl Rows {
    /// Sixteen clients, eight products, a hundred and twenty contracts with their lines.
    pub(crate) fn make() -> Self {
        Self::sized(120)
    }

    /// The same with so many contracts.
    pub(crate) fn sized(contracts: usize) -> Self {
        let integrations = vec![integration_row("Test", false), integration_row("Live", true)];
        let [a, b] = [integrations[0].id, integrations[1].id];
        let mut rows = Self {
            mappings: [a, b].into_iter().flat_map(mapping_rows).collect(),
            clients: (0..NAMES.len()).map(client_row).collect(),
            products: (0..8).map(|at| product_row(at, [a, b][at % 2])).collect(),
            runs: (0..12).map(|at| run_row(at, [a, b][at % 2])).collect(),
            reads: vec![read_row(a, 0, 7), read_row(a, 29, 5), read_row(a, 30, 100)],
            integrations,
            ..Self::default()
        };
        // The last three clients have no customer; client 0 has one in each account.
        rows.links = (0..13).map(|at| link_row(at, a, rows.clients[at].id, 0)).collect();
        rows.links.push(link_row(0, b, rows.clients[0].id, 1));
        rows.contracts = (0..contracts)
            .map(|at| contract_row(at, [a, b][usize::from(at % 5 == 4)]))
            .collect();
        rows.lines = rows
            .contracts
            .iter()
            .enumerate()
            .flat_map(|(at, row)| line_rows(at, row))
            .collect();
        rows.renew();
        rows.recurring = rows
            .contracts
            .iter()
            .filter_map(|row| rows.recurring_row(row))
            .collect();
        rows.errors = (0..10).map(|at| error_row(at, &rows.runs)).collect();
        rows.sources = rows.contracts.iter().take(3).map(source_row).collect();
        rows
    }

    /// Writes them.
    pub(crate) async fn insert(&self, db: &DatabaseConnection) {
        insert(db, &self.integrations).await;
        insert(db, &self.mappings).await;
        insert(db, &self.clients).await;
        insert(db, &self.links).await;
        insert(db, &self.products).await;
        insert(db, &self.contracts).await;
        insert(db, &self.lines).await;
        insert(db, &self.recurring).await;
        insert(db, &self.runs).await;
        insert(db, &self.errors).await;
        insert(db, &self.sources).await;
        insert(db, &self.reads).await;
    }

    fn renew(&mut self) {
        let renewed_by = |row| self.renewal_of(row).map(|renewal| renewal.stripe_id.clone());
        let renewals: Vec<Option<String>> = self.contracts.iter().map(renewed_by).collect();
        for (row, renewal) in self.contracts.iter_mut().zip(renewals) {
            row.renewed_by = renewal;
        }
    }

    /// What a subscription brings, and of the invoices of one that is not here the last. Every other has ended.
    fn recurring_row(&self, row: &contract::Model) -> Option<recurring_revenue::Model> {
        let is_told_by_another = row.source == ContractSource::Invoice && self.subscription_of(row).is_some();
        if is_told_by_another {
            return None;
        }
        let is_over = row.arr % 2 == 1;
        Some(recurring_revenue::Model {
            integration_id: row.integration_id,
            source_id: row.stripe_id.clone(),
            item_id: format!("si_{}", row.stripe_id),
            from_at: 0,
            until_at: if is_over {
                NOW_MS / 1000
            } else {
                recurring_revenue::OPEN
            },
            basis: match row.source {
                ContractSource::Invoice => RevenueBasis::Invoice,
                ContractSource::Subscription => RevenueBasis::Subscription,
            },
            stripe_customer_id: row.stripe_customer_id.clone(),
            stripe_product_id: None,
            currency: row.currency.clone(),
            numerator: row.arr,
            denominator: 12,
            cause: RevenueCause::FirstSeen,
            told_at: 0,
        })
    }

    /// The client of a contract.
    pub(crate) fn client_of(&self, contract: &contract::Model) -> Option<Uuid> {
        self.client_who_is(contract.integration_id, contract.stripe_customer_id.as_ref())
    }

    /// The client that a customer is.
    pub(crate) fn client_who_is(&self, integration_id: Uuid, customer: Option<&String>) -> Option<Uuid> {
        let mut links = self.links.iter();
        let link =
            links.find(|link| (link.integration_id, Some(&link.stripe_customer_id)) == (integration_id, customer));
        link.map(|link| link.client_id)
    }

    /// Whether an integration's settings name a source.
    pub(crate) fn has_source(&self, integration_id: Uuid, source: ContractSource) -> bool {
        let mut integrations = self.integrations.iter();
        let integration = integrations
            .find(|integration| integration.id == integration_id)
            .unwrap();
        integration.contract_sources.0.contains(&source)
    }
}

/// What depends on the day, told once more in Rust.
impl Rows {
    /// What renews a contract.
    pub(crate) fn renewal_of(&self, old: &contract::Model) -> Option<&contract::Model> {
        if old.source != ContractSource::Invoice {
            return None;
        }
        let (from, billed) = (old.renewal_from?, old.stripe_subscription_id.as_ref()?);
        let renews = |new: &&contract::Model| {
            new.integration_id == old.integration_id
                && new.source == ContractSource::Invoice
                && new.stripe_subscription_id.as_ref() == Some(billed)
                && new.recurs
                && new.recurs_from.unwrap() >= from
                && new.recurs_from > old.recurs_from
        };
        let first = |row: &&contract::Model| (row.recurs_from, row.booking_date, row.stripe_id.clone());
        self.contracts.iter().filter(renews).min_by_key(first)
    }

    /// The contract of the subscription that an invoice contract bills.
    pub(crate) fn subscription_of(&self, invoice: &contract::Model) -> Option<&contract::Model> {
        let billed = invoice.stripe_subscription_id.as_ref()?;
        self.contracts.iter().find(|row| {
            invoice.source == ContractSource::Invoice
                && row.source == ContractSource::Subscription
                && row.integration_id == invoice.integration_id
                && row.stripe_id == *billed
        })
    }

    /// Whether a contract's recurring revenue is counted.
    pub(crate) fn counts_toward_recurring(&self, contract: &contract::Model) -> bool {
        let has = |source| self.has_source(contract.integration_id, source);
        let is_counted_twice = has(ContractSource::Subscription) && self.subscription_of(contract).is_some();
        has(contract.source) && !is_counted_twice
    }
}

/// Where a contract is in its life today.
pub(crate) fn status_of(contract: &contract::Model) -> ContractStatus {
    let today = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let has_come = contract.terminated_date.is_none_or(|day| day <= today);
    if let Some(fixed) = contract
        .fixed_status
        .filter(|_| has_come || contract.source == ContractSource::Subscription)
    {
        return fixed;
    }
    let start = contract.term_start.unwrap();
    match contract.term_end {
        _ if today < start => ContractStatus::Booked,
        Some(end) if today < end => ContractStatus::Active,
        _ if today == start => ContractStatus::Active,
        _ if !contract.recurs || contract.renewed_by.is_some() => ContractStatus::Ended,
        _ if contract.terminated_date.is_some_and(|day| day <= today) => ContractStatus::Churned,
        _ => ContractStatus::Overdue,
    }
}

async fn insert<M, A>(db: &DatabaseConnection, rows: &[M])
where
    M: Clone + IntoActiveModel<A>,
    A: ActiveModelTrait + ActiveModelBehavior + Send,
{
    for batch in rows.chunks(200) {
        let batch = batch.iter().cloned().map(IntoActiveModel::into_active_model);
        A::Entity::insert_many(batch).exec_without_returning(db).await.unwrap();
    }
}

/// Ids whose order is not that of making them, so that ties are really broken by them.
fn id(of: &str, at: usize) -> Uuid {
    let mixed = (at as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let salt = of
        .bytes()
        .fold(0_u128, |salt, byte| salt.rotate_left(7) ^ u128::from(byte));
    Uuid::from_u128(mixed ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93))
}

fn ms(at: usize) -> i64 {
    NOW_MS - i64::try_from(at).unwrap() * 1000
}

fn integration_row(name: &str, livemode: bool) -> integration::Model {
    let right = |object: &str, required| KeyPermission {
        object: object.into(),
        granted: true,
        required,
        hint: None,
    };
    integration::Model {
        id: id(name, 0),
        stripe_account_id: Some(format!("acct_{name}")),
        name: name.into(),
        timezone: Some("Europe/Berlin".into()),
        livemode,
        key_sealed: Some(vec![1, 2, 3]),
        key_display: Some("sk_test_…abcd".into()),
        key_rotated_at: Some(NOW_MS),
        permissions: KeyPermissions(vec![right("customers", true), right("coupons", false)]),
        sync_enabled: false,
        settings_version: 1,
        contract_sources: ContractSources(if livemode {
            vec![ContractSource::Invoice, ContractSource::Subscription]
        } else {
            vec![ContractSource::Subscription]
        }),
        invoice_lookback_days: 30,
        poll_interval_seconds: None,
        import_zero_amount_invoices: false,
        days: DayZone::Utc,
        repeating_discounts_in_mrr: DiscountCounts::WhileRunning,
        once_discounts_in_mrr: DiscountCounts::Never,
        past_due_counts_for_days: None,
        churn_at: ChurnAt::End,
        count_open_invoices: CountInvoices::Paid,
        client_matching: MatchRules(vec![ClientMatchRule::StripeId]),
        external_id_source: None,
        max_requests_per_second: None,
        event_watermark: Some(NOW_MS / 1000),
        next_poll_at: Some(NOW_MS + 5000),
        webhook_secret: None,
        webhook_secret_display: None,
        webhook_secret_before: None,
        webhook_secret_before_until: None,
        last_webhook_at: None,
        key_problem: None,
        key_problem_message: None,
        events_from: None,
        covered_from: None,
        reconcile_schedule: "0 3 * * *".to_owned(),
        next_reconcile_at: None,
        last_success_at: None,
        purge_requested_at: None,
        created_at: ms(usize::from(livemode)),
    }
}

fn mapping_rows(integration_id: Uuid) -> [mapping::Model; 2] {
    let row = |object, rules| mapping::Model {
        integration_id,
        object,
        version: 1,
        direction: SyncDirection::Pull,
        rules: MappingRules(rules),
        updated_at: ms(9),
        updated_by: None,
    };
    [
        row(SyncObject::Customer, default_customer_rules()),
        row(SyncObject::Product, default_product_rules()),
    ]
}

fn client_row(at: usize) -> client::Model {
    let name = NAMES[at];
    let email = format!("office@{at}.example");
    client::Model {
        id: id("client", at),
        origin: if at < 13 {
            ClientOrigin::Stripe
        } else {
            ClientOrigin::Manual
        },
        name: name.into(),
        name_key: name_key(name),
        search_key: search_key([name, &email].into_iter()),
        status: [ClientStatus::Active, ClientStatus::Trial, ClientStatus::Inactive][at % 3],
        email_key: Some(email_key(&email)),
        email: Some(email),
        phone: None,
        site_url: None,
        // Two share an id.
        external_id: (at % 2 == 0).then(|| format!("crm-{}", at.max(2))),
        address_line1: Some("1 Main St".into()),
        address_line2: None,
        address_city: Some("Berlin".into()),
        address_state: None,
        address_postal_code: Some("10115".into()),
        address_country: Some("DE".into()),
        currency: Some("EUR".into()),
        inception_date: NaiveDate::from_ymd_opt(2026, 1, 31),
        custom_values: CustomValues::default(),
        edited: EditedFields::default(),
        held_before: HeldBefore::default(),
        deleted_in_stripe: at % 7 == 3,
        warnings: Warnings(vec!["w".into()]),
        created_at: ms(at / 4),
        updated_at: ms(at / 3),
    }
}

fn link_row(at: usize, integration_id: Uuid, client_id: Uuid, age: usize) -> client_link::Model {
    client_link::Model {
        integration_id,
        stripe_customer_id: format!("cus_{at}"),
        client_id,
        linked_by: "STRIPE_ID".into(),
        deleted_in_stripe: false,
        created_at: NOW_MS + i64::try_from(age).unwrap(),
    }
}

fn product_row(at: usize, integration_id: Uuid) -> product::Model {
    let name = NAMES[at];
    product::Model {
        id: id("product", at),
        integration_id,
        // Products 0 and 1 have the same id in different accounts.
        stripe_id: format!("prod_{}", if at == 1 { 0 } else { at }),
        name: name.into(),
        name_key: name_key(name),
        search_key: search_key([name].into_iter()),
        description: None,
        sku: Some(format!("SKU{at}")),
        active: at % 3 != 0,
        recurring: at % 4 == 1,
        custom_values: CustomValues::default(),
        deleted_in_stripe: false,
        warnings: Warnings::default(),
        created_at: ms(at / 2),
        updated_at: ms(at / 3),
    }
}

fn contract_row(at: usize, integration_id: Uuid) -> contract::Model {
    let invoice = at % 3 != 0;
    let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap() + Days::new((at / 7) as u64);
    let (source, prefix) = if invoice {
        (ContractSource::Invoice, "in")
    } else {
        (ContractSource::Subscription, "sub")
    };
    let name = format!("{} № {at}", NAMES[at % NAMES.len()]);
    let term_end = (at % 4 != 0).then(|| day + Days::new([0, 30, 1, 300, 1, 1, 300][at / 2 % 7]));
    // Every other invoice bills a subscription, mostly one that is a contract here.
    let billed = match source {
        ContractSource::Subscription => Some(at),
        ContractSource::Invoice => (at % 2 == 0).then_some(at - at % 21),
    };
    let words = [
        ContractStatus::Active,
        ContractStatus::Forecasted,
        ContractStatus::Overdue,
        ContractStatus::Churned,
        ContractStatus::Lost,
    ];
    contract::Model {
        id: id("contract", at),
        integration_id,
        source,
        stripe_id: format!("{prefix}_{at}"),
        source_status: if invoice { "paid".into() } else { "active".into() },
        number: invoice.then(|| format!("N-{at}")),
        search_key: search_key([name.as_str()].into_iter()),
        name,
        stripe_customer_id: (at % 11 != 10).then(|| format!("cus_{}", at % 17)),
        stripe_subscription_id: billed.map(|at| format!("sub_{at}")),
        paid_at: invoice.then(|| NOW_MS - i64::try_from(at).unwrap() * DAY_MS),
        booking_date: day,
        term_start: Some(day),
        term_end,
        issued_at: NOW_MS / 1000,
        fixed_reason: None,
        left_on: None,
        left_as: None,
        removed_on: None,
        renewed_by: None,
        fixed_status: match source {
            ContractSource::Subscription => Some(words[at / 15 % words.len()]),
            ContractSource::Invoice => (at % 13 == 1).then_some(ContractStatus::Churned),
        },
        payment_state: [PaymentState::Paid, PaymentState::PastDue, PaymentState::None][at % 3],
        recurs: at % 5 != 1,
        terminated_date: (at % 7 == 4).then_some(day + Days::new(40)),
        renewal_from: billed.and(term_end).map(|end| end - Days::new(1)),
        recurs_from: invoice.then(|| day + Days::new(u64::from(at % 9 == 3))),
        auto_renew: billed.map(|_| at % 2 == 0),
        currency: ["USD", "JPY", "KWD"][at % 3].into(),
        subtotal: 1000,
        discount: 0,
        shipping: 0,
        tax: 190,
        total: [-5, 0, 1990, i64::from(u32::MAX)][at % 4],
        amount_paid: 1990,
        credited: 10,
        refunded: 3,
        net: 1980,
        mrr: i64::try_from(at).unwrap() * 7,
        arr: i64::try_from(at).unwrap() * 85,
        acv: 1,
        reconcile_delta: invoice.then_some(i64::from(at % 10 == 1)),
        reconciled: at % 10 != 1,
        deleted_in_stripe: false,
        warnings: Warnings::default(),
        created_at: ms(at / 10),
        updated_at: ms(at / 9),
    }
}

/// Some contracts have none, one has more than a page.
fn line_rows(at: usize, contract: &contract::Model) -> Vec<contract_line::Model> {
    let count = match at {
        1 => 30,
        _ => at % 5,
    };
    (0..count).map(|number| line_row(at, number, contract)).collect()
}

fn line_row(at: usize, number: usize, contract: &contract::Model) -> contract_line::Model {
    contract_line::Model {
        id: id("line", at * 100 + number),
        contract_id: contract.id,
        integration_id: contract.integration_id,
        stripe_id: format!("il_{at}_{number}"),
        // Ties, as a server that repeats itself would make them.
        line_number: i32::try_from(number / 2 + 1).unwrap(),
        stripe_product_id: (number % 4 != 3).then(|| format!("prod_{}", (at + number) % 8)),
        product_name: Some("A product".into()),
        stripe_price_id: None,
        description: None,
        quantity: (number % 2 == 0).then(|| "1.50".into()),
        unit_price: Some("0.000001".into()),
        gross: 1000,
        discount: 1,
        tax: 2,
        net: 997,
        mrr: 83,
        kind: [LineKind::Recurring, LineKind::OneTime, LineKind::Proration][number % 3],
        item_id: format!("si_{number}"),
        span: None,
        monthly_numerator: 0,
        monthly_denominator: 1,
        period_start: Some(NOW_MS),
        period_end: None,
    }
}

fn run_row(at: usize, integration_id: Uuid) -> run::Model {
    run::Model {
        id: id("run", at),
        integration_id,
        kind: [RunKind::Import, RunKind::CatchUp][at % 2],
        trigger: [RunTrigger::Manual, RunTrigger::Schedule][at % 2],
        state: [RunState::Succeeded, RunState::Failed, RunState::Queued][at % 3],
        objects: SyncObjects::default(),
        started_by: None,
        idempotency_key: None,
        queued_at: ms(at / 3),
        started_at: None,
        finished_at: (at % 3 != 2).then_some(NOW_MS),
        phases: RunPhases::default(),
        checkpoint: None,
        stripe_requests: 3,
        failure_code: None,
        failure_message: None,
        import_slot: None,
        resume_at: None,
        rests: 0,
        drift: None,
        monthly_sums: None,
        lease_owner: None,
        lease_until: None,
        fence: 0,
    }
}

fn error_row(at: usize, runs: &[run::Model]) -> sync_error::Model {
    let run = &runs[at % 3];
    sync_error::Model {
        id: id("error", at),
        integration_id: run.integration_id,
        run_id: (at != 9).then_some(run.id),
        kind: [StripeKind::Invoice, StripeKind::Price][at % 2],
        stripe_id: format!("in_{at}"),
        code: ["NO_ID", "AMOUNT_TOO_LARGE"][at % 2].into(),
        message: "m".into(),
        hint: None,
        attempts: 1,
        first_at: ms(100),
        last_at: ms(at / 4),
        next_retry_at: None,
        brought_in: false,
        resolved_at: (at % 4 == 0).then_some(NOW_MS),
    }
}

fn source_row(contract: &contract::Model) -> source_object::Model {
    source_object::Model {
        integration_id: contract.integration_id,
        kind: match contract.source {
            ContractSource::Invoice => StripeKind::Invoice,
            ContractSource::Subscription => StripeKind::Subscription,
        },
        stripe_id: contract.stripe_id.clone(),
        body: vec![],
        digest: vec![],
        seen_min: 0,
        seen_max: NOW_MS - 1000,
        deleted: false,
        state: RecordState::Imported,
        reason: None,
        map_stamp: 0,
        recurring_of: None,
    }
}

fn read_row(integration_id: Uuid, days_ago: u64, reads: i64) -> read_count::Model {
    let today = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    read_count::Model {
        integration_id,
        day: today - Days::new(days_ago),
        reads,
    }
}
