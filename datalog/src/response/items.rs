//! The items of an answer: each shown, shown by its ids alone, or withheld in its place with the reason.
//!
//! An answer that is one item is withheld by refusing it. What stands beside the items is shown only where the
//! catalog says that it tells nothing of them.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::catalog::{AnswerRule, Path, ShownPart, TimeFormat};
use crate::caveat::Caveat;
use crate::decide::{Ground, LiftableBy, Reason};
use crate::evaluate::Steps;
use crate::explain;
use crate::got::got;
use crate::json::Json;
use crate::request::Request;

use super::stage::{Failed, Item, LABELS, STEPS, Shows, TIME, item_facts};
use super::{Review, Reviewed, Unfit};

/// The member that says what was taken out of an object.
pub(super) const MARK: &str = "hallpass";

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is what was asked for.
    Alone,
    InList,
}

/// What becomes of an item.
enum Placed {
    Shown,
    Ids,
    Withheld(Unfit),
    /// There are more items than may be: the answer as a whole is not shown.
    TooMany(Unfit),
}

/// The items of an answer, as caveats see them.
pub fn items(request: &Request, answer: &Json) -> Vec<Item> {
    let Some(rule) = request.operation.answer.as_deref() else { return Vec::new() };
    let mut answer = answer.clone();
    let mut found = Vec::new();
    each(&mut answer, &rule.items, Place::Alone, &mut |item, _| found.push(read(rule, request, item, 0)));
    let count = found.len();
    found.into_iter().map(|item| Item { count, ..item }).collect()
}

/// Judges every item, and takes out what may not be shown.
pub(super) fn judge(
    review: &Review,
    rule: &AnswerRule,
    request: &Request,
    reviewed: &mut Reviewed,
) -> Result<(), Unfit> {
    let mut count = 0;
    each(&mut reviewed.answer, &rule.items, Place::Alone, &mut |_, _| count += 1);
    let mut steps = Steps::new(STEPS);
    let (mut unfit, mut withheld) = (None, 0);
    each(&mut reviewed.answer, &rule.items, Place::Alone, &mut |item, place| {
        if unfit.is_some() {
            return;
        }
        let seen = read(rule, request, item, count);
        match review.place(rule, &seen, &mut steps) {
            Placed::Shown => {}
            Placed::Ids => withheld += usize::from(strip(item, &rule.bare)),
            Placed::Withheld(why) if place == Place::InList => {
                withhold(item, rule, &why.reason);
                withheld += 1;
            }
            Placed::Withheld(why) | Placed::TooMany(why) => unfit = Some(why),
        }
    });
    if let Some(unfit) = unfit {
        return Err(unfit);
    }
    let beside = strip_beside(&mut reviewed.answer, rule)
        .map_err(|()| review.unreadable("an answer of another shape than its description has"))?;
    reviewed.withheld = withheld;
    reviewed.changed = withheld > 0 || beside;
    Ok(())
}

/// Visits every item; lists on the way are passed through.
fn each(json: &mut Json, path: &[Box<str>], place: Place, visit: &mut dyn FnMut(&mut Json, Place)) {
    if let Json::Array(items) = json {
        items.iter_mut().for_each(|item| each(item, path, Place::InList, visit));
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

/// What the item says of itself.
fn read(rule: &AnswerRule, request: &Request, item: &Json, count: usize) -> Item {
    let time = rule.time.as_ref().and_then(|(path, format)| moment(at(item, path)?, *format));
    let labels = rule.labels.as_ref().and_then(|path| match at(item, path) {
        // Left out where there are none; but also where the request did not ask for them.
        None => (!request.arguments.iter().any(|argument| *argument.name == *"fields")).then(Vec::new),
        Some(Json::Array(labels)) => labels.iter().map(|label| label.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    });
    let labels = labels.filter(|_| matches!(item, Json::Object(_)));
    Item { time, labels, count, shows: Shows::Content }
}

fn at<'a>(json: &'a Json, path: &Path) -> Option<&'a Json> {
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

/// Leaves of an object what these paths name; whether that is less than it had.
fn strip(json: &mut Json, keep: &[Path]) -> bool {
    let paths: Vec<&[Box<str>]> = keep.iter().map(|path| &**path).collect();
    let stripped = keep_only(json, &paths);
    if stripped {
        mark(json, "shows", Json::String("ids alone: the pass does not show more of it".into()));
    }
    stripped
}

fn keep_only(json: &mut Json, paths: &[&[Box<str>]]) -> bool {
    match json {
        Json::Array(items) => items.iter_mut().fold(false, |less, item| keep_only(item, paths) | less),
        Json::Object(fields) => {
            let before = fields.len();
            fields.retain(|(name, _)| {
                paths.iter().any(|path| path.first().is_some_and(|first| **first == **name))
            });
            let mut less = fields.len() < before;
            for (name, inner) in fields {
                let below: Vec<&[Box<str>]> = paths
                    .iter()
                    .filter(|path| path.first().is_some_and(|first| **first == **name))
                    .filter_map(|path| path.get(1..))
                    .collect();
                if !below.iter().any(|rest| rest.is_empty()) {
                    less |= keep_only(inner, &below);
                }
            }
            less
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::String(_) => false,
    }
}

/// Leaves of an item its own ids, and says why.
fn withhold(item: &mut Json, rule: &AnswerRule, reason: &Reason) {
    let inside = |part: &ShownPart| match part {
        ShownPart::Field(path) => path.strip_prefix(&*rule.items).map(Path::from),
        ShownPart::Text(_) | ShownPart::Argument(_) => None,
    };
    let ids = rule.shown.iter().flat_map(|one| &one.id).filter_map(inside);
    // What is withheld shows no more than what is shown by its ids.
    let ids: Vec<Path> = ids.filter(|id| rule.bare.is_empty() || rule.bare.contains(id)).collect();
    if matches!(item, Json::Object(_)) {
        let ids: Vec<&[Box<str>]> = ids.iter().map(|path| &**path).collect();
        keep_only(item, &ids);
    } else {
        *item = Json::Object(Vec::new());
    }
    let why = format!("the pass does not show it: expected {}, got {}", reason.expected, reason.got);
    mark(item, "withheld", Json::String(why));
}

/// Takes out what stands beside the items and may tell of them; whether there was any.
fn strip_beside(answer: &mut Json, rule: &AnswerRule) -> Result<bool, ()> {
    let Some(first) = rule.items.first() else { return Ok(false) };
    let Json::Object(fields) = answer else { return Err(()) };
    let before = fields.len();
    fields.retain(|(name, _)| **name == **first || rule.beside.iter().any(|known| **known == **name));
    Ok(fields.len() < before)
}

/// Adds to what the answer says of itself.
pub(super) fn mark(json: &mut Json, name: &str, said: Json) {
    let Json::Object(fields) = json else { return };
    if let Some((_, Json::Object(marks))) = fields.iter_mut().find(|(known, _)| known == MARK) {
        marks.push((name.to_owned(), said));
        return;
    }
    fields.retain(|(known, _)| known != MARK);
    fields.push((MARK.to_owned(), Json::Object(vec![(name.to_owned(), said)])));
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
            return Placed::TooMany(self.why(cap, item, rule));
        }
        // Where a later block keeps back even the ids, the reason is its own: of an item that the pass up to there
        // shows by its ids, it says no more than they do.
        Placed::Withheld(if failed.at.0 > first.at.0 {
            self.why(failed, &seen.bare(), rule)
        } else {
            self.why(first, seen, rule)
        })
    }

    fn why(&self, failed: Failed, item: &Item, rule: &AnswerRule) -> Unfit {
        let caveat = self.caveat(failed.at);
        let unsaid = match item.shows {
            Shows::Content => self.unsaid(caveat, item, rule),
            Shows::Ids => None,
        };
        let ground =
            if failed.error.is_some() || unsaid.is_some() { Ground::Unevaluable } else { Ground::Denied };
        let facts = item_facts(u64::MAX, item, self.now);
        let got = unsaid
            .or_else(|| failed.error.map(|error| error.to_string()))
            .or_else(|| caveat.map(|caveat| got(caveat, &facts, 0).told));
        Unfit {
            ground,
            reason: Box::new(Reason {
                block: Some(failed.at.0),
                caveat: caveat.map(ToString::to_string).unwrap_or_default(),
                expected: caveat.map_or_else(String::new, |caveat: &Caveat| explain::caveat(caveat)),
                got: got.unwrap_or_default(),
                // Of an answer's items nothing is recorded.
                kept: Some(String::new()),
                liftable_by: LiftableBy::Parent,
            }),
        }
    }

    /// What the caveat reads, and the item does not say or the pass does not show.
    fn unsaid(&self, caveat: Option<&Caveat>, item: &Item, rule: &AnswerRule) -> Option<String> {
        let reads = caveat?.reads();
        let time = rule.time.as_ref().map(|(path, _)| path.join("."));
        if reads & self.hidden() != 0 {
            return Some("one of which the pass redacts what it asks for".to_owned());
        }
        if item.time.is_none() && reads & TIME != 0 {
            return Some(
                time.map_or("something of which no answer says when it is from".to_owned(), |field| {
                    format!("one that does not say its `{field}`: ask for that field too")
                }),
            );
        }
        (item.labels.is_none() && reads & LABELS != 0).then(|| "one that does not say its labels".to_owned())
    }
}
