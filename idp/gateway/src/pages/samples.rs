//! Every page in every state, with a plain or a hostile cast. The tests render them all; so does whoever wants to look.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::response::Response;
use domain::claims::claim::Claim;
use domain::claims::release::{AmrAsked, Asked, GrantedScopes, Identity};
use domain::claims::scopes::Scope;
use domain::client::{Client, Label, Registered};
use domain::cnie::indicators::{CommuneCount, Count, Durations, Indicators, Month, Targets};
use domain::habilitation::grant::NotLive;
use domain::id::{ClientId, HabilitationId, ProviderId, SignInId};
use domain::identity::account::NotAdmitted;
use domain::identity::civil::NotConfirmed;
use domain::identity::pivot::{Birthdate, Pivot, RawPivot};
use domain::language::Language;
use domain::level::Level;
use domain::oidc::sharing::Reach;
use domain::people::commune::{Commune, CommuneCode, CommuneState};
use domain::people::name::Name;
use domain::time::Timestamp;
use http::StatusCode;
use serde_json::json;

use super::assets::{Assets, Look};
use super::brand::{Brand, Colour, Support};
use super::choose::{Banner, Choose, Shut, Usable, WhyShut};
use super::ended::{Ended, HowEnded};
use super::front::Front;
use super::holder;
use super::indicators::Figures;
use super::inform::{Consent, DataProvider, Inform};
use super::logout::{ConfirmLogout, Leaving, LoggedOut, Session};
use super::problem::{Problem, WhatWentWrong};
use super::refused::{Refused, WhyRefused};
use super::wait::Wait;
use super::withdrawn::Withdrawn;
use super::{Page, Service, View as _};

fn colour(text: &str) -> Colour {
    Colour::parse(text).expect("a colour")
}

/// The green of a wooded bank and the yellow of broom.
pub(crate) fn look<'a>() -> Look<'a> {
    Look {
        name: Label { fr: "Passerelle".to_owned(), en: "Passerelle".to_owned() },
        support: Support::parse("mailto:assistance@passerelle.example").ok(),
        site: "https://passerelle.example",
        colour: colour("#12554a"),
        accent: colour("#e2a936"),
        logo: None,
        theme: None,
    }
}

/// The shipped brand.
pub(crate) fn brand() -> Brand {
    Assets::load(look()).expect("built in").1
}

/// Who appears on the pages.
pub(crate) struct Cast {
    service: Label,
    providers: Vec<(ProviderId, Label)>,
    identity: Identity,
    code: String,
    occurrence: String,
}

fn label(fr: &str, en: &str) -> Label {
    Label { fr: fr.to_owned(), en: en.to_owned() }
}

impl Cast {
    /// The people and services of the demo.
    pub(crate) fn plain() -> Self {
        Self::new(&[
            ("impots", "Impôts", "Tax account"),
            ("assurance-maladie", "Assurance maladie", "Health insurance"),
            ("poste", "La poste", "The post"),
            ("mobile", "Opérateur mobile", "Mobile operator"),
            ("msa", "Mutuelle agricole", "Agricultural mutual"),
            ("identite-numerique", "Carte et visage", "Card and face"),
        ])
    }

    fn new(providers: &[(&str, &str, &str)]) -> Self {
        Self {
            service: label("Ville de Val-Fleuri", "Town of Val-Fleuri"),
            providers: providers
                .iter()
                .map(|(id, fr, en)| (ProviderId::parse(id).expect("plain"), label(fr, en)))
                .collect(),
            identity: Identity {
                pivot: Pivot::parse(&RawPivot {
                    family_name: Some("DUBOIS"),
                    given_name: Some("Angela Claire Louise"),
                    birthdate: Some("1962-08-24"),
                    gender: Some("female"),
                    birthplace: Some("75107"),
                    birthcountry: Some("99100"),
                })
                .expect("complete"),
                provider_birthdate: Birthdate::parse("1962-08-24").expect("a date"),
                preferred_username: None,
                email: "angela@exemple.fr".to_owned(),
                provider: ProviderId::parse("impots").expect("plain"),
                card: None,
            },
            code: "registry_unavailable".to_owned(),
            occurrence: "7Q2M-9KXD-41HV".to_owned(),
        }
    }

    /// The same roles, played by an attacker: `text` stands wherever a text can.
    pub(crate) fn hostile(text: &str) -> Self {
        let mut cast = Self::plain();
        cast.service = label(text, text);
        for (_, title) in &mut cast.providers {
            *title = label(text, text);
        }
        text.clone_into(&mut cast.identity.email);
        cast.identity.preferred_username = Some(text.to_owned());
        text.clone_into(&mut cast.code);
        text.clone_into(&mut cast.occurrence);
        cast
    }

    fn title(&self, at: usize) -> &Label {
        &self.providers[at].1
    }
}

fn granted(scope: &str) -> GrantedScopes {
    let metadata = json!({
        "client_name": "V", "redirect_uris": ["https://v.example/"], "scope": scope, "passerelle": {"claims": ["amr"]},
    });
    let client = Client::from_metadata(&metadata, || ClientId::parse("v").expect("plain")).expect("fine");
    let (id, now) = (HabilitationId::from_random([7; 16]), Timestamp::from_epoch(0));
    let registered = Registered::operated(client, None, id, now);
    let live = registered.live(now, &Arc::default()).expect("in force");
    let scopes: BTreeSet<Scope> = scope.split(' ').filter_map(Scope::parse).collect();
    let amr = if scope.contains("amr") { AmrAsked::Yes } else { AmrAsked::No };
    GrantedScopes::intersect(&Asked { scopes, amr, ..Asked::default() }, &live)
}

/// Renders every page in every state. `csrf` stands in every form.
pub(crate) fn all(brand: &Brand, language: Language, cast: &Cast, csrf: &str) -> Vec<(String, Response)> {
    let page = Page::new(brand, language).switch_at("/signin/0123456789abcdefABCDEF/choose");
    let sign_in = SignInId::parse("0123456789abcdefABCDEF").expect("22 characters");
    let mut pages = Vec::new();
    choosers(page, &sign_in, cast, csrf, &mut pages);
    informs(page, &sign_in, cast, csrf, &mut pages);
    refusals(page, &sign_in, cast, csrf, &mut pages);
    super::desk_samples::all(page, &cast.title(0).fr, csrf, &mut pages);
    let mut add = |name: &str, response: Response| pages.push((name.to_owned(), response));
    add("wait", Wait { page, sign_in: &sign_in, service: &cast.service }.answer(StatusCode::OK));
    let service = Some(Service { name: &cast.service, link: Some("https://val-fleuri.example/") });
    for (name, how) in [
        ("finished", HowEnded::Finished),
        ("cancelled", HowEnded::Cancelled),
        ("expired", HowEnded::Expired),
        ("cookie-lost", HowEnded::CookieLost),
    ] {
        let service = if how == HowEnded::CookieLost { None } else { service };
        add(&format!("ended-{name}"), Ended { page, how, service }.answer(StatusCode::OK));
    }
    for (name, what) in [
        ("unknown-service", WhatWentWrong::UnknownService),
        ("unknown-return", WhatWentWrong::UnknownReturnAddress),
        ("bad-request", WhatWentWrong::BadRequest),
        ("unexpected-return", WhatWentWrong::UnexpectedReturn),
        ("stale-form", WhatWentWrong::StaleForm),
        ("not-found", WhatWentWrong::NotFound),
        ("wrong-method", WhatWentWrong::WrongMethod),
        ("too-many-requests", WhatWentWrong::TooManyRequests),
        ("unavailable", WhatWentWrong::Unavailable),
        ("unknown-link", WhatWentWrong::UnknownLink),
        ("late-link", WhatWentWrong::LateLink),
        ("no-request", WhatWentWrong::NoRequest),
    ] {
        let problem = Problem { page, what, code: &cast.code, occurrence: &cast.occurrence, service };
        add(&format!("problem-{name}"), problem.answer(StatusCode::BAD_REQUEST));
    }
    cards(page, cast, csrf, &mut add);
    let fields = [("id_token_hint", cast.code.as_str()), ("state", cast.occurrence.as_str())];
    let confirm = ConfirmLogout { page, csrf, fields: &fields, service: Some(&cast.service) };
    add("confirm-logout", confirm.answer(StatusCode::OK));
    add("leaving", Leaving { page, provider: &cast.service, to: "https://fournisseur.example/fin?a=1&b=2" }.go_on());
    add("logged-out", LoggedOut { page, session: Session::Closed, service }.answer(StatusCode::OK));
    add("logged-out-kept", LoggedOut { page, session: Session::Kept, service: None }.answer(StatusCode::OK));
    let (page, targets) = (Page::new(brand, language).switch_at("/indicateurs"), targets());
    for (name, figures) in [("figures", figures(&cast.service.fr)), ("figures-none", Indicators::of(&nothing()))] {
        add(name, Figures { page, counted: &figures, targets: &targets }.answer(StatusCode::OK));
    }
    pages
}

fn cards(page: Page<'_>, cast: &Cast, csrf: &str, add: &mut impl FnMut(&str, Response)) {
    let until = Timestamp::from_epoch(1_798_761_600);
    add("holder-home", holder::Home { page }.answer(StatusCode::OK));
    add("front", Front { page, cards: false, figures: None, desk: None }.answer(StatusCode::OK));
    let (figures, desk) = (Some("/indicateurs"), Some("https://guichet.example"));
    add("front-all", Front { page, cards: true, figures, desk }.answer(StatusCode::OK));
    for (name, question) in
        [("confirm", holder::Question::Confirm), ("leave", holder::Question::Leave), ("stay", holder::Question::Stay)]
    {
        add(&format!("holder-ask-{name}"), holder::Ask { page, question, csrf }.answer(StatusCode::OK));
    }
    for (name, what) in [
        ("link-sent", holder::Done::LinkSent),
        ("confirmed", holder::Done::Confirmed),
        ("closed", holder::Done::Closed),
        ("leaves", holder::Done::Leaves(until)),
        ("stays", holder::Done::Stays),
        ("over", holder::Done::Over),
    ] {
        add(&format!("holder-told-{name}"), holder::Told { page, what }.answer(StatusCode::OK));
    }
    let sent = (cast.code.as_str(), cast.identity.email.as_str());
    for (name, sent, wrong) in [
        ("empty", ("", ""), None),
        ("number", sent, Some(holder::Wrong::Number)),
        ("mail", sent, Some(holder::Wrong::Mail)),
    ] {
        add(&format!("holder-loss-{name}"), holder::Loss { page, csrf, sent, wrong }.answer(StatusCode::OK));
    }
    // The token was read before: it is base64url.
    let token = "AQEBAQEBAQEBAQEBAQEBAQECAgICAgICAgICAgICAgICAms2y4A";
    for (name, simulator) in [("", false), ("-simulator", true)] {
        let request = holder::Request { page, token, until, simulator };
        add(&format!("holder-request{name}"), request.answer(StatusCode::OK));
    }
}

/// What the rollout of the samples aims at.
pub(crate) fn targets() -> Targets {
    Targets {
        communes_enrolled: Some(1_000),
        communes_certifying: Some(600),
        departements: Some(101),
        agents_trained: Some(2_000),
        identities_created: Some(100_000),
        identities_certified: Some(50_000),
        median_seconds: Some(180),
    }
}

/// 22 November 2026, before anything was counted.
fn nothing() -> Count {
    let at = Timestamp::from_epoch(1_795_348_800);
    let (by_month, durations) = Default::default();
    Count { at, communes: Vec::new(), created: 0, certified: 0, by_month, durations }
}

/// The figures of four communes, one of them of this name.
pub(crate) fn figures(name: &str) -> Indicators {
    let mut count = nothing();
    let certifying = CommuneState::Certifying { from: Timestamp::from_epoch(0) };
    for (code, name, state, certifications) in [
        ("26362", name, certifying, 3),
        ("26281", "Romans", certifying, 230),
        ("2A004", "Ajaccio", certifying, 900),
        ("07186", "Privas", CommuneState::Enrolled, 0),
    ] {
        let code = CommuneCode::parse(code).expect("a code");
        let name = Name::parse(name).unwrap_or_else(|_| Name::parse("Val-Fleuri").expect("a name"));
        count.communes.push(CommuneCount { commune: Commune { code, name, state }, trained: 2, certifications });
    }
    (count.created, count.certified) = (1_234, 900);
    count.by_month =
        [(8, 700), (9, 300), (11, 133)].map(|(month, number)| (Month { year: 2026, month }, number)).into();
    let mut durations = Durations::default();
    durations.add(150, 400);
    durations.add(190, 500);
    durations.add(900, 20);
    count.durations = [(CommuneCode::parse("2A004").expect("a code"), durations)].into();
    Indicators::of(&count)
}

fn choosers(page: Page<'_>, sign_in: &SignInId, cast: &Cast, csrf: &str, pages: &mut Vec<(String, Response)>) {
    let usable = |range: std::ops::Range<usize>| {
        cast.providers[range].iter().map(|(id, title)| Usable { id, title, logo: None }).collect::<Vec<_>>()
    };
    let shut = |list: &[(usize, WhyShut)]| {
        list.iter()
            .map(|(at, why)| Shut { id: &cast.providers[*at].0, title: cast.title(*at), logo: None, why: *why })
            .collect::<Vec<_>>()
    };
    let first = cast.title(0);
    let every_reason = [
        (1, WhyShut::LevelTooLow),
        (2, WhyShut::NotForThisService),
        (3, WhyShut::Unavailable),
        (4, WhyShut::BlockedByCitizen),
        (5, WhyShut::SwitchedOff),
    ];
    let low = [(0, WhyShut::LevelTooLow), (1, WhyShut::LevelTooLow), (3, WhyShut::LevelTooLow)];
    for (name, asked, usable, shut, banner) in [
        ("all", Level::Low, usable(0..6), vec![], None),
        ("high", Level::High, usable(5..6), shut(&low), None),
        ("shut", Level::Substantial, usable(0..1), shut(&every_reason), Some(Banner::Unreachable(cast.title(3)))),
        ("cancelled", Level::Low, usable(0..6), vec![], Some(Banner::Cancelled(first))),
        ("failed", Level::Low, usable(0..6), vec![], Some(Banner::Failed(first))),
        ("gone", Level::Low, usable(1..6), shut(&low[..1]), Some(Banner::NoLongerOffered)),
        ("none", Level::High, vec![], shut(&every_reason), None),
    ] {
        let view = Choose { page, sign_in, csrf, service: &cast.service, asked, usable, shut, banner };
        pages.push((format!("choose-{name}"), view.answer(StatusCode::OK)));
    }
}

fn informs(page: Page<'_>, sign_in: &SignInId, cast: &Cast, csrf: &str, pages: &mut Vec<(String, Response)>) {
    let every_claim = "openid identite_pivot preferred_username email amr idp_id idp_birthdate rnipp_identite_pivot \
                       dgfip_rfr dgfip_aft dgfip_nbpart droits_assurance_maladie";
    let scopes = |names: &str| names.split(' ').filter_map(Scope::parse).collect();
    let data_providers = [
        DataProvider {
            name: cast.service.clone(),
            reach: Reach { datatypes: scopes("dgfip_rfr dgfip_aft"), told: vec![Claim::FamilyName, Claim::GivenName] },
        },
        DataProvider { name: cast.title(0).clone(), reach: Reach { datatypes: scopes(""), told: Vec::new() } },
    ];
    for (name, scope, consent) in [
        ("data-providers", "openid profile dgfip_rfr dgfip_nbpart", Consent::NotAsked),
        ("data-providers-alone", "openid", Consent::Asked),
        ("public", "openid profile email birth", Consent::NotAsked),
        ("everything", every_claim, Consent::NotAsked),
        ("anonymous", "openid", Consent::NotAsked),
        ("consent", "openid given_name family_name email dgfip_aft", Consent::Asked),
        ("consent-missing", "openid given_name family_name email dgfip_aft", Consent::Missing),
    ] {
        let granted = granted(scope);
        let view = Inform {
            page,
            sign_in,
            csrf,
            service: &cast.service,
            provider: cast.title(0),
            identity: &cast.identity,
            granted: &granted,
            data_providers: if name.starts_with("data-providers") { &data_providers } else { &[] },
            consent,
            offline_days: (consent != Consent::NotAsked).then_some(7),
        };
        pages.push((format!("inform-{name}"), view.answer(StatusCode::OK)));
    }
    debug_assert!(granted(every_claim).claims().contains(&Claim::RnippGivenNameArray));
}

fn refusals(page: Page<'_>, sign_in: &SignInId, cast: &Cast, csrf: &str, pages: &mut Vec<(String, Response)>) {
    for (name, why) in [
        ("single-echo", WhyRefused::NotConfirmed(NotConfirmed::SingleEcho)),
        ("several", WhyRefused::NotConfirmed(NotConfirmed::Several)),
        ("married-name", WhyRefused::NotConfirmed(NotConfirmed::MarriedName)),
        ("not-found", WhyRefused::NotConfirmed(NotConfirmed::NotFound)),
        ("rejected", WhyRefused::NotConfirmed(NotConfirmed::Rejected)),
        ("deceased", WhyRefused::NotConfirmed(NotConfirmed::Deceased)),
        ("registry", WhyRefused::RegistryUnavailable),
        ("frozen", WhyRefused::NotAdmitted(NotAdmitted::Frozen)),
        ("blocked", WhyRefused::NotAdmitted(NotAdmitted::ProviderBlocked)),
        ("identity", WhyRefused::InvalidIdentity),
        ("level", WhyRefused::LevelNotMet(Level::Substantial)),
        ("untrusted", WhyRefused::UntrustedAnswer),
        ("another", WhyRefused::AnotherPerson),
    ] {
        let (provider, provider_title) = (&cast.providers[0].0, cast.title(0));
        let (code, occurrence) = (cast.code.as_str(), cast.occurrence.as_str());
        let view =
            Refused { page, sign_in, csrf, service: &cast.service, provider, provider_title, why, code, occurrence };
        pages.push((format!("refused-{name}"), view.answer(StatusCode::FORBIDDEN)));
    }
    for (name, why) in [("over", NotLive::Revoked), ("for-now", NotLive::ServiceOff)] {
        let occurrence = cast.occurrence.as_str();
        let (service, code) = (&cast.service, cast.code.as_str());
        let view = Withdrawn { page, sign_in, csrf, service, why, code, occurrence };
        pages.push((format!("withdrawn-{name}"), view.answer(StatusCode::FORBIDDEN)));
    }
}
