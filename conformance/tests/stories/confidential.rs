//! What is told to nobody (cnie.md §16, confidentiality): what stands in a card, what its holder knows, and what a desk thought
//! of them. A whole certification and sign-ins at level high are walked, refusals among them, with logs at their most talkative.

use conformance::card::Holder;
use conformance::citizen::Citizen;
use conformance::desk_reader::Fingerprint;
use conformance::jose;
use conformance::or_skip;
use conformance::phone::{Act, Phone};
use conformance::scene::Setting;
use conformance::tools::Tool;
use serde_json::Value;

use super::counter::{Counter, ask_again, refused};
use crate::journey::{accept, expect};

/// Names of reasons, and the words of the agent's page for them.
const REASONS: [&str; 12] = [
    "not_the_same_person",
    "doubtful_card",
    "under_constraint",
    "card_unreadable",
    "citizen_left",
    "finger_mismatch",
    "capture_impossible",
    "no_match",
    "not_capturable",
    "contrainte",
    "constraint",
    "falsifi",
];

/// What no log may hold of a citizen, by what it is.
fn of_holder(holder: &Holder, zone: &str, groups: &[(u8, Vec<u8>)]) -> Vec<(String, String)> {
    let person = holder.person;
    let [year, month, day] = person.birthdate.split('-').collect::<Vec<_>>()[..] else {
        panic!("{}", person.birthdate)
    };
    let mut all: Vec<(String, String)> = [
        ("access number", holder.can),
        ("code", holder.code),
        ("document number", holder.number),
        ("surname", person.family_name),
        ("address", person.email),
        ("birth date", person.birthdate),
        ("birth town", holder.birth_town),
        ("street", holder.address[0]),
    ]
    .map(|(what, text)| (what.to_owned(), text.to_owned()))
    .into();
    all.extend(person.given_name.split(' ').map(|name| ("given name".to_owned(), name.to_owned())));
    for written in
        [format!("{day}/{month}/{year}"), format!("{year}{month}{day}"), format!("{}{month}{day}", &year[2..])]
    {
        all.push(("birth date, written otherwise".to_owned(), written));
    }
    all.extend([&zone[..30], &zone[30..60], &zone[60..]].map(|line| ("line of the zone".to_owned(), line.to_owned())));
    for (number, file) in groups {
        // In base64url as the calls carry them, from any octet on; in hexadecimal as people debug.
        for from in 0..3 {
            let octets = &file[from + 6..];
            let text = jose::encode(&octets[..octets.len().min(30) / 3 * 3]);
            all.push((format!("group {number}"), text));
        }
        let hex: Vec<String> = file[6..file.len().min(22)].iter().map(|octet| format!("{octet:02x}")).collect();
        all.push((format!("group {number}, hexadecimal"), hex.concat()));
    }
    all
}

/// Every text and every name of a member in a line of a log, but the moment it was written at. A line that is no JSON is one
/// text.
fn texts(line: &str) -> Vec<String> {
    fn walk(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| *name != "timestamp") {
                    all.push(name.clone());
                    walk(member, all);
                }
            }
            Value::Array(list) => list.iter().for_each(|member| walk(member, all)),
            Value::String(text) => all.push(text.clone()),
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }
    let Ok(value) = serde_json::from_str::<Value>(line) else { return vec![line.to_owned()] };
    let mut all = Vec::new();
    walk(&value, &mut all);
    all
}

/// Where one of the secrets stands in what was printed.
fn found<'a>(lines: &'a [String], secrets: &[(String, String)]) -> Vec<(String, &'a str)> {
    let mut found = Vec::new();
    for line in lines {
        let texts: Vec<String> = texts(line).iter().map(|text| text.to_lowercase()).collect();
        for (what, secret) in secrets {
            let secret = secret.to_lowercase();
            if texts.iter().any(|text| text.contains(&secret)) {
                found.push((what.clone(), line.as_str()));
            }
        }
    }
    found
}

/// What every process of ours printed so far.
fn printed(counter: &Counter) -> Vec<String> {
    let scene = &counter.journey.scene;
    let lines = [scene.gateway.process.last_lines(2_000), scene.commune.process.last_lines(2_000)];
    assert!(lines.iter().all(|lines| lines.len() < 2_000), "lines were forgotten");
    lines.concat()
}

async fn sign_in_at_the_commune(counter: &Counter, phone: &mut Phone) -> Vec<String> {
    let scene = &counter.journey.scene;
    let mut citizen = Citizen::new();
    let address = format!("{}/demarches/procuration", scene.commune.base());
    let chooser = expect(citizen.open(&address).await.unwrap(), "choose");
    let page = expect(citizen.press(&chooser, "button[value=carte]", &[]).await.unwrap(), "card");
    let (mut visit, number) = counter.claim(phone, &page).await;
    phone.prove(&mut visit, Some(number)).await.unwrap();
    let inform = expect(citizen.open(page.url.as_str()).await.unwrap(), "inform");
    let space = accept(&mut citizen, &inform).await;
    assert_eq!(space.name().as_deref(), Some("proxy"), "{}", space.brief());
    let address = page.attribute("[data-address]", "data-address").unwrap();
    let link = page.attribute("[data-link]", "href").unwrap();
    [address, link].iter().map(|link| link.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn nothing_of_card_holder_or_secret_is_in_any_log_of_a_certification_and_its_sign_ins() {
    let overrides = "[log]\nfilter = \"trace\"\n".parse().unwrap();
    let mut counter = Counter::with(Setting { overrides, ..Setting::default() }).await;
    let (card, holder) = counter.card("angela");
    let (zone, mut groups) = {
        let card = card.lock().unwrap();
        (card.zone().to_owned(), card.groups().map(|(group, file)| (group, file.to_vec())).collect::<Vec<_>>())
    };
    groups.push((0, card.lock().unwrap().security_object().to_vec()));
    let mut secrets = of_holder(&holder, &zone, &groups);

    // Certified, after refusals at the desk, from the reader, of the telephone and of the authority's.
    let (mut phone, first) = counter.asks("angela").await;
    counter.reader.set_finger(Fingerprint::NoMatch);
    expect(counter.up_to_the_face("angela", &first).await, "desk-outcome");
    counter.reader.set_finger(Fingerprint::Match);
    let qr = ask_again(&mut phone).await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    counter.lay("hugo");
    assert_eq!(refused(counter.reader.turn().await), "card.other_card");
    counter.lay("angela");
    counter.reader.turn().await.unwrap();
    counter.reader.turn().await.unwrap();
    let face = expect(counter.reload(&page).await, "desk-face");
    counter.approve(&face).await;
    assert_eq!(phone.act(Act::Activate).await.unwrap().state(), "certified");
    secrets.extend(of_holder(&counter.card("hugo").1, &zone, &[]));
    for qr in [&first, &qr] {
        secrets.push(("request for certification".into(), qr.rsplit('/').next().unwrap().to_owned()));
    }

    // Signed in, at a service of ours and at the demo's commune.
    let (ask, back) = counter.back(&mut phone).await;
    let code = back.parameter("code").unwrap();
    let tokens = counter.journey.service.finish(&ask, &back).await.unwrap();
    counter.journey.service.claims(&tokens).await.unwrap();
    secrets.extend([("authorization code".to_owned(), code), ("access token".to_owned(), tokens.access_token.clone())]);
    secrets.push(("ID token".into(), tokens.id_token.rsplit('.').next().unwrap().to_owned()));
    let handles = sign_in_at_the_commune(&counter, &mut phone).await;
    secrets.extend(handles.into_iter().map(|handle| ("pairing handle".to_owned(), handle)));
    let mut visit = phone.begin(Act::Show).await.unwrap();
    secrets.push(("transaction".into(), visit.opened.transaction.clone()));
    secrets.push(("nonce".into(), visit.opened.nonce.clone()));
    phone.refuse(&mut visit).await.unwrap();

    let lines = printed(&counter);
    assert_eq!(found(&lines, &secrets), [], "in a log");
    // No member of any line is a number to be compared, or what it is chosen from.
    let names = ["number", "choices", "confirm", "can", "pin", "mrz", "qr"];
    let named = |line: &&String| texts(line).iter().any(|text| names.contains(&text.as_str()));
    assert_eq!(lines.iter().find(named), None);
    // Why the desk refused is accounted for in the journal, and told to no log.
    let told = |line: &&String| REASONS.iter().any(|reason| line.contains(&format!("\"{reason}\"")));
    assert_eq!(lines.iter().find(told), None);

    // This test sees what it looks for: those requests are in that log, and of a line that holds a secret it says so.
    for route in ["/app/v1/transactions/answers", "/reader/v1/cases/fingerprint", "/guichet/dossiers", "/userinfo"] {
        assert!(lines.iter().any(|line| line.contains(route)), "{route} is not in the log");
    }
    assert!(lines.iter().any(|line| line.contains("card and code were proved")), "the evidence is");
    let leak = format!(r#"{{"timestamp":"{}","fields":{{"message":"for {}"}}}}"#, holder.can, holder.person.birthdate);
    let told = found(std::slice::from_ref(&leak), &secrets);
    assert_eq!(told.iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>(), ["birth date"]);
}

#[tokio::test]
async fn why_a_desk_refused_is_in_no_answer_page_or_mail_of_the_citizens() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    let (mut phone, mut qr) = counter.asks("angela").await;
    let mut heard = Vec::new();
    let reasons = ["not_the_same_person", "doubtful_card", "under_constraint", "card_unreadable", "citizen_left"];
    for reason in reasons {
        let page = expect(counter.scan(&qr).await, "desk-card");
        let asked = counter.nadia.open(&format!("{}?refuser=1", page.url.path())).await.unwrap();
        let no = counter.nadia.browser.press(&asked, "form[data-step=refuse] button", &[("raison", reason)]).await;
        expect(no.unwrap(), "desk-outcome");
        // All that the telephone is told of it, on the way back from the desk and when it asks anew.
        let shown = phone.act(Act::Show).await.unwrap();
        assert_eq!(shown.state(), "active");
        let event = shown.events.iter().max_by_key(|event| event["at"].as_i64()).unwrap().clone();
        let same: Vec<String> = shown.events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect();
        assert!(same.contains(&"failed".to_owned()), "{event}");
        heard.push(format!("{shown:?}"));
        let again = phone.request_certification().await.unwrap();
        heard.push(format!("{again:?}"));
        let request = again.request.unwrap();
        qr = request["qr"].as_str().unwrap().to_owned();
        let mut citizen = counter.journey.citizen();
        let document = request["document"].as_str().unwrap();
        heard.push(expect(citizen.open(document).await.unwrap(), "holder-request").body);
        heard.push(citizen.open(&format!("{document}.pdf")).await.unwrap().body);
        let waits = counter.page(&mut citizen, &counter.ask()).await;
        let (mut visit, number) = counter.claim(&phone, &waits).await;
        assert_eq!(refused(phone.prove(&mut visit, Some(number)).await), "card.not_certified");
        heard.push(citizen.open(waits.url.as_str()).await.unwrap().body);
    }
    let mails = &counter.journey.scene.mailbox;
    let patience = std::time::Duration::ZERO;
    // The mail of the last refusal is there: what was asked after it was told of later.
    let mut last = 0;
    for _ in 0..reasons.len() {
        last = loop {
            let mail = counter.journey.scene.mail_to("angela@exemple.fr", last).await;
            if mail.subject.contains("pas abouti") || mail.text.contains("pas abouti") {
                break mail.id;
            }
            last = mail.id;
        };
    }
    heard.extend(mails.messages_to("angela@exemple.fr", 0, patience).await.into_iter().map(|mail| mail.source));
    for text in &heard {
        let text = text.to_lowercase();
        let told: Vec<_> = REASONS.iter().filter(|reason| text.contains(**reason)).collect();
        assert!(told.is_empty(), "{told:?} in {text}");
    }
    // The journal has every one of them: there was something to tell.
    let decided = counter.decided().join("\n");
    assert!(reasons.iter().all(|reason| decided.contains(reason)), "{decided}");
}
