//! Keeps SDKs at the gateway: turns the service's absolute URLs into URLs of the gateway.
//!
//! In JSON it changes only texts that begin with a URL of the service, and only in fields whose names say that they
//! hold addresses. So people's own texts stay as they are, even if they begin with a URL. It works on pieces of any
//! size, and reads no more of the JSON than its structure.

use bytes::Bytes;
use memchr::memchr2;

/// The service's own origins, and their replacement.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    /// `https://HOST[/PREFIX]`, without a trailing slash.
    origins: Vec<String>,
    /// `http://GATEWAY/CONNECTION`
    base: String,
}

impl Origins {
    pub(crate) fn new(origins: Vec<String>, base: &str) -> Self {
        Self { origins, base: base.to_owned() }
    }

    /// Rewrites a `Link` header: `<https://UPSTREAM/…>; rel="next"` (RFC 8288). Links to other places stay, because
    /// following them needs no pass.
    ///
    /// A link to another page of the answer leads to `own`, the requested path, with the link's query. GitHub names
    /// pages by an address (`/repositories/ID/…`) that no description has.
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

    /// Returns a `Location` on the service itself as the gateway's address; none for any other place.
    pub(crate) fn location(&self, value: &str) -> Option<String> {
        if value.starts_with('/') && !value.starts_with("//") {
            return Some(format!("{}{value}", self.base));
        }
        self.strip(value).map(|path| format!("{}{path}", self.base))
    }

    /// Returns the part of a URL after one of the origins.
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

/// Whether the byte after an origin shows that the origin is complete: `api.github.com.evil.example` is another
/// host.
fn ends_an_origin(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\' | b'"' | b'?' | b'#' | b'{' | b'>')
}

/// Rewrites one JSON answer, piece by piece.
pub(crate) struct Rewriter {
    origins: Origins,
    held: Vec<u8>,
    place: PlaceInJson,
    /// The objects and lists around the place, outermost first.
    around: Vec<Around>,
    /// The name of the current field, cut to the length that matters.
    name: Vec<u8>,
}

/// The place in the JSON where a piece ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlaceInJson {
    Between,
    Name,
    /// In a value, or in a name that is already known to be too long.
    Text,
    /// In either, after a backslash.
    Escaped {
        in_name: bool,
    },
}

/// An object or a list.
#[derive(Debug, Clone, Copy)]
struct Around {
    is_object: bool,
    /// Whether a name comes next.
    is_named: bool,
    /// Whether its values are addresses. The name of the object or the list tells.
    leads: bool,
    /// Whether the value of the current field is an address.
    field_leads: bool,
}

/// The text that begins at an opening quote.
enum Opening {
    /// An origin of this many bytes, with its slashes written like this.
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

/// At most this much of a field's name matters.
const NAME: usize = 64;
/// The deepest nesting. Deeper parts stay as they are.
const DEEPEST: usize = 256;

impl Rewriter {
    pub(crate) fn new(origins: Origins) -> Self {
        Self { origins, held: Vec::new(), place: PlaceInJson::Between, around: Vec::new(), name: Vec::new() }
    }

    /// Takes a piece, and returns the bytes that may go on.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Bytes {
        let mut data = std::mem::take(&mut self.held);
        data.extend_from_slice(piece);
        let mut out = Vec::with_capacity(data.len() + 64);
        let mut at = 0;
        while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
            let taken = match self.place {
                PlaceInJson::Between => match self.between(rest, &mut out) {
                    Some(taken) => taken,
                    None => {
                        self.held = rest.to_vec();
                        break;
                    }
                },
                PlaceInJson::Name | PlaceInJson::Text => self.text(rest, &mut out),
                PlaceInJson::Escaped { in_name } => {
                    self.place = if in_name { PlaceInJson::Name } else { PlaceInJson::Text };
                    out.extend(rest.first());
                    1
                }
            };
            at += taken;
        }
        Bytes::from(out)
    }

    /// Returns the bytes that were held back. Call it at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.held))
    }

    /// Takes the bytes between texts, up to the start of the next text. Returns how many it took, or none if the piece
    /// ends too early to tell.
    fn between(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b'"' if self.is_named() => {
                    self.name.clear();
                    self.place = PlaceInJson::Name;
                }
                b'"' if at == 0 => return self.opening(rest, out),
                b'"' => {
                    out.extend_from_slice(rest.get(..at).unwrap_or_default());
                    return Some(at);
                }
                b'{' | b'[' => self.enter(*byte),
                b'}' | b']' => _ = self.around.pop(),
                b',' => self.next(),
                _ => {}
            }
            if self.place == PlaceInJson::Name {
                out.extend_from_slice(rest.get(..=at).unwrap_or_default());
                return Some(at + 1);
            }
        }
        out.extend_from_slice(rest);
        Some(rest.len())
    }

    /// Takes the quote with which a value begins, and the origin behind it. Returns how many bytes it took.
    fn opening(&mut self, found: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let opening = if self.leads() { self.origin(found) } else { Opening::Other };
        match opening {
            Opening::Open => None,
            Opening::Origin(length, slashes) => {
                self.put_base(out, slashes);
                self.place = PlaceInJson::Text;
                Some(length)
            }
            Opening::Other => {
                out.push(b'"');
                self.place = PlaceInJson::Text;
                Some(1)
            }
        }
    }

    /// Takes the bytes of a text, up to its end or a backslash. Returns how many bytes it took.
    fn text(&mut self, rest: &[u8], out: &mut Vec<u8>) -> usize {
        let end = memchr2(b'"', b'\\', rest);
        let taken = end.map_or(rest.len(), |end| end + 1);
        let passed = rest.get(..taken).unwrap_or_default();
        out.extend_from_slice(passed);
        let in_name = self.place == PlaceInJson::Name;
        if in_name {
            let own = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            self.name.extend(own.iter().take(NAME.saturating_sub(self.name.len())));
        }
        match end.and_then(|end| rest.get(end)) {
            Some(b'\\') => self.place = PlaceInJson::Escaped { in_name },
            Some(_) => {
                self.place = PlaceInJson::Between;
                if in_name {
                    self.named();
                }
            }
            None => {}
        }
        taken
    }

    fn is_named(&self) -> bool {
        self.around.last().is_some_and(|around| around.is_object && around.is_named)
    }

    fn leads(&self) -> bool {
        self.around.len() < DEEPEST
            && self.around.last().is_some_and(|around| around.leads || around.field_leads)
    }

    /// Enters an object or a list by its opening bracket.
    fn enter(&mut self, bracket: u8) {
        let (is_object, leads) = (bracket == b'{', self.leads());
        self.around.push(Around { is_object, is_named: is_object, leads, field_leads: false });
    }

    fn next(&mut self) {
        if let Some(around) = self.around.last_mut() {
            around.is_named = around.is_object;
        }
    }

    /// Notes whether the field whose name just ended holds addresses.
    fn named(&mut self) {
        let leads = names_a_url(&self.name);
        if let Some(around) = self.around.last_mut() {
            (around.is_named, around.field_leads) = (false, leads);
        }
    }

    fn put_base(&self, out: &mut Vec<u8>, slashes: Slashes) {
        out.push(b'"');
        match slashes {
            Slashes::Plain => out.extend_from_slice(self.origins.base.as_bytes()),
            Slashes::Escaped => out.extend_from_slice(self.origins.base.replace('/', "\\/").as_bytes()),
        }
    }

    fn origin(&self, found: &[u8]) -> Opening {
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

/// Whether a field of this name is an address, or holds some. Fields with other names hold people's own texts.
fn names_a_url(name: &[u8]) -> bool {
    const ENDS: [&[u8]; 7] = [b"url", b"urls", b"uri", b"uris", b"link", b"links", b"href"];
    const NAMES: [&[u8]; 9] =
        [b"next", b"prev", b"previous", b"first", b"last", b"self", b"related", b"location", b"@id"];
    let name = name.to_ascii_lowercase();
    ENDS.iter().any(|end| name.ends_with(end)) || NAMES.contains(&name.as_slice())
}

/// Compares the text behind a quote with an origin, whose slashes may be escaped.
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
            out.extend_from_slice(&rewriter.push(piece));
        }
        out.extend_from_slice(&rewriter.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn urls_of_the_upstream_lead_to_the_gateway_wherever_the_answer_is_cut() {
        let text = concat!(
            r#"{"url": "https://api.github.com/repos/o/r","links":["https://api.github.com","https:\/\/api.github.com\/x"],"#,
            r#""upload_url":"https://uploads.github.com/x{?name}","html_url":"https://github.com/o","#,
            r#""evil_url":"https://api.github.com.evil.example/","q_url":"he said \"https://api.github.com/x\"","#,
            r#""text":"https://api.github.com/x","back\\":"https://api.github.com/y","_links":{"self":{"href":"https://api.github.com/z","#,
            r#""n":[1,{"html":"https://api.github.com/w"}]}},"body":["https://api.github.com/x",{"next":"https://api.github.com/v"}],"#,
            r#""title":"url\",\"url\":\"https://api.github.com/x","https://api.github.com/url":"https://api.github.com/u"}"#
        );
        let want = concat!(
            r#"{"url": "http://127.0.0.1:7411/github/repos/o/r","links":["http://127.0.0.1:7411/github","http:\/\/127.0.0.1:7411\/github\/x"],"#,
            r#""upload_url":"http://127.0.0.1:7411/github/x{?name}","html_url":"https://github.com/o","#,
            r#""evil_url":"https://api.github.com.evil.example/","q_url":"he said \"https://api.github.com/x\"","#,
            r#""text":"https://api.github.com/x","back\\":"https://api.github.com/y","_links":{"self":{"href":"http://127.0.0.1:7411/github/z","#,
            r#""n":[1,{"html":"http://127.0.0.1:7411/github/w"}]}},"body":["https://api.github.com/x",{"next":"http://127.0.0.1:7411/github/v"}],"#,
            r#""title":"url\",\"url\":\"https://api.github.com/x","https://api.github.com/url":"http://127.0.0.1:7411/github/u"}"#
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
