//! `hallpass inspect`: what a pass says, in plain words and in Datalog. Offline; no signature is checked.

use std::fmt::Write as _;

use clap::Args;
use datalog::inspect::{InspectedBlock, Inspection};

use super::failure::Failure;
use super::pass_arg::PassArg;
use super::plain::inline;
use super::term::{Colour, Tone};
use super::{said, when};
use crate::cli::context::Context;

/// Show what a pass says, in plain words and in Datalog
///
/// It works offline on any pass. It checks no signature, so it does not tell whether a gateway accepts the pass.
#[derive(Debug, Args)]
#[command(after_help = "Example: hallpass inspect \"$PASS\"")]
pub(super) struct Inspect {
    #[command(flatten)]
    pass: PassArg,
}

impl Inspect {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let inspection = self.pass.says(context)?;
        context.term.result(&inspection, || describe(&inspection, context))?;
        if !inspection.budgets.is_empty() {
            context.term.say(format!(
                "`hallpass passes {}` shows what is left of its budgets",
                inline(&inspection.id)
            ));
        }
        Ok(())
    }
}

fn describe(pass: &Inspection, context: &Context) -> String {
    let now = context.clock.now();
    let (colour, width) = (context.term.colour(), context.term.width());
    let mut text = String::new();
    let task = colour.paint(Tone::Strong, &inline(&pass.task));
    let _ = writeln!(text, "{task}");
    let _ = writeln!(text, "{}", colour.paint(Tone::Quiet, &format!("pass {}", pass.id)));
    text.push_str(&said::lines(&pass.says, width));
    if pass.not_before > now {
        let _ = writeln!(text, "  begins {}", when::from_now(pass.not_before, now));
    }
    let word = if pass.expires > now { "ends" } else { "ended" };
    let _ = writeln!(text, "  {word} {}", when::from_now(pass.expires, now));
    for connection in &pass.connections {
        let (name, service, account) = (&connection.name, &connection.service, &connection.account);
        let _ = writeln!(text, "  `{name}` is {service} as {}", inline(account));
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
        let _ = writeln!(text, "  {};", inline(fact));
    }
    for caveat in &block.caveats {
        let _ = writeln!(text, "  {};", inline(&caveat.datalog));
        if !caveat.plain.starts_with('`') {
            let _ = writeln!(
                text,
                "    {}",
                colour.paint(Tone::Quiet, &format!("expects {}", inline(&caveat.plain)))
            );
        }
    }
}
