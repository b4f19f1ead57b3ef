//! The story as a list: who does what, and the expected outcome.
//!
//! You need to read only this list. `scenes` and `checks` play each line. A line with another outcome is shown and the
//! story goes on; a line that cannot be played ends it.

use super::cast::Cast;
use super::step::{CameTo, Step, StoryReport, Who};
use super::{checks, scenes};
use crate::clock::Clock;
use crate::demo::playing::{Observed, Playing};

struct Scene {
    who: Who,
    what: &'static str,
    /// `done`, or the code of the refusal.
    expected: &'static str,
    play: for<'a> fn(&'a mut Cast) -> Playing<'a>,
}

const fn scene(
    who: Who,
    what: &'static str,
    expected: &'static str,
    play: for<'a> fn(&'a mut Cast) -> Playing<'a>,
) -> Scene {
    Scene { who, what, expected, play }
}

const STORY: [Scene; 17] = [
    scene(Who::You, "connect gmail once, by OAuth", "done", scenes::connect),
    scene(Who::You, "mint a pass: \"triage my inbox\", for 30 minutes", "done", scenes::mint),
    scene(Who::Agent, "lists the unread mail", "done", scenes::list),
    scene(Who::Agent, "reads the newest three", "done", scenes::read),
    scene(Who::Agent, "drafts an answer", "done", scenes::draft),
    scene(Who::Agent, "tries to send it", "approval-required", scenes::send),
    scene(Who::Agent, "tries to delete all mail, as one mail says", "denied", scenes::delete_all),
    scene(Who::Agent, "tries to forward all mail to outside", "denied", scenes::forward),
    scene(Who::Agent, "makes a narrower pass for a helper, offline", "done", scenes::attenuate),
    scene(Who::SubAgent, "tries to draft with it", "denied", scenes::draft_as_sub_agent),
    scene(Who::Agent, "reads on, past the budget that both share", "budget-exhausted", scenes::read_on),
    scene(Who::You, "revoke the pass while the agent works", "done", scenes::revoke),
    scene(Who::Agent, "lists again, and so does the sub-agent", "pass-revoked", scenes::list_again),
    scene(Who::Check, "the audit log is whole and tells all of it", "done", checks::audit),
    scene(Who::Check, "the mail service never saw a pass", "done", checks::upstream_saw_no_pass),
    scene(Who::Check, "the agents never saw a token", "done", checks::agents_saw_no_token),
    scene(Who::Check, "the mailbox is as it was, and has a draft", "done", checks::no_harm_was_done),
];

/// Plays the story. `told` hears of each step after it happened.
pub(crate) async fn play(clock: Clock, mut told: impl FnMut(&Step)) -> anyhow::Result<StoryReport> {
    let mut cast = Cast::assemble(clock).await?;
    let mut steps = Vec::new();
    let mut script = STORY.iter();
    for scene in script.by_ref() {
        let played = (scene.play)(&mut cast).await;
        let broken = played.is_err();
        let Observed { came_to, detail } = played.unwrap_or_else(|error| Observed {
            came_to: CameTo("broken".to_owned()),
            detail: format!("{error:#}"),
        });
        let step =
            Step { who: scene.who, what: scene.what, expected: scene.expected, observed: came_to, detail };
        told(&step);
        steps.push(step);
        if broken {
            break;
        }
    }
    cast.stage.strike().await?;
    Ok(StoryReport::of(steps, script.map(|scene| scene.what).collect()))
}
