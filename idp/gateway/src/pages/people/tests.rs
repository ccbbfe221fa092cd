//! What holds for the pages of the desk's door: escaped, whole, with the one script where a passkey signs, and nowhere the
//! way to another site.

use axum::response::Response;
use domain::id::{AgentId, Kid, ReaderId};
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::language::Language;
use domain::people::agent::{Period, Roles, Terms};
use domain::people::commune::{CommuneCode, CommuneState};
use domain::people::name::{MailAddress, Name};
use domain::people::reader::ReaderKey;
use http::{HeaderMap, StatusCode, header};
use scraper::{Html, Selector};

use super::*;
use crate::pages::samples;

const NOW: Timestamp = Timestamp::from_epoch(1_787_567_100);

struct Cast {
    team: Team,
    readers: Vec<Reader>,
    passkeys: Vec<KeptPasskey>,
}

fn cast(name: &str) -> Cast {
    let name = Name::parse(name).expect("a name");
    let code = CommuneCode::parse("75056").expect("a code");
    let agent = |number: u8, state, authorised| Agent {
        id: AgentId::from_random([number; 16]),
        commune: code.clone(),
        name: name.clone(),
        mail: MailAddress::parse("a'b&c@exemple.fr").expect("an address"),
        terms: Terms { roles: Roles::of([Role::Agent, Role::CommuneAdmin]).expect("two"), trained: None, authorised },
        state,
        declared: domain::cnie::case::Declared::default(),
    };
    let period = Period::new(Timestamp::from_epoch(0), NOW.plus(domain::time::Lifetime::seconds(1))).ok();
    let agents = vec![
        agent(1, AgentState::Active, period),
        agent(2, AgentState::Active, None),
        agent(3, AgentState::Invited, None),
    ];
    let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    let reader = |number, state| Reader {
        id: ReaderId::from_random([number; 16]),
        commune: code.clone(),
        name: name.clone(),
        key: ReaderKey::of(key.public().document()).expect("P-256"),
        state,
        proved: None,
    };
    let passkey = |id: &[u8], last_used| KeptPasskey {
        id: PasskeyId::of(id),
        owner: AgentId::from_random([1; 16]),
        name: name.clone(),
        credential: "{}".to_owned(),
        added: NOW,
        last_used,
    };
    Cast {
        readers: vec![
            reader(1, ReaderState::Registered),
            reader(2, ReaderState::Withdrawn),
            reader(3, ReaderState::Proposed),
            Reader { proved: Some(NOW), ..reader(4, ReaderState::Proposed) },
        ],
        passkeys: vec![passkey(b"a", Some(NOW)), passkey(b"b", Some(NOW)), passkey(b"c", None)],
        team: Team { commune: Commune { code, name, state: CommuneState::Enrolled }, agents },
    }
}

/// Every page in every state, with its name.
fn all(language: Language, cast: &Cast, text: &str) -> Vec<(String, Response)> {
    let brand = samples::brand();
    let page = Page::new(&brand, language);
    let (agent, commune) = (&cast.team.agents[0], &cast.team.commune);
    let here = Here { agent, commune, csrf: text, administers: true };
    let mut pages = Vec::new();
    let mut add = |name: String, response| pages.push((name, response));
    for told in [None, Some(Told::PasskeyReady), Some(Told::Refused(Desk::PasskeyUnknown))] {
        let view = SignIn { page, csrf: text, options: text, back: text, told };
        add(format!("sign-in {told:?}"), view.answer(StatusCode::OK));
    }
    for (whose, refused) in [(Whose::Newcomer, None), (Whose::Agent(here), Some(Desk::RegistrationRefused))] {
        let place = "/guichet/compte/cle";
        let view = Register { page, csrf: text, options: text, agent, commune, place, whose, refused };
        add(format!("register {refused:?}"), view.answer(StatusCode::OK));
    }
    for code in Desk::ALL {
        let view = Refused { page, code: *code, occurrence: text, way_on: WayOn::SignIn };
        add(format!("refused {code:?}"), view.answer(StatusCode::OK));
    }
    let used = &cast.passkeys[0].id;
    for declaring in [Declaring::NotAsked, Declaring::Asked, Declaring::Done] {
        let view = Account { page, here, passkeys: &cast.passkeys, used, declaring, mistake: None };
        add(format!("account {declaring:?}"), view.answer(StatusCode::OK));
    }
    let agents = Agents { page, here, team: &cast.team, now: NOW, mistake: None };
    add("agents".to_owned(), agents.answer(StatusCode::OK));
    for agent in &cast.team.agents {
        let view = AgentPage { page, here, agent, now: NOW, mistake: None };
        add(format!("agent {:?}", agent.state), view.answer(StatusCode::OK));
    }
    add("link".to_owned(), Link { page, here, agent, address: text }.answer(StatusCode::OK));
    add("readers".to_owned(), Readers { page, here, held: &cast.readers, mistake: None }.answer(StatusCode::OK));
    pages
}

async fn rendered(name: &str, text: &str) -> Vec<(String, HeaderMap, String)> {
    let (cast, mut pages) = (cast(name), Vec::new());
    for language in [Language::French, Language::English] {
        for (name, response) in all(language, &cast, text) {
            let (parts, body) = response.into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("in memory");
            pages.push((name, parts.headers, String::from_utf8(bytes.to_vec()).expect("UTF-8")));
        }
    }
    pages
}

fn count(html: &Html, css: &str) -> usize {
    html.select(&Selector::parse(css).expect("a selector")).count()
}

#[tokio::test]
async fn each_page_of_the_desk_is_whole_and_its_forms_stay_and_hold_their_secret() {
    for (name, headers, text) in rendered("Nadia", "the-token").await {
        let html = Html::parse_document(&text);
        assert!(html.errors.is_empty(), "{name}: {:?}", html.errors);
        assert_eq!((count(&html, "h1"), count(&html, "main#content[data-page^=desk-]")), (1, 1), "{name}");
        let forms = count(&html, "form");
        let own = "form[method=post][action^='/guichet'] > input[type=hidden][name=csrf][value=the-token]";
        assert_eq!(count(&html, own), forms, "{name}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        let expected = if forms == 0 { "form-action 'none'" } else { "form-action 'self'" };
        assert!(policy.contains(expected), "{name}: {policy}");
        for labelled in
            html.select(&Selector::parse("input:not([type=hidden]):not([type=checkbox]), textarea").expect("css"))
        {
            let id = labelled.value().attr("id").unwrap_or_default();
            assert_eq!(count(&html, &format!("label[for='{id}']")), 1, "{name}: #{id}");
        }
    }
}

#[tokio::test]
async fn a_page_where_a_passkey_signs_loads_our_script_and_no_other_page_may() {
    for (name, headers, text) in rendered("Nadia", "token").await {
        let (html, signs) = (Html::parse_document(&text), name.starts_with("sign-in") || name.starts_with("register"));
        assert_eq!(count(&html, "script[src^='/assets/passkey-']"), usize::from(signs), "{name}");
        assert_eq!(count(&html, "script"), usize::from(signs), "{name}");
        let value = |header: &str| headers[header].to_str().expect("text").to_owned();
        let policy = value("content-security-policy");
        assert_eq!(policy.contains("script-src 'self'"), signs, "{name}: {policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{name}: {policy}");
        assert_eq!(value("permissions-policy").contains("publickey-credentials-get=(self)"), signs, "{name}");
        assert_eq!(value("cache-control"), "no-store", "{name}");
    }
}

#[tokio::test]
async fn no_name_of_an_agent_or_a_reader_becomes_markup() {
    for hostile in ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' autofocus onfocus=alert(1) x='"]
    {
        for (name, _, text) in rendered(hostile, hostile).await {
            let html = Html::parse_document(&text);
            assert!(html.errors.is_empty(), "{name}: {:?}", html.errors);
            assert_eq!(
                count(&html, "script:not([src^='/assets/passkey-']), [onfocus], [onerror], img[src=x]"),
                0,
                "{name}"
            );
        }
    }
}
