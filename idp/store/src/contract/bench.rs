//! Cases for the runs of the homologation bench.

use domain::bench::check::Check;
use domain::bench::provider::{Provider, Registered, UserinfoForm};
use domain::bench::report::{About, Line, Outcome, Report};
use domain::bench::run::{Stage, Subject, Working};
use domain::bench::site::Site;
use domain::bench::trial::Shown;
use domain::bench::verdict::{Reason, Verdict};
use domain::habilitation::homologation::{Homologation, Summary};
use domain::id::{BenchRunId, ClientId, HabilitationRequestId};
use domain::jose::SigningAlgorithm;
use domain::organisation::siret::Siret;
use domain::time::{Lifetime, Timestamp};

use super::requests::granted_on;
use super::{CANARY, Offices, at_once, contains, dump, for_each_engine, now, random};
use crate::ephemeral::Put;
use crate::registry::{Changed, Registry};

for_each_engine!(offices: sqlite, postgres; {
    a_run_is_kept_and_changed_by_one_at_a_time,
    a_run_that_is_over_works_with_nothing,
    of_two_who_begin_a_run_one_does,
    a_report_ends_a_run_and_is_journalled,
    a_run_belongs_to_its_service,
    a_request_has_runs_of_its_own_and_an_organisation_all_its_reports,
    what_a_habilitation_rests_on_is_kept,
    what_is_over_for_long_is_erased,
    a_run_tells_nothing_to_who_reads_the_tables,
});

fn at(seconds: u32) -> Timestamp {
    now().plus(Lifetime::seconds(seconds))
}

fn service() -> Subject {
    Subject::Service(ClientId::parse(&format!("service-{}", BenchRunId::from_random(random()))).expect("an id"))
}

fn siret() -> Siret {
    Siret::parse("21690123100011").expect("a SIRET")
}

fn name(subject: &Subject) -> &str {
    match subject {
        Subject::Service(client) => client.as_str(),
        Subject::Request(request) => request.as_str(),
    }
}

fn working() -> Working {
    let url = |text: &str| text.parse().expect("an address");
    let site = Site {
        start: url(&format!("https://v.example/{CANARY}")),
        page: url("https://v.example/"),
        shown: Shown::FamilyName,
        redirect_uris: vec![url("https://v.example/cb")],
        post_logout: None,
        logout: None,
        notices: None,
    };
    let registered = Registered {
        redirect_uris: vec!["https://v.example/cb".to_owned()],
        post_logout_redirect_uris: Vec::new(),
        algorithm: SigningAlgorithm::Es256,
        userinfo: UserinfoForm::Json,
    };
    let provider = Provider::open("https://g.example/banc/x", registered, &[9; 32], now()).expect("keys");
    Working { site, provider }
}

async fn begun(registry: &Registry, id: &BenchRunId, at: Timestamp) {
    assert_eq!(registry.begin_bench_run(id, at).await.expect("answers"), Changed::Done);
}

async fn reported(registry: &Registry, id: &BenchRunId, service: &Subject) {
    assert_eq!(registry.report_bench_run(id, service, &report(), now()).await.expect("answers"), Changed::Done);
}

fn line() -> Line {
    Line::not_made(Check::Audience, Reason::OutOfTime)
}

fn report() -> Report {
    let about = About {
        gateway: "1".to_owned(),
        issuer: "https://g.example/banc/x".to_owned(),
        service: None,
        request: None,
        hosts: ["v.example".to_owned()].into(),
        start: format!("https://v.example/{CANARY}"),
        page: "https://v.example/".to_owned(),
        from: now(),
        until: at(60),
    };
    Report { about, lines: vec![line()] }
}

async fn opened(registry: &Registry, service: &Subject) -> BenchRunId {
    let id = BenchRunId::from_random(random());
    assert_eq!(
        registry.open_bench_run(&id, (service, Some(siret())), &working(), now()).await.expect("keeps"),
        Put::Fresh
    );
    id
}

async fn a_run_is_kept_and_changed_by_one_at_a_time(offices: Offices) {
    let id = opened(&offices.one, &service()).await;
    let secret = |working: &Working| working.provider.credentials().secret.to_owned();
    let (read, version) = offices.two.bench_working(&id, now()).await.expect("reads").expect("is there");
    assert_eq!((secret(&read), &read.site), (secret(&working()), &working().site));
    let both = (&offices.one, &offices.two);
    let outcomes = at_once(6, both, |registry, _| {
        let (id, read) = (id.clone(), read.clone());
        async move { registry.keep_bench_working(&id, (&read, version), now()).await.expect("answers") }
    });
    let done = outcomes.await.into_iter().filter(|outcome| *outcome == Changed::Done).count();
    assert_eq!(done, 1, "one of those who read the same version");
}

async fn a_run_that_is_over_works_with_nothing(offices: Offices) {
    let (one, service) = (&offices.one, service());
    let id = opened(one, &service).await;
    let (read, version) = one.bench_working(&id, at(3599)).await.expect("reads").expect("lasts an hour");
    assert!(one.bench_working(&id, at(3600)).await.expect("reads").is_none());
    let late = one.keep_bench_working(&id, (&read, version), at(3600)).await;
    assert_eq!(late.expect("answers"), Changed::Lost);
    assert_eq!(one.begin_bench_run(&id, at(3600)).await.expect("answers"), Changed::Lost);
    let other = opened(one, &service).await;
    assert!(one.bench_working(&id, at(1)).await.expect("reads").is_none(), "a service has one at a time");
    assert!(one.bench_working(&other, at(1)).await.expect("reads").is_some());
}

async fn of_two_who_begin_a_run_one_does(offices: Offices) {
    let id = opened(&offices.one, &service()).await;
    let both = (&offices.one, &offices.two);
    let outcomes = at_once(6, both, |registry, _| {
        let id = id.clone();
        async move { registry.begin_bench_run(&id, now()).await.expect("answers") }
    });
    assert_eq!(outcomes.await.into_iter().filter(|outcome| *outcome == Changed::Done).count(), 1);
}

async fn a_report_ends_a_run_and_is_journalled(offices: Offices) {
    let (one, service, report) = (&offices.one, service(), report());
    let id = opened(one, &service).await;
    let early = one.report_bench_run(&id, &service, &report, at(2)).await;
    assert_eq!(early.expect("answers"), Changed::Lost, "it was never under way");
    begun(one, &id, at(1)).await;
    one.keep_bench_line(&id, 1, &line()).await.expect("keeps");
    one.keep_bench_line(&id, 0, &Line { verdict: Verdict::Passed, ..line() }).await.expect("keeps");
    let run = offices.two.bench_run(&id, &service).await.expect("reads").expect("is there");
    assert_eq!((run.stage, run.reported, run.lines.len()), (Stage::UnderWay, None, 2));
    assert_eq!(run.lines[0].verdict, Verdict::Passed, "in their order");
    assert_eq!(one.report_bench_run(&id, &service, &report, at(2)).await.expect("answers"), Changed::Done);
    assert_eq!(one.report_bench_run(&id, &service, &report, at(2)).await.expect("answers"), Changed::Lost);
    let run = one.bench_run(&id, &service).await.expect("reads").expect("is there");
    let sealed = report.sealed();
    assert_eq!(
        (run.id, run.stage, run.reported),
        (id.clone(), Stage::Reported, Some((Outcome::Failed, sealed.hash.clone())))
    );
    assert_eq!(one.bench_report(&id, &service).await.expect("reads"), Some(sealed.text));
    assert!(one.bench_working(&id, at(3)).await.expect("reads").is_none(), "its keys are gone");
    let entries = one.entries(0, 1000).await.expect("reads");
    let told = entries.iter().filter(|entry| entry.kind == "bench_reported" && entry.details.contains(&sealed.hash));
    assert_eq!(told.filter(|entry| entry.details.contains(name(&service))).count(), 1);
}

async fn a_run_belongs_to_its_service(offices: Offices) {
    let (one, mine, other) = (&offices.one, service(), service());
    let id = opened(one, &mine).await;
    assert!(one.bench_run(&id, &other).await.expect("reads").is_none());
    assert_eq!(one.bench_report(&id, &other).await.expect("reads"), None);
    begun(one, &id, now()).await;
    assert_eq!(one.report_bench_run(&id, &other, &report(), now()).await.expect("answers"), Changed::Lost);
    assert_eq!(one.bench_runs(&mine).await.expect("reads").len(), 1);
    assert!(one.bench_runs(&other).await.expect("reads").is_empty());
}

async fn a_request_has_runs_of_its_own_and_an_organisation_all_its_reports(offices: Offices) {
    let (one, service) = (&offices.one, service());
    let request = Subject::Request(HabilitationRequestId::from_random(random()));
    let (of_service, of_request) = (opened(one, &service).await, opened(one, &request).await);
    assert!(one.bench_run(&of_request, &service).await.expect("reads").is_none());
    for (id, subject) in [(&of_service, &service), (&of_request, &request)] {
        assert!(one.reported_run(id, siret()).await.expect("reads").is_none(), "there is no report yet");
        begun(one, id, now()).await;
        reported(one, id, subject).await;
        let run = one.bench_run(id, subject).await.expect("reads").expect("is there");
        assert_eq!((&run.id, &run.subject), (id, subject));
        assert_eq!(one.bench_runs(subject).await.expect("reads").len(), 1);
        assert_eq!(one.reported_run(id, siret()).await.expect("reads").expect("is there").subject, *subject);
    }
    let stranger = Siret::parse("21310555400017").expect("a SIRET");
    assert!(one.reported_run(&of_request, stranger).await.expect("reads").is_none());
    let reports = offices.two.bench_reports_of(siret(), 1000).await.expect("reads");
    for (id, subject) in [(of_service, service), (of_request, request)] {
        let kept = reports.iter().find(|kept| kept.run == id).expect("is there");
        let summary = Summary::of(&report(), report().sealed().hash);
        assert_eq!((&kept.subject, &kept.summary), (&subject, &summary));
    }
    assert_eq!(one.bench_reports_of(stranger, 1000).await.expect("reads"), []);
}

async fn what_a_habilitation_rests_on_is_kept(offices: Offices) {
    let (one, service) = (&offices.one, service());
    let id = opened(one, &service).await;
    begun(one, &id, now()).await;
    let report = Report { lines: vec![Line { verdict: Verdict::Passed, ..line() }], ..report() };
    assert_eq!(one.report_bench_run(&id, &service, &report, now()).await.expect("answers"), Changed::Done);
    let on = Homologation::Reports(vec![Summary::of(&report, report.sealed().hash)]);
    let granted = granted_on(one, siret(), on.clone()).await;
    let kept = offices.two.habilitation(&granted).await.expect("reads").expect("is there");
    assert_eq!(kept.homologation, Some(on));
    one.erase_bench_runs(at(401 * 24 * 3600 + 1)).await.expect("erases");
    assert!(one.bench_run(&id, &service).await.expect("reads").is_some(), "a habilitation rests on it");
}

async fn what_is_over_for_long_is_erased(offices: Offices) {
    let (one, service) = (&offices.one, service());
    let left = opened(one, &service).await;
    let kept = opened(one, &service).await;
    begun(one, &kept, now()).await;
    one.keep_bench_line(&kept, 0, &line()).await.expect("keeps");
    reported(one, &kept, &service).await;
    let there = async |id: &BenchRunId| one.bench_run(id, &service).await.expect("reads").is_some();
    one.erase_bench_runs(at(24 * 3600)).await.expect("erases");
    assert!(there(&left).await && there(&kept).await);
    one.erase_bench_runs(at(25 * 3600 + 1)).await.expect("erases");
    assert!(!there(&left).await && there(&kept).await, "a report outlives the run");
    one.erase_bench_runs(at(401 * 24 * 3600 + 1)).await.expect("erases");
    assert!(!there(&kept).await);
}

async fn a_run_tells_nothing_to_who_reads_the_tables(offices: Offices) {
    const TABLES: &[&str] = &[
        "SELECT place || service || stage || name || COALESCE(working, '') || COALESCE(report, '') || COALESCE(summary, '') \
         FROM bench_runs",
        "SELECT place || sealed FROM bench_lines",
    ];
    let (one, service) = (&offices.one, service());
    let id = opened(one, &service).await;
    let open = dump(&offices, TABLES).await;
    begun(one, &id, now()).await;
    one.keep_bench_line(&id, 0, &line()).await.expect("keeps");
    reported(one, &id, &service).await;
    let after = dump(&offices, TABLES).await;
    for rows in [open, after] {
        assert!(contains(&rows, name(&service)), "it is looked for in the right place");
        assert!(!contains(&rows, CANARY) && !contains(&rows, id.as_str()));
    }
}
