//! Licence expressions, as far as manifests have them: SPDX 2.3 annex D, and the old slash for "or".

use std::collections::BTreeSet;
use std::iter::Peekable;

use crate::report::Result;

/// Whether the allowed licences are enough for the expression.
///
/// A licence with an exception (`X WITH Y`) has to be allowed as such.
///
/// # Errors
///
/// If the expression is malformed.
pub(super) fn permits(expression: &str, allowed: &BTreeSet<String>) -> Result<bool> {
    let tokens = tokens(expression);
    let mut parser = Parser { tokens: tokens.iter().map(String::as_str).peekable(), allowed };
    let permitted = parser.any()?;
    match parser.tokens.next() {
        None => Ok(permitted),
        Some(token) => Err(format!("unexpected {token:?}").into()),
    }
}

/// The licences that an expression names, with their exceptions.
pub(super) fn terms(expression: &str) -> impl Iterator<Item = String> {
    let is_term = |token: &String| !matches!(token.as_str(), "(" | ")" | "AND" | "OR");
    tokens(expression).into_iter().filter(is_term)
}

/// An exception becomes one token with its licence.
fn tokens(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut tokens: Vec<String> = Vec::new();
    let mut words = spaced.split_whitespace();
    while let Some(word) = words.next() {
        match (word, tokens.last_mut()) {
            ("WITH", Some(license)) => {
                *license = format!("{license} WITH {}", words.next().unwrap_or_default())
            }
            _ => tokens.push(word.to_owned()),
        }
    }
    tokens
}

/// "or" binds less than "and"; every token is read, whatever the result so far.
struct Parser<'a, I: Iterator<Item = &'a str>> {
    tokens: Peekable<I>,
    allowed: &'a BTreeSet<String>,
}

impl<'a, I: Iterator<Item = &'a str>> Parser<'a, I> {
    fn any(&mut self) -> Result<bool> {
        let mut permitted = self.all()?;
        while self.tokens.next_if_eq(&"OR").is_some() {
            permitted |= self.all()?;
        }
        Ok(permitted)
    }

    fn all(&mut self) -> Result<bool> {
        let mut permitted = self.one()?;
        while self.tokens.next_if_eq(&"AND").is_some() {
            permitted &= self.one()?;
        }
        Ok(permitted)
    }

    fn one(&mut self) -> Result<bool> {
        match self.tokens.next() {
            Some("(") => {
                let permitted = self.any()?;
                self.tokens.next_if_eq(&")").ok_or("a parenthesis is not closed")?;
                Ok(permitted)
            }
            Some(")" | "AND" | "OR") | None => Err("a licence is missing".into()),
            Some(license) => Ok(self.allowed.contains(license)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(expression: &str) -> bool {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0", "Zlib WITH Exception"].map(str::to_owned);
        permits(expression, &BTreeSet::from(allowed)).unwrap()
    }

    #[test]
    fn one_of_several_is_enough() {
        assert!(permitted("MIT"));
        assert!(permitted("GPL-3.0 OR MIT"));
        assert!(permitted("MIT/GPL-3.0"));
        assert!(permitted("GPL-3.0 / Apache-2.0"));
        assert!(!permitted("GPL-3.0 OR LGPL-3.0"));
    }

    #[test]
    fn all_of_several_are_needed() {
        assert!(permitted("MIT AND Unicode-3.0"));
        assert!(!permitted("MIT AND GPL-3.0"));
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_tighter_still() {
        assert!(permitted("MIT OR GPL-3.0 AND GPL-2.0"));
        assert!(!permitted("(MIT OR GPL-3.0) AND GPL-2.0"));
        assert!(permitted("((GPL-3.0 OR MIT)) AND Unicode-3.0"));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert!(permitted("Zlib WITH Exception"));
        assert!(!permitted("Zlib"));
        assert!(!permitted("Apache-2.0 WITH LLVM-exception"));
        assert!(permitted("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT"));
    }

    #[test]
    fn a_malformed_expression_is_an_error() {
        for expression in ["", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT Apache-2.0", "()"] {
            assert!(permits(expression, &BTreeSet::new()).is_err(), "{expression:?}");
        }
    }

    #[test]
    fn the_terms_are_the_licences_alone() {
        let found: Vec<_> = terms("(MIT/ISC) AND Zlib WITH Exception").collect();
        assert_eq!(found, ["MIT", "ISC", "Zlib WITH Exception"]);
    }
}
