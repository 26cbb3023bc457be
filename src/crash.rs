//! Named moments at which a test lets the process be killed, as by a power cut. Builds for use contain nothing of this.

/// The moments, in the order in which an import meets them, then those of events.
pub const POINTS: [&str; 28] = [
    "run.queued",
    "run.taken_up",
    "import.bound_fixed",
    "list.page_read",
    "list.nested_read",
    "pages.begun",
    "apply.records_written",
    "apply.sources_kept",
    "pages.before_commit",
    "pages.after_commit",
    "fill.read",
    "fill.before_commit",
    "fill.after_commit",
    "remap.before_commit",
    "remap.after_commit",
    "phase.before_end",
    "phase.after_end",
    "run.before_finish",
    "aftermath.noted",
    "run.after_finish",
    "look.put",
    "look.watermark_moved",
    "inbox.before_told",
    "inbox.after_told",
    "inbox.before_read",
    "inbox.after_read",
    "remap.batch_written",
    "remap.batch_committed",
];

/// Kills the process here if it was started with `TRIBUTARY_DIE_AT` naming this point and the how-manieth passing of it, such as
/// `pages.after_commit:3`.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &'static str) {
    debug_assert!(POINTS.contains(&name), "{name} is not listed");
    armed::pass(name);
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &'static str) {}

#[cfg(debug_assertions)]
mod armed {
    use std::process::Command;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Fuse {
        name: String,
        left: AtomicU32,
    }

    pub(super) fn pass(name: &str) {
        static FUSE: OnceLock<Option<Fuse>> = OnceLock::new();
        let Some(fuse) = FUSE.get_or_init(read).as_ref().filter(|fuse| fuse.name == name) else {
            return;
        };
        if fuse.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let pid = std::process::id().to_string();
            // SIGKILL: nothing of this process runs after it.
            let _killed = Command::new("kill").args(["-KILL", &pid]).status();
            std::process::abort();
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "only in builds for tests, and not something to be configured"
    )]
    fn read() -> Option<Fuse> {
        let text = std::env::var("TRIBUTARY_DIE_AT").ok()?;
        let (name, passing) = text.rsplit_once(':')?;
        Some(Fuse {
            name: name.to_owned(),
            left: AtomicU32::new(passing.parse().ok()?),
        })
    }
}
