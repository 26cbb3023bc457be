//! Whether execution began: an answer without execution has no `data` entry and another status.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::{Data, Response};

use crate::app::App;

/// Told by [`Watch`] when execution begins; clones share it. Goes into the request's data.
#[derive(Debug, Clone, Default)]
pub(crate) struct Executed(Arc<AtomicBool>);

impl Executed {
    /// Execution began.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// In the data of a subscription's request: each event is executed with loaders of its own, as a request is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EachEvent;

/// Tells the request's [`Executed`].
pub(crate) struct Watch;

impl ExtensionFactory for Watch {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Watch {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        if let Ok(executed) = ctx.data::<Executed>() {
            executed.0.store(true, Ordering::Release);
        }
        match ctx.data::<Arc<App>>() {
            Ok(app) if ctx.data_opt::<EachEvent>().is_some() => {
                let mut data = Data::default();
                super::request_data(app, &mut data);
                next.run_with_data(ctx, operation_name, data).await
            }
            _ => next.run(ctx, operation_name).await,
        }
    }
}
