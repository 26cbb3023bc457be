//! What stands around the executor: whether execution began, since an answer without execution has no `data` entry and another status,
//! and how large the answer gets.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery, NextResolve, ResolveInfo,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Data, Response, ServerResult, Value, Variables};

use super::measure::{self, Measure, Place, Size};
use crate::app::App;

/// Told by [`Watch`] when execution begins, and when its answer is given up; clones share it. Goes into the request's data.
#[derive(Debug, Clone, Default)]
pub(crate) struct Executed(Arc<AtomicBool>);

impl Executed {
    /// Execution began, and there is something to tell of it.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// In the data of a subscription's request: each event is executed with loaders of its own, as a request is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EachEvent;

/// Tells the request's [`Executed`], and gives up an answer that gets too large. One a request.
pub(crate) struct Watch(Measure);

/// Makes the [`Watch`] of each request.
pub(crate) struct Watches {
    /// How large an answer may be.
    pub(crate) most: Size,
}

impl ExtensionFactory for Watches {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Watch(Measure::new(self.most)))
    }
}

#[async_trait::async_trait]
impl Extension for Watch {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        self.0.look_at(&document);
        Ok(document)
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let executed = ctx.data::<Executed>();
        let note = |began| {
            if let Ok(executed) = executed {
                executed.0.store(began, Ordering::Release);
            }
        };
        note(true);
        self.0.begin();
        let built = match ctx.data::<Arc<App>>() {
            Ok(app) if ctx.data_opt::<EachEvent>().is_some() => {
                let mut data = Data::default();
                super::request_data(app, &mut data);
                self.0.bound(next.run_with_data(ctx, operation_name, data)).await
            }
            _ => self.0.bound(next.run(ctx, operation_name)).await,
        };
        built.unwrap_or_else(|| {
            // Nothing is told of what was executed.
            note(false);
            Response::from_errors(vec![measure::too_large()])
        })
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let place = Place::from(&info);
        // Not an `await` and a look at what it gives: there are thousands of these, and each look moves what is large.
        let mut building = pin!(next.run(ctx, info));
        poll_fn(|context| self.0.poll(place, building.as_mut(), context)).await
    }
}
