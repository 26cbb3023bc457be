//! Mapping sources, compiled. What nearly every rule is made of — paths, `||`, literals, our functions — is evaluated on the object
//! as it is; anything else goes through the JMESPath library, which wants a copy of the object in its own form.

use std::sync::LazyLock;

use jmespath::ast::Ast;
use jmespath::{Context, JmespathError, Rcvar, Runtime, ToJmespath, Variable};
use serde_json::Value;

use super::syntax;
use super::transform::Transform;

/// A compiled source.
#[derive(Debug)]
pub(super) enum Expression {
    Path(Vec<String>),
    Either(Box<Self>, Box<Self>),
    Literal(Value),
    Call(Transform, Vec<Self>),
    Library(jmespath::Expression<'static>),
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    for (name, transform) in Transform::ALL {
        runtime.register_function(
            name,
            Box::new(move |arguments: &[Rcvar], context: &mut Context<'_>| call(transform, arguments, context)),
        );
    }
    runtime
});

fn call(transform: Transform, arguments: &[Rcvar], context: &mut Context<'_>) -> Result<Rcvar, JmespathError> {
    let arguments: Vec<Value> = arguments.iter().map(|argument| to_value(argument)).collect();
    let result = transform
        .apply(&arguments)
        .map_err(|text| JmespathError::new(context.expression, context.offset, jmespath::ErrorReason::Parse(text)))?;
    Variable::from_serializable(result).map(Rcvar::new)
}

fn to_value(variable: &Variable) -> Value {
    serde_json::to_value(variable).unwrap_or(Value::Null)
}

/// Compiles a source; the sentence says what is wrong with it.
pub(super) fn compile(source: &str) -> Result<Expression, String> {
    let parsed = RUNTIME.compile(source).map_err(|error| first_line(&error))?;
    syntax::check(parsed.as_ast())?;
    Ok(plain(parsed.as_ast()).unwrap_or(Expression::Library(parsed)))
}

/// The library's messages point into the source on further lines.
fn first_line(error: &JmespathError) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or("it cannot be read")
        .to_owned()
}

/// The part of the language that needs no copy of the object.
fn plain(ast: &Ast) -> Option<Expression> {
    match ast {
        Ast::Field { name, .. } => Some(Expression::Path(vec![name.clone()])),
        Ast::Subexpr { lhs, rhs, .. } => match (plain(lhs)?, plain(rhs)?) {
            (Expression::Path(mut path), Expression::Path(rest)) => {
                path.extend(rest);
                Some(Expression::Path(path))
            }
            _ => None,
        },
        Ast::Or { lhs, rhs, .. } => Some(Expression::Either(Box::new(plain(lhs)?), Box::new(plain(rhs)?))),
        Ast::Literal { value, .. } => Some(Expression::Literal(to_value(value))),
        Ast::Function { name, args, .. } => {
            let arguments = args.iter().map(plain).collect::<Option<Vec<_>>>()?;
            Some(Expression::Call(Transform::find(name)?, arguments))
        }
        _ => None,
    }
}

impl Expression {
    /// What it gives for `object`; the sentence says what could not be done.
    pub(super) fn evaluate(&self, object: &Value) -> Result<Value, String> {
        match self {
            Self::Path(path) => Ok(path
                .iter()
                .try_fold(object, |value, name| value.get(name.as_str()))
                .cloned()
                .unwrap_or_default()),
            Self::Either(one, other) => match one.evaluate(object)? {
                value if is_truthy(&value) => Ok(value),
                _ => other.evaluate(object),
            },
            Self::Literal(value) => Ok(value.clone()),
            Self::Call(transform, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| argument.evaluate(object))
                    .collect::<Result<Vec<_>, _>>()?;
                transform.apply(&arguments)
            }
            Self::Library(expression) => {
                let data = object.to_jmespath().map_err(|error| first_line(&error))?;
                expression
                    .search(data)
                    .map(|found| to_value(&found))
                    .map_err(|error| first_line(&error))
            }
        }
    }
}

/// JMESPath's own sense of it: null, false, and empty text, lists and objects are not.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn by_library(source: &str, object: &Value) -> Option<Value> {
        RUNTIME
            .compile(source)
            .unwrap()
            .search(object.to_jmespath().unwrap())
            .ok()
            .map(|found| to_value(&found))
    }

    #[test]
    fn reads_what_people_write() {
        let object = json!({"id": "x", "name": "", "email": "a@b", "n": 5, "address": {"city": "Köln"},
            "metadata": {"plan tier": "gold"}, "tags": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]});
        for (source, expected) in [
            ("id", json!("x")),
            ("name || email || id", json!("a@b")),
            ("address.city", json!("Köln")),
            ("address.street.number", json!(null)),
            ("metadata.\"plan tier\" || 'free'", json!("gold")),
            ("upper(address.city)", json!("KÖLN")),
            ("'ACTIVE'", json!("ACTIVE")),
            ("tags[0].k", json!("a")),
            ("tags[?k == 'b'].v | [0]", json!(2)),
            ("join(', ', tags[*].k)", json!("a, b")),
            ("length(tags) && to_string(n)", json!("5")),
            ("!name && not_null(missing, email)", json!("a@b")),
            ("n == `5`", json!(true)),
            ("money(n, 'usd')", json!("0.05")),
        ] {
            let expression = compile(source).unwrap_or_else(|text| panic!("{source}: {text}"));
            assert_eq!(expression.evaluate(&object).unwrap(), expected, "{source}");
        }
    }

    #[test]
    fn bombs_and_unknown_words_are_refused() {
        let deep = format!("{}a", "!".repeat(40));
        let long = vec!["a"; 70].join(" || ");
        for source in [
            "",
            "a..b",
            "a[",
            "[@,@][]",
            "{a: b}",
            "a[].b",
            "a[1:2]",
            "*.a",
            "sort_by(a, &b)",
            "a[*].b[*].c",
            "nope(a)",
            "lower(a, b)",
            "lower()",
            "not_null()",
            &deep,
            &long,
        ] {
            assert!(compile(source).is_err(), "{source}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_library_gives(object in any_json()) {
            for source in ["a", "a.b", "a.b.c", "a || b", "a.b || c || 'x'", "upper(a)", "lower(a || b)", "date(c)", "trim(a.b)"] {
                let ours = compile(source).unwrap().evaluate(&object).ok();
                prop_assert_eq!(ours, by_library(source, &object), "{}", source);
            }
        }

        #[test]
        fn no_text_makes_it_panic(source in ".{0,60}", object in any_json()) {
            if let Ok(expression) = compile(&source) {
                let _ = expression.evaluate(&object);
            }
        }
    }
}
