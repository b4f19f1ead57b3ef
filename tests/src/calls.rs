//! The methods of a folder's traits, and which of them some code calls.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

/// The methods of the traits in `text`, which is Rust, each as `Trait::method`.
pub fn methods(text: &str) -> Vec<String> {
    let parsed = syn::parse_file(text).unwrap_or_else(|why| panic!("{why}"));
    let traits = parsed.items.into_iter().filter_map(|item| match item {
        syn::Item::Trait(one) => Some(one),
        _ => None,
    });
    traits
        .flat_map(|one| {
            let of = one.ident.to_string();
            one.items.into_iter().filter_map(move |item| match item {
                syn::TraitItem::Fn(method) => Some(format!("{of}::{}", method.sig.ident)),
                _ => None,
            })
        })
        .collect()
}

/// The methods that `text` calls on a variable of this name, in macros too.
pub fn called_on(variable: &str, text: &str) -> BTreeSet<String> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|why| panic!("{why}"));
    let mut called = BTreeSet::new();
    scan(variable, tokens, &mut called);
    called
}

fn scan(variable: &str, tokens: TokenStream, called: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for four in tokens.windows(4) {
        if let [TokenTree::Ident(on), TokenTree::Punct(dot), TokenTree::Ident(method), TokenTree::Group(_)] =
            four
            && on == variable
            && dot.as_char() == '.'
        {
            called.insert(method.to_string());
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            scan(variable, group.stream(), called);
        }
    }
}
