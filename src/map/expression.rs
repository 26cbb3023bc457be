//! Mapping sources, compiled. What nearly every rule is made of — paths, `||`, literals, our functions — is evaluated on the object
//! as it is; anything else goes through the JMESPath library, which wants a copy of the object in its own form.

use std::sync::LazyLock;

use jmespath::ast::Ast;
use jmespath::{Context, ErrorReason, JmespathError, Rcvar, Runtime, ToJmespath, Variable};
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
        .map_err(|text| JmespathError::new(context.expression, context.offset, ErrorReason::Parse(text)))?;
    Variable::from_serializable(result).map(Rcvar::new)
}

fn to_value(variable: &Variable) -> Value {
    serde_json::to_value(variable).unwrap_or(Value::Null)
}

/// Compiles a source; the sentence says what is wrong with it.
pub(super) fn compile(source: &str) -> Result<Expression, String> {
    syntax::check_text(source)?;
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

/// What went wrong while evaluating; our own functions fail as parse errors, the only ones that carry a sentence.
fn reason(error: JmespathError) -> String {
    match error.reason {
        ErrorReason::Parse(sentence) => sentence,
        ErrorReason::Runtime(problem) => problem.to_string(),
    }
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
                let data = object.to_jmespath().map_err(reason)?;
                expression.search(data).map(|found| to_value(&found)).map_err(reason)
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
mod tests;
