//! The count against the text that is sent, and that building ends where the count is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Context, EmptyMutation, Json, Object, Schema, SimpleObject, Subscription};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::super::executed::Watches;
use super::super::guard::LIMITS;
use super::{ENTRY, Size, TABLE};

const MOST: usize = LIMITS.answer.text;

#[derive(SimpleObject)]
struct Row {
    id: usize,
    text: String,
    words: Vec<String>,
    none: Option<bool>,
}

/// How many rows were made into values.
#[derive(Default, Clone)]
struct Made(Arc<AtomicUsize>);

struct Query;

#[Object]
impl Query {
    async fn text(&self, bytes: usize, letter: Option<String>) -> String {
        letter.unwrap_or_else(|| "x".to_owned()).repeat(bytes)
    }

    async fn json(&self, items: usize) -> Json<Value> {
        Json(json!({ "list": vec![json!({ "a": "b" }); items] }))
    }

    async fn rows(&self, count: usize, bytes: usize) -> Vec<Lazy> {
        (0..count).map(|id| Lazy { id, bytes }).collect()
    }

    async fn fails(&self, count: usize) -> Vec<Failing> {
        (0..count).map(|_| Failing).collect()
    }
}

struct Lazy {
    id: usize,
    bytes: usize,
}

#[Object]
impl Lazy {
    async fn row(&self, ctx: &Context<'_>) -> Row {
        tokio::task::yield_now().await;
        ctx.data_unchecked::<Made>().0.fetch_add(1, Ordering::SeqCst);
        Row {
            id: self.id,
            text: "y".repeat(self.bytes),
            words: vec!["\"\n\u{1}".to_owned(); 3],
            none: None,
        }
    }
}

struct Failing;

#[Object]
impl Failing {
    async fn fail(&self) -> async_graphql::Result<bool> {
        Err("it fails".into())
    }
}

struct Events;

#[Subscription(name = "Subscription")]
impl Events {
    async fn sizes(&self, bytes: Vec<usize>) -> impl stream::Stream<Item = String> {
        stream::iter(bytes.into_iter().map(|bytes| "z".repeat(bytes)))
    }
}

fn schema(most: Size) -> (Schema<Query, EmptyMutation, Events>, Made) {
    let made = Made::default();
    let schema = Schema::build(Query, EmptyMutation, Events)
        .data(made.clone())
        .extension(Watches { most })
        .finish();
    (schema, made)
}

fn text(text: usize) -> Size {
    let held = usize::MAX;
    Size { text, held }
}

fn held(held: usize) -> Size {
    let text = usize::MAX;
    Size { text, held }
}

/// The length of the data as text; `None` when it was given up.
async fn asked(most: Size, query: &str) -> Option<usize> {
    let response = schema(most).0.execute(query).await;
    match response.errors.first() {
        None => Some(serde_json::to_string(&response.data).unwrap().len()),
        Some(error) => {
            let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
            assert_eq!(code, Some(&"LIMIT_EXCEEDED".into()), "{error:?}");
            assert_eq!(response.errors.len(), 1);
            None
        }
    }
}

#[tokio::test]
async fn an_answer_at_the_limit_and_one_byte_more() {
    let query = |bytes: usize| format!("{{ text(bytes: {bytes}) }}");
    // `"text":` and the quotes and a comma; the brackets are not counted.
    let fits = MOST - "text".len() - 6;
    assert_eq!(asked(text(MOST), &query(fits)).await, Some(MOST + 1));
    assert_eq!(asked(text(MOST), &query(fits + 1)).await, None);
}

#[tokio::test]
async fn nothing_is_counted_for_less_than_it_is_long() {
    let typenames: Vec<String> = (0..20)
        .map(|at| format!("{}{at}: __typename ", "t".repeat(400)))
        .collect();
    let typenames = typenames.concat();
    let queries = [
        "{ rows(count: 200, bytes: 100) { row { id text words none } } }".to_owned(),
        "{ rows(count: 200, bytes: 0) { row { ...R ...R } } } fragment R on Row { a_long_name_for_a_number: id ... { words } }".to_owned(),
        format!("{{ rows(count: 50, bytes: 0) {{ {typenames} row {{ {typenames} id }} }} }}"),
        "{ json(items: 1000) }".to_owned(),
        "{ text(bytes: 5000, letter: \"\\u0001\\n\\\"\") }".to_owned(),
        format!("{{ {}: text(bytes: 1) }}", "n".repeat(3_000)),
        "{ __schema { types { name fields { name } } } }".to_owned(),
    ];
    for query in queries {
        let length = asked(text(usize::MAX), &query).await.unwrap();
        assert_eq!(asked(text(length * 99 / 100), &query).await, None, "{length}: {query}");
    }
}

#[tokio::test]
async fn a_plain_answer_is_counted_for_little_more_than_it_is_long() {
    let query = "{ rows(count: 200, bytes: 100) { row { id text } } }";
    let length = asked(text(usize::MAX), query).await.unwrap();
    assert_eq!(asked(text(length * 11 / 10), query).await, Some(length));
}

#[tokio::test]
async fn building_ends_where_the_count_is_over() {
    let (schema, made) = schema(text(1_000_000));
    let response = schema
        .execute("{ rows(count: 100000, bytes: 10000) { row { text } } }")
        .await;
    assert_eq!(response.errors.len(), 1);
    let made = made.0.load(Ordering::SeqCst);
    assert!((90..1_000).contains(&made), "{made} rows were made");
}

#[tokio::test]
async fn small_values_and_errors_are_held_too() {
    // A row is two objects and a number.
    let (row, rows) = (3 * ENTRY + 2 * TABLE, |count: usize| {
        format!("{{ rows(count: {count}, bytes: 0) {{ row {{ id }} }} }}")
    });
    assert!(asked(held(1_001 * row), &rows(1_000)).await.is_some());
    assert!(asked(held(1_001 * row), &rows(1_003)).await.is_none());
    assert!(
        asked(held(1_000_000), "{ fails(count: 1000) { fail } }")
            .await
            .is_none()
    );
    assert!(asked(held(1_000_000), "{ json(items: 3000) }").await.is_none());
    assert!(asked(held(100_000), "{ text(bytes: 100000) }").await.is_none());
}

#[tokio::test]
async fn each_event_is_an_answer() {
    let (schema, _) = schema(text(1_000));
    let events: Vec<_> = schema
        .execute_stream("subscription { sizes(bytes: [900, 900, 1100, 900]) }")
        .collect()
        .await;
    let sizes: Vec<bool> = events.iter().map(|event| event.errors.is_empty()).collect();
    assert_eq!(sizes, [true, true, false, true]);
}
