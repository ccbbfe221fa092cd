use super::*;

fn session() -> Session {
    let claims = Claims::parse(r#"{"sub":"s","family_name":"MARTIN-LEFÈVRE","birthdate":"1985-03-00"}"#.as_bytes())
        .expect("claims");
    let authentication = Authentication {
        subject: Subject::read(&claims).expect("a subject"),
        level: Level::Substantial,
        auth_time: OffsetDateTime::from_unix_timestamp(1_800_000_000).ok(),
        methods: vec!["pwd".into()],
    };
    let text = Zeroizing::new("a.b.c".into());
    let id_token = IdToken { text, sid: Some("s-1".into()), nonce: None, issued: Some(7) };
    Session::new(Identity::read(authentication, claims).expect("an identity"), id_token)
}

#[test]
fn a_session_comes_back_from_its_cookie_as_it_went() {
    let key = CookieKey::generate();
    let sealed = key.seal_session(&session(), Duration::from_mins(1));
    let opened = key.open_session(&sealed).expect("the same key opens it");
    assert_eq!(opened.identity().family_name(), Some("MARTIN-LEFÈVRE"));
    assert_eq!(opened.identity().birthdate().map(|it| it.to_string()).as_deref(), Some("1985-03-00"));
    assert_eq!(opened.identity().level(), Level::Substantial);
    assert_eq!(opened.identity().methods(), ["pwd"]);
    assert_eq!(opened.identity().auth_time(), session().identity().auth_time());
    assert_eq!(opened.id_token().text.as_str(), "a.b.c");
    assert_eq!((opened.sid(), opened.id_token().issued), (Some("s-1"), Some(7)));
    assert!(opened.access_token().is_none());
    assert_ne!(sealed, key.seal_session(&session(), Duration::from_mins(1)), "each seal is another");
}

#[test]
fn kept_tokens_come_back_from_the_cookie_too() {
    let access = AccessToken { value: Zeroizing::new("at".into()), scheme: Scheme::Dpop, expires: Some(9) };
    let session = session().with_tokens(access, Some(Zeroizing::new("rt".into())));
    let key = CookieKey::generate();
    let opened = key.open_session(&key.seal_session(&session, Duration::from_mins(1))).expect("the same key");
    let access = opened.access_token().expect("it was kept");
    assert_eq!((access.value.as_str(), access.is_bound(), access.expires), ("at", true, Some(9)));
    assert_eq!(opened.refresh_token().map(|it| it.as_str()), Some("rt"));
}

#[test]
fn a_session_sealed_by_an_older_version_still_opens() {
    let key = CookieKey::generate();
    let mut sealed = serde_json::to_value(Sealed::of(&session(), i64::MAX)).expect("JSON");
    for added in ["sid", "nonce", "issued", "tokens"] {
        sealed.as_object_mut().expect("an object").remove(added);
    }
    let opened = key.open_session(&key.seal(Kind::Session, &sealed)).expect("an older session");
    assert_eq!(opened.identity().family_name(), Some("MARTIN-LEFÈVRE"));
}

#[test]
fn a_session_dies_with_its_lifetime() {
    let key = CookieKey::generate();
    let sealed = key.seal(Kind::Session, &Sealed::of(&session(), 100));
    assert!(key.open_session_at(&sealed, 99).is_ok());
    assert!(key.open_session_at(&sealed, 100).is_err());
}

#[test]
fn an_altered_cookie_opens_nowhere() {
    let key = CookieKey::generate();
    let sealed = key.seal_session(&session(), Duration::from_mins(1));
    assert!(CookieKey::generate().open_session(&sealed).is_err(), "another key");
    assert!(key.open_login(&sealed).is_err(), "another kind");
    assert!(key.open_logout(&sealed).is_err(), "another kind");
    for place in 0..sealed.len() {
        let mut altered = sealed.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("ASCII");
        assert!(key.open_session(&altered).is_err(), "character {place}");
    }
    for short in ["", "AAAA", &sealed[..20]] {
        assert!(key.open_session(short).is_err());
    }
}

#[test]
fn a_cookie_key_is_32_bytes_of_base64() {
    assert!(CookieKey::from_base64(&STANDARD.encode([7; 32])).is_ok());
    for text in ["", "secret", &STANDARD.encode([7; 31]), &STANDARD.encode([7; 33])] {
        assert!(CookieKey::from_base64(text).is_err(), "{text}");
    }
}

#[test]
fn nothing_personal_shows_in_debug_output() {
    assert_eq!(format!("{:?}", session()), "Session { identity: Identity { level: Substantial, .. }, .. }");
    assert_eq!(format!("{:?}", CookieKey::generate()), "CookieKey(…)");
}
