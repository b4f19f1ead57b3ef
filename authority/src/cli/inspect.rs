//! `hallpass inspect`: what a pass says, in plain words and in Datalog. Offline; no signature is checked.

use std::fmt::Write as _;

use clap::Args;
use datalog::inspect::{InspectedBlock, Inspection, inspect};
use secrecy::ExposeSecret as _;

use super::failure::Failure;
use super::pass_arg::PassArg;
use super::term::{Colour, Tone, visible};
use super::{Context, when};
use crate::clock::Clock;

/// Show what a pass says, in plain words and in Datalog
///
/// Works offline on any pass. It shows what the pass says, not that anybody would accept it: no signature is checked.
#[derive(Debug, Args)]
#[command(after_help = "Example: hallpass inspect \"$PASS\"")]
pub(super) struct Inspect {
    #[command(flatten)]
    pass: PassArg,
}

impl Inspect {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let inspection = inspect(self.pass.text(context)?.expose_secret())
            .map_err(|error| super::pass_arg::not_a_pass(&error))?;
        context.term.result(&inspection, || describe(&inspection, context.term.colour()))?;
        if !inspection.budgets.is_empty() {
            context
                .term
                .say(format!("what is left of its budgets: `hallpass passes {}`", visible(&inspection.id)));
        }
        Ok(())
    }
}

fn describe(pass: &Inspection, colour: Colour) -> String {
    let now = Clock::System.now();
    let mut text = String::new();
    let task = colour.paint(Tone::Strong, &visible(&pass.task).replace('\n', " "));
    let _ = writeln!(text, "{task}");
    let _ = writeln!(text, "{}", colour.paint(Tone::Quiet, &format!("pass {}", pass.id)));
    for sentence in &pass.says {
        let _ = writeln!(text, "  {}", visible(sentence));
    }
    if pass.not_before > now {
        let _ = writeln!(
            text,
            "  begins {} ({})",
            when::at(pass.not_before),
            when::from_now(pass.not_before, now)
        );
    }
    let word = if pass.expires > now { "ends" } else { "ended" };
    let _ = writeln!(text, "  {word} {} ({})", when::at(pass.expires), when::from_now(pass.expires, now));
    for connection in &pass.connections {
        let (name, service, account) = (&connection.name, &connection.service, &connection.account);
        let _ = writeln!(text, "  `{name}` is {service} as {}", visible(account));
    }
    for (number, block) in pass.blocks.iter().enumerate() {
        describe_block(&mut text, number, block, colour);
    }
    text
}

fn describe_block(text: &mut String, number: usize, block: &InspectedBlock, colour: Colour) {
    let whose = if number == 0 { "by the authority" } else { "by a holder" };
    let _ = writeln!(text, "\n{}", colour.paint(Tone::Strong, &format!("block {number}, {whose}")));
    let _ = writeln!(text, "  {}", colour.paint(Tone::Quiet, &format!("revoke {}", block.revocation_id)));
    for fact in &block.facts {
        let _ = writeln!(text, "  {};", visible(fact));
    }
    for caveat in &block.caveats {
        let _ = writeln!(text, "  {};", visible(&caveat.datalog));
        if !caveat.plain.starts_with('`') {
            let _ = writeln!(
                text,
                "    {}",
                colour.paint(Tone::Quiet, &format!("expects {}", visible(&caveat.plain)))
            );
        }
    }
}
