//! The table of lives: each file in `fixtures/lives` is a life of a subscription or two, or of an invoice by hand, told in Stripe's JSON by
//! dated steps. All lives of the same settings go on together, in one company and before one clock: what a step changes is told by
//! webhook and has its effect before the next one; on the days that a life names, what the API says is held against it.
//!
//! Then a second server imports the company as it has become, and says the same; and all that was told is told again, twice and in another
//! order, and changes nothing.
//!
//! A life says in one line what it `shows`. A step `at` an instant may `put` new objects and `change` fields of what is there; what was
//! before the first import is a step of a time before it. `expected` tells what `contracts` and `revenue` (and `products`: revenue by
//! product) have to say at noon of the day `on`, or at that instant, of the day itself or `asOf` an earlier one; fields that it does not
//! name are not compared, but there are no warnings unless it says otherwise. The life's customer is `cus_1`, put by the table itself; `sub_gone` is a
//! subscription that Stripe does not give.
//! `settings` are those of its account, with invoices alone as source where it says nothing; `notImported` are contracts that an import
//! of later makes no more, as an invoice that was voided is none.

mod after;
mod life;
mod play;
mod told;

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use serde_json::Value;

use life::Life;
use play::Company;

const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn each_life_goes_as_it_says_by_events_by_import_and_told_again() {
    let lives = Life::all();
    assert!(lives.len() >= 60, "{} lives", lives.len());
    let mut groups: BTreeMap<String, (Value, Vec<Life>)> = BTreeMap::new();
    for life in lives {
        let group = groups.entry(life.settings.to_string()).or_default();
        group.0 = life.settings.clone();
        group.1.push(life);
    }
    let found: Vec<String> = stream::iter(groups.into_values())
        .map(async |(settings, lives)| {
            let company = Box::pin(Company::live(&settings, &lives)).await;
            let mut found = company.found;
            found.extend(Box::pin(after::differs_by_import(&company.app, &settings, &lives)).await);
            found.extend(Box::pin(after::differs_when_told_again(&company.app, &company.hooks, &lives)).await);
            found
        })
        .buffer_unordered(AT_ONCE)
        .concat()
        .await;
    assert!(found.is_empty(), "{} differ:\n{}", found.len(), found.join("\n"));
}
