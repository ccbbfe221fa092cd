//! The list of a sector, fetched from the sector's own host when a client is registered (OIDC Registration §5).

use std::time::Duration;

use anyhow::Context as _;
use domain::client::{SectorList, SectorUri};
use http::Request;
use http::header::ACCEPT;

use super::bulkhead::Bulkhead;
use super::http::Http;

/// How long the call may take, to the last byte.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Fetches the list: under the egress rule, without redirects, within the bounds of the one HTTP client.
pub(crate) async fn list(http: &Http, uri: SectorUri) -> anyhow::Result<SectorList> {
    let place = || format!("sector_identifier_uri: {}", uri.url());
    let request = Request::get(uri.url().as_str()).header(ACCEPT, "application/json").body(Vec::new())?;
    let answer = Bulkhead::new(http.clone(), 1, TIMEOUT).fetch(request).await.with_context(place)?;
    let document: serde_json::Value = serde_json::from_slice(answer.body()).context("not JSON").with_context(place)?;
    let shown = uri.url().to_string();
    SectorList::read(uri, &document).with_context(|| format!("sector_identifier_uri: {shown}"))
}
