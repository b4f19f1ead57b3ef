//! The caveats of a pass as lines. Caveats that belong together become one line: an operation's arguments; a thing
//! and the check that it is named; a budget and its check. A caveat that nobody recognizes is a custom check.

use crate::caveats::budget::is_check_of;
use crate::caveats::explain;
use crate::caveats::grants::is_same_account;
use crate::caveats::said::{About, ArgumentLimit, ArgumentSays, Line, ToldAs};
use crate::engine::caveat::Caveat;
use crate::mint::since::since;
use crate::pass::block::Block;
use crate::pass::content::Content;
use crate::pass::limits::Limit;

/// The lines of all blocks, without time limits, which are one line for the whole pass.
pub(super) fn lines(content: &Content) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, block) in content.blocks.iter().enumerate() {
        of_block(content, number, block, &mut lines);
    }
    lines
}

fn of_block(content: &Content, number: usize, block: &Block, lines: &mut Vec<Line>) {
    let (mut arguments, mut custom) = (Vec::new(), Vec::new());
    let mut say = |about, text: String| {
        lines.push(Line { about, text: format!("{text}{}", since(number)) });
    };
    for caveat in &block.caveats {
        match told(content, number, block, caveat) {
            ToldAs::Elsewhere => {}
            ToldAs::Line(about, text) => say(about, text),
            ToldAs::Argument(argument) => arguments.push(argument),
            ToldAs::Custom => custom.push(format!("`{caveat}`")),
        }
    }
    for text in with_arguments(&arguments) {
        say(About::Only, text);
    }
    match custom.as_slice() {
        [] => {}
        [one] => say(About::Also, format!("1 custom check: {one}")),
        several => say(About::Also, format!("{} custom checks: {}", several.len(), several.join("; "))),
    }
}

fn told(content: &Content, number: usize, block: &Block, caveat: &Caveat) -> ToldAs {
    let is_of_a_budget = |limit: &Limit| limit.block == number && is_check_of(limit, caveat);
    if is_same_account(caveat) || content.limits.iter().any(is_of_a_budget) {
        return ToldAs::Elsewhere;
    }
    explain::says(caveat, &block.caveats).map_or(ToldAs::Custom, |says| says.told)
}

/// One line for each operation with constrained arguments, in the order of the caveats.
fn with_arguments(arguments: &[ArgumentLimit]) -> Vec<String> {
    let mut operations: Vec<&str> = Vec::new();
    for one in arguments {
        if !operations.contains(&one.operation.as_str()) {
            operations.push(&one.operation);
        }
    }
    let line = |operation: &str| {
        let own: Vec<&ArgumentLimit> = arguments.iter().filter(|one| one.operation == operation).collect();
        let has_value = |name: &Option<String>| {
            own.iter().any(|one| one.says == ArgumentSays::Value && one.name == *name)
        };
        // A test of a value implies its type.
        let is_said = |one: &&&ArgumentLimit| one.says != ArgumentSays::Type || !has_value(&one.name);
        let leaves: Vec<&str> = own.iter().filter(is_said).map(|one| one.leaves.as_str()).collect();
        format!("{operation} with {}", leaves.join("; "))
    };
    operations.into_iter().map(line).collect()
}
