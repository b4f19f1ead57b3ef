//! What can be set about a gateway, with its defaults.
//!
//! Bounds and deadlines only: nothing here turns a check off. It reads no file and no environment; whoever
//! starts the gateway fills it in.

use std::time::Duration;

/// How a gateway is set up.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Names that agents may call the gateway by, beside loopback and the address of the listener: lower case,
    /// without a port. A request with any other `Host` is refused, which is what stops DNS rebinding.
    pub names: Vec<String>,
    /// Threads that serve, each with a runtime of its own; 0 means one for each core, at most eight.
    pub threads: usize,
    /// Verified passes that are remembered.
    pub passes: usize,
    pub limits: Limits,
}

/// Bounds and deadlines.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest request body, in bytes. One byte more is refused.
    pub body: usize,
    /// Request bodies that are held at one time, in bytes, over all connections.
    pub bodies: usize,
    /// Answers under review that are held at one time, in bytes, over all connections: room for at least one.
    pub answers: usize,
    /// Look-ups for one lineage within a minute.
    pub look_ups: u64,
    /// The largest request head, in bytes.
    pub head: usize,
    pub headers: usize,
    /// Open connections from agents, over all threads.
    pub connections: usize,
    /// Requests that are held open until a person answers.
    pub held: usize,
    /// For a request's head, and for an idle connection.
    pub head_read: Duration,
    /// For a request's whole body.
    pub body_read: Duration,
    /// For the rest of a body that is not read because its pass is refused.
    pub discard: Duration,
    /// For reaching the upstream.
    pub connect: Duration,
    /// From the request being sent to the first byte of its answer.
    pub first_byte: Duration,
    /// Between two pieces of an answer, from the upstream and to the agent.
    pub idle: Duration,
    /// For all that is looked up about one request before it is decided on.
    pub look: Duration,
    /// For room to hold an answer that will be reviewed, before its request leaves.
    pub turn: Duration,
    /// For one call of the authority: a lease, a budget, an audit record.
    pub authority: Duration,
    /// From the order to stop until what still runs is cut off.
    pub drain: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self { names: Vec::new(), threads: 0, passes: 10_000, limits: Limits::default() }
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
            held: 512,
            head_read: Duration::from_secs(60),
            body_read: Duration::from_secs(60),
            discard: Duration::from_secs(2),
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(300),
            look: Duration::from_secs(10),
            turn: Duration::from_secs(10),
            authority: Duration::from_secs(45),
            drain: Duration::from_secs(10),
        }
    }
}
