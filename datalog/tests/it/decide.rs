//! What passes allow, ask and deny, through `mint`, `attenuate`, `verify` and `decide`.

use crate::common::*;
use datalog::flags;
use datalog::*;
use time::Duration;

#[test]
fn a_grant_covers_what_it_names_and_nothing_else() {
    // Order: list get send delete drafts.create drafts.send settings.forward keys.read
    assert_eq!(answers(&mint(&args(&["mail:read"], &[], &[]))), "aa------");
    assert_eq!(answers(&mint(&args(&["mail:write"], &[], &[]))), "----a---");
    assert_eq!(answers(&mint(&args(&["mail.messages.send"], &[], &[]))), "--a-----");
    assert_eq!(answers(&mint(&args(&["mail.messages.*"], &[], &[]))), "aaaa----");
    assert_eq!(answers(&mint(&args(&["mail.*.send"], &[], &[]))), "--a--a--");
    assert_eq!(answers(&mint(&args(&["read", "secret"], &[], &[]))), "aa-----a");
}

#[test]
fn every_effect_of_an_operation_has_to_be_covered() {
    assert_eq!(answers(&mint(&args(&["mail:send"], &[], &[]))), "-----a--");
    assert_eq!(answers(&mint(&args(&["mail:send", "mail:write"], &[], &[]))), "--a-aa--");
    assert_eq!(answers(&mint(&args(&["mail:write"], &["mail:send"], &[]))), "--?-a?--");
    assert_eq!(answers(&mint(&args(&["mail:read"], &["mail:send"], &[]))), "aa---?--");
}

#[test]
fn deny_wins_over_ask_and_ask_over_allow() {
    assert_eq!(answers(&mint(&args(&["mail.*"], &["mail:send"], &["mail:delete"]))), "aa?-a?aa");
    assert_eq!(answers(&mint(&args(&["mail.*"], &["mail.*"], &["mail.settings.*"]))), "??????-?");
    assert_eq!(answers(&mint(&args(&["mail.*"], &["mail.messages.list"], &["mail:read"]))), "--aaaaa-");
}

#[test]
fn an_approval_lifts_the_ask_of_that_very_request() {
    let text = mint(&args(&["mail:write"], &["mail:send"], &[]));
    let approved = Context { approved: Some(request("mail.messages.send").digest()), ..Context::default() };
    assert_eq!(answer(&text, request("mail.messages.send"), &approved).0, "allow");
    assert_eq!(answer(&text, request("mail.drafts.send"), &approved).0, "ask");
    let mut other = request("mail.messages.send");
    other.query = "x=1".into();
    assert_eq!(answer(&text, other, &approved).0, "ask");
    let delete = Context { approved: Some(request("mail.messages.delete").digest()), ..Context::default() };
    assert_eq!(answer(&text, request("mail.messages.delete"), &delete).0, "deny");
}

#[test]
fn another_account_or_connection_is_denied() {
    let text = mint(&args(&["mail.*"], &[], &[]));
    let mut other = request("mail.messages.list");
    other.account = "you@example.com".parse().unwrap();
    assert_eq!(answer(&text, other, &Context::default()).0, "deny");
    let mut other = request("mail.messages.list");
    other.connection = "mail-work".parse().unwrap();
    let (verdict, expected) = answer(&text, other, &Context::default());
    assert_eq!((verdict, expected.as_str()), ("deny", "a connection that the pass names"));
}

#[test]
fn a_budget_that_is_used_up_denies_as_exhausted() {
    let text = mint(&MintArgs {
        narrow: Narrowing::default().with(&flags::LIMIT, ["mail:read=2"]),
        ..args(&["mail.*"], &[], &[])
    });
    let pass = verify(&text).unwrap();
    let budget = pass.limits()[0].budget.clone();
    let context = |used: u64| Context { used: [(budget.clone(), used.into())].into(), ..Context::default() };
    let Decided::Allow(permitted) = decide(&pass, request("mail.messages.list"), &context(1), NOW) else {
        panic!("one of two uses is left");
    };
    let [taken] = permitted.reservations() else { panic!("one budget") };
    assert_eq!((&taken.budget, taken.max, taken.cost), (&budget, 2, 1));
    let Decided::Deny(refused) = decide(&pass, request("mail.messages.list"), &context(2), NOW) else {
        panic!("no use is left");
    };
    assert_eq!(refused.ground(), Ground::Exhausted);
    assert_eq!(
        refused.reasons()[0].expected,
        "what has the effect `read` on `mail`: used fewer than 2 times (budget `mail:read`)"
    );
    assert!(matches!(decide(&pass, request("mail.messages.send"), &context(2), NOW), Decided::Allow(_)));
}

#[test]
fn a_child_has_its_parents_budgets_and_its_own() {
    let parent = mint(&MintArgs {
        narrow: Narrowing::default().with(&flags::LIMIT, ["send=5"]),
        ..args(&["mail.*"], &[], &[])
    });
    let child = narrow(
        &parent,
        &AttenuateArgs {
            narrow: Narrowing::default().with(&flags::LIMIT, ["send=1"]),
            ..AttenuateArgs::default()
        },
    );
    let (parent, child) = (verify(&parent).unwrap(), verify(&child).unwrap());
    assert_eq!(parent.limits()[0].budget, child.limits()[0].budget);
    assert_eq!(child.limits().len(), 2);
    let context =
        Context { used: [(child.limits()[1].budget.clone(), 1.into())].into(), ..Context::default() };
    let sent = decide(&child, request("mail.drafts.send"), &context, NOW);
    assert!(matches!(sent, Decided::Deny(refused) if refused.exhausted()));
    assert!(matches!(decide(&parent, request("mail.drafts.send"), &context, NOW), Decided::Allow(_)));
}

#[test]
fn a_child_only_loses() {
    let parent = mint(&args(&["mail.*"], &["mail:send"], &["mail:delete"]));
    assert_eq!(answers(&parent), "aa?-a?aa");
    let narrowed = |args: AttenuateArgs| answers(&narrow(&parent, &args));
    let only = |texts: &[&str]| AttenuateArgs { only: strings(texts), ..AttenuateArgs::default() };
    assert_eq!(narrowed(only(&["mail:read"])), "aa------");
    assert_eq!(narrowed(only(&["read", "mail.messages.send"])), "aa?-----");
    assert_eq!(narrowed(only(&["mail.messages.*", "mail:delete"])), "aa?-----");
    assert_eq!(narrowed(only(&["send", "write"])), "--?-a?--");
    let deny = |texts: &[&str]| AttenuateArgs { deny: strings(texts), ..AttenuateArgs::default() };
    assert_eq!(narrowed(deny(&["mail:send", "mail.settings.*"])), "aa--a--a");
    let ask = |texts: &[&str]| AttenuateArgs { ask: strings(texts), ..AttenuateArgs::default() };
    assert_eq!(narrowed(ask(&["mail:read"])), "???-a?a?");
    let check = |text: &str| AttenuateArgs {
        narrow: Narrowing::default().with(&flags::CHECK, [text]),
        ..AttenuateArgs::default()
    };
    assert_eq!(narrowed(check("check if method(\"GET\")")), "aa-----a");
}

#[test]
fn what_a_child_loses_is_told() {
    let parent = mint(&args(&["mail.*"], &["mail:send"], &["mail:delete"]));
    let only = AttenuateArgs {
        only: strings(&["mail:read"]),
        ask: strings(&["mail.messages.get"]),
        ..AttenuateArgs::default()
    };
    let child = attenuate(&parent, &only, &[service()], NOW).unwrap();
    let lost: Vec<String> = child
        .loses
        .iter()
        .map(|one| format!("{} {:?}->{:?}", one.operation, one.before, one.after))
        .collect();
    insta::assert_snapshot!(lost.join("\n"), @"
    mail.messages.get Allow->Ask
    mail.messages.send Ask->Deny
    mail.drafts.create Allow->Deny
    mail.drafts.send Ask->Deny
    mail.settings.forward Allow->Deny
    mail.keys.read Allow->Deny
    ");
}

#[test]
fn time_ends_and_begins_a_pass() {
    let text = mint(&MintArgs {
        narrow: Narrowing::default().with(&flags::FOR, ["10m"]),
        ..args(&["mail:read"], &[], &[])
    });
    let cache = PassCache::new(4);
    let at = |now| cache.verify(&text, &roots(), &|_| false, now);
    assert!(at(NOW).is_ok());
    assert!(at(NOW + Duration::minutes(10)).is_ok());
    // The pass is refused even if the cache still has it.
    assert!(matches!(at(NOW + Duration::minutes(10) + Duration::seconds(1)), Err(PassRefusal::Expired(_))));
    let child = narrow(
        &text,
        &AttenuateArgs { narrow: Narrowing::default().with(&flags::FOR, ["1m"]), ..AttenuateArgs::default() },
    );
    let late = NOW + Duration::minutes(2);
    assert!(matches!(cache.verify(&child, &roots(), &|_| false, late), Err(PassRefusal::Expired(_))));
    let later = mint(&MintArgs {
        narrow: Narrowing::default().with(&flags::NOT_BEFORE, ["2026-11-22T10:00:00Z"]),
        ..args(&["mail:read"], &[], &[])
    });
    assert!(matches!(cache.verify(&later, &roots(), &|_| false, NOW), Err(PassRefusal::NotYet(_))));
    assert!(cache.verify(&later, &roots(), &|_| false, NOW + Duration::hours(1)).is_ok());
}

#[test]
fn hours_of_the_week_bound_a_pass_and_its_children() {
    // NOW is a Sunday, 10:00 in Berlin.
    let during = |texts: &[&str]| MintArgs {
        narrow: Narrowing::default().with(&flags::DURING, strings(texts)),
        ..args(&["mail:read"], &[], &[])
    };
    assert_eq!(answers(&mint(&during(&["sat,sun 10:00-10:01 Europe/Berlin"]))), "aa------");
    assert_eq!(answers(&mint(&during(&["mon-fri 00:00-24:00 UTC", "sun 09:00-09:30 UTC"]))), "aa------");
    let text = mint(&during(&["sun 09:00-10:00 Europe/Berlin"]));
    assert_eq!(answers(&text), "--------");
    let (_, expected) = answer(&text, request("mail.messages.list"), &Context::default());
    assert_eq!(expected, "a time within sun 09:00-10:00 Europe/Berlin");
    let never = AttenuateArgs {
        narrow: Narrowing::default().with(&flags::DURING, ["mon-sat 00:00-24:00 UTC"]),
        ..AttenuateArgs::default()
    };
    assert_eq!(answers(&narrow(&mint(&args(&["mail:read"], &[], &[])), &never)), "--------");
}

#[test]
fn revocation_and_root_keys_are_checked_when_a_pass_is_remembered() {
    let parent = mint(&args(&["mail.*"], &[], &[]));
    let child = narrow(&parent, &AttenuateArgs { only: strings(&["mail:read"]), ..AttenuateArgs::default() });
    let cache = PassCache::new(4);
    let pass = cache.verify(&child, &roots(), &|_| false, NOW).unwrap();
    assert_eq!(pass.lineage().len(), 2);
    let (pass_id, own) = (pass.lineage()[0].clone(), pass.lineage()[1].clone());
    assert_eq!(pass_id.as_str(), pass.id().as_str());
    let refused = |text: &str, gone: &RevocationId| {
        matches!(cache.verify(text, &roots(), &|id| id == gone, NOW), Err(PassRefusal::Revoked(_)))
    };
    assert!(refused(&child, &pass_id), "a child is revoked with its parent");
    assert!(refused(&child, &own));
    assert!(cache.verify(&parent, &roots(), &|_| false, NOW).is_ok());
    assert!(!refused(&parent, &own), "a parent is not revoked with its child");
    assert!(matches!(
        cache.verify(&child, &RootKeys::default(), &|_| false, NOW),
        Err(PassRefusal::Untrusted)
    ));
    let other = RootKeys::new([RootKeyPair::from_seed(1, [8; 32]).public()]);
    assert!(matches!(cache.verify(&child, &other, &|_| false, NOW), Err(PassRefusal::Untrusted)));
}

#[test]
fn a_pass_is_read_with_and_without_its_prefix() {
    let text = mint(&args(&["mail:read"], &[], &[]));
    assert!(text.starts_with("hallpass_"));
    assert!(verify(text.strip_prefix("hallpass_").unwrap()).is_ok());
    for bad in [
        "",
        "hallpass_",
        "ghp_abc",
        "hallpass_hallpass_",
        &text[..text.len() - 5],
        &format!("{text} "),
        &format!("{text}AAAA"),
    ] {
        assert!(matches!(verify(bad), Err(PassRefusal::Invalid(_) | PassRefusal::Untrusted)), "{bad:.30}");
    }
}

#[test]
fn a_verified_pass_that_is_logged_shows_its_id_and_nothing_to_use_it_by() {
    let pass = verify(&mint(&args(&["mail:read"], &[], &[]))).unwrap();
    assert_eq!(format!("{pass:?}"), format!("VerifiedPass {{ id: {:?}, .. }}", pass.id()));
}

#[test]
fn a_pass_says_what_it_is_in_words_and_datalog() {
    let text = mint(&MintArgs {
        narrow: Narrowing::default()
            .with(&flags::LIMIT, ["mail.messages.get=10", "send=3"])
            .with(&flags::CHECK, ["check if arg_count($n), $n < 5 || $n == 9"]),
        ..args(&["mail:read", "mail.drafts.*"], &["mail:send"], &["mail:delete"])
    });
    let child = narrow(
        &text,
        &AttenuateArgs {
            only: strings(&["mail:read", "mail.drafts.create"]),
            ask: strings(&["mail.drafts.*"]),
            deny: strings(&["secret"]),
            narrow: Narrowing::default().with(&flags::LIMIT, ["mail:read=4"]).with(&flags::FOR, ["5m"]),
        },
    );
    let mut inspection = inspect(&child).unwrap();
    inspection.blocks[1].revocation_id = "(signature)".into();
    let own = &mut inspection.budgets[2].budget;
    *own = format!("(signature){}", own.split_at(own.find('/').unwrap()).1);
    insta::assert_json_snapshot!(inspection);
}

#[test]
fn mistakes_in_flags_are_told_with_a_hint() {
    let told = |args: MintArgs| {
        in_full(MintTerms::parse(&args, &[known("mail"), known("mail-work")], NOW).unwrap_err())
    };
    let errors = [
        told(args(&[], &[], &["mail:read"])),
        told(args(&["gmail:read"], &[], &[])),
        told(args(&["mail:reed"], &[], &[])),
        told(args(&["mail.message.list"], &[], &[])),
        told(args(&["mail:run"], &[], &[])),
        told(args(&["read"], &[], &[])),
        told(args(&["mail.drafts.create"], &[], &[])),
        told(MintArgs { connections: strings(&["nope"]), ..args(&["read"], &[], &[]) }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::FOR, ["30"]),
            ..args(&["mail:read"], &[], &[])
        }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::LIMIT, ["mail:send"]),
            ..args(&["mail:read"], &[], &[])
        }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::LIMIT, ["mail:read=1", "mail:read=2"]),
            ..args(&["mail:read"], &[], &[])
        }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::CHECK, ["check if tiem($t)"]),
            ..args(&["mail:read"], &[], &[])
        }),
        told(MintArgs { task: " ".into(), ..args(&["mail:read"], &[], &[]) }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::TO, ["Bob <bob@example.com>"]),
            ..args(&["mail:read"], &[], &[])
        }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::TO_DOMAIN, ["example"]),
            ..args(&["mail:read"], &[], &[])
        }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::DURING, ["9 to 5"]),
            ..args(&["mail:read"], &[], &[])
        }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::DURING, ["mon 09:00-17:00 Berlin"]),
            ..args(&["mail:read"], &[], &[])
        }),
        told(MintArgs {
            narrow: Narrowing::default().with(&flags::NOT_BEFORE, ["tomorrow"]),
            ..args(&["mail:read"], &[], &[])
        }),
    ];
    insta::assert_snapshot!(errors.join("\n--\n"));
}

#[test]
fn what_has_no_effect_is_covered_by_no_grant() {
    let mut request = request("mail.messages.list");
    request.effects = Effects::NONE;
    assert_eq!(answer(&mint(&args(&["mail.*"], &[], &[])), request, &Context::default()).0, "deny");
}

#[test]
fn waiting_is_advised_only_where_a_budget_is_all_that_stands_against_it() {
    let limited = |allow: &str, checks: &[&str]| {
        let narrow =
            Narrowing::default().with(&flags::LIMIT, ["mail:read=2"]).with(&flags::CHECK, strings(checks));
        verify(&mint(&MintArgs { narrow, ..args(&[allow], &[], &[]) })).unwrap()
    };
    for (pass, exhausted) in [
        (limited("mail.*", &[]), true),
        (limited("mail.*", &[r#"check if method("PUT")"#]), false),
        (limited("mail:write", &[]), false),
    ] {
        let used = [(pass.limits()[0].budget.clone(), 2.into())].into();
        let context = Context { used, ..Context::default() };
        let Decided::Deny(refused) = decide(&pass, request("mail.messages.list"), &context, NOW) else {
            panic!("no use is left");
        };
        assert_eq!(refused.exhausted(), exhausted, "{:?}", refused.reasons());
    }
}
