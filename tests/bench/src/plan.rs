//! What is measured, and in which order: every subject once in every round, so that a noisy moment hits all of them.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use hyper::Method;

use crate::gateway::{self, Bed};
use crate::load::{DIGITS, Shot, fire};
use crate::nginx::Nginx;
use crate::process::Proxy;
use crate::report::Row;
use crate::stats::{Spread, percentile};
use crate::upstream;

/// How much is measured.
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) time: Duration,
    pub(crate) connections: Vec<usize>,
}

/// A proxy with a request to send through it.
struct Subject<'a> {
    name: &'static str,
    request: &'static str,
    proxy: &'a Proxy,
    shot: Shot,
}

/// One measurement.
struct Sample {
    cpu_us: f64,
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
    resident_kib: u64,
}

/// Samples of one subject at one number of connections, by round.
struct Series<'a, 'b> {
    subject: &'b Subject<'a>,
    connections: usize,
    samples: Vec<Sample>,
}

impl Plan {
    pub(crate) fn run(&self) -> anyhow::Result<Vec<Row>> {
        let upstream = upstream::start()?;
        let control = Proxy::start(&["control", &upstream.to_string()])?;
        let bed = Bed::make(upstream)?;
        let gateway = bed.serve()?;
        let nginx = Nginx::start(upstream)?;
        let mut proxies = vec![
            (CONTROL, &control, "", "any"),
            ("gateway, 1 block", &gateway, gateway::PREFIX, bed.one_block.as_str()),
            ("gateway, 4 blocks", &gateway, gateway::PREFIX, bed.four_blocks.as_str()),
        ];
        proxies.extend(nginx.as_ref().map(|nginx| ("nginx auth_request", &nginx.proxy, "", "any")));
        let mut subjects = subjects(&proxies);
        let shot = tool(&bed.one_block);
        subjects.push(Subject { name: "gateway, over MCP", request: "GET", proxy: &gateway, shot });
        let series = self.measure_all(&subjects)?;
        series.iter().map(|one| row(one, control_of(&series, one))).collect()
    }

    fn measure_all<'a, 'b>(&self, subjects: &'b [Subject<'a>]) -> anyhow::Result<Vec<Series<'a, 'b>>> {
        let mut all = Vec::new();
        for &connections in &self.connections {
            let series = |subject| Series { subject, connections, samples: Vec::new() };
            all.extend(subjects.iter().map(series));
        }
        for _ in 0..self.rounds {
            for series in &mut all {
                let sample = self.measure(series.subject, series.connections).with_context(|| {
                    let Subject { name, request, .. } = series.subject;
                    format!("{name}, {request}, {} connections", series.connections)
                })?;
                series.samples.push(sample);
            }
        }
        Ok(all)
    }

    fn measure(&self, subject: &Subject<'_>, connections: usize) -> anyhow::Result<Sample> {
        let mut before = Duration::ZERO;
        let volley = fire(subject.proxy.address, &subject.shot, connections, self.time, || {
            before = subject.proxy.cpu()?;
            Ok(())
        })?;
        let cpu = subject.proxy.cpu()?.saturating_sub(before);
        if let Some((status, body)) = volley.bad {
            bail!("answered {status}: {body}");
        }
        let mut latencies: Vec<f64> = volley.latencies.iter().map(|one| one.as_secs_f64() * 1e6).collect();
        latencies.sort_by(f64::total_cmp);
        let requests = latencies.len() as f64;
        Ok(Sample {
            cpu_us: cpu.as_secs_f64() * 1e6 / requests,
            per_second: requests / volley.elapsed.as_secs_f64(),
            p50_us: percentile(&latencies, 0.5).context("no request was answered")?,
            p99_us: percentile(&latencies, 0.99).context("no request was answered")?,
            resident_kib: subject.proxy.resident()?,
        })
    }
}

const CONTROL: &str = "hyper control";

type MakeShot = fn(&str, &str) -> Shot;

/// Every proxy with either request: its name, where it listens, the path before the upstream's, its pass.
fn subjects<'a>(proxies: &[(&'static str, &'a Proxy, &str, &str)]) -> Vec<Subject<'a>> {
    let requests: [(&'static str, MakeShot); 2] = [("GET", get), ("POST 4 KiB", post)];
    let both = requests.iter().flat_map(|(request, shot)| {
        proxies.iter().map(|(name, proxy, prefix, pass)| Subject {
            name,
            request,
            proxy,
            shot: shot(prefix, pass),
        })
    });
    both.collect()
}

/// The control's series that a series is compared with.
fn control_of<'s, 'a, 'b>(all: &'s [Series<'a, 'b>], one: &Series<'a, 'b>) -> Option<&'s Series<'a, 'b>> {
    all.iter().find(|other| {
        other.subject.name == CONTROL
            && other.subject.request == one.subject.request
            && other.connections == one.connections
    })
}

fn row(series: &Series<'_, '_>, control: Option<&Series<'_, '_>>) -> anyhow::Result<Row> {
    let control = control.context("nothing to compare with")?;
    let of = |figure: fn(&Sample) -> f64| {
        Spread::of(series.samples.iter().map(figure).collect()).context("no round was run")
    };
    let ratio = |figure: fn(&Sample) -> f64| {
        let pairs = series.samples.iter().zip(&control.samples);
        Spread::of(pairs.map(|(one, control)| figure(one) / figure(control)).collect())
            .context("no round was run")
    };
    Ok(Row {
        subject: series.subject.name,
        request: series.subject.request,
        connections: series.connections,
        cpu_us: of(|sample| sample.cpu_us)?,
        cpu_ratio: ratio(|sample| sample.cpu_us)?,
        per_second: of(|sample| sample.per_second)?,
        per_second_ratio: ratio(|sample| sample.per_second)?,
        p50_us: of(|sample| sample.p50_us)?,
        p50_ratio: ratio(|sample| sample.p50_us)?,
        p99_us: of(|sample| sample.p99_us)?,
        p99_ratio: ratio(|sample| sample.p99_us)?,
        resident_kib: series.samples.iter().map(|sample| sample.resident_kib).max().unwrap_or(0),
    })
}

fn get(prefix: &str, pass: &str) -> Shot {
    let path = format!("{prefix}/gmail/v1/users/me/messages?maxResults=16&q=is%3Aunread");
    Shot { method: Method::GET, path, pass: pass.to_owned(), body: Bytes::new(), number_at: 0 }
}

/// The same list as a call of its tool.
fn tool(pass: &str) -> Shot {
    let (head, number) = (r#"{"jsonrpc":"2.0","id":""#, "0".repeat(DIGITS));
    let call = r#"","method":"tools/call","params":{"name":"gmail_users_messages_list","arguments":{"maxResults":16,"q":"is:unread"}}}"#;
    let body = Bytes::from([head, &number, call].concat());
    Shot { method: Method::POST, path: "/mcp".into(), pass: pass.to_owned(), body, number_at: head.len() }
}

/// A draft whose JSON is 4 KiB.
fn post(prefix: &str, pass: &str) -> Shot {
    let path = format!("{prefix}/gmail/v1/users/me/drafts");
    let (head, tail) = (r#"{"message":{"raw":""#, r#""}}"#);
    let raw = "VG86IGRlc2tAZXhhbXBsZS5jb20NClN1YmplY3Q6IEhpDQoNCkJvZHkg".to_owned();
    let padding = 4096_usize.saturating_sub(head.len() + raw.len() + tail.len());
    let body = Bytes::from([head, &raw, &"QUFB".repeat(padding / 4), tail].concat());
    Shot { method: Method::POST, path, pass: pass.to_owned(), body, number_at: head.len() + raw.len() }
}
