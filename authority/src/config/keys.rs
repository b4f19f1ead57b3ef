//! Every key of `hallpass.toml`, once. From this table come the keys that are read, the keys that are refused, and the
//! file that `init` leaves.

/// The tables that the file can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Gateway,
    Authority,
    Store,
    Audit,
    Approvals,
    Mcp,
    Breaker,
    Notify,
    /// `[services.NAME]`
    Service,
    /// `[connections.NAME]`
    Connection,
}

/// One key.
pub(super) struct SettingKey {
    pub section: Section,
    pub name: &'static str,
    /// A value as the file has it. If the key has a default, this is the default.
    pub example: &'static str,
    pub doc: &'static str,
}

impl Section {
    pub(super) const ALL: [Self; 10] = [
        Self::Gateway,
        Self::Authority,
        Self::Store,
        Self::Audit,
        Self::Approvals,
        Self::Mcp,
        Self::Breaker,
        Self::Notify,
        Self::Service,
        Self::Connection,
    ];

    /// Returns the table's name in the file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Authority => "authority",
            Self::Store => "store",
            Self::Audit => "audit",
            Self::Approvals => "approvals",
            Self::Mcp => "mcp",
            Self::Breaker => "breaker",
            Self::Notify => "notify",
            Self::Service => "services",
            Self::Connection => "connections",
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Gateway => "[gateway]",
            Self::Authority => "[authority]",
            Self::Store => "[store]",
            Self::Audit => "[audit]",
            Self::Approvals => "[approvals]",
            Self::Mcp => "[mcp]",
            Self::Breaker => "[breaker]",
            Self::Notify => "[notify]",
            Self::Service => "[services.gmail]",
            Self::Connection => "[connections.gmail]",
        }
    }

    fn doc(self) -> &'static str {
        match self {
            Self::Gateway => "The gateway: agents talk to it.",
            Self::Authority => "The authority: people talk to its API and its console.",
            Self::Store => "The place of the database.",
            Self::Audit => "The data that is stored beside the audit log.",
            Self::Approvals => "The questions for people.",
            Self::Mcp => "The gateway for MCP clients, at /mcp.",
            Self::Notify => {
                "How Hallpass tells you that something waits for you, was stopped, or must be connected again."
            }
            Self::Breaker => "A pass that is refused this often is stopped until a person resumes it.",
            Self::Service => {
                "One table for each service: its addresses, and the OAuth client that you registered there. Keys that\n\
                 # you leave out keep the service's own values. Plain http is only for this machine."
            }
            Self::Connection => "One table for each connection.",
        }
    }
}

pub(super) const KEYS: [SettingKey; 32] = [
    SettingKey {
        section: Section::Gateway,
        name: "listen",
        example: "\"127.0.0.1:7411\"",
        doc: "Address and port. Port 0 takes a free one.",
    },
    SettingKey {
        section: Section::Gateway,
        name: "names",
        example: "[\"host.docker.internal\"]",
        doc: "Names that agents may use for it, beside localhost and its address. A request with any other Host is refused.",
    },
    SettingKey {
        section: Section::Authority,
        name: "listen",
        example: "\"127.0.0.1:7412\"",
        doc: "Address and port, on this machine only.",
    },
    SettingKey {
        section: Section::Authority,
        name: "keep_ended",
        example: "\"30d\"",
        doc: "How long ended passes are remembered, with their revocations and budgets.",
    },
    SettingKey {
        section: Section::Store,
        name: "path",
        example: "\"hallpass.db\"",
        doc: "The database's file, as seen from this folder. To move it, end the authority and move the file with it.",
    },
    SettingKey {
        section: Section::Audit,
        name: "facts",
        example: "\"all\"",
        doc: "The decisions whose facts are stored, sealed, for `explain` and `replay`: \"all\", \"refusals\" or \"none\".",
    },
    SettingKey {
        section: Section::Audit,
        name: "facts_for",
        example: "\"30d\"",
        doc: "How long they are stored.",
    },
    SettingKey {
        section: Section::Approvals,
        name: "keep",
        example: "\"1h\"",
        doc: "How long a question waits for an answer, and how long a yes to one request holds. Never longer than the pass.",
    },
    SettingKey {
        section: Section::Mcp,
        name: "hold",
        example: "\"50s\"",
        doc: "How long a call waits for a person, at most 5m. After that the agent is told to call again.",
    },
    SettingKey {
        section: Section::Mcp,
        name: "result",
        example: "45000",
        doc: "The longest answer of a tool, in characters. A longer one is cut between its items, and says so.",
    },
    SettingKey {
        section: Section::Mcp,
        name: "tools",
        example: "\"auto\"",
        doc: "The tools that a client sees: \"all\", \"find\" (three tools that find, describe and call them), or \"auto\" (all, up to 60).",
    },
    SettingKey {
        section: Section::Breaker,
        name: "denials",
        example: "5",
        doc: "The number of refusals, 1 to 1000, of requests with one of the effects.",
    },
    SettingKey {
        section: Section::Breaker,
        name: "within",
        example: "\"1m\"",
        doc: "The time within which they come.",
    },
    SettingKey {
        section: Section::Breaker,
        name: "effects",
        example: "[\"delete\"]",
        doc: "Effects that count: delete, share, send, admin, run and so on.",
    },
    SettingKey {
        section: Section::Notify,
        name: "webhook",
        example: "\"https://example.com/hallpass\"",
        doc: "The address for notices. They are signed as in Standard Webhooks (standardwebhooks.com), and repeated until taken.",
    },
    SettingKey {
        section: Section::Notify,
        name: "webhook_secret_file",
        example: "\"webhook_secret.txt\"",
        doc: "A file with the secret by which the receiver verifies them: whsec_ and base64 of 24 to 64 bytes; relative to this folder.",
    },
    SettingKey {
        section: Section::Notify,
        name: "command",
        example: "[\"notify-send\", \"Hallpass\"]",
        doc: "A command that runs for each notice, and reads it as JSON from standard input.",
    },
    SettingKey {
        section: Section::Service,
        name: "base_url",
        example: "\"http://127.0.0.1:4100\"",
        doc: "Where requests go instead of the service's own hosts: an emulator, a company's own host.",
    },
    SettingKey {
        section: Section::Service,
        name: "authorize_url",
        example: "\"http://127.0.0.1:4100/o/oauth2/v2/auth\"",
        doc: "The OAuth authorization endpoint.",
    },
    SettingKey {
        section: Section::Service,
        name: "token_url",
        example: "\"http://127.0.0.1:4100/oauth2/token\"",
        doc: "The OAuth token endpoint.",
    },
    SettingKey {
        section: Section::Service,
        name: "device_authorization_url",
        example: "\"http://127.0.0.1:4100/device/code\"",
        doc: "The device authorization endpoint (RFC 8628).",
    },
    SettingKey {
        section: Section::Service,
        name: "revoke_url",
        example: "\"http://127.0.0.1:4100/oauth2/revoke\"",
        doc: "The token revocation endpoint (RFC 7009).",
    },
    SettingKey {
        section: Section::Service,
        name: "redirect_uri",
        example: "\"https://me.example/callback\"",
        doc: "The address for the browser after consent, if the provider takes no http address. It must forward the browser.",
    },
    SettingKey {
        section: Section::Service,
        name: "userinfo_url",
        example: "\"http://127.0.0.1:4100/oauth2/v2/userinfo\"",
        doc: "The endpoint that says whose access token it is.",
    },
    SettingKey {
        section: Section::Service,
        name: "account_field",
        example: "\"email\"",
        doc: "The field of that answer that names the account.",
    },
    SettingKey {
        section: Section::Service,
        name: "issuer",
        example: "\"https://accounts.example.com\"",
        doc: "The OAuth issuer. If it is set, a callback without it as `iss` is refused (RFC 9207).",
    },
    SettingKey {
        section: Section::Service,
        name: "client_id",
        example: "\"1234.apps.example.com\"",
        doc: "The id of your OAuth client. Also HALLPASS_GMAIL_CLIENT_ID.",
    },
    SettingKey {
        section: Section::Service,
        name: "client_secret_file",
        example: "\"client_secret.json\"",
        doc: "A file with the client's secret alone, or Google's client_secret.json; relative to this folder.\n\
              # Also HALLPASS_GMAIL_CLIENT_SECRET. The secret itself is never in this file.",
    },
    SettingKey {
        section: Section::Service,
        name: "client_auth",
        example: "\"post\"",
        doc: "How the client sends its secret: \"post\" (in the form) or \"basic\" (in the header).",
    },
    SettingKey {
        section: Section::Service,
        name: "scopes",
        example: "[\"openid\", \"email\"]",
        doc: "The scopes to ask for.",
    },
    SettingKey {
        section: Section::Service,
        name: "refresh",
        example: "\"rotates\"",
        doc: "What a refresh does to the refresh token: \"keeps\" it, \"rotates\" it, or \"rotates-with-grace\" (the old\n\
              # one works a little longer).",
    },
    SettingKey {
        section: Section::Connection,
        name: "listen",
        example: "\"127.0.0.1:7421\"",
        doc: "The connection's own address and port, for SDKs that take no path in their base URL.",
    },
];

pub(super) fn names(section: Section) -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(move |key| key.section == section).map(|key| key.name)
}

/// Returns a file that sets nothing and lists all settings.
pub(super) fn default_file() -> String {
    let mut text = String::from("# Hallpass. Every key, with its default or an example.\n");
    for section in Section::ALL {
        text.push_str(&format!("\n# {}\n# {}\n", section.doc(), section.heading()));
        for key in KEYS.iter().filter(|key| key.section == section) {
            text.push_str(&format!("#\n# {}\n# {} = {}\n", key.doc, key.name, key.example));
        }
    }
    text
}
