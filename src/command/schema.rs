//! `tributary schema`: prints the GraphQL schema.

use std::io::{self, Write};

use anyhow::Context;

use crate::graphql;

pub(super) fn run() -> anyhow::Result<()> {
    io::stdout()
        .write_all(graphql::sdl().as_bytes())
        .context("stdout cannot be written")
}
