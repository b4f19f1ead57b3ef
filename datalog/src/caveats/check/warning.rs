//! Where a pass does less, or more, than it seems to: warnings for a pass that is minted all the same.

use crate::caveats::check::finding::Lint;
use crate::caveats::check::probe::{self, Slip};
use crate::engine::caveat::Caveat;
use crate::words::effect::Effects;
use crate::words::message::Hinted;

/// A warning about a pass that is minted all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    #[error("`{check}` holds as soon as one of several fits: {}", beside(.word))]
    Several { check: String, word: &'static str },
    #[error("`{check}`: `{text}` fits `{slips}` too")]
    Like { check: String, text: String, slips: String },
    #[error("`{operation}` on `{connection}` is allowed with arguments that make it {effects}, too")]
    Brings { connection: String, operation: String, effects: Effects },
}

impl Hinted for Warning {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Several { word, .. } => match *word {
                "effect" => "`check if effects($e), {\"read\"}.contains($e)` holds all of them".into(),
                "resource" => "`--resource KIND=ID` holds all of them".into(),
                "arg" => "`--arg` holds every value".into(),
                _ => return None,
            },
            Self::Like { .. } => {
                "end a text where a name ends, as in `octo/`, or compare the whole with `==`".into()
            }
            Self::Brings { connection, .. } => format!(
                "`--ask {connection}:EFFECT` asks a person first, `--deny {connection}:EFFECT` refuses"
            ),
        })
    }
}

/// What else passes beside the fact that fits.
fn beside(word: &str) -> &'static str {
    match word {
        "effect" => "a request that has another effect beside it passes",
        "resource" => "a request that touches another thing beside it passes",
        "arg" => "an argument can stand several times",
        _ => "others may take part beside it",
    }
}

/// What a check lets through although it seems to stop it: an error if it is about people, a warning otherwise.
pub(crate) fn slips(caveat: &Caveat) -> Result<Vec<Warning>, Lint> {
    let mut warnings = Vec::new();
    for slip in probe::slips(caveat) {
        let check = caveat.to_string();
        match slip {
            Slip::Beside("recipient") => return Err(Lint::Stranger),
            Slip::Like { word: "recipient", text, slips } => return Err(Lint::Boundary { text, slips }),
            Slip::Beside(word) => warnings.push(Warning::Several { check, word }),
            Slip::Like { text, slips, .. } => warnings.push(Warning::Like { check, text, slips }),
        }
    }
    Ok(warnings)
}
