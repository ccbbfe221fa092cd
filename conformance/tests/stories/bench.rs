//! The pages of the homologation bench: opened, driven and read by a commune's agent, with a browser and without scripts; what
//! the request and its review show of it.

use std::time::Duration;

use conformance::audit;
use conformance::browser::{Axe, Browser, Scripts};
use conformance::citizen::Page;
use conformance::commune::Commune;
use conformance::gateway::Imported;
use conformance::hasty_site::{self, Neglect};
use conformance::homologation::Credentials;
use conformance::or_skip;
use conformance::partner::{self, Partner};
use conformance::process::Signals;
use conformance::site::{free_port, listen};
use conformance::workspace;

use super::partners::{LYON, Space};
use super::people::look;
use crate::journey::{expect, within};

/// A run with a token endpoint that is silent, and a library that is asked again for keys.
const LONG: Duration = Duration::from_secs(150);

/// Registers a service of the sandbox whose site is at `base`: its `client_id`.
async fn service(partner: &mut Partner, (callback, bye): (&str, &str)) -> String {
    let path = format!("/espace/organisations/{LYON}/services");
    let page = expect(partner.open(&path).await.unwrap(), "service-new");
    let fields = [("name", "Cantine scolaire"), ("redirects", callback), ("logout_redirects", bye)];
    let shown = partner.press(&page, "form[data-step=make-sandbox] button", &fields).await.unwrap();
    audit::secret(&expect(shown.clone(), "service-secret").text("[data-client-secret]").unwrap());
    shown.text("[data-client-id]").unwrap()
}

/// Opens a run: the page with what the site is set up with.
async fn opened(partner: &mut Partner, client: &str, fields: &[(&str, &str)]) -> Page {
    let list = format!("/espace/services/{client}/banc");
    let page = within(Duration::from_secs(5), "the service is known", async || {
        let page = partner.open(&list).await.unwrap();
        (page.name().as_deref() == Some("space-bench")).then_some(page)
    })
    .await;
    let form = "form[data-step=open-bench] button";
    expect(partner.press(&page, form, fields).await.unwrap(), "space-bench-run")
}

fn credentials(issuer: String, client_id: String, client_secret: String) -> Credentials {
    audit::secret(&client_secret);
    Credentials { issuer, client_id, client_secret }
}

/// Drives an open run to its report.
async fn driven(partner: &mut Partner, open: &Page) -> Page {
    let under_way = partner.press(open, "form[data-step=drive-bench] button", &[]).await.unwrap();
    let place = expect(under_way, "space-bench-run").url.path().to_owned();
    within(LONG, "the report", async || {
        let page = partner.open(&place).await.unwrap();
        (page.attribute("main", "data-stage").unwrap() == "reported").then_some(page)
    })
    .await
}

/// A request of the commune, as a draft: its name.
async fn request(partner: &mut Partner) -> String {
    let list = partner.open(&format!("/espace/organisations/{LYON}/demandes")).await.unwrap();
    let made = partner.press(&list, "form[data-step=new] button", &[]).await.unwrap();
    made.url.path().split('/').nth(3).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_with_a_fault_is_told_what_to_fix_without_a_script_and_its_request_shows_it() {
    let space = Space::open().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let listener = listen(0).await.unwrap();
    let base = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let at = |path: &str| format!("{base}{path}");
    let client = service(&mut nadia, (&at("/callback"), &at("/bye"))).await;
    let (start, home, logout) = (at("/login"), at("/"), at("/logout"));
    let fields = [("start", start.as_str()), ("page", &home), ("logout", &logout), ("logout_by", "post")];

    // What nobody can drive is said beside the field, and what was typed is still there.
    let wrong = [("start", "http://10.0.0.1/"), ("page", home.as_str()), ("logout", "")];
    let page = within(Duration::from_secs(5), "the service is known", async || {
        let page = nadia.open(&format!("/espace/services/{client}/banc")).await.unwrap();
        (page.name().as_deref() == Some("space-bench")).then_some(page)
    })
    .await;
    let refused = nadia.press(&page, "form[data-step=open-bench] button", &wrong).await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.has("#start-wrong")), (422, true), "{}", refused.body);
    assert_eq!(refused.attribute("#page", "value").unwrap(), home);

    let open = opened(&mut nadia, &client, &fields).await;
    let text = |selector: &str| open.text(selector).unwrap();
    let own = credentials(text("[data-issuer]"), text("[data-client-id]"), text("[data-client-secret]"));
    let _site = hasty_site::serve(listener, &base, own.clone(), Some(Neglect::Audience)).await.unwrap();
    let report = driven(&mut nadia, &open).await;
    let outcomes = |outcome: &str| report.count(&format!("li[data-outcome={outcome}]"));
    assert_eq!((outcomes("passed"), outcomes("failed"), outcomes("not_made")), (28, 1, 2), "{}", report.body);
    let red = "li[data-check=audience][data-outcome=failed]";
    assert!(report.text(red).unwrap().contains("client_id"), "{}", report.body);
    assert!(report.has(&format!("{red} [data-seen]")) && report.has(&format!("{red} details pre")));
    assert!(!report.body.contains(&own.client_secret), "a report is shown to others");
    assert!(!report.has("script") && report.text("[data-count]").unwrap().starts_with("28 "), "{}", report.body);

    // The request shows it among those that do not count: the hosts of its production are others.
    let run = report.url.path().rsplit('/').next().unwrap().to_owned();
    let id = request(&mut nadia).await;
    let shown = nadia.open(&format!("/espace/demandes/{id}")).await.unwrap();
    let line = format!("[data-bench=open] [data-others] [data-report='{run}'][data-outcome=failed]");
    assert!(shown.has(&line), "{}", shown.body);
    let whole = expect(nadia.open(&format!("/espace/demandes/{id}/banc/{run}")).await.unwrap(), "space-bench-run");
    assert!(whole.has(red) && !whole.has("[data-client-secret]"), "{}", whole.body);
    // Whoever reads requests reads it, and nobody else.
    let mut rita = space.operator("Rita", &["reporter"]).await;
    let read = rita.open(&format!("/espace/demandes/{id}/banc/{run}")).await.unwrap();
    assert!(expect(read, "space-bench-run").has(red));
    let file = rita.open(&format!("/espace/demandes/{id}/banc/{run}/rapport.json")).await.unwrap();
    assert!(file.body.contains("\"hosts\":[\"localhost\"]") && !file.body.contains(&own.client_secret));
    let mut chloe = space.founder("Chloe", super::partners::TOULOUSE).await;
    let theirs = request_elsewhere(&mut chloe).await;
    for path in [format!("/espace/demandes/{id}/banc/{run}"), format!("/espace/demandes/{theirs}/banc/{run}")] {
        assert_eq!(chloe.open(&path).await.unwrap().status.as_u16(), 404, "{path}");
    }
    // Hosts of the internet are driven for those alone who are known to belong to whom they are said to be of.
    let csrf = nadia.csrf().await.unwrap();
    let url = format!("{}/espace/demandes/{id}/banc", space.origin);
    let body = format!("csrf={csrf}&start=https%3A%2F%2Fwww.lyon.fr%2F&page=https%3A%2F%2Fwww.lyon.fr%2F");
    let early = nadia.agent.browser.post_from(&space.origin, &url, &body).await.unwrap();
    assert_eq!(early.refusal(), "partner.organisation_unverified");
}

async fn request_elsewhere(partner: &mut Partner) -> String {
    let path = format!("/espace/organisations/{}/demandes", super::partners::TOULOUSE);
    let list = partner.open(&path).await.unwrap();
    let made = partner.press(&list, "form[data-step=new] button", &[]).await.unwrap();
    made.url.path().split('/').nth(3).unwrap().to_owned()
}

/// The whole way in a real browser, with the example commune of the SDK.
async fn a_green_run(language: &'static str) {
    let browser = or_skip!(Browser::start_in(language, Scripts::On).await);
    let axe = Axe::find().ok();
    let axe = axe.as_ref();
    let space = Space::open().await;
    let name = |page: &str| format!("space-{page}-{language}");
    let at = |path: &str| format!("{}{path}", space.origin);
    browser.authenticator().await.unwrap();
    browser.open(&at("/espace/inscription")).await.unwrap();
    browser.fill("input[name=mail]", &partner::mail("Nadia")).await.unwrap();
    browser.press("form[data-step=sign-up] button").await.unwrap();
    browser.see("main[data-page=space-sent]").await.unwrap();
    browser.open(&space.link_to("Nadia", 0).await).await.unwrap();
    browser.fill("input[name=person]", "Nadia Benali").await.unwrap();
    browser.press("form[data-step=register] button").await.unwrap();
    browser.see("main[data-page=space-sign-in]").await.unwrap();
    browser.press("form[data-step=sign-in] button").await.unwrap();
    browser.see("main[data-page=space-home]").await.unwrap();
    browser.open(&at("/espace/organisations/nouvelle")).await.unwrap();
    browser.fill("input[name=siret]", LYON).await.unwrap();
    browser.press("form[data-step=new-organisation] button").await.unwrap();
    browser.press("form[data-step=confirm-organisation] button").await.unwrap();

    let site = format!("http://localhost:{}", free_port());
    browser.open(&at(&format!("/espace/organisations/{LYON}/services"))).await.unwrap();
    browser.fill("input[name=name]", "Cantine scolaire").await.unwrap();
    browser.fill("textarea[name=redirects]", &format!("{site}/callback")).await.unwrap();
    browser.fill("textarea[name=logout_redirects]", &format!("{site}/logged-out")).await.unwrap();
    browser.press("form[data-step=make-sandbox] button").await.unwrap();
    browser.see("main[data-page=service-secret]").await.unwrap();
    audit::secret(&browser.text("[data-client-secret]").await.unwrap());
    let client = browser.text("[data-client-id]").await.unwrap();
    let installation = space.scene.gateway.installation();
    installation.until(&client, conformance::gateway::Standing::Served).await.unwrap();

    browser.open(&at(&format!("/espace/services/{client}"))).await.unwrap();
    browser.press("a[href$='/banc']").await.unwrap();
    browser.fill("input[name=start]", &format!("{site}/login")).await.unwrap();
    browser.fill("input[name=page]", &format!("{site}/espace")).await.unwrap();
    browser.fill("input[name=logout]", &format!("{site}/logout")).await.unwrap();
    look(&browser, axe, &name("bench"), "space-bench").await;
    browser.press("form[data-step=open-bench] button").await.unwrap();
    let (issuer, id) =
        (browser.text("[data-issuer]").await.unwrap(), browser.text("dd [data-client-id]").await.unwrap());
    let own = credentials(issuer, id, browser.text("[data-client-secret]").await.unwrap());
    look(&browser, axe, &name("bench-open"), "space-bench-run").await;
    let client = Imported { client_id: own.client_id.clone(), client_secret: Some(own.client_secret.clone()) };
    let program = &workspace::programs().await.unwrap().commune;
    let _commune = Commune::start(program, &site, &own.issuer, &client, Signals::Shared).await.unwrap();
    browser.press("form[data-step=drive-bench] button").await.unwrap();
    // The page renews itself: nothing is asked of who waits.
    within(LONG, "the report", async || browser.see("main[data-stage=reported]").await.ok()).await;
    browser.see("li[data-check=logout][data-outcome=passed]").await.unwrap();
    browser.see("li[data-check=cancelled][data-outcome=passed]").await.unwrap();
    browser.see("li[data-check=level_lower][data-outcome=passed]").await.unwrap();
    let count = browser.text("[data-count]").await.unwrap();
    assert!(count.starts_with("29 "), "{count}: the sandbox registers no address for notices of logouts");
    look(&browser, axe, &name("bench-report"), "space-bench-run").await;

    browser.open(&at(&format!("/espace/organisations/{LYON}/demandes"))).await.unwrap();
    browser.press("form[data-step=new] button").await.unwrap();
    let block = browser.address().await.unwrap();
    let request = block.path().rsplit_once('/').unwrap().0.to_owned();
    browser.open(&at(&request)).await.unwrap();
    browser.see("[data-bench=open] [data-others]").await.unwrap();
    look(&browser, axe, &name("request-bench"), "request").await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commune_s_site_goes_green_in_a_real_browser_in_french() {
    a_green_run("fr").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commune_s_site_goes_green_in_a_real_browser_in_english() {
    a_green_run("en").await;
}
