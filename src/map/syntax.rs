//! What a mapping source may be written with. JMESPath has no fuel: 512 characters can double a list sixty times, so the syntax
//! tree is walked once, when a rule is saved, and only a closed set of nodes is let through.

use jmespath::ast::Ast;

use super::transform::Transform;

const NODES: usize = 64;
const DEPTH: usize = 16;
const PROJECTIONS: usize = 1;
/// Of JMESPath's own functions those that cannot make much of little, with how many arguments they take.
const LIBRARY_FUNCTIONS: [(&str, usize); 5] = [
    ("to_string", 1),
    ("length", 1),
    ("contains", 2),
    ("starts_with", 2),
    ("not_null", usize::MAX),
];

/// Each of these may take the parser a level deeper, and it knows no bound: some hundred are the end of a thread's stack, and of the
/// program with it.
const DEEPER: [char; 6] = ['!', '&', '(', '[', '{', '*'];

/// Says what is wrong with a source before it is parsed, if anything is.
pub(super) fn check_text(source: &str) -> Result<(), String> {
    if source.matches(DEEPER).count() > NODES {
        return Err(too_long());
    }
    Ok(())
}

fn too_long() -> String {
    format!("it is too long: at most {NODES} parts")
}

/// Says what is wrong with an expression that was parsed, if anything is.
pub(super) fn check(ast: &Ast) -> Result<(), String> {
    let mut walk = Walk::default();
    walk.node(ast, 1)
}

#[derive(Default)]
struct Walk {
    nodes: usize,
    projections: usize,
}

impl Walk {
    fn node(&mut self, ast: &Ast, depth: usize) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(too_long());
        }
        if depth > DEPTH {
            return Err(format!("it is nested too deeply: at most {DEPTH} levels"));
        }
        match ast {
            Ast::Field { .. } | Ast::Index { .. } | Ast::Literal { .. } | Ast::Identity { .. } => Ok(()),
            Ast::Not { node, .. } => self.node(node, depth + 1),
            Ast::Subexpr { lhs, rhs, .. } | Ast::Or { lhs, rhs, .. } | Ast::And { lhs, rhs, .. } => {
                self.pair(lhs, rhs, depth)
            }
            Ast::Comparison { lhs, rhs, .. } => self.pair(lhs, rhs, depth),
            Ast::Projection { lhs, rhs, .. } => {
                self.projections += 1;
                if self.projections > PROJECTIONS {
                    return Err("only one projection ([*], [?..]) is allowed".to_owned());
                }
                self.pair(lhs, rhs, depth)
            }
            Ast::Condition { predicate, then, .. } => self.pair(predicate, then, depth),
            Ast::Function { name, args, .. } => self.call(name, args, depth),
            Ast::Expref { .. }
            | Ast::Flatten { .. }
            | Ast::MultiList { .. }
            | Ast::MultiHash { .. }
            | Ast::ObjectValues { .. }
            | Ast::Slice { .. } => Err("lists, objects, slices, flattening and & are not allowed here".to_owned()),
        }
    }

    fn pair(&mut self, one: &Ast, other: &Ast, depth: usize) -> Result<(), String> {
        self.node(one, depth + 1)?;
        self.node(other, depth + 1)
    }

    fn call(&mut self, name: &str, arguments: &[Ast], depth: usize) -> Result<(), String> {
        let library = LIBRARY_FUNCTIONS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, arity)| *arity);
        let arity = Transform::find(name).map(Transform::arity).or(library);
        match arity {
            None => return Err(format!("the function {name} is not known here")),
            Some(usize::MAX) if arguments.is_empty() => return Err(format!("{name} takes at least one argument")),
            Some(arity) if arity != usize::MAX && arity != arguments.len() => {
                return Err(format!(
                    "{name} takes {arity} argument(s), {} were given",
                    arguments.len()
                ));
            }
            Some(_) => {}
        }
        // One result as the glue of the next: a few dozen letters would make gigabytes.
        if name == "join" && !matches!(arguments, [Ast::Literal { .. }, _]) {
            return Err("join takes what it puts between as a literal, such as ', '".to_owned());
        }
        arguments.iter().try_for_each(|argument| self.node(argument, depth + 1))
    }
}
