//! The schema that is kept beside the code.

use tributary::graphql;

#[test]
fn schema_graphql_is_what_the_code_says() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    let said = graphql::sdl();
    let same = kept.lines().zip(said.lines()).take_while(|(kept, said)| kept == said);
    assert!(
        kept == said,
        "schema.graphql is not what the code says, from line {} on; `make schema` writes it",
        same.count() + 1,
    );
}
