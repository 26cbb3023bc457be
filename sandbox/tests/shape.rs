//! Compares the fields of every object with real or synthetic examples, where
//! those are at hand.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stderr, reason = "a skipped comparison must be seen")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use sandbox::{Kind, Options, Sandbox};
use serde_json::Value;

/// Fields of the examples that version 2026-10-28 no longer has or that are
/// served only in special cases.
const NOT_SERVED: [&str; 4] = ["subscription", "future_requirements", "requirements", "tax_id_data"];

fn examples() -> Option<PathBuf> {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/stripe/fixtures");
    let nearer = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/stripe/fixtures");
    [nearer, base].into_iter().find(|path| path.is_dir())
}

fn fields(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn compare(example: &str, folder: &std::path::Path, served: &Value, ignored: &[&str]) {
    let text = std::fs::read_to_string(folder.join(example)).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let served = fields(served);
    let missing: Vec<String> = fields(&expected)
        .into_iter()
        .filter(|name| !served.contains(name) && !ignored.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{example}: {missing:?}");
}

#[tokio::test]
async fn objects_have_the_fields_of_the_examples() {
    let Some(folder) = examples() else {
        eprintln!("the examples are absent; nothing was compared");
        return;
    };
    let sandbox = Sandbox::start(Options {
        now: Some(1_795_000_000),
        ..Options::default()
    })
    .await
    .unwrap();
    let world = sandbox.world();
    let first = |kind: Kind| world.truth(kind).into_iter().next().unwrap();
    let real = folder.join("2026-07-29.dahlia");
    let made = folder.join("synthetic");
    let (invoice, subscription) = (first(Kind::Invoice), first(Kind::Subscription));
    compare("customer.json", &real, &first(Kind::Customer), &[]);
    compare("product.json", &real, &first(Kind::Product), &[]);
    compare("price.json", &real, &first(Kind::Price), &[]);
    compare("coupon.json", &real, &first(Kind::Coupon), &[]);
    compare("credit_note.json", &real, &first(Kind::CreditNote), &[]);
    compare("event.json", &real, &first(Kind::Event), &[]);
    compare("account.json", &real, &world.account(), &NOT_SERVED);
    compare("invoice.json", &real, &invoice, &NOT_SERVED);
    compare("invoice_line_item.json", &real, &invoice["lines"]["data"][0], &[]);
    compare("subscription.json", &real, &subscription, &[]);
    compare("invoice_paid.2026-10-28.endive.json", &made, &invoice, &[]);
    compare(
        "subscription_scheduled_cancel_flexible.2026-10-28.endive.json",
        &made,
        &subscription,
        &[],
    );
}
