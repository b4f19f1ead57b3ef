//! The environment of a command that runs under a pass: what it gets, and what is removed.
//!
//! By default, no variable is set that a program would send to another place than the gateway. A program that reads
//! `GITHUB_TOKEN` may know no other base URL than GitHub's. So that variable is set only if a person asks for it.

use std::collections::BTreeMap;
use std::str::FromStr;

use datalog::{ConnectionName, ServiceName};
use secrecy::{ExposeSecret as _, SecretString};

use super::credentials::is_credential;
use crate::app::{ConnectionInfo, Minted};
use crate::cli::failure::Failure;
use crate::config::Environment;
use crate::nearest::nearest;

/// `NAME=WHAT`.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    name: String,
    what: VariableUse,
}

#[derive(Debug, Clone)]
enum VariableUse {
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
            None if what == "pass" => VariableUse::Pass,
            None if what == "gateway" => VariableUse::Gateway,
            Some(("url", connection)) => VariableUse::Url(connection.parse().map_err(|_| expected())?),
            _ => return Err(expected()),
        };
        if !is_name(name) {
            return Err(expected());
        }
        Ok(Self { name: name.to_owned(), what })
    }
}

/// The name of a variable that stays.
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

/// Whether a text is a variable's name (POSIX, section 8.1).
fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_letter) && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// The pass of a command, and the gateway for it.
pub(super) struct GatewayAndPass {
    pub pass: SecretString,
    pub gateway: String,
    /// The base URLs, by the connection's name.
    pub base_urls: BTreeMap<String, String>,
}

impl GatewayAndPass {
    /// Returns the pass that was minted for the command, with the gateway for it.
    pub(super) fn of(minted: &Minted, known: &[ConnectionInfo]) -> Result<Self, Failure> {
        let own: Vec<&ConnectionInfo> =
            known.iter().filter(|one| minted.info.connections.contains(&one.name)).collect();
        let gateway = own.first().and_then(|one| one.base_url.strip_suffix(&format!("/{}", one.name)));
        let gateway =
            gateway.ok_or_else(|| Failure::failed("the authority did not say where the gateway is"))?;
        let base_urls = own.iter().map(|one| (one.name.to_string(), base_url(one).to_owned())).collect();
        Ok(Self { pass: SecretString::from(minted.pass.as_str()), gateway: gateway.to_owned(), base_urls })
    }
}

/// The environment of a command.
pub(super) struct Variables(BTreeMap<String, SecretString>);

impl Variables {
    pub(super) fn of(
        reach: &GatewayAndPass,
        further: &[Variable],
        no_proxy: Option<&str>,
    ) -> Result<Self, Failure> {
        let GatewayAndPass { pass, gateway, base_urls } = reach;
        let mut all = BTreeMap::new();
        let mut set = |name: String, value: &str| all.insert(name, SecretString::from(value));
        set("HALLPASS_PASS".into(), pass.expose_secret());
        set("HALLPASS_GATEWAY".into(), gateway);
        for (name, url) in base_urls {
            set(url_variable(name), url);
        }
        let direct = without_proxy(no_proxy, gateway);
        set("NO_PROXY".into(), &direct);
        set("no_proxy".into(), &direct);
        for variable in further {
            let value = match &variable.what {
                VariableUse::Pass => pass.expose_secret(),
                VariableUse::Gateway => gateway,
                VariableUse::Url(name) => {
                    base_urls.get(name.as_str()).ok_or_else(|| not_in_it(name, base_urls))?
                }
            };
            set(variable.name.clone(), value);
        }
        Ok(Self(all))
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), SecretString::from(value));
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &SecretString)> {
        self.0.iter()
    }
}

/// Returns the variable of a connection's URL: `HALLPASS_GMAIL_WORK_URL` for `gmail-work`.
pub(super) fn url_variable(connection: &str) -> String {
    format!("HALLPASS_{}_URL", connection.to_ascii_uppercase().replace('-', "_"))
}

/// Returns the base URL of a connection. Its own port works with more SDKs than a path on the common port.
fn base_url(one: &ConnectionInfo) -> &str {
    one.own_base_url.as_ref().unwrap_or(&one.base_url)
}

fn not_in_it(name: &ConnectionName, own: &BTreeMap<String, String>) -> Failure {
    let names = || own.keys().map(String::as_str);
    let failure = Failure::usage(format!("the pass has no connection `{name}`"));
    match nearest(name.as_str(), names()) {
        Some(near) => failure.or_hint(format_args!("did you mean `url:{near}`?")),
        None => failure.or_hint(format_args!("it has {}", names().collect::<Vec<_>>().join(", "))),
    }
}

/// Returns the variables that the command should not find: credentials of any service, and Hallpass's own.
pub(super) fn withheld(connected: &[ServiceName], kept: &[Keep], environment: &Environment) -> Vec<String> {
    let is_kept = |name: &str| kept.iter().any(|keep| keep.0 == name);
    let all = environment.names.iter().filter(|name| is_credential(name, connected) && !is_kept(name));
    all.cloned().collect()
}

/// Returns the addresses to reach without a proxy: those that were set, this machine, and the gateway. A proxy in
/// between would read the pass, and would send the request from a machine where the pass is worth nothing.
fn without_proxy(before: Option<&str>, gateway: &str) -> String {
    let host = gateway.split_once("://").map_or(gateway, |(_, rest)| rest);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    let mut all: Vec<&str> = before.into_iter().flat_map(|text| text.split(',')).map(str::trim).collect();
    all.retain(|one| !one.is_empty());
    for one in ["127.0.0.1", "localhost", "::1", host] {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all.join(",")
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
    fn no_proxy_stands_between_a_command_and_the_gateway() {
        assert_eq!(without_proxy(None, "http://127.0.0.1:7411"), "127.0.0.1,localhost,::1");
        assert_eq!(
            without_proxy(Some("corp.example, localhost,"), "http://10.0.0.5:7411"),
            "corp.example,localhost,127.0.0.1,::1,10.0.0.5"
        );
        assert_eq!(without_proxy(None, "http://[fd00::1]:7411"), "127.0.0.1,localhost,::1,fd00::1");
    }

    #[test]
    fn what_is_hallpass_s_own_cannot_be_kept() {
        assert!("GITHUB_TOKEN".parse::<Keep>().is_ok());
        assert!("HALLPASS_GMAIL_CLIENT_SECRET".parse::<Keep>().is_err());
    }
}
