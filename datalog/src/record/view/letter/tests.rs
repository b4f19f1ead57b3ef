use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn read(message: &[u8]) -> Letter {
    Letter::read(message, 1_000, NOW)
}

/// A letter of two texts, whose line ends are `\n`.
fn alternative(first: (&str, &str), second: (&str, &str)) -> Vec<u8> {
    let part = |(kind, text): (&str, &str)| format!("--b\nContent-Type: {kind}\n\n{text}\n");
    format!(
        "To: bob@example.com\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n{}{}--b--\n",
        part(first),
        part(second)
    )
    .into_bytes()
}

#[test]
fn a_plain_message_is_shown_whole() {
    let letter = read(b"Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\nTo: a@example.com\r\n\r\nhi\r\nbye\r\n");
    assert_eq!((letter.subject.as_str(), letter.text.as_str()), ("Grüße", "hi\nbye"));
    assert_eq!((letter.bytes_not_shown, letter.characters_not_shown), (0, 0));
    assert_eq!((letter.fields.len(), letter.unread.len()), (0, 0));
}

#[test]
fn whom_it_says_it_is_to_stands_apart_with_names_that_pass_for_no_address() {
    let letter = read(
        b"From: Alice <alice@example.com>\nTo: Bob Builder <bob@example.com>, carol@example.org\nCc: \"Legal, Inc\" <legal@evil.example>\n\
          Bcc: =?utf-8?q?M=C3=A4x?= <max@example.com>\n\nhi\n",
    );
    assert_eq!(letter.from, "alice@example.com (Alice)");
    assert_eq!(letter.to, ["bob@example.com (Bob Builder)", "carol@example.org"]);
    assert_eq!(letter.cc, ["legal@evil.example (Legal, Inc)"]);
    assert_eq!(letter.bcc, ["max@example.com (Mäx)"]);
    let refused = read(b"To: \"bob@example.com\" <eve@evil.example>, (x) a@example.com\n\nhi\n");
    assert!(refused.to.is_empty());
    assert_eq!(refused.fields[0].name, "to", "it is shown as it stands: {refused:?}");
}

#[test]
fn every_field_is_shown_or_named() {
    for field in [
        "Sender: eve@evil.example",
        "Reply-To: eve@evil.example",
        "In-Reply-To: <a@b>",
        "References: <a@b>",
        "List-Unsubscribe: <https://evil.example>",
        "X-Anything: pay",
        "Resent-To: eve@evil.example",
        "MIME-Version: 1.1",
        "Date: Mon, 1 Jan 1990 00:00:00 +0000",
        "Message-ID: <pay mallory@evil>",
        "Subject: two",
        "From: two@example.com",
        "Importance: high",
    ] {
        let message = format!("Subject: one\nFrom: one@example.com\nTo: bob@example.com\n{field}\n\nhi\n");
        let letter = read(message.as_bytes());
        let (name, value) = field.split_once(": ").unwrap();
        let shown = letter.fields.iter().find(|one| one.value == value);
        assert_eq!(shown.map(|one| one.name.clone()), Some(name.to_ascii_lowercase()), "{field}: {letter:?}");
    }
    let many: String = (0..60).map(|number| format!("X-{number}: a\n")).collect();
    let letter = read(format!("{many}\nhi\n").as_bytes());
    assert_eq!((letter.fields.len(), letter.fields_not_shown.len()), (FIELDS, 60 - FIELDS));
    let long = read(format!("X-Long: {}\n\nhi\n", "x".repeat(FIELD + 7)).as_bytes());
    assert_eq!(long.fields[0].characters_not_shown, 7);
}

#[test]
fn a_page_is_shown_as_text_beside_a_text_that_says_something_else() {
    let letter = read(&alternative(("text/plain", "Thanks!"), ("text/html", "<p>WIRE 1000</p>")));
    assert_eq!((letter.text.as_str(), letter.kind.as_str()), ("Thanks!", "text/plain"));
    assert_eq!((letter.others.len(), letter.others[0].text.as_str()), (1, "WIRE 1000"));
    assert_eq!((letter.attachments.len(), letter.bytes_not_shown), (0, 0));
    let same =
        read(&alternative(("text/plain", "Hi Bob,\n\nbye"), ("text/html", "<p>Hi Bob,</p><p>bye</p>")));
    assert_eq!((same.text.as_str(), same.others.len()), ("Hi Bob,\n\nbye", 0));
    let linked = ("text/html", "<p>Hi <a href='https://evil.example'>Bob</a>,</p><p>bye</p>");
    assert_eq!(
        read(&alternative(("text/plain", "Hi Bob,\n\nbye"), linked)).others.len(),
        1,
        "a link is more"
    );
    let hidden = ("text/html", "<p>Hi Bob,</p><p style='display:none'>bye</p>");
    assert_eq!(read(&alternative(("text/plain", "Hi Bob,\n\nbye"), hidden)).others.len(), 1);
    let alone = read(b"Content-Type: text/html\n\n<b>WIRE</b> 1000\n");
    assert_eq!((alone.text.as_str(), alone.kind.as_str()), ("WIRE 1000", "text/html"));
}

#[test]
fn what_readers_could_take_for_something_else_is_counted_with_the_reason() {
    for (field, body) in [
        ("Content-Type: text/plain; charset=utf-7", "+AGk-"),
        ("Content-Type: text/plain; charset=iso-8859-1", "caf\u{e9}"),
        ("Content-Type: text/plain", "caf\u{e9}"),
        ("Content-Type: text/plain; charset=us-ascii", "caf\u{e9}"),
        ("Content-Type: text/html; charset=utf-16", "<p>hi</p>"),
        ("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64", "aGk="),
        ("Content-Transfer-Encoding: x-uuencode", "hi"),
        ("Content-Transfer-Encoding: base64", "a=GK"),
        ("Content-Transfer-Encoding: quoted-printable", "=ZZ"),
        ("Content-Type: text/plain\nContent-Type: text/html", "<p>hi</p>"),
        ("Content-Type: multipart/mixed; boundary=b", "--b\n\nhello\n"),
        ("Content-Type: message/partial", "hello"),
    ] {
        let letter = read(format!("Subject: x\n{field}\n\n{body}\n").as_bytes());
        assert!(letter.bytes_not_shown > 0 && !letter.unread.is_empty(), "{field}: {letter:?}");
        assert_eq!((letter.text.as_str(), letter.subject.as_str()), ("", "x"), "{field}");
    }
    let delsp = read(b"Content-Type: text/plain; format=flowed; delsp=yes\n\nhi\n");
    assert_eq!(delsp.unread.len(), 1, "{delsp:?}");
}

#[test]
fn what_is_attached_is_named_counted_and_told_apart_by_its_digest() {
    let message = |content: &str| {
        format!(
            "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nhello\n--b\n\
             Content-Type: application/pdf; name=\"b.pdf\"\nContent-Disposition: attachment; filename=\"a.pdf\"\n\
             Content-Transfer-Encoding: base64\n\n{content}\n--b--\n"
        )
    };
    let letter = read(message("AAAAAAAA").as_bytes());
    assert_eq!((letter.text.as_str(), letter.bytes_not_shown), ("hello", 6));
    let [attachment] = letter.attachments.as_slice() else { panic!("{letter:?}") };
    assert_eq!(
        (attachment.name.as_str(), attachment.kind.as_str(), attachment.bytes),
        ("a.pdf / b.pdf", "application/pdf", 6)
    );
    assert_ne!(attachment.sha256, read(message("AAAAAAAB").as_bytes()).attachments[0].sha256);
    assert_eq!(attachment.sha256.len(), 64);
}

#[test]
fn what_is_cut_says_by_how_much() {
    let long = Letter::read(b"Subject: x\n\n0123456789", 4, NOW);
    assert_eq!((long.text.as_str(), long.characters_not_shown), ("0123", 6));
}
