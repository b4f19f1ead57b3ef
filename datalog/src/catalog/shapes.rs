//! The types of a service's answers, as far as its description has them: the fields of each type, and the types of
//! their values.
//!
//! They are read from `NAME/answers.txt`, once and only if a pass redacts something. Its lines are
//! `type NAME FIELD FIELD:TYPE|TYPE *:TYPE` and `answer OPERATION TYPE`. A list counts as its items, and only objects
//! have types. Without such a file, the service's answers are not described. The file does not say what an answer may
//! show.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A type, by its place.
pub type Shape = usize;

/// The types of the answers of one service.
#[derive(Debug, Default)]
pub struct Shapes {
    types: Vec<DescribedShape>,
    answers: HashMap<Box<str>, Vec<Shape>>,
    /// Field to the types that have it.
    holders: HashMap<Box<str>, Vec<Shape>>,
    /// Field to the types of its values, wherever it appears.
    values: HashMap<Box<str>, BTreeSet<Shape>>,
}

#[derive(Debug, Default)]
struct DescribedShape {
    name: Box<str>,
    fields: BTreeMap<Box<str>, Vec<Shape>>,
    /// The types of fields with any other name; none if there are no others.
    rest: Option<Vec<Shape>>,
    /// The kinds of things that the type belongs to, by their place in `things`.
    things: Vec<usize>,
}

impl Shapes {
    /// Reads the file. `things` are fields that identify a kind of thing, whatever its types are called. An unreadable
    /// line describes nothing.
    pub(crate) fn read(text: &str, things: &[Vec<String>]) -> Self {
        let lines: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split(' ').collect())
            .collect();
        let named = lines.iter().filter_map(|line| match line.as_slice() {
            ["type", name, ..] => Some(*name),
            _ => None,
        });
        let places: HashMap<&str, Shape> = named.enumerate().map(|(place, name)| (name, place)).collect();
        let found = |types: &str| -> Vec<Shape> {
            types.split('|').filter_map(|name| places.get(name).copied()).collect()
        };
        let mut shapes = Self::default();
        for line in &lines {
            match line.as_slice() {
                ["type", name, fields @ ..] => shapes.types.push(DescribedShape::read(name, fields, &found)),
                ["answer", operation, types] => {
                    shapes.answers.insert((*operation).into(), found(types));
                }
                _ => {}
            }
        }
        shapes.index(things);
        shapes
    }

    fn index(&mut self, things: &[Vec<String>]) {
        for (shape, described) in self.types.iter_mut().enumerate() {
            for (field, types) in &described.fields {
                self.holders.entry(field.clone()).or_default().push(shape);
                self.values.entry(field.clone()).or_default().extend(types);
            }
            let has = |names: &Vec<String>| names.iter().all(|name| described.fields.contains_key(&**name));
            described.things =
                things.iter().enumerate().filter(|(_, names)| has(names)).map(|(thing, _)| thing).collect();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// The types of an operation's answer (the operation without its service); empty if it is not described.
    pub fn answer(&self, operation: &str) -> &[Shape] {
        self.answers.get(operation).map(Vec::as_slice).unwrap_or_default()
    }

    /// The types of the values under a name in things of these types.
    pub fn below(&self, shapes: &[Shape], name: &str) -> Vec<Shape> {
        let mut found = Vec::new();
        for described in shapes.iter().filter_map(|shape| self.types.get(*shape)) {
            for shape in described.fields.get(name).or(described.rest.as_ref()).into_iter().flatten() {
                if !found.contains(shape) {
                    found.push(*shape);
                }
            }
        }
        found
    }

    /// The types that have a field.
    pub fn with(&self, field: &str) -> &[Shape] {
        self.holders.get(field).map(Vec::as_slice).unwrap_or_default()
    }

    /// The types that have the last field of this path: `payload.body` is in the types of `payload`. Empty if no answer
    /// has such a field.
    pub fn holding(&self, path: &[&str]) -> BTreeSet<Shape> {
        let Some((last, before)) = path.split_last() else { return BTreeSet::new() };
        let Some((first, between)) = before.split_first() else {
            return self.with(last).iter().copied().collect();
        };
        let mut held = self.meant(self.values.get(*first).cloned().unwrap_or_default());
        for name in between {
            let shapes: Vec<Shape> = held.into_iter().collect();
            held = self.meant(self.below(&shapes, name).into_iter().collect());
        }
        let has = |shape: &Shape| self.types.get(*shape).is_some_and(|one| one.fields.contains_key(*last));
        if held.iter().any(has) { held } else { BTreeSet::new() }
    }

    /// These types, the types of their values under any key (`*`), and all types of the same kinds of things.
    fn meant(&self, mut shapes: BTreeSet<Shape>) -> BTreeSet<Shape> {
        let maps = shapes.iter().filter_map(|shape| self.types.get(*shape)?.rest.as_ref());
        let inside: Vec<Shape> = maps.flatten().copied().collect();
        shapes.extend(inside);
        let things: BTreeSet<usize> = shapes
            .iter()
            .filter_map(|shape| self.types.get(*shape))
            .flat_map(|one| one.things.clone())
            .collect();
        let mut all = shapes;
        if !things.is_empty() {
            let same = |one: &DescribedShape| one.things.iter().any(|thing| things.contains(thing));
            all.extend(self.types.iter().enumerate().filter(|(_, one)| same(one)).map(|(shape, _)| shape));
        }
        all
    }

    /// The names under which things of a type appear; empty for a type that is only an answer.
    pub fn names_of(&self, shape: Shape) -> BTreeSet<&str> {
        let under = self.values.iter().filter(|(_, shapes)| shapes.contains(&shape));
        under.map(|(name, _)| &**name).collect()
    }

    /// Whether a type is that of a whole answer.
    pub fn is_answer(&self, shape: Shape) -> bool {
        self.answers.values().any(|shapes| shapes.contains(&shape))
    }

    /// Every field, once by its name alone and once after each name that it appears under.
    pub fn field_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut of_shape: HashMap<Shape, Vec<&str>> = HashMap::new();
        for (name, shapes) in &self.values {
            shapes.iter().for_each(|shape| of_shape.entry(*shape).or_default().push(name));
        }
        for (shape, described) in self.types.iter().enumerate() {
            for field in described.fields.keys() {
                names.insert(field.to_string());
                for under in of_shape.get(&shape).into_iter().flatten() {
                    names.insert(format!("{under}.{field}"));
                }
            }
        }
        names
    }

    pub fn has(&self, shape: Shape, field: &str) -> bool {
        self.types.get(shape).is_some_and(|one| one.fields.contains_key(field))
    }

    /// The types of the values directly inside a thing of this type.
    pub fn inside(&self, shape: Shape) -> Vec<Shape> {
        let one = self.types.get(shape).into_iter();
        one.flat_map(|one| one.fields.values().chain(&one.rest).flatten().copied()).collect()
    }

    /// Every type with its fields, for tests that walk over them.
    pub fn walk(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.types.iter().map(|one| (&*one.name, one.fields.keys().map(|field| &**field).collect()))
    }
}

impl DescribedShape {
    fn read(name: &str, fields: &[&str], found: &dyn Fn(&str) -> Vec<Shape>) -> Self {
        let mut described = Self { name: name.into(), ..Self::default() };
        for field in fields {
            match field.rsplit_once(':') {
                Some(("*", types)) => described.rest = Some(found(types)),
                Some((field, types)) => _ = described.fields.insert(field.into(), found(types)),
                None => _ = described.fields.insert((*field).into(), Vec::new()),
            }
        }
        described
    }
}
