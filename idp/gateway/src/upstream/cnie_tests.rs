use std::net::IpAddr;

use super::*;

#[test]
fn a_place_is_a_network_and_never_an_address() {
    let place = |address: &str| place(ClientAddress(address.parse::<IpAddr>().expect("an address")));
    assert_eq!(place("203.0.113.77"), "203.0.113.0/24");
    assert_eq!(place("2001:db8:1:2::9"), "2001:db8:1::/48");
    assert_eq!(place("::ffff:203.0.113.77"), "203.0.113.0/24");
    assert_eq!((place("127.0.0.1"), place("::1")), (String::new(), String::new()));
}

#[test]
fn the_attempt_alone_leads_to_its_transaction() {
    let id = ProviderId::parse("carte").expect("plain");
    let now = Timestamp::from_epoch(0);
    let attempt = |octet| Attempt::from_random(id.clone(), Level::High, now, &[octet; 96]);
    let text = |octet: u8| bearer(&attempt(octet)).expect("its secret").expose().as_str().to_owned();
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
    assert_ne!(text(1), attempt(1).secret(), "what travels in the state opens nothing by itself");
}

#[test]
fn without_a_policy_for_the_uncertified_the_provider_is_for_high_alone() {
    let place = crate::cnie::tests::place();
    let mut config = crate::cnie::tests::config(&place);
    let provider = seen_by_the_domain(&config);
    assert_eq!(Some(provider.levels), LevelRange::new(Level::High, Level::High));
    assert_eq!(provider.title.fr, "Carte");
    config.uncertified = Uncertified::Low;
    config.cards = Cards::Simulated;
    let provider = seen_by_the_domain(&config);
    assert_eq!(Some(provider.levels), LevelRange::new(Level::Low, Level::High));
    assert!(provider.title.fr.contains("simulateur, non certifié") && provider.title.en.contains("not certified"));
}
