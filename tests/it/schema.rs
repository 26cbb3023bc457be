//! The schema that is kept beside the code.

use tributary::graphql;

#[test]
fn schema_graphql_is_what_the_code_says() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    let first_difference = kept
        .lines()
        .zip(graphql::sdl().lines())
        .position(|(kept, said)| kept != said);
    assert!(
        kept == graphql::sdl(),
        "schema.graphql is not what the code says (line {}); `make schema` writes it",
        first_difference.map_or_else(|| kept.lines().count(), |line| line) + 1,
    );
}
