//! What holds for every invoice that adds up, whatever it is made of.

use std::collections::BTreeMap;

use entity::kind::{LineKind, SpanKind, StripeKind};
use sandbox::{Kind, Options, Sandbox};
use serde_json::{Value, json};
use tributary::map::contract::{Before, ContractDraft, ContractRules, LineDraft, from_invoice};
use tributary::map::{Mapped, Refs};

const SEEDS: std::ops::Range<u64> = 1..13;

/// The invoices of a company, paid ones and others, with what they name.
async fn invoices(seed: u64) -> (Vec<Value>, Refs) {
    let options = Options {
        seed,
        customers: 40,
        products: 12,
        invoices: 300,
        subscriptions: 80,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let mut refs = Refs::default();
    for (kind, of) in [
        (StripeKind::Price, Kind::Price),
        (StripeKind::Product, Kind::Product),
        (StripeKind::Subscription, Kind::Subscription),
    ] {
        for object in sandbox.world().truth(of) {
            refs.insert(kind, object["id"].as_str().unwrap().to_owned(), &object, false);
        }
    }
    let mut invoices = sandbox.world().truth(Kind::Invoice);
    for invoice in &mut invoices {
        // Whatever became of it, it adds up.
        invoice["status"] = json!("paid");
        invoice["post_payment_credit_notes_amount"] = json!(0);
    }
    (invoices, refs)
}

fn map(invoice: &Value, refs: &Refs) -> ContractDraft {
    let rules = ContractRules {
        import_zero_amount_invoices: true,
        ..ContractRules::default()
    };
    match from_invoice(invoice, refs, &rules, None).unwrap() {
        Mapped::Record(draft) => draft,
        Mapped::Skipped(reason) => panic!("{reason:?}: {invoice}"),
    }
}

/// The same lines in another order, by the seed.
fn shuffled(invoice: &Value, seed: usize) -> Value {
    let mut invoice = invoice.clone();
    let lines = invoice["lines"]["data"].as_array_mut().unwrap();
    lines.reverse();
    let by = seed % lines.len().max(1);
    lines.rotate_left(by);
    invoice
}

/// Everything but the name, the order of the lines and their numbers.
fn without_order(mut draft: ContractDraft) -> ContractDraft {
    draft.name = String::new();
    for line in &mut draft.lines {
        line.line_number = 0;
    }
    draft.lines.sort_by(|one, other| one.stripe_id.cmp(&other.stripe_id));
    draft.warnings.sort();
    draft.pending.sort();
    draft
}

/// The same with its taxes on the whole only; `among` them that of shipping, which is contained there or on top.
fn taxed_on_the_whole(invoice: &Value, among: Option<&str>) -> Value {
    let mut invoice = invoice.clone();
    for line in invoice["lines"]["data"].as_array_mut().unwrap() {
        line["taxes"] = json!([]);
    }
    if let Some(behavior) = among {
        let tax = json!({ "amount": invoice["shipping_cost"]["amount_tax"], "tax_behavior": behavior });
        invoice["total_taxes"].as_array_mut().unwrap().push(tax);
    }
    invoice
}

#[tokio::test]
async fn taxes_on_the_whole_come_to_the_same() {
    let (mut contained, mut shipped) = (0, 0);
    for seed in SEEDS {
        let (invoices, refs) = invoices(seed).await;
        for invoice in &invoices {
            if invoice["total_taxes"].as_array().unwrap().is_empty() {
                continue;
            }
            let draft = map(invoice, &refs);
            let has_shipping = invoice["shipping_cost"]["amount_tax"]
                .as_i64()
                .is_some_and(|tax| tax > 0);
            let ways: &[_] = if has_shipping {
                &[None, Some("exclusive"), Some("inclusive")]
            } else {
                &[None]
            };
            for way in ways {
                let old = map(&taxed_on_the_whole(invoice, *way), &refs);
                assert_eq!(
                    (old.reconcile_delta, old.reconciled),
                    (Some(0), true),
                    "{way:?} {invoice}"
                );
                assert_eq!(
                    (old.total, old.tax, old.shipping, old.net),
                    (draft.total, draft.tax, draft.shipping, draft.net),
                    "{way:?} {invoice}"
                );
                let lines: i64 = old.lines.iter().map(|line| line.net).sum();
                let told = old.warnings.iter().any(|warning| warning.contains("contained tax"));
                assert_eq!(
                    told,
                    lines + old.shipping != old.total,
                    "{way:?} {:?} {invoice}",
                    old.warnings
                );
                contained += usize::from(told);
            }
            shipped += usize::from(has_shipping);
        }
    }
    assert!(contained > 200 && shipped > 20, "{contained} {shipped}");
}

/// What the lines of the newest period of each item bring, each rounded by itself.
fn newest_of_each_item(draft: &ContractDraft) -> i64 {
    let opening = || draft.lines.iter().filter(|line| line.span == Some(SpanKind::Opens));
    let place = |line: &LineDraft| (line.period_start, line.kind != LineKind::Proration);
    let mut newest: BTreeMap<&str, (Option<i64>, bool)> = BTreeMap::new();
    for line in opening() {
        let last = newest.entry(&line.item_id).or_default();
        *last = (*last).max(place(line));
    }
    let is_newest = |line: &&LineDraft| newest[line.item_id.as_str()] == place(line);
    opening().filter(is_newest).map(|line| line.mrr).sum()
}

#[tokio::test]
async fn an_invoice_that_adds_up_does_so_here() {
    let (mut met, mut recurring, mut shipped) = (0, 0, 0);
    for seed in SEEDS {
        let (invoices, refs) = invoices(seed).await;
        for (at, invoice) in invoices.iter().enumerate() {
            let draft = map(invoice, &refs);
            assert_eq!((draft.reconcile_delta, draft.reconciled), (Some(0), true), "{invoice}");
            let lines: i64 = draft.lines.iter().map(|line| line.net).sum();
            assert_eq!(lines + draft.shipping, draft.total, "{invoice}");
            assert_eq!(draft.total + draft.tax, invoice["total"].as_i64().unwrap(), "{invoice}");
            assert_eq!(draft.total - draft.credited, draft.net, "{invoice}");
            let rounded = newest_of_each_item(&draft);
            let off = i64::try_from(draft.lines.len()).unwrap();
            assert!(draft.mrr == 0 || (draft.mrr - rounded).abs() <= off, "{invoice}");
            assert!((draft.arr - 12 * draft.mrr).abs() <= 6, "{invoice}");
            assert_eq!(
                without_order(map(&shuffled(invoice, at), &refs)),
                without_order(draft.clone()),
                "{invoice}"
            );
            met += 1;
            recurring += usize::from(draft.mrr > 0);
            shipped += usize::from(draft.shipping != 0);
        }
    }
    assert!(
        met > 3_000 && recurring > 1_000 && shipped > 20,
        "{met} {recurring} {shipped}"
    );
}

/// Each amount of the invoice times `by`.
fn grown(value: &Value, by: i64) -> Value {
    match value {
        Value::Object(fields) => {
            let grown = fields.iter().map(|(name, value)| {
                let is_amount = name.contains("amount") || name.contains("total") || name.contains("subtotal");
                let amount = value.as_i64().filter(|_| is_amount && name != "unit_amount_decimal");
                let value = amount.map_or_else(|| grown(value, by), |amount| json!(amount.saturating_mul(by)));
                (name.clone(), value)
            });
            grown.collect()
        }
        Value::Array(values) => values.iter().map(|value| grown(value, by)).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn amounts_near_the_end_of_64_bits_are_exact_or_an_error_of_the_record() {
    let (invoices, refs) = invoices(7).await;
    let (mut exact, mut refused) = (0, 0);
    for invoice in &invoices {
        let largest = invoice["lines"]["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["amount"].as_i64().unwrap().abs())
            .max()
            .unwrap()
            .max(1);
        for room in [1, 3, 1000] {
            let mut grown = grown(invoice, i64::MAX / largest / room);
            for line in grown["lines"]["data"].as_array_mut().unwrap() {
                line["quantity_decimal"] = json!("999999999999.999999999999");
                if line["pricing"].is_object() {
                    line["pricing"]["unit_amount_decimal"] = json!("999999999999.999999999999");
                }
            }
            match from_invoice(&grown, &refs, &ContractRules::default(), Some(Before::default())) {
                Ok(Mapped::Record(draft)) => {
                    let net: i128 = draft.lines.iter().map(|line| i128::from(line.net)).sum();
                    assert_eq!(net + i128::from(draft.shipping), i128::from(draft.total), "{grown}");
                    exact += 1;
                }
                Ok(Mapped::Skipped(reason)) => panic!("{reason:?}"),
                Err(error) => {
                    assert_eq!(error.code, "AMOUNT_TOO_LARGE", "{error} {grown}");
                    refused += 1;
                }
            }
        }
    }
    assert!(exact > 300 && refused > 30, "{exact} exact, {refused} refused");
}
