use proptest::prelude::*;

use super::*;
use crate::client::RedirectFault;

fn fault(text: &str) -> HostFault {
    ProductionHost::parse(text).expect_err(text)
}

fn host(text: &str) -> ProductionHost {
    ProductionHost::parse(text).expect(text)
}

#[test]
fn a_host_is_read_and_shown_in_both_letters() {
    for (text, ascii, shown) in [
        ("www.lyon.fr", "www.lyon.fr", "www.lyon.fr"),
        (" Demarches.Ville-Vannes.FR ", "demarches.ville-vannes.fr", "demarches.ville-vannes.fr"),
        ("mairie-épinal.fr", "xn--mairie-pinal-heb.fr", "mairie-épinal.fr"),
        ("MAIRIE-E\u{301}PINAL.fr", "xn--mairie-pinal-heb.fr", "mairie-épinal.fr"),
        ("xn--mairie-pinal-heb.fr", "xn--mairie-pinal-heb.fr", "mairie-épinal.fr"),
        ("lœuilly.fr", "xn--luilly-ihb.fr", "lœuilly.fr"),
        ("1000-marches.fr", "1000-marches.fr", "1000-marches.fr"),
    ] {
        let host = host(text);
        assert_eq!((host.ascii(), host.shown()), (ascii, shown), "{text}");
        assert_eq!(host.is_international(), ascii != shown);
    }
    assert_eq!(host("mairie-épinal.fr").to_string(), "mairie-épinal.fr (xn--mairie-pinal-heb.fr)");
    assert_eq!(host("lyon.fr").to_string(), "lyon.fr");
}

#[test]
fn an_address_is_no_host_however_it_is_written() {
    for address in [
        "127.0.0.1",
        "169.254.169.254",
        "8.8.8.8",
        "[::1]",
        "::1",
        "[::ffff:127.0.0.1]",
        "2001:db8::1",
        "2130706433",
        "0x7f000001",
        "0x7F.1",
        "017700000001",
        "127.1",
        "ville.127",
        "ville.0x7f",
        "ville.0x",
    ] {
        assert_eq!(fault(address), HostFault::Address, "{address}");
    }
    // Wide digits and other dots make the same address for a browser.
    for address in ["１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1"] {
        assert!(matches!(fault(address), HostFault::Rewritten | HostFault::Address), "{address}");
    }
}

#[test]
fn what_is_not_a_plain_name_is_refused_by_its_fault() {
    for (text, expected) in [
        ("", HostFault::Empty),
        (" \t", HostFault::Empty),
        ("*.lyon.fr", HostFault::Wildcard),
        ("lyon.*", HostFault::Wildcard),
        ("lyon.fr@evil.fr", HostFault::UserInfo),
        ("agent:mot@lyon.fr", HostFault::UserInfo),
        ("lyon.fr:443", HostFault::Port),
        ("lyon.fr.", HostFault::TrailingDot),
        ("lyon", HostFault::SingleLabel),
        ("localhost", HostFault::SingleLabel),
        ("lyon..fr", HostFault::NotAName),
        (".lyon.fr", HostFault::NotAName),
        ("-lyon.fr", HostFault::NotAName),
        ("lyon-.fr", HostFault::NotAName),
        ("ly--on.fr", HostFault::NotAName),
        ("ly_on.fr", HostFault::NotAName),
        ("ly on.fr", HostFault::NotAName),
        ("lyon.fr/x", HostFault::NotAName),
        ("lyon.fr\\x", HostFault::NotAName),
        ("lyon.fr#x", HostFault::NotAName),
        ("lyon%2efr.fr", HostFault::NotAName),
        ("lyon.fr\0.evil.fr", HostFault::NotAName),
        ("lyon\n.fr", HostFault::NotAName),
        ("xn--a.fr", HostFault::NotAName),
        ("xn--.fr", HostFault::NotAName),
    ] {
        assert_eq!(fault(text), expected, "{text:?}");
    }
    let long = "a".repeat(63);
    assert!(ProductionHost::parse(&format!("{long}.fr")).is_ok());
    assert_eq!(fault(&format!("a{long}.fr")), HostFault::NotAName);
    assert_eq!(fault(&format!("{long}.{long}.{long}.{long}.fr")), HostFault::NotAName);
}

#[test]
fn names_of_tests_examples_and_private_networks_are_not_for_production() {
    for name in [
        "mairie.test",
        "mairie.localhost",
        "mairie.example",
        "mairie.invalid",
        "mairie.local",
        "mairie.LAN",
        "mairie.internal",
        "mairie.intranet",
        "router.home.arpa",
        "1.0.0.127.in-addr.arpa",
        "abc.onion",
        "example.com",
        "www.example.org",
        "127.0.0.1.nip.io",
        "mairie.localtest.me",
    ] {
        assert_eq!(fault(name), HostFault::Reserved, "{name}");
    }
    // The name ends there, it does not merely hold the word.
    for name in ["test.lyon.fr", "localhost.lyon.fr", "myexample.com", "lyon.testing"] {
        assert!(ProductionHost::parse(name).is_ok(), "{name}");
    }
}

#[test]
fn letters_of_another_script_are_named() {
    for (text, expected) in [
        // Cyrillic a, o; Greek omicron; the same as punycode.
        ("p\u{430}ris.fr", HostFault::MixedScripts { letter: '\u{430}', script: Script::Cyrillic }),
        ("ly\u{43E}n.fr", HostFault::MixedScripts { letter: '\u{43E}', script: Script::Cyrillic }),
        ("ly\u{3BF}n.fr", HostFault::MixedScripts { letter: '\u{3BF}', script: Script::Greek }),
        ("xn--pris-53d.fr", HostFault::MixedScripts { letter: '\u{430}', script: Script::Cyrillic }),
        // Every letter of it looks Latin, and none is.
        ("\u{440}\u{430}\u{443}.fr", HostFault::ForeignScript { letter: '\u{440}', script: Script::Cyrillic }),
        ("paris.\u{440}\u{444}", HostFault::ForeignScript { letter: '\u{440}', script: Script::Cyrillic }),
        ("\u{570}\u{585}.fr", HostFault::ForeignScript { letter: '\u{570}', script: Script::Other }),
        // Latin letters that look as others: dotless i, script g, l with a stroke, u with a horn.
        ("par\u{131}s.fr", HostFault::Letter { letter: '\u{131}' }),
        ("l\u{261}.fr", HostFault::Letter { letter: '\u{261}' }),
        ("\u{142}yon.fr", HostFault::Letter { letter: '\u{142}' }),
        ("lyo\u{301}\u{144}.fr", HostFault::Letter { letter: '\u{144}' }),
    ] {
        assert_eq!(fault(text), expected, "{text:?}");
    }
    assert_eq!(fault("p\u{430}ris.fr").to_string(), "the host mixes Latin letters with Cyrillic ones (U+0430)");
}

#[test]
fn what_programs_would_replace_is_refused() {
    for text in [
        "ｌｙｏｎ.fr",
        "lyon。fr",
        "lyon．fr",
        "𝐥yon.fr",
        "ly\u{AD}on.fr",
        "ly\u{200B}on.fr",
        "lyon\u{FE0F}.fr",
        "ﬁgeac.fr",
        "lyⓞn.fr",
        "ly\u{2060}on.fr",
    ] {
        assert!(matches!(fault(text), HostFault::Rewritten | HostFault::NotAName), "{text:?}: {:?}", fault(text));
    }
    for text in ["ly\u{200D}on.fr", "ly\u{202E}on.fr"] {
        assert_eq!(fault(text), HostFault::NotAName, "{text:?}");
    }
}

#[test]
fn a_host_that_could_be_taken_for_the_site_is_seen() {
    let site = host("www.ville-lyon.fr");
    for (text, relation) in [
        ("www.ville-lyon.fr", Relation::Same),
        ("ville-lyon.fr", Relation::Within),
        ("famille.ville-lyon.fr", Relation::Within),
        ("a.b.ville-lyon.fr", Relation::Within),
        // A06 and its like.
        ("ville-lyon.fr.evil.fr", Relation::LooksAlike),
        ("www-ville-lyon-fr.evil.fr", Relation::LooksAlike),
        ("ville-lyon.com", Relation::LooksAlike),
        ("ville-lyon.evil.fr", Relation::LooksAlike),
        ("villelyon.fr", Relation::LooksAlike),
        ("vi1le-ly0n.fr", Relation::LooksAlike),
        ("vvv.ville-lyön.fr", Relation::LooksAlike),
        ("viile-lyon.fr", Relation::LooksAlike),
        ("evilville-lyon.fr", Relation::LooksAlike),
        ("editeur.fr", Relation::Other),
        ("lyon.fr", Relation::Other),
    ] {
        assert_eq!(host(text).relation(&site), relation, "{text}");
    }
    assert_eq!(host("rnairie.fr").relation(&host("mairie.fr")), Relation::LooksAlike);
    assert_eq!(host("vvissous.fr").relation(&host("wissous.fr")), Relation::LooksAlike);
    // The whole of .fr is nobody's site.
    assert_eq!(host("lyon.fr").relation(&host("www.fr")), Relation::Other);
}

#[test]
fn the_sandbox_has_loopback_and_names_for_tests() {
    for text in
        ["127.0.0.1", "[::1]", "localhost", "mairie.test", "a.b.localhost", "Mairie.Example", "mairie-épinal.test"]
    {
        assert!(SandboxHost::parse(text).is_ok(), "{text}");
    }
    for (text, expected) in [
        ("lyon.fr", HostFault::NotForTests),
        ("localhost.lyon.fr", HostFault::NotForTests),
        ("mairie.local", HostFault::NotForTests),
        ("example.com", HostFault::NotForTests),
        ("127.0.0.2", HostFault::Address),
        ("0.0.0.0", HostFault::Address),
        ("10.0.0.1", HostFault::Address),
        ("2130706433", HostFault::Address),
        ("[::ffff:127.0.0.1]", HostFault::Address),
        ("test", HostFault::SingleLabel),
        ("LOCALHOST", HostFault::SingleLabel),
        ("mairie.test.", HostFault::TrailingDot),
        ("*.test", HostFault::Wildcard),
        ("lyon.fr@mairie.test", HostFault::UserInfo),
        ("", HostFault::Empty),
    ] {
        assert_eq!(SandboxHost::parse(text), Err(expected), "{text}");
    }
    assert_eq!(SandboxHost::parse("mairie-épinal.test").expect("a host").as_str(), "xn--mairie-pinal-heb.test");
}

#[test]
fn a_production_redirect_lies_on_a_host_of_the_internet() {
    for uri in [
        "https://ville-lyon.fr",
        "https://ville-lyon.fr/",
        "https://ville-lyon.fr/retour?service=cantine",
        "https://xn--mairie-pinal-heb.fr:8443/a/b%20c",
        "https://ville-lyon.fr/retour/",
    ] {
        let redirect = production_redirect(uri).expect(uri);
        assert_eq!(redirect.as_str(), uri);
    }
    assert_eq!(production_redirect("https://ville-lyon.fr/r").expect("a URI").host(), &host("ville-lyon.fr"));
    assert_eq!(production_redirect("http://127.0.0.1/r"), Err(RedirectRefusal::Http));
    assert_eq!(production_redirect("http://localhost/r"), Err(RedirectRefusal::Http));
}

/// Rows A04 to A09 and G07 of the attacks, as somebody would register them: in production and in the sandbox.
#[test]
fn no_bypass_of_a_redirect_uri_is_registered() {
    use RedirectFault::{Fragment, NotCanonical, Scheme, UserInfo};
    use RedirectRefusal::{DoubleSlash, HiddenSeparator, PathParameter, Registration, ResponseParameter};
    for (ending, refusal) in [
        // A04: dot after the host, default port, and a host in capitals below.
        (".", Registration(NotCanonical)),
        ("./r", Registration(NotCanonical)),
        (":443/r", Registration(NotCanonical)),
        (":/r", Registration(NotCanonical)),
        (":0443/r", Registration(NotCanonical)),
        // A05: paths.
        ("/r/..;/x", PathParameter),
        ("/r;x=1", PathParameter),
        ("/r/../x", Registration(NotCanonical)),
        ("/r/%2e%2e/x", Registration(NotCanonical)),
        ("/r/%2E./x", Registration(NotCanonical)),
        ("/r/%252e%252e/x", HiddenSeparator),
        ("/r%2e%2e%2fx", HiddenSeparator),
        ("/r/a%2fb", HiddenSeparator),
        ("/r/a%5Cb", HiddenSeparator),
        ("/r/a%00", HiddenSeparator),
        ("/r/a%0d%0aX:1", HiddenSeparator),
        ("/r/a%", HiddenSeparator),
        ("/r/a%zz", HiddenSeparator),
        ("/r/%3b/x", HiddenSeparator),
        ("//evil.fr", DoubleSlash),
        ("/r//x", DoubleSlash),
        ("\\@evil.fr", Registration(NotCanonical)),
        ("/r\\x", Registration(NotCanonical)),
        // A07.
        ("/r#x", Registration(Fragment)),
        ("/r#", Registration(Fragment)),
        // User names that look as the host.
        ("@evil.fr/r", Registration(UserInfo)),
        (":x@evil.fr/r", Registration(UserInfo)),
        // A11 by registration: the answer's own parameters.
        ("/r?code=1", ResponseParameter),
        ("/r?x=1&st%61te=2", ResponseParameter),
        ("/r?iss=x", ResponseParameter),
        ("/r?error=x", ResponseParameter),
        // A14.
        ("/r\r\nX: 1", Registration(NotCanonical)),
        ("/r\tx", Registration(NotCanonical)),
        ("/r x", Registration(NotCanonical)),
        ("/r\u{0}", Registration(NotCanonical)),
        ("/é", Registration(NotCanonical)),
    ] {
        let production = format!("https://ville-lyon.fr{ending}");
        assert_eq!(production_redirect(&production), Err(refusal), "{production:?}");
        let sandbox = format!("https://mairie.test{ending}");
        assert_eq!(sandbox_redirect(&sandbox), Err(refusal), "{sandbox:?}");
    }
    for (uri, refusal) in [
        // A04 again.
        ("https://Ville-Lyon.fr/r", Registration(NotCanonical)),
        ("HTTPS://ville-lyon.fr/r", Registration(NotCanonical)),
        (" https://ville-lyon.fr/r", Registration(NotCanonical)),
        ("https://mairie-épinal.fr/r", Registration(NotCanonical)),
        ("https:ville-lyon.fr/r", Registration(NotCanonical)),
        ("https:///ville-lyon.fr/r", Registration(NotCanonical)),
        ("https:/\\ville-lyon.fr/r", Registration(NotCanonical)),
        ("/r", Registration(NotCanonical)),
        ("//ville-lyon.fr/r", Registration(NotCanonical)),
        ("", Registration(NotCanonical)),
        // A08.
        ("javascript:alert(1)", Registration(Scheme)),
        ("JaVaScRiPt://ville-lyon.fr/%0aalert(1)", Registration(Scheme)),
        ("java\tscript:alert(1)", Registration(Scheme)),
        ("java\nscript:alert(1)", Registration(Scheme)),
        ("data:text/html,x", Registration(Scheme)),
        ("vbscript:x", Registration(Scheme)),
        ("blob:https://ville-lyon.fr/x", Registration(Scheme)),
        ("fr.lyon.app:/r", Registration(Scheme)),
        // A09.
        ("http://ville-lyon.fr/r", Registration(Scheme)),
        ("http://127.0.0.1.evil.fr/r", Registration(Scheme)),
        // Hosts: the parser writes every address its one way.
        ("https://0x7f.1/r", Registration(NotCanonical)),
        ("https://2130706433/r", Registration(NotCanonical)),
        ("https://%6cocalhost/r", Registration(NotCanonical)),
        ("https://ville-lyon.fr%00.evil.fr/r", Registration(NotCanonical)),
        ("https://*.ville-lyon.fr/r", Registration(NotCanonical)),
    ] {
        assert_eq!(production_redirect(uri), Err(refusal), "{uri:?}");
        assert_eq!(sandbox_redirect(uri), Err(refusal), "{uri:?}");
    }
    // G07: hosts that only the gateway's own network has.
    for (uri, fault) in [
        ("https://127.0.0.1/r", HostFault::Address),
        ("https://[::1]/r", HostFault::Address),
        ("https://[::ffff:7f00:1]/r", HostFault::Address),
        ("https://169.254.169.254/latest", HostFault::Address),
        ("https://localhost/r", HostFault::SingleLabel),
        ("https://redis/r", HostFault::SingleLabel),
        ("https://idp.internal/r", HostFault::Reserved),
        ("https://mairie.test/r", HostFault::Reserved),
        ("https://xn--pris-53d.fr/r", HostFault::MixedScripts { letter: '\u{430}', script: Script::Cyrillic }),
    ] {
        assert_eq!(production_redirect(uri), Err(RedirectRefusal::Host(fault)), "{uri}");
    }
}

#[test]
fn a_sandbox_redirect_lies_on_loopback_or_a_test_host() {
    for uri in [
        "http://localhost:3000/retour",
        "http://127.0.0.1:3000/retour",
        "http://[::1]:3000/retour",
        "https://mairie.test/retour",
        "https://mairie.localhost:3000/retour",
    ] {
        assert_eq!(sandbox_redirect(uri).expect(uri).as_str(), uri);
    }
    for (uri, fault) in [
        ("https://ville-lyon.fr/retour", HostFault::NotForTests),
        ("https://mairie.test.evil.fr/retour", HostFault::NotForTests),
        ("https://10.0.0.1/retour", HostFault::Address),
        ("https://127.0.0.2/retour", HostFault::Address),
    ] {
        assert_eq!(sandbox_redirect(uri), Err(RedirectRefusal::Host(fault)), "{uri}");
    }
    // Plain http is for loopback alone, not for names that should lead there.
    let scheme = Err(RedirectRefusal::Registration(RedirectFault::Scheme));
    assert_eq!(sandbox_redirect("http://mairie.localhost/retour"), scheme);
    assert_eq!(sandbox_redirect("http://mairie.test/retour"), scheme);
}

proptest! {
    #[test]
    fn what_is_read_is_a_name_that_reads_the_same(text in "[a-zA-Zéèüß0-9xn.\\-]{1,20}\\.(fr|com|bzh)|\\PC{0,30}") {
        if let Ok(host) = ProductionHost::parse(&text) {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
            prop_assert!(host.ascii().chars().all(plain) && host.ascii().contains('.'));
            prop_assert_eq!(ProductionHost::parse(host.ascii()), Ok(host.clone()));
            prop_assert_eq!(ProductionHost::parse(host.shown()), Ok(host.clone()));
            prop_assert_eq!(host.relation(&host), Relation::Same);
            let uri = format!("https://{}/r", host.ascii());
            prop_assert_eq!(production_redirect(&uri).map(|redirect| redirect.host().clone()), Ok(host));
        }
    }

    #[test]
    fn nothing_is_both_of_production_and_of_the_sandbox(text in "[a-z0-9.\\[:\\]-]{1,20}(\\.(fr|test|localhost|example|local))?") {
        prop_assert!(ProductionHost::parse(&text).is_err() || SandboxHost::parse(&text).is_err());
    }
}
