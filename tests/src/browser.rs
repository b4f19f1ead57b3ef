//! A person at a consent page, without a browser. It follows redirects with cookies, and submits the forms that it
//! gets.
//!
//! It knows no provider. It picks the form that names the account, fills in what a sign-in asks for, and says yes by
//! submitting. It ends at a page without a form. It runs no scripts.

use std::collections::BTreeMap;

use url::Url;

use crate::http::{Answer, Request, get, post};

/// Where the walk ended.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub answer: Answer,
}

/// One person's cookies.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<(String, String), String>,
}

#[derive(Debug)]
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Browser {
    /// Opens a consent page and agrees as `account`, until there is nothing more to agree to.
    pub fn consent(&mut self, url: &str, account: &str) -> Page {
        let mut page = self.open(url);
        for _ in 0..10 {
            let text = page.answer.text();
            let forms = forms(&text);
            let names_account = |form: &&Form| form.fields.iter().any(|(_, value)| value == account);
            let Some(form) = forms.iter().find(names_account).or_else(|| forms.first()) else {
                return page;
            };
            let fields: Vec<_> = form.fields.iter().map(|field| filled_in(field, account)).collect();
            let target = page.url.join(&form.action).expect("a form's action is a URL");
            page = self.follow(&target, post(target.as_str()).form(&fields));
        }
        panic!("the consent pages do not end:\n{}", page.answer.text());
    }

    pub fn open(&mut self, url: &str) -> Page {
        let url: Url = url.parse().unwrap_or_else(|error| panic!("`{url}`: {error}"));
        self.follow(&url, get(url.as_str()))
    }

    fn follow(&mut self, url: &Url, request: Request) -> Page {
        let mut url = url.clone();
        let mut answer = self.send(&url, request);
        for _ in 0..20 {
            let location = answer.header("location").to_owned();
            if !(300..400).contains(&answer.status) || location.is_empty() {
                return Page { url, answer };
            }
            url = url.join(&location).expect("a location is a URL");
            let next = get(url.as_str());
            answer = self.send(&url, next);
        }
        panic!("the redirects do not end: {url}");
    }

    fn send(&mut self, url: &Url, mut request: Request) -> Answer {
        let origin = url.origin().ascii_serialization();
        let held: Vec<_> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| *of == origin)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        if !held.is_empty() {
            request = request.header("cookie", &held.join("; "));
        }
        let answer = request.send();
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie in ASCII");
            let (name, value) =
                cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("NAME=VALUE");
            self.cookies.insert((origin.clone(), name.trim().to_owned()), value.to_owned());
        }
        answer
    }
}

fn filled_in((name, value): &(String, String), account: &str) -> (String, String) {
    let value = match name.as_str() {
        "login" if value.is_empty() => account,
        "password" => "x",
        _ => value,
    };
    (name.clone(), value.to_owned())
}

/// The forms of a page: enough HTML for consent pages.
fn forms(page: &str) -> Vec<Form> {
    page.split("<form").skip(1).filter_map(form).collect()
}

fn form(after: &str) -> Option<Form> {
    let (tag, rest) = after.split_once('>')?;
    let inside = rest.split("</form>").next().unwrap_or(rest);
    let fields = inside
        .split("<input")
        .skip(1)
        .filter_map(|input| {
            let tag = input.split('>').next().unwrap_or_default();
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        })
        .collect();
    Some(Form { action: attribute(tag, "action").unwrap_or_default(), fields })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let plain =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x2F;", "/"), ("&amp;", "&")]
            .iter()
            .fold(value.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain));
    Some(plain)
}
