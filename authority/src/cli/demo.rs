//! `hallpass demo`: tells the story, line by line as it happens.
//!
//! It draws the story that `crate::demo` plays, and decides nothing about it. In JSON the whole story is one value.

use clap::Args;

use unicode_width::UnicodeWidthStr as _;

use super::failure::Failure;
use super::plain::inline;
use super::term::{Colour, Term, Tone};
use crate::cli::context::{Context, block_on};
use crate::demo::{self, Outcome, Step, StoryReport, Who};

/// Show the whole story on this machine, with nothing else
///
/// It starts a mail provider, an authority and a gateway on free loopback ports, with a temporary home. It connects an
/// account and mints a pass; then an agent tries allowed and forbidden requests.
#[derive(Debug, Args)]
#[command(after_help = "Exits with 0 only if every step ended as the story says.")]
pub(super) struct Demo {}

/// The mark of an outcome, in any letters and in ASCII.
const MARKS: Marks = Marks { done: "✓", asked: "?", refused: "✗", wrong: "!" };
const ASCII_MARKS: Marks = Marks { done: "+", asked: "?", refused: "x", wrong: "!" };
const WHAT_WIDTH: usize = 46;
/// The width of the mark, the actor and the action, with the gaps between them.
const INDENT: usize = 12;

#[derive(Clone, Copy)]
struct Marks {
    done: &'static str,
    asked: &'static str,
    refused: &'static str,
    wrong: &'static str,
}

impl Demo {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let term = &context.term;
        let drawing = Drawing {
            marks: if context.environment.unicode { MARKS } else { ASCII_MARKS },
            colour: term.colour(),
            width: term.width(),
        };
        term.say("a mail service, an authority and a gateway start on this machine, for this story alone");
        term.say("");
        let mut closed = Ok(());
        let report = block_on(async {
            let told = |step: &Step| {
                if closed.is_ok() {
                    closed = term.line(drawing.line(step));
                }
            };
            demo::play(context.clock.clone(), told).await.map_err(Failure::from)
        })?;
        closed?;
        finish(term, &report)
    }
}

fn finish(term: &Term, report: &StoryReport) -> Result<(), Failure> {
    let count = report.steps.len();
    term.result(report, || match report.outcome {
        Outcome::AsTold => {
            format!("\nAll {count} lines ended as the story says. Now your own account: hallpass init")
        }
        Outcome::NotAsTold => String::new(),
    })?;
    let Some(step) = report.steps.iter().find(|step| !step.held()) else { return Ok(()) };
    Err(Failure::failed(format!(
        "`{}`: expected `{}`, got `{}`: {}",
        step.what, step.expected, step.observed.0, step.detail
    )))
}

/// The marks that the terminal can show.
struct Drawing {
    marks: Marks,
    colour: Colour,
    width: Option<usize>,
}

impl Drawing {
    fn line(&self, step: &Step) -> String {
        let (mark, tone) = self.mark(step);
        let who = match step.who {
            Who::You => "you",
            Who::Agent => "agent",
            Who::SubAgent => "sub-agent",
            Who::Check => "checked",
        };
        let said = said(step);
        let head = format!("{} {who:<9} {:<WHAT_WIDTH$}", self.colour.paint(tone, mark), step.what);
        let quiet = if step.held() && step.observed.is_done() { Tone::Quiet } else { tone };
        let fits = self.width.is_none_or(|width| INDENT + WHAT_WIDTH + 2 + said.width() <= width);
        if fits {
            return format!("{head}  {}", self.colour.paint(quiet, &said));
        }
        format!("{}\n{:INDENT$}{}", head.trim_end(), "", self.colour.paint(quiet, &said))
    }

    fn mark(&self, step: &Step) -> (&'static str, Tone) {
        match (step.held(), step.observed.0.as_str()) {
            (false, _) => (self.marks.wrong, Tone::Bad),
            (true, "done") => (self.marks.done, Tone::Good),
            (true, "approval-required") => (self.marks.asked, Tone::Warn),
            (true, _) => (self.marks.refused, Tone::Bad),
        }
    }
}

fn said(step: &Step) -> String {
    let detail = inline(&step.detail);
    match (step.held(), step.observed.is_done()) {
        (true, true) => detail,
        (true, false) => format!("{}: {detail}", step.observed.0),
        (false, _) => format!("expected {}, got {}: {detail}", step.expected, step.observed.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::term::Format;
    use super::*;
    use crate::demo::CameTo;

    fn step(expected: &'static str, observed: &str) -> Step {
        let observed = CameTo(observed.to_owned());
        Step { who: Who::Agent, what: "tries", expected, observed, detail: "because".to_owned() }
    }

    fn plain(width: Option<usize>) -> Drawing {
        Drawing { marks: ASCII_MARKS, colour: Colour::Off, width }
    }

    #[test]
    fn a_line_says_what_came_of_it_and_moves_the_reason_below_where_it_does_not_fit() {
        let wide = plain(None).line(&step("denied", "denied"));
        assert!(wide.starts_with("x agent     tries  ") && wide.ends_with("  denied: because"), "{wide}");
        let narrow = plain(Some(60)).line(&step("denied", "denied"));
        assert_eq!(narrow, "x agent     tries\n            denied: because");
    }

    #[test]
    fn what_did_not_come_as_told_is_marked_and_ends_the_command_with_1() {
        let wrong = step("denied", "done");
        assert!(plain(None).line(&wrong).contains("expected denied, got done"));
        let report = StoryReport::of(vec![wrong], Vec::new());
        assert_eq!(report.outcome, Outcome::NotAsTold);
        let failure = finish(&Term::new(Format::Json, Colour::Off), &report).unwrap_err();
        assert_eq!(failure.kind.exit_code(), 1);
    }
}
