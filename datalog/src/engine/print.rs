//! Facts and caveats as Datalog text. The text says exactly what is evaluated, and reads back as the same.
//!
//! biscuit-auth prints strings without escapes and trusts stored parentheses. A pass may come from anybody, so this
//! prints from the compiled form instead.

use std::fmt::{self, Display, Formatter};

use crate::engine::caveat::{Binary, Caveat, Fact, Kind, Op, Pattern, Query, Slot, Unary};

impl Display for Fact {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        list(f, &self.terms)?;
        f.write_str(")")
    }
}

impl Display for Caveat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::One => "check if ",
            Kind::All => "check all ",
            Kind::Reject => "reject if ",
        })?;
        for (position, query) in self.queries.iter().enumerate() {
            if position > 0 {
                f.write_str(" or ")?;
            }
            query.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let mut separate = |f: &mut Formatter<'_>| {
            let text = if first { "" } else { ", " };
            first = false;
            f.write_str(text)
        };
        for pattern in &self.patterns {
            separate(f)?;
            print_pattern(f, pattern, &self.variables)?;
        }
        for expression in &self.expressions {
            separate(f)?;
            f.write_str(&print_expression(expression, &self.variables).text)?;
        }
        if self.patterns.is_empty() && self.expressions.is_empty() { f.write_str("true") } else { Ok(()) }
    }
}

fn list<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

fn print_pattern(f: &mut Formatter<'_>, pattern: &Pattern, variables: &[std::sync::Arc<str>]) -> fmt::Result {
    write!(f, "{}(", pattern.name)?;
    let slots: Vec<String> = pattern
        .slots
        .iter()
        .map(|slot| match slot {
            Slot::Variable(place) => variable(variables, *place),
            Slot::Value(value) => value.to_string(),
        })
        .collect();
    list(f, &slots)?;
    f.write_str(")")
}

fn variable(variables: &[std::sync::Arc<str>], place: usize) -> String {
    variables.get(place).map_or_else(|| format!("$_{place}"), |name| format!("${name}"))
}

/// A printed operand, and whether it holds together without parentheses.
struct Printed {
    text: String,
    tight: bool,
}

impl Printed {
    fn tight(text: String) -> Self {
        Self { text, tight: true }
    }

    fn grouped(&self) -> String {
        if self.tight { self.text.clone() } else { format!("({})", self.text) }
    }
}

fn print_expression(ops: &[Op], variables: &[std::sync::Arc<str>]) -> Printed {
    let mut stack: Vec<Printed> = Vec::new();
    let missing = || Printed::tight("?".into());
    for op in ops {
        let printed = match op {
            Op::Value(value) => Printed::tight(value.to_string()),
            Op::Variable(place) => Printed::tight(variable(variables, *place)),
            Op::Closure(parameter, body) => {
                let body = print_expression(body, variables);
                match parameter {
                    Some(place) => {
                        Printed::tight(format!("{} -> {}", variable(variables, *place), body.text))
                    }
                    None => body,
                }
            }
            Op::Unary(op) => {
                let operand = stack.pop().unwrap_or_else(missing);
                match op {
                    Unary::Negate => Printed::tight(format!("!{}", operand.grouped())),
                    Unary::Parens => Printed::tight(format!("({})", operand.text)),
                    Unary::Length => Printed::tight(format!("{}.length()", operand.grouped())),
                }
            }
            Op::Binary(op) => {
                let right = stack.pop().unwrap_or_else(missing);
                let left = stack.pop().unwrap_or_else(missing);
                print_binary(*op, &left, &right)
            }
        };
        stack.push(printed);
    }
    stack.pop().unwrap_or_else(missing)
}

fn print_binary(op: Binary, left: &Printed, right: &Printed) -> Printed {
    let infix = match op {
        Binary::LessThan => "<",
        Binary::GreaterThan => ">",
        Binary::LessOrEqual => "<=",
        Binary::GreaterOrEqual => ">=",
        Binary::Equal => "===",
        Binary::NotEqual => "!==",
        Binary::LooseEqual => "==",
        Binary::LooseNotEqual => "!=",
        Binary::Add => "+",
        Binary::Sub => "-",
        Binary::Mul => "*",
        Binary::Div => "/",
        Binary::And | Binary::LazyAnd => "&&",
        Binary::Or | Binary::LazyOr => "||",
        Binary::Contains => return method(left, "contains", right),
        Binary::Prefix => return method(left, "starts_with", right),
        Binary::Suffix => return method(left, "ends_with", right),
        Binary::Intersection => return method(left, "intersection", right),
        Binary::Union => return method(left, "union", right),
        Binary::All => return method(left, "all", right),
        Binary::Any => return method(left, "any", right),
    };
    Printed { text: format!("{} {infix} {}", left.grouped(), right.grouped()), tight: false }
}

fn method(left: &Printed, name: &str, right: &Printed) -> Printed {
    Printed::tight(format!("{}.{name}({})", left.grouped(), right.text))
}
