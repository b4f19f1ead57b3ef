//! The environment of a command that runs under a pass: what it is given, and what is kept from it.
//!
//! Nothing is set by itself that a program would send anywhere but to the gateway: a `GITHUB_TOKEN` goes to GitHub wherever
//! its reader knows no other base URL, so whoever wants it there says so.

use std::collections::BTreeMap;
use std::str::FromStr;

use datalog::ConnectionName;
use secrecy::SecretString;

use crate::app::{ConnectionInfo, Minted};
use crate::cli::failure::Failure;
use crate::config::Environment;
use crate::nearest::nearest;

/// Where programs look for a credential of a service, by the beginning of the service's name.
const CREDENTIALS: [(&str, &[&str]); 5] = [
    ("github", &["GITHUB_TOKEN", "GH_TOKEN", "GITHUB_PERSONAL_ACCESS_TOKEN"]),
    ("slack", &["SLACK_TOKEN", "SLACK_BOT_TOKEN", "SLACK_USER_TOKEN", "SLACK_API_TOKEN"]),
    ("gmail", GOOGLE),
    ("google", GOOGLE),
    ("", &["HALLPASS_VAULT_KEY_FILE"]),
];
const GOOGLE: &[&str] =
    &["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"];

/// `NAME=WHAT`.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    name: String,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Pass,
    Gateway,
    Url(ConnectionName),
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || format!("expected NAME=pass, NAME=gateway or NAME=url:CONNECTION, got `{text}`");
        let (name, what) = text.split_once('=').ok_or_else(expected)?;
        let what = match what.split_once(':') {
            None if what == "pass" => What::Pass,
            None if what == "gateway" => What::Gateway,
            Some(("url", connection)) => What::Url(connection.parse().map_err(|_| expected())?),
            _ => return Err(expected()),
        };
        if !is_name(name) {
            return Err(expected());
        }
        Ok(Self { name: name.to_owned(), what })
    }
}

/// The name of a variable that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keep(String);

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match is_name(text) && !text.starts_with("HALLPASS_") {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("expected the name of a variable that is not Hallpass's own, got `{text}`")),
        }
    }
}

/// POSIX, section 8.1.
fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_letter) && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// What a command is given.
pub(super) struct Variables(BTreeMap<String, SecretString>);

impl Variables {
    pub(super) fn of(
        minted: &Minted,
        known: &[ConnectionInfo],
        further: &[Variable],
    ) -> Result<Self, Failure> {
        let own: Vec<&ConnectionInfo> = of_the_pass(minted, known).collect();
        let gateway = own.first().and_then(|one| one.base_url.strip_suffix(&format!("/{}", one.name)));
        let gateway =
            gateway.ok_or_else(|| Failure::failed("the authority did not say where the gateway is"))?;
        let mut all = BTreeMap::new();
        let mut set = |name: String, value: &str| all.insert(name, SecretString::from(value));
        set("HALLPASS_PASS".into(), &minted.pass);
        set("HALLPASS_GATEWAY".into(), gateway);
        for one in &own {
            let name = one.name.as_str().to_ascii_uppercase().replace('-', "_");
            set(format!("HALLPASS_{name}_URL"), base_url(one));
        }
        for variable in further {
            let value = match &variable.what {
                What::Pass => minted.pass.as_str(),
                What::Gateway => gateway,
                What::Url(name) => {
                    let one =
                        own.iter().find(|one| one.name == *name).ok_or_else(|| not_in_it(name, &own))?;
                    base_url(one)
                }
            };
            set(variable.name.clone(), value);
        }
        Ok(Self(all))
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &SecretString)> {
        self.0.iter()
    }
}

fn of_the_pass<'a>(
    minted: &'a Minted,
    known: &'a [ConnectionInfo],
) -> impl Iterator<Item = &'a ConnectionInfo> {
    known.iter().filter(|one| minted.info.connections.contains(&one.name))
}

/// A port of its own works with more SDKs than a path on the common one.
fn base_url(one: &ConnectionInfo) -> &str {
    one.own_base_url.as_ref().unwrap_or(&one.base_url)
}

fn not_in_it(name: &ConnectionName, own: &[&ConnectionInfo]) -> Failure {
    let names = || own.iter().map(|one| one.name.as_str());
    let failure = Failure::usage(format_args!("the pass has no connection `{name}`"));
    match nearest(name.as_str(), names()) {
        Some(near) => failure.or_hint(format_args!("did you mean `url:{near}`?")),
        None => failure.or_hint(format_args!("it has {}", names().collect::<Vec<_>>().join(", "))),
    }
}

/// The variables there are that the command is not to find: Hallpass's secrets, and the person's credentials of the services
/// that the pass is for.
pub(super) fn withheld(
    minted: &Minted,
    known: &[ConnectionInfo],
    kept: &[Keep],
    environment: &Environment,
) -> Vec<String> {
    let is_for =
        |service: &str| of_the_pass(minted, known).any(|one| one.service.as_str().starts_with(service));
    let is_credential = |name: &str| {
        CREDENTIALS.iter().any(|(service, names)| names.contains(&name) && is_for(service))
            || (name.starts_with("HALLPASS_") && name.ends_with("_CLIENT_SECRET"))
    };
    let is_kept = |name: &str| kept.iter().any(|keep| keep.0 == name);
    let all = environment.names.iter().filter(|name| is_credential(name) && !is_kept(name));
    all.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_a_name_and_one_of_three_things() {
        for good in ["GITHUB_TOKEN=pass", "_u=gateway", "URL=url:gmail-work"] {
            assert!(good.parse::<Variable>().is_ok(), "{good}");
        }
        for bad in
            ["GITHUB_TOKEN", "=pass", "1A=pass", "A B=pass", "A=secret", "A=url", "A=url:Gmail", "A=pass:x"]
        {
            assert!(bad.parse::<Variable>().unwrap_err().contains("expected NAME=pass"), "{bad}");
        }
    }

    #[test]
    fn what_is_hallpass_s_own_cannot_be_kept() {
        assert!("GITHUB_TOKEN".parse::<Keep>().is_ok());
        assert!("HALLPASS_GMAIL_CLIENT_SECRET".parse::<Keep>().is_err());
    }
}
