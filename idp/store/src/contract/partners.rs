//! Cases for partners, their teams, organisations, passkeys, sessions and recoveries.

use domain::id::{PartnerId, PartnerSessionId, PasskeyId, RecoveryId};
use domain::language::Language;
use domain::notice::{Message, Notice, PartnerMessage};
use domain::organisation::siret::Siret;
use domain::partners::invitation::PartnerInvitation;
use domain::partners::organisation::{Belonging, NotReleased, Organisation, OrganisationKind};
use domain::partners::partner::{Partner, PartnerState, WayBack};
use domain::partners::permission::{About, ApproveRecovery};
use domain::partners::recovery::{Decided, Recovery, Second, Vouching};
use domain::partners::role::{OperatorRole, OrganisationRole, Seat, TeamName};
use domain::partners::session::PartnerSession;
use domain::people::name::{MailAddress, Name};
use domain::secret::{Bearer, base64url};
use domain::time::Lifetime;

use super::{CANARY, Offices, at_once, bearer, contains, dump, for_each_engine, kinds, now, random};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::journal::Verdict;
use crate::registry::{Joined, Joining, KeptPasskey, Posting, Registry, Released, Releasing, SeatChange, Updated};

for_each_engine!(offices: sqlite, postgres; {
    an_account_comes_back_as_it_was_kept_and_an_address_has_one,
    a_partner_invitation_is_taken_by_one_of_many_and_by_its_address_alone,
    who_brought_whom_in_is_remembered_through_every_invitation,
    invitations_end_with_whoever_sent_them_and_with_whoever_leaves,
    of_two_admins_who_remove_each_other_at_once_one_stays,
    a_seat_that_was_moved_or_made_up_opens_nothing,
    a_session_counts_for_as_long_as_its_row_stands,
    who_is_removed_has_no_seat_and_no_way_in,
    a_recovery_is_agreed_to_once_and_leaves_nothing_of_before,
    an_organisation_is_brought_in_once_with_its_first_person,
    an_organisation_that_nothing_proves_gives_its_place_back_with_all_it_had,
    what_is_kept_of_partners_is_read_by_nobody_and_journalled,
});

struct Someone {
    id: PartnerId,
    name: Name,
    mail: MailAddress,
    passkey: KeptPasskey<PartnerId>,
}

fn someone(name: &str) -> Someone {
    let id = PartnerId::from_random(random());
    let passkey = KeptPasskey {
        id: PasskeyId::of(&random::<16>()),
        owner: id.clone(),
        name: Name::parse(CANARY).expect("a name"),
        credential: format!("{{\"{CANARY}\":1}}"),
        added: now(),
        last_used: None,
    };
    let mail = MailAddress::parse(&format!("{name}@exemple.fr")).expect("an address");
    Someone { id, name: Name::parse(CANARY).expect("a name"), mail, passkey }
}

fn told() -> Posting {
    let message = Message::Partner(PartnerMessage::SignUpKnown { link: CANARY.to_owned() });
    let notice = Notice { to: format!("{CANARY}@exemple.fr"), language: Language::French, message };
    Posting { id: format!("case.{}", base64url(&random::<16>())), notice }
}

async fn join(
    registry: &Registry,
    who: &Someone,
    invitation: Option<&Bearer<PartnerInvitation>>,
) -> Result<Joined, StoreError> {
    let Someone { id, name, mail, passkey } = who;
    registry.join(&Joining { id, name, mail, passkey, invitation }, &told(), now()).await
}

async fn joined(registry: &Registry, name: &str) -> Someone {
    let who = someone(name);
    assert_eq!(join(registry, &who, None).await.expect("writes"), Joined::Done);
    who
}

fn siret() -> Siret {
    Siret::parse("21690123100011").expect("a SIRET")
}

fn seat(role: OrganisationRole) -> Seat {
    Seat::Organisation(siret(), role)
}

fn organisation() -> Organisation {
    let (name, kind) = (Name::parse("Lyon").expect("a name"), OrganisationKind::Commune);
    Organisation { siret: siret(), name, kind, commune: None, belonging: Belonging::Unverified, since: now() }
}

/// An organisation with its first person.
async fn founded(registry: &Registry) -> Someone {
    let founder = joined(registry, "nadia").await;
    let put = registry.insert_organisation(&organisation(), &founder.id, now()).await.expect("writes");
    assert_eq!(put, Put::Fresh);
    founder
}

/// Keeps an invitation for an address, and gives its secret.
async fn invite(registry: &Registry, who: &Someone, role: OrganisationRole) -> Bearer<PartnerInvitation> {
    let secret = bearer();
    let invitation = PartnerInvitation::new(who.mail.clone(), seat(role), None, now());
    let (_, seen) = registry.partner_team(&seat(role).team()).await.expect("reads").expect("is there");
    let put = registry.invite_partner((&invitation, &secret), seen, &told(), now()).await.expect("writes");
    assert_eq!(put, Put::Fresh);
    secret
}

/// Somebody who joined by an invitation.
async fn member(registry: &Registry, name: &str, role: OrganisationRole) -> Someone {
    let who = someone(name);
    let secret = invite(registry, &who, role).await;
    assert_eq!(join(registry, &who, Some(&secret)).await.expect("writes"), Joined::Done);
    who
}

async fn of(registry: &Registry, who: &Someone) -> Partner {
    registry.partner(&who.id).await.expect("reads").expect("is remembered")
}

async fn session(registry: &Registry, who: &Someone) -> PartnerSession {
    let id = PartnerSessionId::from_random(random());
    let session = PartnerSession::begin(id, who.id.clone(), who.passkey.id.clone(), now());
    assert_eq!(registry.begin_partner_session(&session, now()).await.expect("writes"), Put::Fresh);
    session
}

async fn an_account_comes_back_as_it_was_kept_and_an_address_has_one(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let who = joined(one, "nadia").await;
    let kept = two.partner_of(&who.mail).await.expect("reads").expect("is there");
    assert_eq!((&kept.id, &kept.name, kept.state), (&who.id, &who.name, PartnerState::Active));
    assert_eq!((kept.passkeys.as_slice(), kept.way_back), ([who.passkey.id.clone()].as_slice(), WayBack::None));
    assert!(kept.memberships.is_empty() && kept.operator.is_empty());
    let twin = Someone { mail: MailAddress::parse("NADIA@Exemple.fr").expect("an address"), ..someone("x") };
    assert_eq!(join(two, &twin, None).await.expect("writes"), Joined::MailTaken);
    let copied = someone("samir");
    let copied = Someone { passkey: KeptPasskey { id: who.passkey.id.clone(), ..copied.passkey.clone() }, ..copied };
    assert_eq!(join(two, &copied, None).await.expect("writes"), Joined::Known);
    assert!(two.partner_of(&copied.mail).await.expect("reads").is_none(), "nothing is left of it");
    // Of many who want one address at once, one has it.
    let answers =
        at_once(6, offices.both(), |node, _| async move { join(&node, &someone("zoe"), None).await.expect("writes") });
    assert_eq!(answers.await.into_iter().filter(|joined| *joined == Joined::Done).count(), 1);
}

async fn a_partner_invitation_is_taken_by_one_of_many_and_by_its_address_alone(offices: Offices) {
    let one = &offices.one;
    founded(one).await;
    let who = someone("samir");
    let secret = invite(one, &who, OrganisationRole::Editor).await;
    let opened = offices.two.partner_invitation(&secret, now()).await.expect("reads").expect("opens");
    assert_eq!((&opened.mail, &opened.seat), (&who.mail, &seat(OrganisationRole::Editor)));
    let late = now().plus(PartnerInvitation::LIFE);
    assert!(one.partner_invitation(&secret, late).await.expect("reads").is_none());
    let stranger = joined(one, "chloe").await;
    assert_eq!(one.take_invitation(&secret, &stranger.id, now()).await.expect("reads"), Joined::Gone);
    assert_eq!(join(one, &someone("zoe"), Some(&secret)).await.expect("reads"), Joined::Gone);
    let own = joined(one, "samir").await;
    let answers = at_once(6, offices.both(), |node, _| {
        let (secret, id) = (secret.clone(), own.id.clone());
        async move { node.take_invitation(&secret, &id, now()).await.expect("writes") }
    });
    assert_eq!(answers.await.into_iter().filter(|joined| *joined == Joined::Done).count(), 1);
    assert_eq!(of(one, &own).await.memberships[&siret()], OrganisationRole::Editor);
    // One that was taken back opens nothing.
    let other = someone("lea");
    let secret = invite(one, &other, OrganisationRole::Reader).await;
    let (team, seen) =
        one.partner_team(&seat(OrganisationRole::Reader).team()).await.expect("reads").expect("is there");
    let put = one.withdraw_partner_invitation(&team.invited[0], None, seen, now()).await.expect("writes");
    assert_eq!(put, Put::Fresh);
    assert!(one.partner_invitation(&secret, now()).await.expect("reads").is_none());
    // And one that nobody took is forgotten.
    invite(one, &other, OrganisationRole::Reader).await;
    assert_eq!(one.forget_partner_invitations(now()).await.expect("writes"), 0);
    assert_eq!(one.forget_partner_invitations(late).await.expect("writes"), 1);
}

/// Keeps an invitation that a member sent, and gives its secret.
async fn invite_by(
    registry: &Registry,
    by: &Someone,
    who: &Someone,
    role: OrganisationRole,
) -> Bearer<PartnerInvitation> {
    let secret = bearer();
    let invitation = PartnerInvitation::new(who.mail.clone(), seat(role), Some(by.id.clone()), now());
    let (_, seen) = registry.partner_team(&seat(role).team()).await.expect("reads").expect("is there");
    let put = registry.invite_partner((&invitation, &secret), seen, &told(), now()).await.expect("writes");
    assert_eq!(put, Put::Fresh);
    secret
}

/// Gives somebody another seat, or none.
async fn reseat(registry: &Registry, who: &Someone, after: Option<OrganisationRole>) {
    let (team, after) = (TeamName::Organisation(siret()), after.map(seat));
    let (_, seen) = registry.partner_team(&team).await.expect("reads").expect("is there");
    let change = SeatChange { team: &team, partner: &who.id, seat: after.as_ref(), by: None };
    assert_eq!(registry.change_seat(&change, seen, &told(), now()).await.expect("writes"), Put::Fresh);
}

async fn who_brought_whom_in_is_remembered_through_every_invitation(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let first = founded(one).await;
    let second = someone("samir");
    let secret = invite_by(one, &first, &second, OrganisationRole::Admin).await;
    assert_eq!(join(two, &second, Some(&secret)).await.expect("writes"), Joined::Done);
    // Somebody who had an account of their own, and takes a place.
    let third = joined(one, "lea").await;
    assert!(of(two, &third).await.lineage.is_none());
    let secret = invite_by(two, &second, &third, OrganisationRole::Admin).await;
    assert_eq!(one.take_invitation(&secret, &third.id, now()).await.expect("writes"), Joined::Done);
    let (of_second, of_third) = (of(one, &second).await.lineage, of(two, &third).await.lineage);
    assert!(of_second.holds(&first.id) && !of_second.holds(&third.id));
    assert!(of_third.holds(&second.id) && of_third.holds(&first.id), "through the chain");
    let (team, _) = two.partner_team(&TeamName::Organisation(siret())).await.expect("reads").expect("is there");
    assert_eq!(team.member(&third.id).expect("a member").lineage, of_third);
    // It stays when the seats are gone, and when who brought them in is.
    reseat(one, &third, None).await;
    assert_eq!(one.remove_partner(&second.id, now()).await.expect("writes"), Updated::Done);
    let left = of(two, &third).await;
    assert!(left.lineage.holds(&first.id) && left.left.contains(&siret()) && left.memberships.is_empty());
    // The command line is nobody.
    let fourth = member(one, "zoe", OrganisationRole::Reader).await;
    assert!(of(two, &fourth).await.lineage.is_none());
}

async fn invitations_end_with_whoever_sent_them_and_with_whoever_leaves(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    founded(one).await;
    let opens = async |secret: &Bearer<PartnerInvitation>| {
        two.partner_invitation(secret, now()).await.expect("reads").is_some()
    };
    let guest = someone("lea");
    for (name, after) in [("samir", Some(OrganisationRole::Editor)), ("ugo", None)] {
        let admin = member(one, name, OrganisationRole::Admin).await;
        let secret = invite_by(one, &admin, &guest, OrganisationRole::Reader).await;
        assert!(opens(&secret).await);
        reseat(two, &admin, after).await;
        assert!(!opens(&secret).await, "{name}");
        assert_eq!(join(one, &guest, Some(&secret)).await.expect("reads"), Joined::Gone);
        reseat(two, &admin, Some(OrganisationRole::Admin)).await;
        assert!(!opens(&secret).await, "it does not come back with the role");
    }
    let admin = member(one, "ines", OrganisationRole::Admin).await;
    let sent = invite_by(one, &admin, &guest, OrganisationRole::Reader).await;
    assert_eq!(two.remove_partner(&admin.id, now()).await.expect("writes"), Updated::Done);
    assert!(!opens(&sent).await, "the account is gone");
    // Even where its row stands: another process of before, or a hand in the database.
    let reader = member(one, "remi", OrganisationRole::Reader).await;
    let made_up = invite_by(one, &reader, &guest, OrganisationRole::Admin).await;
    assert!(!opens(&made_up).await, "who sent it looks after nobody");
    // What was sent to somebody is none for when they left.
    let leaving = joined(one, "tom").await;
    let early = invite(one, &leaving, OrganisationRole::Admin).await;
    reseat(one, &leaving, Some(OrganisationRole::Reader)).await;
    reseat(two, &leaving, None).await;
    assert_eq!(one.take_invitation(&early, &leaving.id, now()).await.expect("reads"), Joined::Gone);
    let fresh = invite(one, &leaving, OrganisationRole::Reader).await;
    assert_eq!(one.take_invitation(&fresh, &leaving.id, now()).await.expect("writes"), Joined::Done);
    let (team, _) = one.partner_team(&TeamName::Organisation(siret())).await.expect("reads").expect("is there");
    assert!(team.invited.iter().all(|invitation| invitation.by == Some(reader.id.clone())), "{:?}", team.invited);
}

async fn of_two_admins_who_remove_each_other_at_once_one_stays(offices: Offices) {
    let one = &offices.one;
    let first = founded(one).await;
    let second = member(one, "samir", OrganisationRole::Admin).await;
    let team = TeamName::Organisation(siret());
    let (_, seen) = one.partner_team(&team).await.expect("reads").expect("is there");
    let both = [first.id.clone(), second.id.clone()];
    let answers = at_once(2, offices.both(), |node, at| {
        let (both, team) = (both.clone(), team.clone());
        async move {
            let (partner, by) = (&both[at as usize], &both[1 - at as usize]);
            let change = SeatChange { team: &team, partner, seat: None, by: Some(by) };
            node.change_seat(&change, seen, &told(), now()).await.expect("writes")
        }
    });
    assert_eq!(answers.await.into_iter().filter(|put| *put == Put::Fresh).count(), 1);
    let (left, _) = one.partner_team(&team).await.expect("reads").expect("is there");
    assert_eq!(left.members.len(), 1);
}

async fn a_seat_that_was_moved_or_made_up_opens_nothing(offices: Offices) {
    let one = &offices.one;
    founded(one).await;
    let reader = member(one, "lea", OrganisationRole::Reader).await;
    let admin = "SELECT sealed FROM members WHERE partner <> $1";
    let sealed: String = sqlx::query_scalar(admin)
        .bind(reader.id.as_str())
        .fetch_one(&one.readers)
        .await
        .expect("the seat of the admin");
    let put_in = "UPDATE members SET sealed = $2 WHERE partner = $1";
    sqlx::query(put_in).bind(reader.id.as_str()).bind(&sealed).execute(&one.writers).await.expect("tampers");
    assert!(matches!(one.partner(&reader.id).await, Err(StoreError::Corrupt { what: "members" })));
    sqlx::query("DELETE FROM members WHERE partner = $1")
        .bind(reader.id.as_str())
        .execute(&one.writers)
        .await
        .expect("tampers");
    let add = "INSERT INTO members (team, partner, sealed, since) VALUES ('operators', $1, $2, 1)";
    sqlx::query(add).bind(reader.id.as_str()).bind(&sealed).execute(&one.writers).await.expect("tampers");
    assert!(matches!(one.partner(&reader.id).await, Err(StoreError::Corrupt { what: "members" })));
}

async fn a_session_counts_for_as_long_as_its_row_stands(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let who = joined(one, "nadia").await;
    let (first, second) = (session(one, &who).await, session(two, &who).await);
    assert_eq!(two.partner_in(&first).await.expect("reads").expect("is in").id, who.id);
    assert_eq!(one.partner_sessions(&who.id, now()).await.expect("reads").len(), 2);
    let stranger = joined(one, "samir").await;
    let missing = one.end_partner_session(&stranger.id, &first.id).await.expect("writes");
    assert_eq!(missing, Updated::Missing, "another's is not ended");
    assert_eq!(one.end_partner_session(&who.id, &first.id).await.expect("writes"), Updated::Done);
    assert!(two.partner_in(&first).await.expect("reads").is_none(), "on the other node too");
    assert!(one.partner_in(&second).await.expect("reads").is_some());
    assert_eq!(one.end_partner_sessions(&who.id, now()).await.expect("writes"), 1);
    assert!(two.partner_in(&second).await.expect("reads").is_none());
    // With a passkey that is withdrawn, its sessions go; and none begins with it.
    let third = session(one, &who).await;
    let other = KeptPasskey { id: PasskeyId::of(&random::<16>()), ..who.passkey.clone() };
    let known = [who.passkey.id.clone()];
    assert_eq!(one.add_partner_passkey(&other, &known, &told(), now()).await.expect("writes"), Put::Fresh);
    let known = [who.passkey.id.clone(), other.id.clone()];
    let gone = one.withdraw_partner_passkey(&who.passkey, &known, &told(), now()).await.expect("writes");
    assert_eq!(gone, Put::Fresh);
    assert!(two.partner_in(&third).await.expect("reads").is_none());
    let id = PartnerSessionId::from_random(random());
    let late = PartnerSession::begin(id, who.id.clone(), who.passkey.id.clone(), now());
    assert_eq!(one.begin_partner_session(&late, now()).await.expect("writes"), Put::Taken);
    assert_eq!(one.partner_passkey_used(&who.passkey, now()).await.expect("writes"), Updated::Missing);
    let mut rows = one.partner_sessions(&who.id, now()).await.expect("reads");
    assert!(rows.is_empty(), "{rows:?}");
    session(one, &Someone { passkey: other, ..who }).await;
    rows = one.partner_sessions(&late.partner, late.ends()).await.expect("reads");
    assert!(rows.is_empty(), "one that is over is not listed");
    assert_eq!(one.forget_partner_sessions(late.ends()).await.expect("writes"), 1);
}

async fn who_is_removed_has_no_seat_and_no_way_in(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let who = founded(one).await;
    let open = session(one, &who).await;
    assert_eq!(one.remove_partner(&who.id, now()).await.expect("writes"), Updated::Done);
    assert_eq!(two.remove_partner(&who.id, now()).await.expect("writes"), Updated::Missing);
    let gone = of(two, &who).await;
    assert_eq!((gone.state, gone.memberships.len(), gone.passkeys.len()), (PartnerState::Removed, 0, 0));
    assert!(two.partner_in(&open).await.expect("reads").is_none());
    assert!(two.partner_passkey(&who.passkey.id).await.expect("reads").is_none());
    assert!(two.partner_of(&who.mail).await.expect("reads").is_none());
    assert_eq!(one.begin_partner_session(&open, now()).await.expect("writes"), Put::Taken);
    joined(one, "nadia").await;
}

/// What a second person decided, by way of the rules.
async fn decided(registry: &Registry, recovery: &Recovery, second: &Someone) -> Decided {
    let partner = registry.partner(&recovery.partner).await.expect("reads").expect("is there");
    let (team, _) = registry.partner_team(&TeamName::Organisation(siret())).await.expect("reads").expect("is there");
    let admin = of(registry, second).await;
    let session = session(registry, second).await;
    let held = admin.may(ApproveRecovery, About::Organisation(&organisation())).expect("an admin");
    let fresh = session.fresh(&admin, now()).expect("has a code");
    let accepted = Organisation { belonging: Belonging::Accepted { at: now() }, ..organisation() };
    let teams: Vec<_> = Vouching::of(team, &accepted.verified().expect("accepted")).into_iter().collect();
    recovery.decide(&partner, &teams, Second::Organisation(&held, &fresh), now()).expect("a second person")
}

async fn a_recovery_is_agreed_to_once_and_leaves_nothing_of_before(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let second = founded(one).await;
    let who = member(one, "samir", OrganisationRole::Admin).await;
    for partner in [&who, &second] {
        let kept = one.keep_recovery_code(&partner.id, "a hash", &told(), now()).await.expect("writes");
        assert_eq!(kept, Updated::Done);
    }
    assert_eq!(of(two, &who).await.way_back, WayBack::RecoveryCode);
    assert_eq!(two.recovery_code(&who.mail).await.expect("reads"), Some((who.id.clone(), "a hash".to_owned())));
    let open = session(one, &who).await;

    let ask = || Recovery::ask(RecoveryId::from_random(random()), who.id.clone(), now());
    let recovery = ask();
    assert_eq!(one.ask_recovery(&recovery, &[told()], now()).await.expect("writes"), Put::Fresh);
    assert_eq!(two.ask_recovery(&ask(), &[told()], now()).await.expect("writes"), Put::Taken, "one at a time");
    assert_eq!(two.recoveries(now()).await.expect("reads"), std::slice::from_ref(&recovery));
    assert!(two.recoveries(now().plus(Recovery::WAITING)).await.expect("reads").is_empty());
    let decided = decided(one, &recovery, &second).await;
    let secret = bearer();
    let answers = [
        one.approve_recovery((&recovery, &decided), &secret, &told(), now()).await.expect("writes"),
        two.approve_recovery((&recovery, &decided), &bearer(), &told(), now()).await.expect("writes"),
        two.refuse_recovery((&recovery, &decided), &told(), now()).await.expect("writes"),
    ];
    assert_eq!(answers, [Updated::Done, Updated::Missing, Updated::Missing]);

    let late = now().plus(Lifetime::seconds(Recovery::LINK.as_seconds()));
    assert!(two.recovering(&secret, late).await.expect("reads").is_none());
    let found = two.recovering(&secret, now()).await.expect("reads").expect("opens");
    assert_eq!((&found.id, &found.partner), (&recovery.id, &who.id));
    let new = KeptPasskey { id: PasskeyId::of(&random::<16>()), ..who.passkey.clone() };
    let of_another = KeptPasskey { owner: second.id.clone(), ..new.clone() };
    assert_eq!(two.recover(&secret, &of_another, &told(), now()).await.expect("reads"), Joined::Gone);
    let answers = at_once(4, offices.both(), |node, _| {
        let (secret, new) = (secret.clone(), KeptPasskey { id: PasskeyId::of(&random::<16>()), ..new.clone() });
        async move { node.recover(&secret, &new, &told(), now()).await.expect("writes") }
    });
    assert_eq!(answers.await.into_iter().filter(|joined| *joined == Joined::Done).count(), 1);
    let back = of(one, &who).await;
    assert_eq!((back.passkeys.len(), back.way_back), (1, WayBack::None));
    assert!(!back.passkeys.contains(&who.passkey.id) && back.memberships.contains_key(&siret()));
    assert!(two.partner_in(&open).await.expect("reads").is_none(), "the sessions of before are over");
    assert_eq!(one.ask_recovery(&ask(), &[told()], now()).await.expect("writes"), Put::Fresh, "another, later");
}

async fn an_organisation_is_brought_in_once_with_its_first_person(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    assert!(one.organisation(&siret()).await.expect("reads").is_none());
    assert!(one.partner_team(&TeamName::Organisation(siret())).await.expect("reads").is_none());
    let founder = founded(one).await;
    assert_eq!(two.organisations().await.expect("reads"), [organisation()]);
    assert_eq!(of(two, &founder).await.memberships[&siret()], OrganisationRole::Admin);
    let other = joined(one, "samir").await;
    assert_eq!(two.insert_organisation(&organisation(), &other.id, now()).await.expect("writes"), Put::Taken);
    let accepted = Organisation { belonging: Belonging::Accepted { at: now() }, ..organisation() };
    let by = Some(&other.id);
    assert_eq!(one.accept_organisation(&accepted, by, &[told()], now()).await.expect("writes"), Updated::Done);
    assert_eq!(two.accept_organisation(&accepted, by, &[told()], now()).await.expect("writes"), Updated::Missing);
    assert!(two.organisation(&siret()).await.expect("reads").expect("is there").verified().is_ok());
    // A seat of the operator is one in a team that is there from the start.
    let (operators, seen) = one.partner_team(&TeamName::Operators).await.expect("reads").expect("is there");
    assert!(operators.members.is_empty());
    let seat = Seat::Operator([OperatorRole::Instructor].into());
    let change = SeatChange { team: &TeamName::Operators, partner: &other.id, seat: Some(&seat), by: None };
    assert_eq!(one.change_seat(&change, seen, &told(), now()).await.expect("writes"), Put::Fresh);
    assert!(of(two, &other).await.operator.contains(&OperatorRole::Instructor));
}

/// Rows that belong to an organisation, as its requests and its sandbox leave them.
async fn with_a_draft_and_a_service(registry: &Registry) {
    for statement in [
        "INSERT INTO habilitation_requests (id, organisation, state, since, touched, version, sealed) \
         VALUES ('d', '21690123100011', 'draft', 1, 1, 1, '')",
        "INSERT INTO habilitation_forms (request, version, at, sealed) VALUES ('d', 1, 1, '')",
        "INSERT INTO habilitations (id, environment, organisation, scopes, level, starts, state, author, updated, created) \
         VALUES ('0123456789abcdef0123456789abcdef', 'sandbox', '21690123100011', '[]', 'eidas1', 1, 'active', \
         '\"operator\"', 1, 1)",
    ] {
        sqlx::query(statement).execute(&registry.writers).await.expect("a row");
    }
}

async fn an_organisation_that_nothing_proves_gives_its_place_back_with_all_it_had(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let squatter = founded(one).await;
    with_a_draft_and_a_service(one).await;
    let guest = someone("lea");
    let secret = invite(one, &guest, OrganisationRole::Reader).await;
    let later = now().plus(Organisation::UNPROVED);
    assert!(two.idle_organisations(now()).await.expect("reads").is_empty());
    let early = two.release_organisation(siret(), Releasing::Idle, &[], now()).await.expect("reads");
    assert_eq!(early, Released::Not(NotReleased::InUse));
    assert_eq!(two.idle_organisations(later).await.expect("reads"), [organisation()]);
    let released = two.release_organisation(siret(), Releasing::Idle, &[told()], later).await.expect("writes");
    assert_eq!(released, Released::Done(Box::new(organisation())));
    assert_eq!(
        one.release_organisation(siret(), Releasing::Operator, &[], later).await.expect("reads"),
        Released::Missing
    );
    assert!(of(one, &squatter).await.memberships.is_empty());
    assert!(one.partner_invitation(&secret, now()).await.expect("reads").is_none());
    for (statement, left) in [
        ("SELECT COUNT(*) FROM habilitation_requests", 0_i64),
        ("SELECT COUNT(*) FROM habilitation_forms", 0),
        ("SELECT COUNT(*) FROM teams WHERE name <> 'operators'", 0),
        ("SELECT COUNT(*) FROM habilitations WHERE state = 'revoked' AND organisation IS NULL", 1),
    ] {
        let found: i64 = sqlx::query_scalar(statement).fetch_one(&one.readers).await.expect("reads");
        assert_eq!(found, left, "{statement}");
    }
    // Another brings it in, and what is proved is nobody's to take.
    let right = joined(two, "samir").await;
    let proved = Organisation { belonging: Belonging::Accepted { at: later }, ..organisation() };
    assert_eq!(two.insert_organisation(&proved, &right.id, later).await.expect("writes"), Put::Fresh);
    let refused = one.release_organisation(siret(), Releasing::Operator, &[], later).await.expect("reads");
    assert_eq!(refused, Released::Not(NotReleased::Verified));
    assert!(one.idle_organisations(later.plus(Organisation::UNPROVED)).await.expect("reads").is_empty());
}

async fn what_is_kept_of_partners_is_read_by_nobody_and_journalled(offices: Offices) {
    let one = &offices.one;
    let who = founded(one).await;
    let kept = one.keep_recovery_code(&who.id, CANARY, &told(), now()).await.expect("writes");
    assert_eq!(kept, Updated::Done);
    member(one, "samir", OrganisationRole::Reader).await;
    let seen = dump(
        &offices,
        &[
            "SELECT id || mail_key || sealed FROM partners",
            "SELECT team || sealed FROM members",
            "SELECT place || sealed FROM partner_invitations",
            "SELECT id || sealed FROM partner_passkeys",
            "SELECT siret || sealed FROM organisations",
        ],
    )
    .await;
    assert!(!contains(&seen, CANARY) && !contains(&seen, who.mail.as_str()));
    let kinds = kinds(one).await;
    for kind in ["partner_changed", "partner_invited", "organisation_changed"] {
        assert!(kinds.iter().any(|seen| seen == kind), "{kind}: {kinds:?}");
    }
    assert!(matches!(one.verify_journal().await.expect("reads"), Verdict::Whole { .. }));
}
