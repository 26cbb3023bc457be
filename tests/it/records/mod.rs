//! Reading the records over GraphQL: pages, filters, lists within lists. Rows go in through the entities; what must come out is
//! worked out from them in Rust, so that both databases are held to the same answers.
#![expect(clippy::too_many_lines, reason = "tables of cases read better whole")]

mod filter;
mod link;
mod misuse;
mod nested;
mod paging;
mod rows;
mod single;
mod world;
