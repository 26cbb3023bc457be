//! What a resolver may ask its context for.

use std::sync::Arc;

use async_graphql::Context;
use entity::kind::Scope;

use super::Fault;
use super::loader::Loaders;
use crate::account::Caller;
use crate::app::App;
use crate::error::Error;

/// What a resolver may ask its context for.
pub trait ContextExt<'a> {
    /// The parts of the server.
    fn app(&self) -> Result<&'a Arc<App>, Fault>;
    /// Loads rows for many parents at once.
    fn rows(&self) -> Result<&'a Loaders, Fault>;
    /// Who is calling; `None` when nobody is signed in.
    fn find_caller(&self) -> Option<&'a Caller>;
    /// Who is calling, if that caller may do what `scope` says.
    fn require(&self, scope: Scope) -> Result<&'a Caller, Fault>;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn app(&self) -> Result<&'a Arc<App>, Fault> {
        self.data::<Arc<App>>()
            .map_err(|_missing| Error::Internal("the schema was built without an App".into()).into())
    }

    fn rows(&self) -> Result<&'a Loaders, Fault> {
        self.data::<Loaders>()
            .map_err(|_missing| Error::Internal("the request came without its loaders".into()).into())
    }

    fn find_caller(&self) -> Option<&'a Caller> {
        self.data_opt::<Caller>()
    }

    fn require(&self, scope: Scope) -> Result<&'a Caller, Fault> {
        let caller = self.find_caller().ok_or(Error::Unauthenticated)?;
        if rank(caller.scope) < rank(scope) {
            return Err(Error::Forbidden.into());
        }
        Ok(caller)
    }
}

/// Each level includes the one before it.
fn rank(scope: Scope) -> u8 {
    match scope {
        Scope::Read => 0,
        Scope::RunSync => 1,
        Scope::Configure => 2,
        Scope::Admin => 3,
    }
}
