//! The public names of a crate: every path by which other crates reach an item of it. Methods and fields are not
//! listed.

use std::collections::BTreeSet;
use std::path::Path;

use syn::{Item, UseTree, Visibility};

/// The names below `src/lib.rs` in `folder`, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names = BTreeSet::new();
    enter(&folder.join("lib.rs"), folder, "", &mut names);
    names.into_iter().collect()
}

fn enter(file: &Path, folder: &Path, path: &str, names: &mut BTreeSet<String>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    for item in &parsed.items {
        let Some((vis, name)) = item_name(item) else { continue };
        if !matches!(vis, Visibility::Public(_)) {
            continue;
        }
        match (item, name) {
            (Item::Mod(_), Some(name)) => {
                let (flat, below) = (folder.join(format!("{name}.rs")), folder.join(&name));
                let file = if flat.is_file() { flat } else { below.join("mod.rs") };
                enter(&file, &below, &format!("{path}{name}::"), names);
            }
            (Item::Use(one), _) => leaves(&one.tree, &mut |leaf| {
                names.insert(format!("{path}{leaf}"));
            }),
            (_, Some(name)) => {
                names.insert(format!("{path}{name}"));
            }
            (_, None) => {}
        }
    }
}

fn item_name(item: &Item) -> Option<(&Visibility, Option<String>)> {
    Some(match item {
        Item::Const(one) => (&one.vis, Some(one.ident.to_string())),
        Item::Enum(one) => (&one.vis, Some(one.ident.to_string())),
        Item::Fn(one) => (&one.vis, Some(one.sig.ident.to_string())),
        Item::Mod(one) => (&one.vis, Some(one.ident.to_string())),
        Item::Static(one) => (&one.vis, Some(one.ident.to_string())),
        Item::Struct(one) => (&one.vis, Some(one.ident.to_string())),
        Item::Trait(one) => (&one.vis, Some(one.ident.to_string())),
        Item::Type(one) => (&one.vis, Some(one.ident.to_string())),
        Item::Use(one) => (&one.vis, None),
        _ => return None,
    })
}

/// The names that a `use` brings in.
fn leaves(tree: &UseTree, each: &mut impl FnMut(String)) {
    match tree {
        UseTree::Path(one) => leaves(&one.tree, each),
        UseTree::Name(one) => each(one.ident.to_string()),
        UseTree::Rename(one) => each(one.rename.to_string()),
        UseTree::Glob(_) => each("*".to_owned()),
        UseTree::Group(group) => group.items.iter().for_each(|one| leaves(one, each)),
    }
}
