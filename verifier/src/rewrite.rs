//! Keeps SDKs inside: absolute URLs of the upstream become URLs of the gateway.
//!
//! In JSON only string values that *are* a URL of the upstream are changed, those that begin with it; a URL in
//! the middle of somebody's text stays as it is. It works on pieces of any size and does not parse the JSON.

use bytes::Bytes;
use memchr::memmem;

const OPENING: &[u8] = b"\"http";

/// The upstream's own origins and what takes their place.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    /// `https://HOST[/PREFIX]`, without a slash at the end.
    origins: Vec<String>,
    /// `http://GATEWAY/CONNECTION`
    base: String,
}

impl Origins {
    pub(crate) fn new(origins: Vec<String>, base: &str) -> Self {
        Self { origins, base: base.to_owned() }
    }

    /// `Link: <https://UPSTREAM/…>; rel="next"` (RFC 8288). Links elsewhere stay: following them needs no pass.
    ///
    /// A link to another page of the answer leads to `own`, the path that was asked for, with the link's query:
    /// GitHub names pages by an address (`/repositories/ID/…`) that is in no description.
    pub(crate) fn link(&self, value: &str, own: &str) -> String {
        let mut out = String::with_capacity(value.len());
        let mut rest = value;
        while let Some((before, after)) = rest.split_once('<') {
            out.push_str(before);
            out.push('<');
            let (url, after) = after.split_once('>').unwrap_or((after, ""));
            let parameters = after.split_once('<').map_or(after, |(parameters, _)| parameters);
            match self.strip(url) {
                Some(inside) if is_page(parameters) => {
                    let query =
                        inside.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
                    out.push_str(&format!("{}{own}{query}", self.base));
                }
                Some(inside) => out.push_str(&format!("{}{inside}", self.base)),
                None => out.push_str(url),
            }
            out.push('>');
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// A `Location` on the upstream itself, as the gateway's; none for any other place.
    pub(crate) fn location(&self, value: &str) -> Option<String> {
        if value.starts_with('/') && !value.starts_with("//") {
            return Some(format!("{}{value}", self.base));
        }
        self.strip(value).map(|path| format!("{}{path}", self.base))
    }

    /// What follows one of the origins.
    fn strip<'a>(&self, url: &'a str) -> Option<&'a str> {
        self.origins.iter().find_map(|origin| {
            url.strip_prefix(origin.as_str()).filter(|rest| rest.bytes().next().is_none_or(ends_an_origin))
        })
    }
}

/// Whether a link's parameters say that it is another page of the same answer.
fn is_page(parameters: &str) -> bool {
    let relation = parameters.split([';', ',']).find_map(|one| one.trim().strip_prefix("rel="));
    relation.is_some_and(|relation| matches!(relation.trim_matches('"'), "next" | "prev" | "first" | "last"))
}

/// Whether a byte after an origin shows that it was whole: `api.github.com.evil.example` is another host.
fn ends_an_origin(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\' | b'"' | b'?' | b'#' | b'{' | b'>')
}

/// Rewrites one JSON answer, piece by piece.
pub(crate) struct Rewriter {
    origins: Origins,
    held: Vec<u8>,
    /// The last byte that was passed on: a quote after a backslash opens nothing.
    last: u8,
}

/// What was found at an opening.
enum Opening {
    /// An origin of this many bytes, its slashes written in this way.
    Origin(usize, Slashes),
    /// The piece ends too early to tell.
    Open,
    Other,
}

/// How a JSON text writes a slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slashes {
    Plain,
    Escaped,
}

impl Rewriter {
    pub(crate) fn new(origins: Origins) -> Self {
        Self { origins, held: Vec::new(), last: 0 }
    }

    /// Takes a piece; gives what may go on.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        if self.held.is_empty() && memmem::find(&piece, OPENING).is_none() && open_end(&piece) == 0 {
            self.last = piece.last().copied().unwrap_or(self.last);
            return piece;
        }
        let mut data = std::mem::take(&mut self.held);
        data.extend_from_slice(&piece);
        let mut out = Vec::with_capacity(data.len() + 64);
        let mut rest = data.as_slice();
        while let Some(at) = memmem::find(rest, OPENING) {
            let (before, found) = rest.split_at(at);
            self.pass(&mut out, before);
            let opening = if self.last == b'\\' { Opening::Other } else { self.opening(found) };
            match opening {
                Opening::Origin(length, slashes) => {
                    self.put_base(&mut out, slashes);
                    self.last = b'/';
                    rest = found.get(length..).unwrap_or_default();
                }
                Opening::Open => {
                    self.held = found.to_vec();
                    return Bytes::from(out);
                }
                Opening::Other => {
                    let (quote, after) = found.split_at(1);
                    self.pass(&mut out, quote);
                    rest = after;
                }
            }
        }
        let (passes, held) = rest.split_at(rest.len() - open_end(rest));
        self.pass(&mut out, passes);
        self.held = held.to_vec();
        Bytes::from(out)
    }

    /// What was held back, at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.held))
    }

    fn pass(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        out.extend_from_slice(bytes);
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    fn put_base(&self, out: &mut Vec<u8>, slashes: Slashes) {
        out.push(b'"');
        match slashes {
            Slashes::Plain => out.extend_from_slice(self.origins.base.as_bytes()),
            Slashes::Escaped => out.extend_from_slice(self.origins.base.replace('/', "\\/").as_bytes()),
        }
    }

    fn opening(&self, found: &[u8]) -> Opening {
        let mut best = Opening::Other;
        for origin in &self.origins.origins {
            match at_opening(found, origin) {
                Opening::Other => {}
                Opening::Open => best = Opening::Open,
                whole @ Opening::Origin(..) => return whole,
            }
        }
        best
    }
}

/// Compares what follows a quote with an origin, each of whose slashes may stand escaped.
fn at_opening(found: &[u8], origin: &str) -> Opening {
    let Some(mut rest) = found.strip_prefix(b"\"") else { return Opening::Other };
    let mut slashes = Slashes::Plain;
    for wanted in origin.bytes() {
        if wanted == b'/'
            && let Some(unescaped) = rest.strip_prefix(b"\\")
        {
            slashes = Slashes::Escaped;
            rest = unescaped;
        }
        match rest.split_first() {
            None => return Opening::Open,
            Some((byte, after)) if *byte == wanted => rest = after,
            Some(_) => return Opening::Other,
        }
    }
    match rest.first() {
        None => Opening::Open,
        Some(next) if ends_an_origin(*next) => Opening::Origin(found.len() - rest.len(), slashes),
        Some(_) => Opening::Other,
    }
}

/// How many bytes at the end may be the start of an opening.
fn open_end(data: &[u8]) -> usize {
    (1..OPENING.len())
        .rev()
        .find(|length| OPENING.get(..*length).is_some_and(|start| data.ends_with(start)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        Origins::new(
            vec!["https://api.github.com".into(), "https://uploads.github.com".into()],
            "http://127.0.0.1:7411/github",
        )
    }

    fn rewrite(pieces: &[&[u8]]) -> String {
        let mut rewriter = Rewriter::new(origins());
        let mut out = Vec::new();
        for piece in pieces {
            out.extend_from_slice(&rewriter.push(Bytes::copy_from_slice(piece)));
        }
        out.extend_from_slice(&rewriter.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn urls_of_the_upstream_lead_to_the_gateway_wherever_the_answer_is_cut() {
        let text = concat!(
            r#"{"url": "https://api.github.com/repos/o/r","a":["https://api.github.com","https:\/\/api.github.com\/x"],"#,
            r#""up":"https://uploads.github.com/x{?name}","html":"https://github.com/o","#,
            r#""evil":"https://api.github.com.evil.example/","q":"he said \"https://api.github.com/x\"","#,
            r#""text":"see https://api.github.com/x","back\\":"https://api.github.com/y"}"#
        );
        let want = concat!(
            r#"{"url": "http://127.0.0.1:7411/github/repos/o/r","a":["http://127.0.0.1:7411/github","http:\/\/127.0.0.1:7411\/github\/x"],"#,
            r#""up":"http://127.0.0.1:7411/github/x{?name}","html":"https://github.com/o","#,
            r#""evil":"https://api.github.com.evil.example/","q":"he said \"https://api.github.com/x\"","#,
            r#""text":"see https://api.github.com/x","back\\":"http://127.0.0.1:7411/github/y"}"#
        );
        for cut in 0..text.len() {
            let (a, b) = text.as_bytes().split_at(cut);
            assert_eq!(rewrite(&[a, b]), want, "cut at {cut}");
        }
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(rewrite(&single), want);
    }

    #[test]
    fn links_and_locations_of_the_upstream_lead_to_the_gateway() {
        let link = r#"<https://api.github.com/x?page=2>; rel="next", <https://other.example/>; rel="about""#;
        let want =
            r#"<http://127.0.0.1:7411/github/x?page=2>; rel="next", <https://other.example/>; rel="about""#;
        assert_eq!(origins().link(link, "/x"), want);
        let pages = r#"<https://api.github.com/repositories/7/issues?page=2>; rel="next", <https://api.github.com/y>; rel=about"#;
        let want = r#"<http://127.0.0.1:7411/github/repos/o/r/issues?page=2>; rel="next", <http://127.0.0.1:7411/github/y>; rel=about"#;
        assert_eq!(origins().link(pages, "/repos/o/r/issues"), want);
        for odd in ["", "<", "<>", "<https://api.github.com", "x; rel=next"] {
            let _ = origins().link(odd, "/x");
        }
        assert_eq!(origins().location("https://api.github.com/y").unwrap(), "http://127.0.0.1:7411/github/y");
        assert_eq!(origins().location("/y").unwrap(), "http://127.0.0.1:7411/github/y");
        for elsewhere in
            ["https://codeload.github.com/x", "//evil.example/", "https://api.github.com@evil/", ""]
        {
            assert_eq!(origins().location(elsewhere), None, "{elsewhere}");
        }
    }
}
