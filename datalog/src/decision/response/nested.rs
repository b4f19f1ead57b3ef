//! Things within an item that have their own time: the message that a thread is about, a reply to a comment, the issue
//! of an event. An item that may be shown does not make them visible.
//!
//! The overlay names the fields that hold such a time. Only caveats on time are asked about such a thing. For
//! everything else it counts as part of the item.

use crate::catalog::{Dated, Path};
use crate::decision::response::items::time_of;
use crate::decision::response::review::Review;
use crate::decision::response::strip::withhold_nested;
use crate::engine::evaluate::Steps;
use crate::request::canonical::Request;
use crate::request::item::{Item, Shows};
use crate::words::json::Json;

impl Review {
    /// Judges the things inside an item, at any depth. Returns how many were withheld.
    pub(super) fn nested(&self, request: &Request, item: &Item, json: &mut Json, steps: &mut Steps) -> usize {
        if request.operation.all.nested.is_empty() || !self.asks_times() {
            return 0;
        }
        self.within(request, item, json, "", steps)
    }

    /// `name`: the field that holds the value, through lists.
    fn within(
        &self,
        request: &Request,
        item: &Item,
        json: &mut Json,
        name: &str,
        steps: &mut Steps,
    ) -> usize {
        match json {
            Json::Array(things) => {
                things.iter_mut().map(|one| self.thing(request, item, one, name, steps)).sum()
            }
            Json::Object(fields) => {
                fields.iter_mut().map(|(name, inner)| self.thing(request, item, inner, name, steps)).sum()
            }
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::String(_) => 0,
        }
    }

    fn thing(&self, request: &Request, item: &Item, json: &mut Json, name: &str, steps: &mut Steps) -> usize {
        if matches!(json, Json::Object(_))
            && let Some(dated) = request.operation.all.dated(name, json)
        {
            let own = Item {
                time: if self.hides(dated) { None } else { time_of(dated, self.writing, json) },
                labels: item.labels.clone(),
                count: item.count,
                shows: Shows::Content,
            };
            if let Err(failed) = self.judge_time(&own, steps) {
                withhold_nested(json, &self.why(failed, &own, Some(dated)).reason);
                return 1;
            }
        }
        self.within(request, item, json, name, steps)
    }

    fn asks_times(&self) -> bool {
        self.caveats.iter().any(|at| self.reads_time(*at))
    }

    /// Whether the pass hides the field that holds a thing's time. Then nobody is told whether the thing is old.
    fn hides(&self, dated: &Dated) -> bool {
        let last = |field: &Path| field.last().cloned();
        let field = dated.by(self.writing).and_then(last);
        self.redacted.paths().any(|path| last(path) == field)
    }
}
