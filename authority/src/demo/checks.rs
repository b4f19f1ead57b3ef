//! The checks after the story, on what it left behind: the log, the provider's own record of requests, the bytes that
//! the agents received, and the mailbox.
//!
//! Each check first makes sure that there is something to check, so that no check passes for want of something to
//! check.

use anyhow::ensure;

use super::agent::Agent;
use super::cast::Cast;
use super::provider::{SeenRequest, Tally, holds};
use crate::app::LogQuery;
use crate::audit::Entry;
use crate::demo::playing::{Observed, Playing};

/// How every pass begins. No request to a provider may hold this.
const PASS_PREFIX: &str = "hallpass_";
const MAIL_PATH: &str = "/gmail/v1/";

pub(super) fn audit(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let app = cast.stage.app();
        // After this the counted refusals are on record too.
        app.close().await;
        let verified = app.verify_log().await?;
        if let Some(bad) = verified.first_bad {
            anyhow::bail!("record {} is not good: {}", bad.seq, bad.because);
        }
        let records = app.log(LogQuery { limit: Some(1000), ..LogQuery::default() }).await?;
        let count = |kind: fn(&Entry) -> bool| records.iter().filter(|record| kind(&record.entry)).count();
        let allowed = count(|entry| matches!(entry, Entry::Intent(_)));
        // Refusals without a valid pass come alone and in counts.
        let numbers = records.iter().map(|record| match &record.entry {
            Entry::Refusal(_) => 1,
            Entry::Counted(counted) => counted.more,
            _ => 0,
        });
        let refused = usize::try_from(numbers.sum::<u64>())?;
        let (were_allowed, were_refused) =
            cast.agents().fold((0, 0), |(done, refused), agent| (done + agent.done, refused + agent.refused));
        ensure!(allowed == were_allowed, "{were_allowed} requests were allowed and {allowed} are in the log");
        ensure!(refused == were_refused, "{were_refused} requests were refused and {refused} are in the log");
        let all = verified.records;
        Ok(Observed::done(format!("{all} records, one chain: {allowed} requests allowed, {refused} refused")))
    })
}

pub(super) fn upstream_saw_no_pass(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let passes: Vec<&str> = cast.agents().map(Agent::pass).collect();
        let (seen, secrets) = (cast.stage.provider.seen(), cast.stage.provider.secrets());
        let for_mail = no_pass_in(&seen, &passes, &secrets)?;
        let all = seen.len();
        Ok(Observed::done(format!(
            "{all} requests searched; the {for_mail} for mail each had the real token"
        )))
    })
}

/// Looks for passes in the requests that the provider saw. Returns how many requests for mail had exactly one real
/// token.
fn no_pass_in(seen: &[SeenRequest], passes: &[&str], secrets: &[String]) -> anyhow::Result<usize> {
    for request in seen {
        let said = format!("{} {}", request.method, request.target);
        ensure!(!request.contains(PASS_PREFIX.as_bytes()), "`{said}` holds a pass");
        for pass in passes {
            let bare = pass.trim_start_matches(PASS_PREFIX).as_bytes();
            ensure!(!request.contains(bare), "`{said}` holds a pass without its prefix");
        }
    }
    let tokens: Vec<String> = secrets.iter().map(|token| format!("Bearer {token}")).collect();
    let for_mail: Vec<&SeenRequest> = seen.iter().filter(|seen| seen.target.starts_with(MAIL_PATH)).collect();
    ensure!(!for_mail.is_empty(), "the mail service saw no request at all");
    for request in &for_mail {
        let given: Vec<&[u8]> = request.header("authorization").collect();
        let real = matches!(given.as_slice(), [one] if tokens.iter().any(|token| token.as_bytes() == *one));
        ensure!(real, "`{} {}` did not carry one real token", request.method, request.target);
    }
    Ok(for_mail.len())
}

pub(super) fn agents_saw_no_token(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let secrets = cast.stage.provider.secrets();
        // There are at least the client's secret, a code, an access token and a refresh token.
        ensure!(secrets.len() >= 4, "the provider gave out too little to look for");
        let mut bytes = 0;
        for agent in cast.agents() {
            ensure!(!agent.received().is_empty(), "an agent received nothing");
            no_secret_in(agent.received(), &secrets)?;
            bytes += agent.received().len();
        }
        let count = secrets.len();
        Ok(Observed::done(format!("{bytes} bytes searched for {count} secrets of the account")))
    })
}

fn no_secret_in(received: &[u8], secrets: &[String]) -> anyhow::Result<()> {
    let shown = secrets.iter().any(|secret| holds(received, secret.as_bytes()));
    ensure!(!shown, "an agent was shown a token");
    Ok(())
}

pub(super) fn no_harm_was_done(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let tally = cast.stage.provider.tally();
        let expected = Tally { messages: 12, drafts: 1, sent: 0, deleted: 0, forwarding_addresses: 0 };
        ensure!(tally == expected, "expected {expected:?}, got {tally:?}");
        Ok(Observed::done("12 mails and 1 draft; nothing sent, deleted or forwarded"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASS: &str = "hallpass_AbC123-_xyz";
    const TOKEN: &str = "demo-access-1";

    fn secrets() -> Vec<String> {
        vec![TOKEN.to_owned()]
    }

    fn mail(authorization: &[&str]) -> SeenRequest {
        let headers = authorization.iter().map(|value| ("authorization", *value));
        SeenRequest::made("/gmail/v1/users/me/messages", headers, "{}")
    }

    #[test]
    fn a_pass_that_reaches_the_provider_is_found_wherever_it_stands() {
        let real = format!("Bearer {TOKEN}");
        let good = mail(&[&real]);
        assert_eq!(no_pass_in(std::slice::from_ref(&good), &[PASS], &secrets()).unwrap(), 1);
        let bare = "AbC123-_xyz";
        for bad in [
            SeenRequest::made(
                &format!("/gmail/v1/x?access_token={bare}"),
                [("authorization", real.as_str())],
                "",
            ),
            SeenRequest::made("/other", [("referer", PASS)], ""),
            SeenRequest::made("/other", [], &format!("{{\"a\":\"{bare}\"}}")),
        ] {
            assert!(no_pass_in(&[good.clone(), bad], &[PASS], &secrets()).is_err());
        }
    }

    #[test]
    fn a_request_for_mail_without_exactly_one_real_token_is_found() {
        for authorization in [&[][..], &["Bearer else"], &["Bearer demo-access-1", "Bearer demo-access-1"]] {
            assert!(no_pass_in(&[mail(authorization)], &[PASS], &secrets()).is_err(), "{authorization:?}");
        }
        assert!(no_pass_in(&[], &[PASS], &secrets()).is_err(), "nothing was there to look at");
    }

    #[test]
    fn a_token_among_the_bytes_of_an_agent_is_found() {
        assert!(no_secret_in(b"x: y\n{}", &secrets()).is_ok());
        assert!(no_secret_in(b"x: y\n{\"echo\":\"Bearer demo-access-1\"}", &secrets()).is_err());
    }
}
