//! Reading `--arg 'gmail.users.messages.list: maxResults<=10, q contains "is:unread"'`.

use std::collections::BTreeSet;

use super::lex::{Literal, Token, Words, shown};
use super::types::{ArgCondition, Arguments, NumberTest, Test, TextTest};
use crate::catalog::selector::Selector;
use crate::catalog::{ArgumentType, Operation};
use crate::caveats::reach::TargetConnection;
use crate::caveats::term_error::{TermError, wrong};

/// Reads one flag. The operation decides what type a value has.
pub(super) fn read(text: &str, reach: &[TargetConnection<'_>]) -> Result<Arguments, TermError> {
    let wrong = |why: String| -> TermError {
        let says = format!("is not a constraint on arguments: {why}");
        wrong(text, &says)
            .hint("`gmail.users.messages.list: maxResults<=10, q contains \"is:unread\"` is one")
            .into()
    };
    let (target, conditions) =
        split(text).ok_or_else(|| wrong("expected `OPERATION: CONDITION, …`".into()))?;
    let target = crate::caveats::reach::target(target, reach)?;
    let Selector::Operation(id) = &target.selector else {
        return Err(wrong("expected the id of one operation before the `:`".into()));
    };
    let one = reach.iter().find(|one| one.service.operation(id).is_some());
    let (Some(one), Some(operation)) = (one, one.and_then(|one| one.service.operation(id))) else {
        return Err(wrong("no such operation".into()));
    };
    let implied = one.service.implied_arguments(operation).into_iter().map(str::to_owned).collect();
    let mut words = Words::of(conditions);
    let mut read = Vec::new();
    if words.peek().is_some() {
        loop {
            read.push(condition(&mut words, one, operation).map_err(&wrong)?);
            match words.next().map_err(&wrong)? {
                None => break,
                Some(Token::Symbol(",")) => {}
                Some(word) => return Err(wrong(format!("expected `,` before {}", word.shown()))),
            }
        }
    }
    Ok(Arguments { target, conditions: read, implied })
}

/// The target and the conditions. A `:` after a connection's name belongs to the target.
fn split(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_once(':')?;
    if first.contains('.') {
        return Some((first.trim(), rest));
    }
    let (second, conditions) = rest.split_once(':')?;
    Some((text.get(..first.len() + 1 + second.len())?.trim(), conditions))
}

fn condition(
    words: &mut Words<'_>,
    one: &TargetConnection<'_>,
    operation: &Operation,
) -> Result<ArgCondition, String> {
    let service = one.service;
    let name = match words.next()? {
        Some(Token::Name(name)) => name,
        other => return Err(format!("expected the name of an argument, got {}", shown(other.as_ref()))),
    };
    let (name, optional) = match name.strip_suffix('?') {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    };
    let types = service.argument(operation, &name);
    if types.is_empty() {
        let known = service.argument_names(operation).join(", ");
        let known = if known.is_empty() { "none".into() } else { known };
        return Err(format!("`{}` has no argument `{name}`; it has {known}", operation.id));
    }
    let test = match words.peek() {
        None | Some(',') => None,
        Some(_) => Some(test(words, &types).map_err(|why| format!("`{name}`: {why}"))?),
    };
    let test = test.map(|(kind, test)| (kind, test.spelled(&name, one)));
    Ok(ArgCondition { name, optional, test })
}

fn test(words: &mut Words<'_>, types: &BTreeSet<ArgumentType>) -> Result<(ArgumentType, Test), String> {
    let operator = words.next()?;
    let operator = match &operator {
        Some(Token::Symbol(symbol)) => *symbol,
        Some(Token::Name(name)) => name.as_str(),
        _ => return Err(format!("expected an operator, got {}", shown(operator.as_ref()))),
    };
    match operator {
        "=" => one_of(&[words.value()?], types),
        "in" => one_of(&words.list()?, types),
        "<" | "<=" | ">" | ">=" => {
            let number = words.value()?.number()?;
            let test = match operator {
                "<" => NumberTest::Less,
                "<=" => NumberTest::AtMost,
                ">" => NumberTest::More,
                _ => NumberTest::AtLeast,
            };
            typed(types, ArgumentType::Integer, Test::Number(test, number))
        }
        "contains" => text(TextTest::Contains, words, types),
        "starts_with" => text(TextTest::StartsWith, words, types),
        "under" => text(TextTest::Under, words, types),
        other => Err(format!("expected =, in, <, <=, >, >=, contains, starts_with or under, got `{other}`")),
    }
}

fn text(
    test: TextTest,
    words: &mut Words<'_>,
    types: &BTreeSet<ArgumentType>,
) -> Result<(ArgumentType, Test), String> {
    let value = words.value()?.text();
    if value.is_empty() {
        return Err("expected a text that is not empty".into());
    }
    let value = if test == TextTest::Under { value.trim_end_matches('/').to_owned() } else { value };
    typed(types, ArgumentType::String, Test::Text(test, value))
}

fn typed(
    types: &BTreeSet<ArgumentType>,
    wanted: ArgumentType,
    test: Test,
) -> Result<(ArgumentType, Test), String> {
    if types.contains(&wanted) {
        return Ok((wanted, test));
    }
    let own: Vec<&str> = types.iter().map(|one| one.as_str()).collect();
    Err(format!("it is {}, and the test is for {}", own.join(" or "), wanted.as_str()))
}

/// Equality with one of several values, in the type that the argument has and they all read as.
fn one_of(values: &[Literal], types: &BTreeSet<ArgumentType>) -> Result<(ArgumentType, Test), String> {
    let quoted = values.iter().any(|value| matches!(value, Literal::Quoted(_)));
    if types.contains(&ArgumentType::Integer)
        && !quoted
        && let Ok(numbers) = values.iter().map(Literal::number).collect()
    {
        return Ok((ArgumentType::Integer, Test::NumberIn(numbers)));
    }
    if let ([Literal::Bare(word)], true, false) = (values, types.contains(&ArgumentType::Boolean), quoted)
        && let Ok(flag) = word.parse()
    {
        return Ok((ArgumentType::Boolean, Test::Is(flag)));
    }
    let texts = values.iter().map(Literal::text).collect();
    typed(types, ArgumentType::String, Test::In(texts))
}
