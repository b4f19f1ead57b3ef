//! The items of an answer. Each is shown, shown only by its ids, or withheld in its place with the reason.
//!
//! An answer that is one item is withheld by refusing it. Fields beside the items are shown only if the catalog says
//! that they tell nothing about the items. A thing within an item that has a time of its own is judged by that time.
//!
//! - Invariant: A time that the pass could change does not count as the time of an item
//!   (`a_time_that_the_pass_could_change_is_none`, `a_pass_that_gave_writing_up_is_judged_as_one_that_could`,
//!   `every_time_is_lasting_or_has_one_that_is_or_has_a_reason`).
//! - Invariant: A cap on items counts the withheld ones too (`items_that_are_withheld_count_for_the_cap`).

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::catalog::{AnswerRule, Dated, Path, TimeFormat, Writing};
use crate::caveats::explain;
use crate::decision::response::review::{Review, Reviewed, Unfit};
use crate::decision::response::stage::{ItemFailure, STEPS, item_facts};
use crate::decision::response::strip;
use crate::decision::types::{Ground, LiftableBy, Reason};
use crate::engine::actual::actual;
use crate::engine::caveat::Caveat;
use crate::engine::evaluate::Steps;
use crate::pass::asks::{LABELS, TIME};
use crate::request::asked::AnswerForm;
use crate::request::canonical::Request;
use crate::request::item::{Item, Shows};
use crate::words::json::Json;

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ItemPlace {
    /// It is the whole answer.
    Alone,
    InList,
}

/// What happens to an item.
enum Placed {
    Shown,
    Ids,
    Withheld(Unfit),
    /// There are more items than allowed: the answer as a whole is not shown.
    TooMany(Unfit),
}

/// The items of an answer as caveats see them. Their times depend on whether the pass could write.
pub fn items(request: &Request, writing: Writing, answer: &Json) -> Vec<Item> {
    let Some(rule) = request.operation.answer.as_deref() else { return Vec::new() };
    let mut answer = answer.clone();
    let mut found = Vec::new();
    each(&mut answer, &rule.items, ItemPlace::Alone, &mut |item, _| {
        found.push(read(rule, request, writing, item));
    });
    let count = found.len();
    found.into_iter().map(|item| Item { count, ..item }).collect()
}

/// Judges every item, and takes out the parts that may not be shown.
pub(super) fn judge(
    review: &Review,
    rule: &AnswerRule,
    request: &Request,
    reviewed: &mut Reviewed,
) -> Result<(), Unfit> {
    let mut count = 0;
    each(&mut reviewed.answer, &rule.items, ItemPlace::Alone, &mut |_, _| count += 1);
    let mut steps = Steps::new(STEPS);
    let (mut unfit, mut withheld) = (None, 0);
    each(&mut reviewed.answer, &rule.items, ItemPlace::Alone, &mut |item, place| {
        if unfit.is_some() {
            return;
        }
        let seen = Item { count, ..read(rule, request, review.writing, item) };
        match review.place(rule, &seen, &mut steps) {
            Placed::Shown => withheld += review.nested(request, &seen, item, &mut steps),
            Placed::Ids => withheld += usize::from(strip::strip(item, &rule.bare)),
            Placed::Withheld(why) if place == ItemPlace::InList => {
                strip::withhold(item, rule, &why.reason);
                withheld += 1;
            }
            Placed::Withheld(why) | Placed::TooMany(why) => unfit = Some(why),
        }
    });
    if let Some(unfit) = unfit {
        return Err(unfit);
    }
    let beside = strip::strip_beside(&mut reviewed.answer, rule)
        .map_err(|()| review.unreadable("an answer that differs from its description"))?;
    reviewed.withheld = withheld;
    reviewed.changed = withheld > 0 || beside;
    Ok(())
}

/// Visits every item; lists on the way are passed through.
fn each(json: &mut Json, path: &[Box<str>], place: ItemPlace, visit: &mut dyn FnMut(&mut Json, ItemPlace)) {
    if let Json::Array(items) = json {
        items.iter_mut().for_each(|item| each(item, path, ItemPlace::InList, visit));
        return;
    }
    match path.split_first() {
        None => visit(json, place),
        Some((name, rest)) => {
            if let Json::Object(fields) = json
                && let Some((_, inner)) = fields.iter_mut().find(|(known, _)| **known == **name)
            {
                each(inner, rest, place, visit);
            }
        }
    }
}

/// What the item states about itself.
fn read(rule: &AnswerRule, request: &Request, writing: Writing, item: &Json) -> Item {
    let time = rule.time.as_ref().and_then(|dated| time_of(dated, writing, item));
    let labels = rule.labels.as_ref().and_then(|path| match value_at(item, path) {
        // If labels are missing, there are none, unless the request did not ask for them.
        None => asked_for(request, rule, path).then(Vec::new),
        Some(Json::Array(labels)) => labels.iter().map(|label| label.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    });
    let labels = labels.filter(|_| matches!(item, Json::Object(_)));
    Item { time, labels, count: 0, shows: Shows::Content }
}

/// Whether a missing field means that there is nothing to say: the request asked for the field.
fn asked_for(request: &Request, rule: &AnswerRule, field: &Path) -> bool {
    let whole = rule.items.iter().chain(field).map(|name| &**name);
    request.asked.form == AnswerForm::Described
        && request.asked.mask.as_ref().is_none_or(|mask| mask.keeps(whole))
}

/// The time of a thing, for a pass that could write or could not.
pub(super) fn time_of(dated: &Dated, writing: Writing, thing: &Json) -> Option<OffsetDateTime> {
    moment(value_at(thing, dated.by(writing)?)?, dated.format)
}

fn value_at<'a>(json: &'a Json, path: &Path) -> Option<&'a Json> {
    path.iter().try_fold(json, |json, name| json.field(name))
}

fn moment(json: &Json, format: TimeFormat) -> Option<OffsetDateTime> {
    match (format, json) {
        (TimeFormat::Rfc3339, Json::String(text)) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        (TimeFormat::Milliseconds, Json::Int(count)) => since_1970(*count),
        (TimeFormat::Milliseconds, Json::String(text)) => since_1970(text.parse().ok()?),
        (TimeFormat::Seconds, Json::Int(count)) => since_1970(count.checked_mul(1_000)?),
        (TimeFormat::Seconds, Json::String(text)) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let seconds: i64 = (digits(whole) && digits(fraction)).then(|| whole.parse().ok())??;
            since_1970(seconds.checked_mul(1_000)?)
        }
        _ => None,
    }
}

fn since_1970(milliseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::UNIX_EPOCH.checked_add(Duration::milliseconds(milliseconds))
}

/// Why a thing has no time.
fn untimed(dated: Option<&Dated>, writing: Writing) -> String {
    let Some(dated) = dated else { return "something whose time no answer states".to_owned() };
    match dated.by(writing) {
        Some(field) => format!("one without its `{}`: ask for that field too", field.join(".")),
        None => {
            format!("one with only its `{}`, which the pass could change itself", dated.field.join("."))
        }
    }
}

impl Review {
    fn place(&self, rule: &AnswerRule, seen: &Item, steps: &mut Steps) -> Placed {
        let Err(first) = self.judge(seen, steps) else { return Placed::Shown };
        let mut last = (first, seen.clone());
        if !rule.bare.is_empty() {
            let bare = seen.bare();
            let Err(failed) = self.judge(&bare, steps) else { return Placed::Ids };
            last = (failed, bare);
        }
        let (failed, shown) = last;
        if let Err(cap) = self.judge_count(&shown, steps) {
            let item = if cap.at == first.at { seen } else { &seen.bare() };
            return Placed::TooMany(self.why(cap, item, rule.time.as_ref()));
        }
        // A later block may hide even the ids that the earlier blocks show. Then that block gives the reason, and the
        // reason says no more than those ids.
        Placed::Withheld(if failed.at.block > first.at.block {
            self.why(failed, &seen.bare(), rule.time.as_ref())
        } else {
            self.why(first, seen, rule.time.as_ref())
        })
    }

    pub(super) fn why(&self, failed: ItemFailure, item: &Item, dated: Option<&Dated>) -> Unfit {
        let caveat = self.caveat(failed.at);
        let unsaid = match item.shows {
            Shows::Content => self.unsaid(caveat, item, dated),
            Shows::Ids => None,
        };
        let ground =
            if failed.error.is_some() || unsaid.is_some() { Ground::Unevaluable } else { Ground::Denied };
        let facts = item_facts(u64::MAX, item, self.now);
        let got = unsaid
            .or_else(|| failed.error.map(|error| error.to_string()))
            .or_else(|| caveat.map(|caveat| actual(caveat, &facts, 0).told));
        Unfit {
            ground,
            reason: Box::new(Reason {
                block: Some(failed.at.block),
                caveat: caveat.map(ToString::to_string).unwrap_or_default(),
                expected: caveat.map_or_else(String::new, |caveat: &Caveat| explain::caveat(caveat)),
                got: got.unwrap_or_default(),
                // A record keeps nothing about an answer's items.
                kept: Some(String::new()),
                liftable_by: LiftableBy::Parent,
            }),
        }
    }

    /// The part that the caveat reads but the item does not state, or the pass hides, in words.
    fn unsaid(&self, caveat: Option<&Caveat>, item: &Item, dated: Option<&Dated>) -> Option<String> {
        let reads = caveat?.reads();
        if reads & self.hidden() != 0 {
            return Some("one whose field for this check the pass redacts".to_owned());
        }
        if item.time.is_none() && reads & TIME != 0 {
            return Some(untimed(dated, self.writing));
        }
        (item.labels.is_none() && reads & LABELS != 0).then(|| "one without its labels".to_owned())
    }
}
