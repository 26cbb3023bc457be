//! Each limit, met and exceeded by one.

use std::time::{Duration, Instant};

use async_graphql::{Request, Value, Variables};
use entity::kind::Scope;
use entity::{session, user};
use uuid::Uuid;

use super::{LIMITS, admit};
use crate::account::{Caller, Proof};

pub(super) fn caller() -> Caller {
    let user = user::Model {
        id: Uuid::nil(),
        email: String::new(),
        email_key: String::new(),
        name: String::new(),
        role: Scope::Admin,
        password_hash: String::new(),
        enabled: true,
        created_at: 0,
        last_sign_in_at: None,
    };
    let session = session::Model {
        id: Uuid::nil(),
        user_id: Uuid::nil(),
        secret_hash: Vec::new(),
        created_at: 0,
        last_seen_at: 0,
        expires_at: 0,
        ip: None,
        user_agent: None,
    };
    Caller {
        user,
        scope: Scope::Admin,
        proof: Proof::Session(session),
    }
}

/// The code it is refused with; `None`: it passes.
fn code_of(mut request: Request, caller: Option<&Caller>) -> Option<String> {
    let error = admit(&mut request, caller).err()?;
    match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        Some(Value::String(code)) => Some(code.clone()),
        _ => Some(String::new()),
    }
}

fn refused(query: &str) -> Option<String> {
    code_of(Request::new(query), Some(&caller()))
}

fn refused_with(value: Value) -> Option<String> {
    let mut variables = Variables::default();
    variables.insert(async_graphql::Name::new("a"), value);
    code_of(Request::new("{ a }").variables(variables), Some(&caller()))
}

const OVER: Option<&str> = Some("LIMIT_EXCEEDED");

/// `make(most)` passes and `make(most + 1)` does not.
fn bounded(most: usize, make: impl Fn(usize) -> String) {
    assert_eq!(refused(&make(most)), None, "at the limit of {most}");
    assert_eq!(refused(&make(most + 1)).as_deref(), OVER, "over the limit of {most}");
}

fn nested(depth: usize) -> String {
    format!("{{{}{}", "a{".repeat(depth - 1), "a".to_owned() + &"}".repeat(depth))
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap()
}

#[test]
fn depth() {
    bounded(size(LIMITS.depth), nested);
    let by_fragment = |depth: usize| format!("{{ a {{ ...F }} }} fragment F on A {}", nested(depth - 1));
    bounded(size(LIMITS.depth), by_fragment);
}

#[test]
fn introspection_has_a_depth_of_its_own() {
    let standard = "{ __schema { types { fields { args { type { ofType { ofType { ofType { ofType { ofType { \
                    ofType { ofType { name } } } } } } } } } } interfaces { name } } } }";
    assert_eq!(refused(standard), None);
    let lists = |count: usize| {
        let (open, close) = ("fields { type { ".repeat(count), "} }".repeat(count));
        format!("{{ __type(name: \"Query\") {{ {open} name {close} }} }}")
    };
    bounded(size(LIMITS.introspection_lists), lists);
    let by_fragment = "{ __schema { types { ...T } } } fragment T on __Type { fields { type { fields { type { ...U } } } } } \
                       fragment U on __Type { possibleTypes { name } }";
    assert_eq!(refused(by_fragment).as_deref(), OVER);
}

#[test]
fn root_fields() {
    let most = size(LIMITS.root_fields);
    bounded(most, |count| format!("{{ {} }}", "__typename ".repeat(count)));
    bounded(most, |count| {
        format!("{{ ...F a }} fragment F on Query {{ {} }}", "a ".repeat(count - 1))
    });
    bounded(size(LIMITS.mutations), |count| {
        format!("mutation {{ {} }}", "a ".repeat(count))
    });
}

#[test]
fn one_guess_at_a_password() {
    bounded(1, |count| format!("mutation {{ {} }}", "signIn ".repeat(count)));
    let spread_twice = "mutation { ...F ... { ...F } } fragment F on Mutation { signIn }";
    assert_eq!(refused(spread_twice).as_deref(), OVER);
    assert_eq!(refused("mutation { a: signIn b: signIn }").as_deref(), OVER);
}

#[test]
fn aliases_and_directives() {
    bounded(LIMITS.aliases, |count| {
        let aliases: Vec<String> = (0..count).map(|at| format!("x{at}: a ")).collect();
        format!("{{ b {{ {} }} }}", aliases.concat())
    });
    for form in [
        "{ a X }",
        "query X { a }",
        "query($v: Int X) { a }",
        "{ ...F X } fragment F on Query { a }",
        "{ ... X { a } }",
        "{ ...F } fragment F on Query X { a }",
    ] {
        bounded(LIMITS.directives, |count| form.replace('X', &"@x ".repeat(count)));
    }
}

#[test]
fn fragments() {
    bounded(LIMITS.fragments, |count| {
        let unused: Vec<String> = (0..count).map(|at| format!("fragment F{at} on A {{ a }} ")).collect();
        format!("{{ a }} {}", unused.concat())
    });
}

#[test]
fn written_out_selections() {
    // Each spread of F brings itself and 99 fields; the rest are plain.
    let most = size(LIMITS.selections);
    bounded(most, |count| {
        let (spreads, rest) = ("...F ".repeat((count - 1) / 100), "a ".repeat((count - 1) % 100));
        format!(
            "{{ b {{ {spreads} {rest} }} }} fragment F on A {{ {} }}",
            "a ".repeat(99)
        )
    });
}

/// The k-th fragment spreads the next one twice: written out that is 2^k selections.
fn doubling(k: usize) -> String {
    let step = |at: usize| format!("fragment F{at} on Query {{ ...F{next} ...F{next} }} ", next = at + 1);
    let steps: Vec<String> = (0..k).map(step).collect();
    format!("{{ ...F0 }} {} fragment F{k} on Query {{ __typename }}", steps.concat())
}

#[test]
fn doubling_fragments_cost_no_more_than_they_are_long() {
    let begun = Instant::now();
    for k in [12, 31, LIMITS.fragments - 1] {
        assert_eq!(refused(&doubling(k)).as_deref(), OVER, "{k}");
    }
    // 2^31 steps take minutes.
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn cycles_are_refused() {
    for cycle in [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { a { ...B } } fragment B on Query { ... { ...A } }",
        "{ a } fragment A on Query { ...B } fragment B on Query { ...A }",
    ] {
        assert_eq!(refused(cycle).as_deref(), Some("GRAPHQL_VALIDATION_FAILED"), "{cycle}");
    }
}

#[test]
fn deep_nesting_is_refused_before_it_is_parsed() {
    for depth in [1_000, 10_000, 1_000_000] {
        assert_eq!(refused(&"{a".repeat(depth)).as_deref(), OVER);
        assert_eq!(refused(&format!("{{a(b:{}", "[".repeat(depth))).as_deref(), OVER);
    }
}

#[test]
fn the_deepest_documents_that_are_walked_fit_on_the_stack() {
    let (open, close) = ("... { ".repeat(55), "} ".repeat(55));
    let chain = |at: usize| format!("fragment F{at} on Q {{ {open} ...F{} {close} }} ", at + 1);
    let chains: Vec<String> = (0..11).map(chain).collect();
    let document = format!("{{ ...F0 }} {} fragment F11 on Q {{ a }}", chains.concat());
    assert_eq!(refused(&document), None);
    let brackets = LIMITS.nesting - 3;
    let literal = format!("{{ a(b: {}{}) }}", "[".repeat(brackets), "]".repeat(brackets));
    assert_eq!(refused(&literal).as_deref(), OVER);
    let selections = format!("{}a{}", "{a".repeat(LIMITS.nesting), "}".repeat(LIMITS.nesting));
    assert!(refused(&selections).is_some());
    let list_type = format!("query($v: {}Int{}) {{ a }}", "[".repeat(brackets), "]".repeat(brackets));
    assert_eq!(refused(&list_type), None);
}

#[test]
fn values() {
    let text = |bytes: usize| Value::from("x".repeat(bytes));
    assert_eq!(refused_with(text(LIMITS.string_bytes)), None);
    assert_eq!(refused_with(text(LIMITS.string_bytes + 1)).as_deref(), OVER);
    let list = |items: usize| Value::List(vec![Value::Null; items]);
    assert_eq!(refused_with(list(LIMITS.list_items)), None);
    assert_eq!(refused_with(list(LIMITS.list_items + 1)).as_deref(), OVER);
    let nest = |levels: usize| (0..levels).fold(Value::Null, |inner, _| Value::List(vec![inner]));
    assert_eq!(refused_with(nest(LIMITS.value_nesting)), None);
    assert_eq!(refused_with(nest(LIMITS.value_nesting + 1)).as_deref(), OVER);
    bounded(LIMITS.list_items, |items| {
        format!("{{ a(b: [{}]) }}", "1,".repeat(items))
    });
    bounded(LIMITS.value_nesting, |levels| {
        format!("{{ a(b: {}{}) }}", "[".repeat(levels), "]".repeat(levels))
    });
}

#[test]
fn nul_has_no_place_anywhere() {
    let bad = Some("BAD_USER_INPUT".to_owned());
    assert_eq!(refused_with(Value::from("a\0b")), bad);
    assert_eq!(refused_with(Value::List(vec![Value::from("\0")])), bad);
    for query in [
        r#"{ a(b: "\u0000") }"#,
        r#"{ a(b: {c: ["x\u0000"]}) }"#,
        r#"{ a @x(y: "\u0000") }"#,
        r#"query($v: String = "\u0000") { a(b: $v) }"#,
        "{ a(b: \"\"\"\0\"\"\") }",
        r#"{ ...F } fragment F on Query { a(b: "\u0000") }"#,
    ] {
        assert_eq!(refused(query), bad, "{query}");
    }
}

#[test]
fn variables_that_are_needed_must_be_given() {
    let query = "query($a: Int!, $b: Int! = 1, $c: Int) { a(x: $a, y: $b, z: $c) }";
    let with = |variables: &str| {
        let variables = serde_json::from_str(variables).unwrap();
        code_of(Request::new(query).variables(variables), Some(&caller()))
    };
    assert_eq!(with(r#"{"a":1}"#), None);
    for missing in ["{}", r#"{"a":null}"#, r#"{"b":2}"#] {
        assert_eq!(with(missing).as_deref(), Some("BAD_USER_INPUT"), "{missing}");
    }
}

#[test]
fn a_syntax_error_does_not_repeat_the_document() {
    let mut request = Request::new("{ a(key: \"sk_live_secret\" }");
    let error = admit(&mut request, Some(&caller())).unwrap_err();
    assert!(!error.message.contains("sk_live_secret"), "{}", error.message);
    assert!(
        error.message.starts_with("Syntax error: expected "),
        "{}",
        error.message
    );
    assert_eq!(error.locations.len(), 1);
}

#[test]
fn a_secret_stands_nowhere_in_a_document() {
    let bad = Some("BAD_USER_INPUT".to_owned());
    for secret in [
        "sk_live_0123456789abcdef",
        "rk_test_0123456789abcdef",
        "whsec_0123456789abcdef",
    ] {
        for document in [
            "mutation { authenticateStripe(input: {apiKey: \"~\"}) { a } }",
            "mutation($k: String! = \"~\") { authenticateStripe(input: {apiKey: $k}) { a } }",
            "mutation($i: I! = {apiKey: \"~\"}) { authenticateStripe(input: $i) { a } }",
            "mutation($i: [I!]! = [{x: [\"~\"]}]) { a }",
            "mutation { authenticateStripe(input: {apiKey: \"\"\"\n  ~\n\"\"\"}) { a } }",
            "mutation { authenticateStripe(input: {apiKey: ~}) { a } }",
            "mutation { a(x: {y: [{z: \"Bearer ~\"}]}) }",
            "query($v: Int @x(y: \"~\")) { a @include(if: true) @x(y: \"~\") }",
            "query @x(y: \"~\") { a }",
            "query A { a } mutation B { b(x: \"~\") }",
            "{ ...F } fragment F on Query { a(x: \"~\") }",
            "{ ...F } fragment F on Query @x(y: \"~\") { a }",
            "{ ... on Query @x(y: \"~\") { a } }",
            "{ a } # ~",
            "{ ~ }",
            "{ ~: a }",
            "query ~ { a }",
            "{ a(x: \"~\" }",
            "~",
        ] {
            let document = document.replace('~', secret);
            assert_eq!(refused(&document), bad, "{document}");
        }
        let (first, rest) = secret.split_at(1);
        let escaped = format!("{{ a(x: \"\\u{:04x}{rest}\") }}", u32::from(first.as_bytes()[0]));
        assert_eq!(refused(&escaped), bad, "{escaped}");
        let mut request = Request::new(format!("{{ a(x: \"{secret}\" }}"));
        let error = admit(&mut request, Some(&caller())).unwrap_err();
        assert!(!format!("{error:?}").contains(secret), "{error:?}");
    }
}

#[test]
fn in_a_secrets_place_stands_a_variable_and_nothing_else() {
    let bad = Some("BAD_USER_INPUT".to_owned());
    for (field, member) in [("authenticateStripe", "apiKey"), ("setWebhookSecret", "secret")] {
        let fill = |document: &str| document.replace("FIELD", field).replace("MEMBER", member);
        for document in [
            "mutation { FIELD(input: {MEMBER: \"short\"}) { a } }",
            "mutation { FIELD(input: {MEMBER: \"\"}) { a } }",
            "mutation { FIELD(input: {MEMBER: \"\"\"short\"\"\"}) { a } }",
            "mutation { FIELD(input: {MEMBER: short}) { a } }",
            "mutation { FIELD(input: {MEMBER: 12345}) { a } }",
            "mutation { FIELD(input: {MEMBER: [\"short\"]}) { a } }",
            "mutation { b: FIELD(input: {MEMBER: \"short\"}) { a } }",
            "mutation($k: String! = \"short\") { FIELD(input: {MEMBER: $k}) { a } }",
            "mutation($i: I! = {MEMBER: \"short\"}) { FIELD(input: $i) { a } }",
            "mutation($k: String = \"short\") { ...F } fragment F on Mutation { FIELD(input: {MEMBER: $k}) { a } }",
            "mutation { ... on Mutation { FIELD(input: {MEMBER: \"short\"}) { a } } }",
            "mutation { FIELD(input: {MEMBER: \"short\"}) @skip(if: true) { a } }",
        ] {
            assert_eq!(refused(&fill(document)), bad, "{}", fill(document));
        }
        for document in [
            "mutation($k: String) { FIELD(input: {MEMBER: $k}) { a } }",
            "mutation($k: String = null) { FIELD(input: {MEMBER: $k, name: \"short\"}) { a } }",
            "mutation($i: I) { FIELD(input: $i) { a } }",
            "mutation($i: I = {name: \"short\"}) { FIELD(input: $i) { a } }",
            "mutation { FIELD(input: {MEMBER: null}) { a } }",
            "mutation($k: String = \"short\") { other(input: {MEMBER: $k}) { a } }",
        ] {
            assert_eq!(refused(&fill(document)), None, "{}", fill(document));
        }
    }
}

#[test]
fn strangers_may_look_at_viewer_and_sign_in() {
    let stranger = |query: &str| code_of(Request::new(query), None);
    for open in [
        "{ viewer { scope } }",
        "mutation { signIn { viewer { scope } } }",
        "{ __typename ...F } fragment F on Query { viewer }",
    ] {
        assert_eq!(stranger(open), None, "{open}");
    }
    for closed in [
        "{ clients }",
        "{ viewer: clients }",
        "{ viewer clients }",
        "{ ...F } fragment F on Query { ... on Query { clients } }",
        "{ __schema { types { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "mutation { signOut }",
        "mutation { signIn signOut }",
        "subscription { runProgress }",
    ] {
        assert_eq!(stranger(closed).as_deref(), Some("UNAUTHENTICATED"), "{closed}");
    }
    let named = |name: &str| {
        code_of(
            Request::new("query A { viewer } query B { clients }").operation_name(name),
            None,
        )
    };
    assert_eq!(named("A"), None);
    assert_eq!(named("B").as_deref(), Some("UNAUTHENTICATED"));
}
