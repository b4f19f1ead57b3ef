//! The flags that narrow a pass. They are the same for a new pass and for a pass that is made narrower.
//!
//! They are made from the table of flags. The table says what each flag is called, what it takes and what it means.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use datalog::Narrowing;
use datalog::flags::{self, Flag, Takes};

/// The limits of a pass.
#[derive(Debug, Default)]
pub(super) struct NarrowFlags(Narrowing);

impl Args for NarrowFlags {
    fn augment_args(command: Command) -> Command {
        command.args(flags::ALL.iter().map(|flag| arg(flag)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for NarrowFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let all = flags::ALL.iter().fold(std::mem::take(&mut self.0), |all, flag| match flag.takes {
            Takes::Nothing => all.with(flag, matches.get_flag(flag.name).then_some("true")),
            Takes::One | Takes::Many => {
                all.with(flag, matches.get_many::<String>(flag.name).into_iter().flatten().cloned())
            }
        });
        self.0 = all;
        Ok(())
    }
}

fn arg(flag: &Flag) -> Arg {
    let arg = Arg::new(flag.name).long(flag.name).help(flag.help);
    match flag.takes {
        Takes::Nothing => arg.action(ArgAction::SetTrue),
        Takes::One => arg.action(ArgAction::Set).value_name(flag.value),
        Takes::Many => arg.action(ArgAction::Append).value_name(flag.value),
    }
}

impl From<NarrowFlags> for Narrowing {
    fn from(flags: NarrowFlags) -> Self {
        flags.0
    }
}
