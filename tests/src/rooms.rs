//! Which file of a crate uses which. It reads `use` trees and paths with `syn` and follows them, through re-exports,
//! to the file that defines the name.
//!
//! Tests are left out. A module's list of its own rooms (`mod x;`, `pub use x::Y`) does not count as use. Methods are
//! not followed: a named type is an edge, a called method is not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

type ModulePath = Vec<String>;

/// One crate, as modules that name each other.
#[derive(Debug, Default)]
pub struct House {
    modules: BTreeMap<ModulePath, Module>,
}

/// A file that uses another, and for which names.
#[derive(Debug)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub names: Vec<String>,
}

#[derive(Debug, Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    children: BTreeSet<String>,
    /// The names in its code: imports that are not re-exports, and paths.
    named: BTreeSet<Vec<String>>,
}

impl House {
    /// Reads the crate whose root is `src/lib.rs` in `folder`.
    pub fn read(folder: &Path) -> Self {
        let mut house = Self::default();
        house.enter(&folder.join("lib.rs"), folder, Vec::new(), folder);
        house
    }

    fn enter(&mut self, file: &Path, folder: &Path, path: ModulePath, root: &Path) {
        let text = std::fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let name = file.strip_prefix(root).expect("it is in the crate").display().to_string();
        let mut reader = Reader::default();
        reader.items(&parsed.items);
        for child in &reader.files {
            let flat = folder.join(format!("{child}.rs"));
            let below = folder.join(child);
            let file: PathBuf = if flat.is_file() { flat } else { below.join("mod.rs") };
            let path = [path.clone(), vec![child.clone()]].concat();
            self.enter(&file, &below, path, root);
        }
        self.modules.insert(path, Module { file: name, ..reader.module });
    }

    /// Files that use each other in a circle, each circle sorted.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for edge in self.edges() {
            needs.entry(edge.from).or_default().insert(edge.to);
        }
        circles(&needs)
    }

    /// Each named type with the files that define one of this name.
    pub fn types(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for module in self.modules.values() {
            for item in module.items.iter().filter(|item| is_type(item)) {
                all.entry(item).or_default().insert(&module.file);
            }
        }
        all
    }

    /// Each use by its two ends, with the used names.
    pub fn edges(&self) -> Vec<Edge> {
        let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for (path, module) in &self.modules {
            for named in &module.named {
                if let Some(home) = self.home(path, named, 0)
                    && home != module.file
                {
                    let names = all.entry((module.file.clone(), home)).or_default();
                    names.extend(named.last().cloned());
                }
            }
        }
        all.into_iter()
            .map(|((from, to), names)| Edge { from, to, names: names.into_iter().collect() })
            .collect()
    }

    /// The file that defines what `named` means in the module at `here`. A module has no such file, but a name reached
    /// through it has.
    fn home(&self, here: &[String], named: &[String], depth: usize) -> Option<String> {
        if depth > 24 {
            return None;
        }
        let (first, rest) = named.split_first()?;
        let module = self.modules.get(here)?;
        let at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => here.to_vec(),
            "super" => here[..here.len().checked_sub(1)?].to_vec(),
            child if module.children.contains(child) => [here, &[child.to_owned()]].concat(),
            item if module.items.contains(item) => return Some(module.file.clone()),
            import => {
                if let Some(target) = module.imports.get(import) {
                    return self.home(here, &[target.as_slice(), rest].concat(), depth + 1);
                }
                return self.in_globs(here, named, depth);
            }
        };
        if rest.is_empty() { None } else { self.home(&at, rest, depth + 1) }
    }

    fn in_globs(&self, here: &[String], named: &[String], depth: usize) -> Option<String> {
        let module = self.modules.get(here)?;
        module.globs.iter().find_map(|glob| self.home(here, &[glob.as_slice(), named].concat(), depth + 1))
    }
}

fn circles(needs: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        needs.keys().map(|file| (file, reach(needs, file))).collect();
    let mut rings = BTreeSet::new();
    for (file, all) in &reached {
        if all.contains(file) {
            let ring: Vec<String> = all
                .iter()
                .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
                .map(|other| (*other).clone())
                .collect();
            rings.insert(ring);
        }
    }
    rings.into_iter().collect()
}

fn reach<'a>(needs: &'a BTreeMap<String, BTreeSet<String>>, from: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = needs.get(from).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(needs.get(next).into_iter().flatten());
        }
    }
    reached
}

#[derive(Debug, Default)]
struct Reader {
    module: Module,
    /// Child modules with a file of their own.
    files: Vec<String>,
}

impl Reader {
    fn items(&mut self, items: &[syn::Item]) {
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            self.item(item);
        }
    }

    fn item(&mut self, item: &syn::Item) {
        if let syn::Item::Use(one) = item {
            let is_export = !matches!(one.vis, syn::Visibility::Inherited);
            self.tree(&one.tree, Vec::new(), is_export);
            return;
        }
        if let Some(name) = name(item) {
            self.module.items.insert(name);
        }
        match item {
            syn::Item::Mod(one) if one.content.is_none() => {
                self.module.children.insert(one.ident.to_string());
                self.files.push(one.ident.to_string());
            }
            other => visit::visit_item(self, other),
        }
    }

    fn tree(&mut self, tree: &syn::UseTree, mut before: Vec<String>, is_export: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before, is_export);
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                let last = before.last().cloned().unwrap_or_default();
                self.import(last, before, is_export);
            }
            syn::UseTree::Name(name) => {
                let name = name.ident.to_string();
                before.push(name.clone());
                self.import(name, before, is_export);
            }
            syn::UseTree::Rename(rename) => {
                before.push(rename.ident.to_string());
                self.import(rename.rename.to_string(), before, is_export);
            }
            syn::UseTree::Glob(_) => self.module.globs.push(before),
            syn::UseTree::Group(group) => {
                for one in &group.items {
                    self.tree(one, before.clone(), is_export);
                }
            }
        }
    }

    fn import(&mut self, name: String, path: Vec<String>, is_export: bool) {
        if !is_export {
            self.module.named.insert(path.clone());
        }
        if name != "_" {
            self.module.imports.insert(name, path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.module.named.insert(path.segments.iter().map(|one| one.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, one: &'ast syn::ItemUse) {
        self.tree(&one.tree, Vec::new(), false);
    }

    fn visit_item_fn(&mut self, one: &'ast syn::ItemFn) {
        if !is_test(&one.attrs) {
            visit::visit_item_fn(self, one);
        }
    }

    fn visit_impl_item_fn(&mut self, one: &'ast syn::ImplItemFn) {
        if !is_test(&one.attrs) {
            visit::visit_impl_item_fn(self, one);
        }
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        visit::visit_macro(self, one);
        self.tokens(one.tokens.clone());
    }
}

impl Reader {
    /// Paths in a macro's arguments, which are not Rust yet.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.path(&mut path);
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                proc_macro2::TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                proc_macro2::TokenTree::Group(group) => {
                    self.path(&mut path);
                    self.tokens(group.stream());
                }
                _ => {
                    self.path(&mut path);
                    colons = 0;
                }
            }
        }
        self.path(&mut path);
    }

    fn path(&mut self, path: &mut Vec<String>) {
        if !path.is_empty() {
            self.module.named.insert(std::mem::take(path));
        }
    }
}

pub(crate) fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|one| {
        one.path().is_ident("test")
            || one.path().is_ident("cfg") && one.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
    })
}

pub(crate) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(one) => &one.attrs,
        syn::Item::Enum(one) => &one.attrs,
        syn::Item::Fn(one) => &one.attrs,
        syn::Item::Impl(one) => &one.attrs,
        syn::Item::Macro(one) => &one.attrs,
        syn::Item::Mod(one) => &one.attrs,
        syn::Item::Static(one) => &one.attrs,
        syn::Item::Struct(one) => &one.attrs,
        syn::Item::Trait(one) => &one.attrs,
        syn::Item::Type(one) => &one.attrs,
        syn::Item::Use(one) => &one.attrs,
        _ => &[],
    }
}

fn name(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(one) => &one.ident,
        syn::Item::Enum(one) => &one.ident,
        syn::Item::Fn(one) => &one.sig.ident,
        syn::Item::Macro(one) => one.ident.as_ref()?,
        syn::Item::Static(one) => &one.ident,
        syn::Item::Struct(one) => &one.ident,
        syn::Item::Trait(one) => &one.ident,
        syn::Item::Type(one) => &one.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Whether a name is a type's: a function begins with a small letter, and a constant has none.
fn is_type(item: &str) -> bool {
    item.starts_with(char::is_uppercase) && item.contains(char::is_lowercase)
}
