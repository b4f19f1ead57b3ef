//! Environment variables that hold a credential, and that a command under a pass should not find.
//!
//! A credential of any service is a way around every pass. Programs give these variables many names. A variable is
//! found by two things: the beginning of its name says whose it is, and a word in it means a credential. Keys of
//! language models stay, because agents need them. If the person connected that service, its key does not stay.

use datalog::ServiceName;
use datalog::catalog::marks::marks;

/// How variables' names begin, for services that agents act on and that the catalog does not have. The catalog's own
/// services name theirs in their overlays.
const SERVICES: [&str; 39] = [
    "AIRTABLE",
    "ASANA",
    "ATLASSIAN",
    "AZURE",
    "BITBUCKET",
    "BOX",
    "CLICKUP",
    "CLOUDSDK",
    "CONFLUENCE",
    "DISCORD",
    "DROPBOX",
    "FIGMA",
    "FORGEJO",
    "GCLOUD",
    "GCP",
    "GIT",
    "GITEA",
    "GITLAB",
    "GLAB",
    "HUBSPOT",
    "INTERCOM",
    "JIRA",
    "LINEAR",
    "MAILGUN",
    "MICROSOFT",
    "MSGRAPH",
    "O365",
    "OUTLOOK",
    "PAGERDUTY",
    "SALESFORCE",
    "SENDGRID",
    "SENTRY",
    "SF",
    "SHOPIFY",
    "STRIPE",
    "TELEGRAM",
    "TRELLO",
    "TWILIO",
    "ZENDESK",
];
/// Words of a name that mean a credential, or a file or an address that holds one.
const WORDS: [&str; 22] = [
    "APIKEY",
    "APITOKEN",
    "AUTH",
    "BEARER",
    "COOKIE",
    "COOKIES",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "JWT",
    "KEY",
    "KEYFILE",
    "OAUTH",
    "PASS",
    "PASSWORD",
    "PAT",
    "REFRESH",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "TOKENS",
    "WEBHOOK",
];
/// Ways to sign in whose names hold no such word.
const OTHERS: [&str; 4] = ["GIT_ASKPASS", "SSH_ASKPASS", "SSH_AUTH_SOCK", "SSH_AGENT_PID"];
/// Hallpass's own variables: where its home and keys are, and what an outer run gave.
const OWN: &str = "HALLPASS_";

/// Whether a variable of this name is kept from the command. `connected` are the services that the person has
/// connected.
pub(super) fn is_credential(name: &str, connected: &[ServiceName]) -> bool {
    let name = name.to_ascii_uppercase();
    if name.starts_with(OWN) || OTHERS.contains(&name.as_str()) {
        return true;
    }
    let own_word =
        |part: &str| marks().iter().any(|one| one.credential.variable_words.iter().any(|w| w == part));
    let has_word = name.split('_').any(|part| WORDS.contains(&part) || ends_in_word(part) || own_word(part));
    has_word && is_of_a_service(&name, connected)
}

/// Whether a name ends in such a word: `ACCESSTOKEN`, `APISECRET`.
fn ends_in_word(part: &str) -> bool {
    ["TOKEN", "SECRET", "APIKEY", "PASSWORD", "CREDENTIALS"].iter().any(|word| part.ends_with(word))
}

fn is_of_a_service(name: &str, connected: &[ServiceName]) -> bool {
    let first = name.split('_').next().unwrap_or(name);
    let is_known = |service: &str| first == service || (service.len() > 3 && first.starts_with(service));
    let is_connected = |service: &ServiceName| {
        let own = service.as_str().to_ascii_uppercase().replace('-', "_");
        name.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with('_'))
    };
    let of_catalog = marks().iter().flat_map(|service| &service.credential.variables);
    SERVICES.iter().any(|service| is_known(service))
        || of_catalog.into_iter().any(|service| is_known(service))
        || connected.iter().any(is_connected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_of_any_service_is_told_by_its_name() {
        for credential in [
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "GITHUB_PERSONAL_ACCESS_TOKEN",
            "GH_ENTERPRISE_TOKEN",
            "GITHUB_ENTERPRISE_TOKEN",
            "GITHUB_PAT",
            "GITHUB_APP_PRIVATE_KEY",
            "GITHUB_OAUTH_TOKEN",
            "github_token",
            "GHTOKEN",
            "SLACK_TOKEN",
            "SLACK_BOT_TOKEN",
            "SLACK_MCP_XOXP_TOKEN",
            "SLACK_MCP_XOXC_TOKEN",
            "SLACK_WEBHOOK_URL",
            "SLACK_SIGNING_SECRET",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_API_KEY",
            "GOOGLE_OAUTH_ACCESS_TOKEN",
            "GOOGLE_CLIENT_SECRET",
            "CLOUDSDK_AUTH_ACCESS_TOKEN",
            "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
            "GMAIL_CREDENTIALS_PATH",
            "GMAIL_OAUTH_PATH",
            "GDRIVE_CREDS_DIR",
            "NOTION_TOKEN",
            "NOTION_API_KEY",
            "STRIPE_SECRET_KEY",
            "STRIPE_API_KEY",
            "LINEAR_API_KEY",
            "GITLAB_PERSONAL_ACCESS_TOKEN",
            "JIRA_API_TOKEN",
            "SSH_AUTH_SOCK",
            "GIT_ASKPASS",
            "HALLPASS_HOME",
            "HALLPASS_GMAIL_CLIENT_SECRET",
            "HALLPASS_VAULT_KEY_FILE",
            "HALLPASS_PASS",
        ] {
            assert!(is_credential(credential, &[]), "{credential}");
        }
    }

    #[test]
    fn what_an_agent_needs_and_what_is_no_credential_stays() {
        for other in [
            "PATH",
            "HOME",
            "LANG",
            "ANTHROPIC_API_KEY",
            "OPENAI_API_KEY",
            "GITHUB_ACTIONS",
            "GITHUB_SHA",
            "GITHUB_REPOSITORY",
            "GIT_AUTHOR_NAME",
            "GIT_EDITOR",
            "GOOGLE_CLOUD_PROJECT",
            "SLACK_CHANNEL",
            "NOTION_VERSION",
            "KEYBOARD",
            "AUTHOR",
            "TOKENIZERS_PARALLELISM",
            "PASSWORD_STORE_DIR",
        ] {
            assert!(!is_credential(other, &[]), "{other}");
        }
    }

    #[test]
    fn a_service_that_was_connected_is_known_by_its_name() {
        let connected = ["openai".parse().unwrap(), "acme-crm".parse().unwrap()];
        assert!(is_credential("OPENAI_API_KEY", &connected));
        assert!(is_credential("ACME_CRM_TOKEN", &connected));
        assert!(!is_credential("OPENAI_BASE_URL", &connected));
        assert!(!is_credential("ACME_TOKEN", &connected));
    }
}
