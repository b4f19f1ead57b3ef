//! The settings of a gateway, with their defaults.
//!
//! They are only limits and deadlines: no setting turns a check off. Nothing here reads a file or the environment. The
//! caller who starts the gateway fills them in.

use std::time::Duration;

/// The set-up of a gateway.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Names that agents may use for the gateway, beside loopback and the listener's address: lower case, without a
    /// port. A request with any other `Host` is refused, which stops DNS rebinding.
    pub names: Vec<String>,
    /// Serving threads, each with its own runtime; 0 means one for each core, at most eight.
    pub threads: usize,
    /// How many verified passes are remembered.
    pub passes: usize,
    pub mcp: McpConfig,
    pub limits: Limits,
}

/// How MCP clients are served.
#[derive(Debug, Clone)]
pub struct McpConfig {
    /// How long a call waits for a person before its agent is told to call again.
    pub hold: Duration,
    /// The longest answer of a tool, in characters. A longer one is cut, and says so.
    pub result: usize,
    pub tools: ToolsShown,
}

/// How the tools of a pass are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolsShown {
    /// All of them, unless they are too many for a client.
    Auto,
    All,
    /// Three tools that find, describe and call the others.
    Find,
}

/// Bounds and deadlines.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest request body, in bytes. One byte more is refused.
    pub body: usize,
    /// Request bodies held at one time, in bytes, over all connections.
    pub bodies: usize,
    /// Answers under review held at one time, in bytes, over all connections: enough for at least one.
    pub answers: usize,
    /// Look-ups for one lineage within a minute.
    pub look_ups: u64,
    /// The largest request head, in bytes.
    pub head: usize,
    pub headers: usize,
    /// Open connections from agents, over all threads.
    pub connections: usize,
    /// Connections of one peer that wait for the head of a request. Beyond this number the oldest ends, once it has
    /// waited for `half_open_grace`.
    pub half_open: usize,
    pub half_open_grace: Duration,
    /// Requests that are held open until a person answers.
    pub held: usize,
    /// For an idle connection: from an answer to the head of the next request.
    pub head_read: Duration,
    /// For a request's head: from its first byte to its last, and for a connection's first head from the opening.
    pub head_whole: Duration,
    /// For a request's whole body.
    pub body_read: Duration,
    /// For the rest of a body whose pass is refused. The gateway drops these bytes unread.
    pub discard: Duration,
    /// For connecting to the service.
    pub connect: Duration,
    /// From sending the request to the first byte of its answer.
    pub first_byte: Duration,
    /// Between two pieces of an answer, from the service and to the agent.
    pub idle: Duration,
    /// After an outcome that the agent does not know. For this long the gateway does not send an identical request
    /// again, if it does more than read.
    pub once: Duration,
    /// For all look-ups of one request before its decision.
    pub look: Duration,
    /// For memory to hold an answer under review, before its request leaves.
    pub turn: Duration,
    /// For one call of the authority: a lease, a budget, an audit record.
    pub authority: Duration,
    /// From the order to stop until running requests are cut off.
    pub drain: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            threads: 0,
            passes: 10_000,
            mcp: McpConfig::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for McpConfig {
    fn default() -> Self {
        Self { hold: Duration::from_secs(50), result: 45_000, tools: ToolsShown::Auto }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 10 * 1024 * 1024,
            bodies: 256 * 1024 * 1024,
            answers: 256 * 1024 * 1024,
            look_ups: 120,
            head: 64 * 1024,
            headers: 100,
            connections: 1024,
            half_open: 128,
            half_open_grace: Duration::from_secs(1),
            held: 512,
            head_read: Duration::from_secs(60),
            head_whole: Duration::from_secs(15),
            body_read: Duration::from_secs(60),
            discard: Duration::from_secs(2),
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(300),
            once: Duration::from_secs(600),
            look: Duration::from_secs(10),
            turn: Duration::from_secs(10),
            authority: Duration::from_secs(45),
            drain: Duration::from_secs(10),
        }
    }
}
