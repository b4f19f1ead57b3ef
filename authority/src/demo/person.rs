//! The person of the story, who clicks on consent over HTTP.
//!
//! It reads the provider's page and posts its form, as a browser would. It calls no code of the provider.

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use url::Url;

use crate::app::ConnectFinish;

/// Opens `authorize_url`, allows the request, and returns the redirect's query.
pub(super) async fn consent(authorize_url: &str) -> anyhow::Result<ConnectFinish> {
    let here = Url::parse(authorize_url)?;
    let page = send(Method::GET, &here, &[]).await?;
    ensure!(page.status() == StatusCode::OK, "the consent page answered {}", page.status());
    let page = String::from_utf8(page.into_body().collect().await?.to_bytes().to_vec())?;
    let action = here.join(attribute(&page, "action").context("the consent page has no form")?)?;
    let name = attribute(&page, "type=\"hidden\" name").context("the form has no hidden field")?;
    let value = attribute(&page, "value").context("the hidden field has no value")?;
    let answer = send(Method::POST, &action, &[(name, value), ("answer", "allow")]).await?;
    ensure!(answer.status() == StatusCode::SEE_OTHER, "the consent was answered {}", answer.status());
    let location = answer.headers().get(LOCATION).context("the provider does not redirect")?;
    Ok(finish(&Url::parse(location.to_str()?)?))
}

async fn send(method: Method, url: &Url, form: &[(&str, &str)]) -> anyhow::Result<Response<Incoming>> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::from(body))?;
    client.request(request).await.context("the provider does not answer")
}

/// Returns the first `name="…"` of a page.
fn attribute<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    page.split_once(&format!("{name}=\""))?.1.split('"').next()
}

fn finish(redirect: &Url) -> ConnectFinish {
    let of = |name: &str| {
        redirect.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    };
    ConnectFinish {
        state: of("state").unwrap_or_default(),
        code: of("code"),
        iss: of("iss"),
        error: of("error"),
        ..ConnectFinish::default()
    }
}
