//! The string literals of a program's file, without those of tests and documentation.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::rooms::{attributes, is_test};

/// The string literals of `text`, which is Rust, including those in the arguments of macros and attributes.
pub fn strings(text: &str) -> Vec<String> {
    let parsed = syn::parse_file(text).unwrap_or_else(|why| panic!("{why}"));
    let mut found = Found(Vec::new());
    found.visit_file(&parsed);
    found.0
}

struct Found(Vec<String>);

impl Found {
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.0.push(text.value());
                    }
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, one: &'ast syn::ImplItemFn) {
        if !is_test(&one.attrs) {
            visit::visit_impl_item_fn(self, one);
        }
    }

    fn visit_attribute(&mut self, one: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &one.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.0.push(text.value());
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        self.tokens(one.tokens.clone());
    }
}
