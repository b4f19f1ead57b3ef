use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use super::*;
use crate::pass::content;
use crate::{KnownConnection, MintArgs, MintTerms, PassId, RootKeyPair};

/// A pass as a person mints it, and its child.
fn passes() -> Vec<String> {
    let facts = r#"{"hallpass_facts":1,"service":"mail","title":"Mail","source":"openapi","revision":"1","hosts":["mail.example.com"]}
{"op":"get","at":"GET /get"}"#;
    let service = crate::catalog::Service::load(facts, Some("[effects]\n\"get\" = [\"read\"]\n")).unwrap();
    let known = KnownConnection {
        name: "mail".parse().unwrap(),
        account: "me@example.com".parse().unwrap(),
        service: std::sync::Arc::new(service),
    };
    let args = MintArgs { task: "t".into(), allow: vec!["mail:read".into()], ..MintArgs::default() };
    let now = time::macros::datetime!(2026-11-22 09:00:00 UTC);
    let terms = MintTerms::parse(&args, &[known], now).unwrap();
    let parent = terms.mint(&PassId::from_random([9; 16]), &RootKeyPair::from_seed(1, [7; 32])).unwrap().text;
    let bytes = content::decode(&parent).unwrap();
    let block =
        biscuit_auth::builder::BlockBuilder::new().code(r#"check if operation("mail.get");"#).unwrap();
    let child = biscuit_auth::UnverifiedBiscuit::from(&bytes).unwrap().append(block).unwrap();
    vec![parent, content::encode(&child.to_vec().unwrap())]
}

fn wrapped(text: &str, width: usize, ends: &str) -> String {
    let lines: Vec<&str> =
        text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(ends)
}

fn each(text: &str, escape: impl Fn(u8) -> String) -> String {
    text.bytes().map(escape).collect()
}

/// Spellings of a text by itself.
fn spellings(pass: &str) -> Vec<(String, Vec<u8>)> {
    let bare = pass.strip_prefix("hallpass_").unwrap();
    let bytes = content::decode(pass).unwrap();
    let mut all: Vec<(String, Vec<u8>)> = vec![
        ("plain".into(), pass.into()),
        ("without its prefix".into(), bare.into()),
        ("its bytes".into(), bytes.clone()),
        ("its bytes in the standard alphabet".into(), STANDARD.encode(&bytes).into()),
        ("its bytes, padded".into(), URL_SAFE.encode(&bytes).into()),
        ("in lines".into(), wrapped(pass, 76, "\r\n").into()),
        ("quoted in lines".into(), wrapped(pass, 60, "\n> ").into()),
        ("in pieces of a program".into(), wrapped(pass, 40, "\" + \"").into()),
        ("all percent".into(), each(pass, |b| format!("%{b:02X}")).into()),
        ("some percent".into(), pass.replace('_', "%5f").replace('-', "%2d").into()),
        ("all JSON escapes".into(), each(pass, |b| format!("\\u{b:04x}")).into()),
        ("some JSON escapes".into(), pass.replace('E', "\\u0045").into()),
        ("all quoted-printable".into(), each(pass, |b| format!("={b:02X}")).into()),
        ("quoted-printable in lines".into(), wrapped(&pass.replace('_', "=5F"), 70, "=\r\n").into()),
        ("HTML, decimal".into(), each(pass, |b| format!("&#{b};")).into()),
        ("HTML, hexadecimal".into(), pass.replace('_', "&#x5F;").into()),
        ("UTF-16".into(), pass.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ];
    let words = |line: &[u8]| format!("=?utf-8?B?{}?=", STANDARD.encode(line));
    let words: Vec<String> = pass.as_bytes().chunks(40).map(words).collect();
    all.push(("encoded words".into(), format!("Subject: {}", words.join("\r\n ")).into()));
    for (offset, before) in ["", "x", "xy", "xyz"].into_iter().enumerate() {
        all.push((format!("base64 at offset {offset}"), STANDARD.encode(format!("{before}{pass}!")).into()));
        all.push((format!("behind {offset} letters"), format!("{before}{bare}{before}").into()));
    }
    all
}

#[test]
fn a_pass_is_seen_in_every_spelling_and_in_each_within_each() {
    for pass in passes() {
        let first = spellings(&pass);
        for (name, bytes) in &first {
            assert_eq!(carried(bytes), Carried::Pass, "{name}");
            let field = format!(r#"{{"raw":"{}","x":1}}"#, URL_SAFE_NO_PAD.encode(bytes));
            assert_eq!(carried(field.as_bytes()), Carried::Pass, "{name}, in base64 in a field");
            let mime = format!(
                "To: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
                wrapped(&STANDARD.encode(bytes), 76, "\r\n")
            );
            let field = format!(r#"{{"message":{{"raw":"{}"}}}}"#, URL_SAFE.encode(mime));
            assert_eq!(carried(field.as_bytes()), Carried::Pass, "{name}, in an attachment");
        }
    }
}

#[test]
fn what_holds_no_pass_is_none() {
    let mut seed = 7_u32;
    let mut letter = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b"etaoin shrdlu cmfwyp.ETAOIN"[usize::try_from(seed >> 16).unwrap() % 27])
    };
    let letters: String = (0..20_000).map(|_| letter()).collect();
    let noise: Vec<u8> = (0..50_000_u64).map(|n| ((n * n * 2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    let texts: [Vec<u8>; 6] = [
        letters.clone().into(),
        STANDARD.encode(&letters).into(),
        noise.clone(),
        STANDARD.encode(&noise).into(),
        format!("the fact pass_id of hallpass_{} is no pass", &letters[..300]).into(),
        format!(r#"{{"a":"100% of \u00e9 &#8212; =3D","b":"{}"}}"#, URL_SAFE_NO_PAD.encode(&noise)).into(),
    ];
    for text in texts {
        assert_eq!(carried(&text), Carried::Nothing);
    }
}

#[test]
fn looking_ends_whatever_is_given() {
    // A megabyte in which each level is an escape of an escape.
    let mut text = "pass_id\u{12}".repeat(20_000);
    for _ in 0..8 {
        text = text.replace('%', "%25").replace('p', "%70");
    }
    assert_ne!(carried(text.as_bytes()), Carried::Pass);
    let hostile = b"\x12\xff\x7f\x0apass_id".repeat(50_000);
    let _ = carried(&hostile);
}
