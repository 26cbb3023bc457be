//! Pages as the API shows them: edges, nodes, page info, and a total that is counted only when it is asked for.

use async_graphql::{ID, SimpleObject};
use uuid::Uuid;

use super::id::IdType;
use crate::error::Error;
use crate::store::page::PageArgs;

/// Where a page stands in its list.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) has_previous_page: bool,
    pub(super) start_cursor: Option<String>,
    pub(super) end_cursor: Option<String>,
}

/// The paging arguments of a field.
pub(super) fn page_args(
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> PageArgs {
    PageArgs {
        first,
        after,
        last,
        before,
    }
}

/// The rows that global ids name. An id of another type names none.
pub(super) fn rows_of(of: IdType, ids: Option<Vec<ID>>, path: &str) -> Result<Option<Vec<Uuid>>, Error> {
    let Some(ids) = ids else { return Ok(None) };
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        match of.decode(&id, &["filter", path]) {
            Ok(row) => rows.push(row),
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(rows))
}

/// The row that a global id names; an id of another type names no row that there is.
pub(super) fn row_of(of: IdType, id: Option<ID>, path: &str) -> Result<Option<Uuid>, Error> {
    let rows = rows_of(of, id.map(|id| vec![id]), path)?;
    Ok(rows.map(|rows| rows.first().copied().unwrap_or(Uuid::nil())))
}

/// Defines the connection and the edge of a noun. `$node` is a newtype over the row; `$count` counts what
/// `$filter` lets through.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ident, $row:ty, $filter:ty, $count:path) => {
        /// A row with its cursor.
        #[derive(Debug, async_graphql::SimpleObject)]
        pub(in crate::graphql) struct $edge {
            cursor: String,
            node: $node,
        }

        /// A page.
        #[derive(Debug)]
        pub(in crate::graphql) struct $connection {
            edges: Vec<$edge>,
            has_next: bool,
            has_previous: bool,
            filter: $filter,
        }

        impl $connection {
            fn of(
                page: crate::store::page::Page<$row>,
                window: &crate::store::page::Window,
                filter: $filter,
                place: impl Fn(&$row) -> crate::store::page::Place,
            ) -> Self {
                let edge = |row: $row| $edge {
                    cursor: window.cursor(&place(&row)),
                    node: $node(row),
                };
                Self {
                    edges: page.rows.into_iter().map(edge).collect(),
                    has_next: page.has_next,
                    has_previous: page.has_previous,
                    filter,
                }
            }
        }

        #[async_graphql::Object]
        impl $connection {
            async fn edges(&self) -> &[$edge] {
                &self.edges
            }

            async fn nodes(&self) -> Vec<&$node> {
                self.edges.iter().map(|edge| &edge.node).collect()
            }

            async fn page_info(&self) -> crate::graphql::connection::PageInfo {
                crate::graphql::connection::PageInfo {
                    has_next_page: self.has_next,
                    has_previous_page: self.has_previous,
                    start_cursor: self.edges.first().map(|edge| edge.cursor.clone()),
                    end_cursor: self.edges.last().map(|edge| edge.cursor.clone()),
                }
            }

            /// Counted only when selected.
            async fn total_count(&self, ctx: &async_graphql::Context<'_>) -> Result<i32, crate::graphql::Fault> {
                Ok(i32::try_from($count(ctx, &self.filter).await?).unwrap_or(i32::MAX))
            }
        }
    };
}

pub(super) use connection;
