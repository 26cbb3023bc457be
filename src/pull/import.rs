//! Reading the lists: customers, then products, then contracts. An import reads all in scope, a backfill what a wider lookback lets
//! in, a reconcile all in scope and then what the lists did not give, and compares what it comes to. Each page's rows and the checkpoint that knows of them are
//! one transaction, so a run that dies at any point goes on where it was.

use std::sync::Arc;

use entity::kind::{RunKind, RunState, StripeKind, SyncObject};
use tokio_util::sync::CancellationToken;

use super::checkpoint::Checkpoint;
use super::halt::Halt;
use super::holder::{Holder, Writer};
use super::progress::Progress;
use super::rules::Rules;
use super::{credit, fill, pages, remap, sums, sweep, waiting};
use crate::{crash, stripe};

/// How a run over the lists ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// With everything done, or with objects or lists failed.
    pub state: RunState,
    /// Up to when Stripe's lists were read, Unix seconds of Stripe's clock. Events from here on are not in.
    pub t0: i64,
}

/// Runs to the end or to a halt.
pub async fn run(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<Ended, Halt> {
    progress.client().ask_for_tiers_in(rules.currencies.iter().cloned());
    let mut checkpoint = match progress.checkpoint::<Checkpoint>() {
        Some(checkpoint) => checkpoint,
        None => begin(progress, rules, stop).await?,
    };
    let objects = progress.run().objects.0.clone();
    for object in objects.into_iter().skip(checkpoint.phases_done) {
        progress.begin(object);
        pages::read_lists(progress, rules, &mut checkpoint, object, stop).await?;
        fill::missing(progress, rules, fills(progress, object), object, stop).await?;
        if object == SyncObject::Contract {
            credit::missing(progress, rules, stop).await?;
            waiting::complete(progress, rules, stop).await?;
        }
        if progress.run().kind == RunKind::Reconcile {
            sweep::sweep(progress, rules, &mut checkpoint, object, stop).await?;
        }
        remap::drain(progress, rules.integration_id, stop).await?;
        end_phase(progress, &mut checkpoint, object).await?;
    }
    sums::compare(progress, rules, stop).await?;
    let is_clean = progress
        .run()
        .phases
        .0
        .iter()
        .all(|phase| phase.state == RunState::Succeeded);
    Ok(Ended {
        state: if is_clean {
            RunState::Succeeded
        } else {
            RunState::Partial
        },
        t0: checkpoint.t0,
    })
}

/// Fixes the upper bound of the lists, and keeps it before anything is read.
async fn begin(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<Checkpoint, Halt> {
    // What time, other settings or an erasure have queued before says nothing about what Stripe's lists give.
    remap::drain_uncounted(progress, rules.integration_id, stop).await?;
    let checkpoint = Checkpoint::new(fix_upper_bound(progress).await?);
    progress.keep(&checkpoint)?;
    let app = Arc::clone(progress.app());
    progress.commit(app.db.begin().await?).await?;
    crash::point("import.bound_fixed");
    Ok(checkpoint)
}

/// Stripe's present second, by its own clock: ours may be off, and what came between the two would be in no list and no event.
async fn fix_upper_bound(progress: &Progress) -> Result<i64, Halt> {
    let newest = [("created[gte]", progress.run().queued_at.div_euclid(1000).to_string())];
    for kind in [
        StripeKind::Customer,
        StripeKind::Product,
        StripeKind::Subscription,
        StripeKind::Invoice,
    ] {
        match progress.client().list(kind, &newest).await {
            Ok(page) => return Ok(present(page.seen)),
            // A key without the right to customers may still read the rest.
            Err(stripe::Error::PermissionMissing { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(present(progress.client().events(&newest).await?.seen))
}

fn present(seen: stripe::Seen) -> i64 {
    seen.min_ms.div_euclid(1000) + 1
}

/// What is read by its id after a phase's lists. Customers only when their list was read: else every one would cost a request.
fn fills(progress: &Progress, object: SyncObject) -> &'static [StripeKind] {
    match object {
        SyncObject::Customer => &[],
        SyncObject::Product => &[StripeKind::Product],
        SyncObject::Contract if progress.run().objects.0.contains(&SyncObject::Customer) => &[
            StripeKind::Subscription,
            StripeKind::Customer,
            StripeKind::Price,
            StripeKind::Product,
            StripeKind::Coupon,
        ],
        SyncObject::Contract => &[
            StripeKind::Subscription,
            StripeKind::Price,
            StripeKind::Product,
            StripeKind::Coupon,
        ],
    }
}

async fn end_phase(progress: &mut Progress, checkpoint: &mut Checkpoint, object: SyncObject) -> Result<(), Halt> {
    progress.end_phase(object);
    checkpoint.end_phase();
    progress.keep(checkpoint)?;
    let app = Arc::clone(progress.app());
    crash::point("phase.before_end");
    progress.commit(app.db.begin().await?).await?;
    crash::point("phase.after_end");
    Ok(())
}
