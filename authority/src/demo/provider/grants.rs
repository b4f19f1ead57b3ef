//! Codes, tokens and grants: the OAuth server's state, without HTTP and without a clock.
//!
//! A code is good once and for a minute; a second use revokes what the first one gave. A refresh token is
//! good once; a second use revokes the whole grant (RFC 9700, section 4.14.2).

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::rules::{Authorization, Refusal};

const CODE_LIFETIME: Duration = Duration::from_secs(60);

pub(super) struct DemoGrants {
    access_token_lifetime: Duration,
    /// The authorization requests whose consent page waits for an answer.
    tickets: HashMap<String, Authorization>,
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    /// The state of each grant, by its number.
    grants: Vec<GrantState>,
    issued: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum GrantState {
    Good,
    Revoked,
}

struct Code {
    authorization: Authorization,
    made: Instant,
    /// The grant that the code was exchanged for.
    used_for: Option<usize>,
}

struct Access {
    grant: usize,
    expires: Instant,
}

struct Refresh {
    grant: usize,
    scope: String,
    used: CodeUse,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CodeUse {
    Never,
    Once,
}

/// The answer of the token endpoint.
pub(super) struct TokenAnswer {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) expires_in: Duration,
    pub(super) scope: String,
}

impl DemoGrants {
    pub(super) fn new(access_token_lifetime: Duration) -> Self {
        Self {
            access_token_lifetime,
            tickets: HashMap::new(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            grants: Vec::new(),
            issued: Vec::new(),
        }
    }

    /// Keeps a well-formed authorization request for its consent page. Returns the ticket, which the page's form holds.
    pub(super) fn ask(&mut self, authorization: Authorization) -> Result<String, Refusal> {
        let ticket = unguessable("ticket-")?;
        self.tickets.insert(ticket.clone(), authorization);
        Ok(ticket)
    }

    /// Takes the request whose consent page was answered.
    pub(super) fn answered(&mut self, ticket: &str) -> Result<Authorization, Refusal> {
        self.tickets.remove(ticket).ok_or(Refusal::request("this consent page was answered already"))
    }

    /// Returns the code for a request that the person consented to.
    pub(super) fn code(&mut self, authorization: Authorization, now: Instant) -> Result<String, Refusal> {
        let code = self.issue("demo-code-")?;
        self.codes.insert(code.clone(), Code { authorization, made: now, used_for: None });
        Ok(code)
    }

    /// Exchanges a code for tokens.
    pub(super) fn redeem(
        &mut self,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
        now: Instant,
    ) -> Result<TokenAnswer, Refusal> {
        let known = self.codes.get(code).ok_or(Refusal::grant("no such code"))?;
        if let Some(grant) = known.used_for {
            self.revoke_grant(grant);
            return Err(Refusal::grant("the code was used before; its grant is revoked"));
        }
        if now.duration_since(known.made) > CODE_LIFETIME {
            return Err(Refusal::grant("the code is older than a minute"));
        }
        if known.authorization.redirect_uri.as_str() != redirect_uri {
            return Err(Refusal::grant("redirect_uri is not the one of the authorization request"));
        }
        if challenge(verifier) != known.authorization.challenge {
            return Err(Refusal::grant("code_verifier does not fit the code_challenge"));
        }
        let scope = known.authorization.scope.clone();
        let grant = self.grants.len();
        self.grants.push(GrantState::Good);
        if let Some(code) = self.codes.get_mut(code) {
            code.used_for = Some(grant);
        }
        self.tokens(grant, scope, now)
    }

    /// Exchanges a refresh token for new tokens. The old refresh token is used up.
    pub(super) fn refresh(&mut self, token: &str, now: Instant) -> Result<TokenAnswer, Refusal> {
        let known = self.refresh.get_mut(token).ok_or(Refusal::grant("no such refresh token"))?;
        let (grant, scope) = (known.grant, known.scope.clone());
        if std::mem::replace(&mut known.used, CodeUse::Once) == CodeUse::Once {
            self.revoke_grant(grant);
            return Err(Refusal::grant("the refresh token was used before; its grant is revoked"));
        }
        if self.standing(grant) == GrantState::Revoked {
            return Err(Refusal::grant("the grant was revoked"));
        }
        self.tokens(grant, scope, now)
    }

    /// Revokes the grant of an access or a refresh token. An unknown token is no error (RFC 7009).
    pub(super) fn revoke(&mut self, token: &str) {
        let access = self.access.get(token).map(|access| access.grant);
        if let Some(grant) = access.or_else(|| self.refresh.get(token).map(|refresh| refresh.grant)) {
            self.revoke_grant(grant);
        }
    }

    /// Whether an access token opens the mailbox.
    pub(super) fn opens(&self, token: &str, now: Instant) -> bool {
        self.access
            .get(token)
            .is_some_and(|access| now < access.expires && self.standing(access.grant) == GrantState::Good)
    }

    /// Returns every code and token that was ever given out.
    pub(super) fn issued(&self) -> &[String] {
        &self.issued
    }

    fn tokens(&mut self, grant: usize, scope: String, now: Instant) -> Result<TokenAnswer, Refusal> {
        let access = self.issue("demo-access-")?;
        let refresh = self.issue("demo-refresh-")?;
        let expires = now + self.access_token_lifetime;
        self.access.insert(access.clone(), Access { grant, expires });
        self.refresh.insert(refresh.clone(), Refresh { grant, scope: scope.clone(), used: CodeUse::Never });
        Ok(TokenAnswer { access, refresh, expires_in: self.access_token_lifetime, scope })
    }

    fn issue(&mut self, prefix: &str) -> Result<String, Refusal> {
        let value = unguessable(prefix)?;
        self.issued.push(value.clone());
        Ok(value)
    }

    fn standing(&self, grant: usize) -> GrantState {
        self.grants.get(grant).copied().unwrap_or(GrantState::Revoked)
    }

    fn revoke_grant(&mut self, grant: usize) {
        if let Some(standing) = self.grants.get_mut(grant) {
            *standing = GrantState::Revoked;
        }
    }
}

/// Returns `prefix` and 128 random bits.
pub(super) fn unguessable(prefix: &str) -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Returns the S256 challenge of a verifier (RFC 7636, section 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}
