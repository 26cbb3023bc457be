//! Reads what was given: flags, and variables in their place.

use std::ffi::OsStr;
use std::io::Write;

use clap::builder::Resettable;
use clap::{Command, Parser};

/// Reads the command line and the environment. Where they cannot be read, and where nothing is wanted but help, that is said and the
/// process ends.
pub fn read<P: Parser>() -> P {
    let command = without_empty_variables(P::command());
    let secrets = addresses(&command);
    let read = command
        .try_get_matches()
        .and_then(|mut given| P::from_arg_matches_mut(&mut given));
    read.unwrap_or_else(|error| refuse(&error, &secrets))
}

/// A variable that is set to nothing is not set.
fn without_empty_variables(command: Command) -> Command {
    command.mut_args(|arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        if value.is_some_and(|value| value.is_empty()) {
            arg.env(Resettable::<clap::builder::OsStr>::Reset)
        } else {
            arg
        }
    })
}

/// Addresses with user and password among what was given, wherever they were put: clap repeats what it does not understand. The
/// longest first.
fn addresses(command: &Command) -> Vec<String> {
    let variables = command
        .get_arguments()
        .filter_map(|arg| std::env::var_os(arg.get_env()?));
    let mut found: Vec<String> = std::env::args_os()
        .chain(variables)
        .filter_map(|given| address(&given))
        .collect();
    found.sort_by_key(|address| std::cmp::Reverse(address.len()));
    found
}

fn address(given: &OsStr) -> Option<String> {
    let given = given.to_string_lossy().into_owned();
    let (before, after) = given.split_once("://")?;
    let start = before.rfind('=').map_or(0, |sign| sign + 1);
    after.contains('@').then(|| given[start..].to_owned())
}

fn refuse(error: &clap::Error, secrets: &[String]) -> ! {
    let told = error.render().to_string();
    let kept = hidden(&told, secrets);
    if kept == told {
        error.exit();
    }
    // Where stderr is closed there is nobody to tell.
    let _closed = std::io::stderr().write_all(kept.as_bytes());
    std::process::exit(error.exit_code())
}

/// The text with no more of the addresses than what they begin with.
fn hidden(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| {
        let scheme = secret.split("://").next().unwrap_or_default();
        text.replace(secret.as_str(), &format!("{scheme}://…"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_wherever_it_was_put() {
        for (given, expected) in [
            ("postgres://app:pw@h/db", Some("postgres://app:pw@h/db")),
            (
                "--database-ur1=postgres://app:pw@h/db?a=b",
                Some("postgres://app:pw@h/db?a=b"),
            ),
            ("http://proxy:3128", None),
            ("user@example.com", None),
        ] {
            assert_eq!(address(given.as_ref()).as_deref(), expected);
        }
    }

    #[test]
    fn a_refusal_holds_no_address() {
        let secrets = ["postgres://app:p w@h/db".to_owned(), "postgres://app:p".to_owned()];
        assert_eq!(
            hidden("unexpected argument 'postgres://app:p w@h/db' found", &secrets),
            "unexpected argument 'postgres://…' found"
        );
    }
}
