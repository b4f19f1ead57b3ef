//! HTML as text: everything that a reader of it could see, in order.
//!
//! In doubt it shows too much. Text that a style hides is shown and marked. The address of each link stands behind it.
//! Text that only some readers show (the words of an image, parts for Outlook) is shown and labelled. Styles, scripts
//! and comments are left out, with their size. One of them that holds something like markup is shown anyway, because
//! some readers would end it elsewhere.

use std::collections::BTreeMap;

use html5gum::{HtmlString, Spanned, StartTag, State, Token, Tokenizer};

/// A page as it was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reduced {
    pub text: String,
    /// The text without the added notes, for comparisons.
    pub bare: String,
    /// The addresses of links and images.
    pub addresses: Vec<String>,
    /// Pieces of text that a style may hide.
    pub hidden: usize,
    /// Characters of styles, scripts and comments.
    pub dropped: usize,
}

/// Elements that begin on their own line.
const BLOCKS: [&str; 32] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "tr",
];
const MORE_BLOCKS: [&str; 6] = ["main", "nav", "summary", "table", "title", "ul"];
/// Elements without an end.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
/// Parts of a style that hide text, without spaces.
const HIDING: [&str; 16] = [
    "display:none",
    "visibility:hidden",
    "visibility:collapse",
    "opacity:0",
    "font-size:0",
    "font-size:1px",
    "max-height:0",
    "max-width:0",
    "height:0",
    "width:0",
    "mso-hide:all",
    "text-indent:-",
    "left:-",
    "top:-",
    "color:transparent",
    "clip:rect(0",
];
const WHITE: [&str; 5] =
    ["color:#fff", "color:white", "color:#fefefe", "color:rgb(255,255,255", "color:rgba(255,255,255"];
/// Deeper nesting is read as if it were flat.
const MAX_DEPTH: usize = 512;

/// The page as text.
pub(super) fn read(html: &str) -> Reduced {
    let mut page = Page::default();
    page.read(html, Within::Page);
    page.reduced.text = lines(&page.reduced.text);
    page.reduced
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Page,
    Comment,
}

#[derive(Default)]
struct Page {
    reduced: Reduced,
    open: Vec<OpenElement>,
    /// The address of the open link, and where its text began.
    link: Option<(String, usize)>,
}

/// An element that has begun.
struct OpenElement {
    name: String,
    hides: bool,
}

impl Page {
    fn read(&mut self, html: &str, within: Within) {
        let mut tokens = Tokenizer::new(html);
        let mut raw: Option<(String, String)> = None;
        while let Some(token) = tokens.next() {
            let token = match token {
                Ok(token) => token,
                Err(never) => match never {},
            };
            match token {
                Token::StartTag(tag) => {
                    let name = text(&tag.name);
                    match name.as_str() {
                        "script" => tokens.set_state(State::ScriptData),
                        "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                            tokens.set_state(State::RawText);
                        }
                        "title" | "textarea" => tokens.set_state(State::RcData),
                        "plaintext" => tokens.set_state(State::PlainText),
                        _ => {}
                    }
                    if matches!(name.as_str(), "script" | "style") {
                        raw = Some((name, String::new()));
                    } else {
                        self.begin(&name, &tag);
                    }
                }
                Token::EndTag(tag) => match raw.take_if(|(name, _)| *name == text(&tag.name)) {
                    Some((_, content)) => self.drop_or_show(&content),
                    None => self.end(&text(&tag.name)),
                },
                Token::String(content) => match &mut raw {
                    Some((_, held)) => held.push_str(&text(&content)),
                    None => self.words(&text(&content)),
                },
                Token::Comment(content) => self.comment(&text(&content), within),
                Token::Doctype(_) | Token::Error(_) => {}
            }
        }
        if let Some((_, content)) = raw {
            self.drop_or_show(&content);
        }
        self.end_link();
    }

    fn begin(&mut self, name: &str, tag: &StartTag<()>) {
        let attribute = |wanted: &str| attribute(&tag.attributes, wanted);
        self.break_at(name);
        match name {
            "a" => {
                self.end_link();
                self.link = attribute("href").map(|href| (href, self.reduced.bare.len()));
            }
            "img" | "input" | "area" | "option" | "button" | "video" | "audio" | "object" | "svg" => {
                let words =
                    ["alt", "value", "placeholder", "label", "title"].into_iter().filter_map(attribute);
                words.for_each(|words| self.note(&format!("{name}: {words}")));
                for address in ["href", "src", "data"].into_iter().filter_map(attribute) {
                    // An image inside the letter is a part of it, and is shown as one.
                    if !address.starts_with("cid:") && !address.starts_with("data:") {
                        self.note(&format!("{name} from {address}"));
                    }
                    self.reduced.addresses.push(address);
                }
            }
            "form" => attribute("action").into_iter().for_each(|address| {
                self.note(&format!("a form for {address}"));
                self.reduced.addresses.push(address);
            }),
            "meta" | "base" => {
                let says = ["content", "charset", "href"].into_iter().filter_map(attribute);
                self.reduced.dropped += says.map(|says| says.chars().count()).sum::<usize>();
            }
            _ => {}
        }
        if !VOID.contains(&name) && !tag.self_closing && self.open.len() < MAX_DEPTH {
            let hides = hides(&tag.attributes);
            if hides {
                self.reduced.hidden += 1;
                self.reduced.text.push_str("[may be hidden: ");
            }
            self.open.push(OpenElement { name: name.to_owned(), hides });
        }
    }

    fn end(&mut self, name: &str) {
        if name == "a" {
            self.end_link();
        }
        if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
            let ended = self.open.drain(at..).filter(|open| open.hides).count();
            (0..ended).for_each(|_| self.reduced.text.push(']'));
        }
        self.break_at(name);
    }

    fn end_link(&mut self) {
        let Some((address, began)) = self.link.take() else { return };
        let words = self.reduced.bare.get(began..).unwrap_or_default().trim().to_owned();
        if words != address {
            self.note(&format!("leads to {address}"));
        }
        self.reduced.addresses.push(address);
    }

    fn words(&mut self, text: &str) {
        // A non-breaking space counts as a space.
        let text = text.replace('\u{a0}', " ");
        self.reduced.text.push_str(&text);
        self.reduced.bare.push_str(&text);
    }

    fn note(&mut self, note: &str) {
        self.reduced.text.push_str(&format!(" [{note}] "));
    }

    fn break_at(&mut self, name: &str) {
        let mark = match name {
            "td" | "th" => ' ',
            name if BLOCKS.contains(&name) || MORE_BLOCKS.contains(&name) => '\u{1}',
            _ => return,
        };
        self.reduced.text.push(mark);
        self.reduced.bare.push(' ');
    }

    /// A style or a script, which by the standard is not shown.
    fn drop_or_show(&mut self, content: &str) {
        if content.replace("<!--", "").contains('<') {
            self.note(&format!("in a style or a script: {content}"));
        } else {
            self.reduced.dropped += content.chars().count();
        }
    }

    /// Outlook shows the content of its own comments, and SVG shows `CDATA` sections.
    fn comment(&mut self, content: &str, within: Within) {
        let inside = content.strip_prefix("[CDATA[").map(|rest| rest.trim_end_matches(']'));
        let conditional = || {
            let (condition, rest) = content.strip_prefix("[if")?.split_once('>')?;
            (!condition.contains('!')).then_some(rest)
        };
        match (inside.or_else(conditional), within) {
            (Some(inside), Within::Page) => {
                self.reduced.text.push_str(" [only some readers show: ");
                self.read(inside, Within::Comment);
                self.reduced.text.push_str("] ");
                self.reduced.hidden += 1;
            }
            _ => self.reduced.dropped += content.chars().count(),
        }
    }
}

fn text(bytes: &HtmlString) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn attribute(all: &BTreeMap<HtmlString, Spanned<HtmlString, ()>>, wanted: &str) -> Option<String> {
    let (_, value) = all.iter().find(|(name, _)| name.as_slice() == wanted.as_bytes())?;
    Some(text(value).trim().to_owned()).filter(|value| !value.is_empty())
}

/// Whether the element's own style may hide its text. White text may stand on another colour, but is reported all
/// the same.
fn hides(all: &BTreeMap<HtmlString, Spanned<HtmlString, ()>>) -> bool {
    let hidden = all.keys().any(|name| name.as_slice() == b"hidden");
    let style: String = attribute(all, "style").unwrap_or_default();
    let style: String = style.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let coloured = attribute(all, "color").unwrap_or_default().to_ascii_lowercase();
    // A length that only begins with zero hides nothing.
    let is_none = |piece: &str| {
        style.match_indices(piece).any(|(at, _)| {
            let before = style.get(..at).unwrap_or_default();
            let after = style.get(at + piece.len()..).unwrap_or_default();
            let is_property = before.is_empty() || before.ends_with(';');
            is_property
                && !(piece.ends_with('0') && after.starts_with(|c: char| c == '.' || c.is_ascii_digit()))
        })
    };
    hidden
        || HIDING.iter().chain(&WHITE).any(|piece| is_none(piece))
        || matches!(coloured.as_str(), "white" | "#fff" | "#ffffff")
}

/// Words separated by one blank, and blocks by one line end.
fn lines(text: &str) -> String {
    let all = text.split('\u{1}').map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    all.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees_is_shown_and_what_it_does_not_is_counted() {
        let page = read(
            "<html><head><style>p { color: red }</style><script>var a = 1;</script></head><body><!-- note --><h1>Pay</h1>\
             <p>WIRE&nbsp;1000 to <b>bob</b></p><a href='https://evil.example/x'>your bank</a><img src='https://evil.example/p.gif' alt='Logo'></body></html>",
        );
        assert_eq!(
            page.text,
            "Pay\nWIRE 1000 to bob\nyour bank [leads to https://evil.example/x] [img: Logo] [img from https://evil.example/p.gif]"
        );
        assert!(page.dropped > 20 && page.hidden == 0, "{page:?}");
        assert_eq!(page.addresses, ["https://evil.example/x", "https://evil.example/p.gif"]);
    }

    #[test]
    fn text_that_is_out_of_sight_is_shown_and_said_to_be() {
        for style in [
            "display:none",
            "DISPLAY : None",
            "color: #fff",
            "font-size:0px",
            "opacity: 0;",
            "margin:0;visibility:hidden",
            "max-height:0;overflow:hidden",
        ] {
            let page = read(&format!("<p>hi</p><div style=\"{style}\">ignore that</div>"));
            assert_eq!((page.text.as_str(), page.hidden), ("hi\n[may be hidden: ignore that]", 1), "{style}");
        }
        for style in
            ["line-height:0", "font-size:0.9em", "margin-left:-1px", "height:04px", "background-color:white"]
        {
            let page = read(&format!("<div style=\"{style}\">hi</div>"));
            assert_eq!(page.hidden, 0, "{style}");
        }
        assert_eq!(read("<p hidden>x</p>").hidden, 1);
        assert_eq!(read("<font color=white>x</font>").hidden, 1);
    }

    /// Readers differ on where these end. Everything that one of them shows is shown.
    #[test]
    fn nothing_hides_behind_the_end_of_a_style_a_script_or_a_comment() {
        for hostile in [
            "<svg><style></svg><p>WIRE 1000</p>",
            "<style><!--</style><p>WIRE 1000</p>-->",
            "<script><!--<script></script><p>WIRE 1000</p>",
            "<!--[if mso]><p>WIRE 1000</p><![endif]-->",
            "<svg><text><![CDATA[WIRE 1000]]></text></svg>",
            "<!--><p>WIRE 1000</p>-->",
            "<!-- a --!><p>WIRE 1000</p>-->",
            "<title></title><p>WIRE 1000</p>",
            "<textarea>WIRE 1000",
            "<noscript><p>WIRE 1000</p></noscript>",
            "<iframe>WIRE 1000</iframe>",
            "<plaintext>WIRE 1000",
            "<table>WIRE 1000<tr></table>",
            "<a href=x>WIRE 1000",
            "<p title='>WIRE'>WIRE 1000",
            "</style>WIRE 1000",
            "<style>p{}WIRE</style >WIRE 1000",
            "<select><option>WIRE 1000",
        ] {
            assert!(read(hostile).text.contains("WIRE 1000"), "{hostile}: {:?}", read(hostile));
        }
    }

    #[test]
    fn a_deep_page_and_an_unended_one_are_read() {
        let deep = format!("{}x{}", "<div style=display:none>".repeat(2_000), "</div>".repeat(2_000));
        assert!(read(&deep).text.contains('x'));
        assert_eq!(read("<p>a<").text, "a<");
        assert_eq!(read("").text, "");
    }
}
