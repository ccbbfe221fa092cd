//! The texts of the partners' space.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    // Around every page
    space_name: "Espace partenaires", "Partners’ space";
    space_nav: "Espace partenaires", "Partners’ space";
    space_trail: "Vous êtes ici", "You are here";
    space_footer(brand): "{brand} : espace partenaires, réservé aux communes, à leurs prestataires et à l’exploitant.",
        "{brand}: partners’ space, for communes, their contractors and the operator.";
    space_sign_out: "Se déconnecter", "Sign out";
    space_back: "Retourner à l’accueil de l’espace", "Back to the first page of the space";
    space_queue: "Demandes à instruire", "Requests to review";
    space_operators: "Équipe de l’exploitant", "The operator’s people";
    space_account: "Mon compte", "My account";
    space_account_go: "Aller à mon compte", "Go to my account";
    space_wrong_title: "Il y a une erreur", "There is a mistake";
    space_safeguard_title: "Votre compte n’a qu’une seule clé d’accès", "Your account has one passkey alone";
    space_safeguard: "Si vous la perdez, vous restez à la porte. Ajoutez une deuxième clé ou créez un code de secours : d’ici là, vous ne pouvez ni approuver, ni voir un secret, ni changer les personnes.",
        "If you lose it, you are locked out. Add a second passkey or create a recovery code: until then you can neither approve, nor see a secret, nor change people.";

    // Signing in
    space_sign_in_title: "Entrer dans l’espace partenaires", "Enter the partners’ space";
    space_sign_in_help: "Pas encore de compte, ou clés perdues ?", "No account yet, or passkeys lost?";
    space_signed_out: "Vous êtes déconnecté.", "You are signed out.";
    space_told_unknown: "Cette clé d’accès n’est pas, ou n’est plus, celle d’un compte de l’espace partenaires.",
        "This passkey is not, or no longer, that of an account of the partners’ space.";
    space_say_failed: "La clé d’accès n’a pas pu être vérifiée. Recommencez.", "The passkey could not be verified. Try again.";
    space_mail_known: "Cette adresse a déjà un compte. Connectez-vous avec sa clé d’accès.",
        "This address has an account already. Sign in with its passkey.";
    space_confirm_title: "Confirmer avec votre clé d’accès", "Confirm with your passkey";
    space_confirm_lead: "Ce que vous voulez faire est sensible. Montrez encore une fois que c’est bien vous ; cela vaut cinq minutes.",
        "What you want to do is sensitive. Show once more that it is you; that is good for five minutes.";
    space_confirm_button: "Confirmer avec ma clé d’accès", "Confirm with my passkey";

    // A first passkey
    space_register_title: "Créer votre compte", "Create your account";
    space_register_lead(mail): "Votre adresse {mail} est confirmée. Il reste votre nom et une clé d’accès, qui remplace le mot de passe.",
        "Your address {mail} is confirmed. What remains is your name and a passkey, which takes the place of a password.";
    space_register_team(team): "Vous êtes invité à rejoindre {team}.", "You are invited to join {team}.";
    space_person: "Nom et prénom", "Name";
    space_person_note: "Comme vos interlocuteurs vous connaissent.", "As those you deal with know you.";
    space_passkey_note: "Pour la reconnaître plus tard, par exemple « Ordinateur du bureau ».",
        "To recognise it later, such as “Office computer”.";
    space_join_title(team): "Rejoindre {team}", "Join {team}";
    space_join_lead(team): "Vous êtes invité à rejoindre {team} avec le compte que vous avez déjà.",
        "You are invited to join {team} with the account that you have already.";
    space_join_button: "Rejoindre", "Join";
    space_join_sign_in: "Connectez-vous d’abord avec le compte de l’adresse où l’invitation est arrivée.",
        "First sign in with the account of the address that the invitation came to.";

    // The first page
    space_home_title: "Accueil", "Home";
    space_places: "Vos organisations", "Your organisations";
    space_places_none: "Vous n’agissez encore pour aucune organisation.", "You act for no organisation yet.";
    space_unverified: "rattachement à vérifier", "belonging to be verified";
    space_verified: "rattachement vérifié", "belonging verified";
    space_operator_title: "Pour l’exploitant", "For the operator";
    role_organisation_admin: "administrateur", "administrator";
    role_organisation_editor: "rédacteur", "editor";
    role_organisation_reader: "lecteur", "reader";
    role_operator_admin: "administrateur de l’exploitant", "operator administrator";
    role_operator_instructor: "instructeur", "instructor";
    role_operator_reporter: "rapporteur", "reporter";
    role_operator_prefecture(departement): "préfecture ({departement})", "prefecture ({departement})";

    // Refusals
    space_link_gone_title: "Ce lien ne sert plus", "This link no longer works";
    space_link_gone: "Il a déjà servi, il est trop ancien, ou il n’est pas complet.", "It was used, is too old, or is not complete.";
    space_link_gone_advice: "Ouvrez le lien du message le plus récent, ou demandez-en un nouveau.",
        "Open the link of the latest message, or ask for a new one.";
    space_unseen_title: "Page introuvable", "Page not found";
    space_unseen: "Cette page n’existe pas, ou votre compte n’y a pas accès.", "This page does not exist, or your account has no access to it.";
    space_ask_admin: "Demandez à un administrateur de votre organisation.", "Ask an administrator of your organisation.";
    space_unsafeguarded_title: "Il vous faut d’abord une deuxième clé", "First you need a second passkey";
    space_unsafeguarded: "Ce que vous vouliez faire est sensible, et votre compte n’a qu’une seule clé d’accès.",
        "What you wanted to do is sensitive, and your account has one passkey alone.";
    space_unsafeguarded_advice: "Ajoutez une deuxième clé d’accès, ou créez un code de secours, puis recommencez.",
        "Add a second passkey, or create a recovery code, then try again.";

    // Mails
    mail_space_invited_subject(team): "Invitation à rejoindre {team}", "Invitation to join {team}";
    mail_space_invited(team): "Vous êtes invité à rejoindre {team} dans l’espace partenaires.",
        "You are invited to join {team} in the partners’ space.";
    mail_space_open(moment): "Ouvrez cette adresse avant le {moment} (heure de Paris) :", "Open this address before {moment} (Paris time):";
    mail_space_once: "Elle ne sert qu’une fois. Il n’y a pas de mot de passe : vous y créez une clé d’accès.",
        "It works once. There is no password: you create a passkey there.";
    mail_space_stranger: "Vous n’attendiez pas ce message ? N’ouvrez pas l’adresse : sans elle, rien ne se passe.",
        "You were not expecting this message? Do not open the address: without it nothing happens.";
    mail_space_passkey_added_subject: "Nouvelle clé d’accès de votre compte", "New passkey of your account";
    mail_space_passkey_added: "Une clé d’accès vient d’être ajoutée à votre compte de l’espace partenaires.",
        "A passkey was just added to your account in the partners’ space.";
    mail_space_not_you: "Prévenez tout de suite un administrateur de votre organisation, ou l’assistance.",
        "Tell an administrator of your organisation, or support, at once.";
    mail_space_sign_up_subject: "Confirmez votre adresse", "Confirm your address";
    mail_space_sign_up: "Cette adresse a demandé un compte dans l’espace partenaires.", "This address asked for an account in the partners’ space.";
    mail_space_known_subject: "Vous avez déjà un compte", "You have an account already";
    mail_space_known: "Cette adresse a demandé un compte dans l’espace partenaires, et en a déjà un. Connectez-vous avec votre clé d’accès :",
        "This address asked for an account in the partners’ space, and has one already. Sign in with your passkey:";
    mail_space_withdrawn_subject: "Clé d’accès retirée de votre compte", "Passkey withdrawn from your account";
    mail_space_withdrawn: "Une clé d’accès vient d’être retirée de votre compte de l’espace partenaires.",
        "A passkey was just withdrawn from your account in the partners’ space.";
    mail_space_code_subject: "Nouveau code de secours", "New recovery code";
    mail_space_code: "Un code de secours vient d’être créé pour votre compte de l’espace partenaires. Celui d’avant ne vaut plus rien.",
        "A recovery code was just created for your account in the partners’ space. The one before is worth nothing any more.";
    mail_space_asked_subject: "Votre code de secours a été utilisé", "Your recovery code was used";
    mail_space_asked: "Quelqu’un a montré votre code de secours pour retrouver l’accès à votre compte. Une deuxième personne doit maintenant accepter.",
        "Somebody showed your recovery code to get back into your account. A second person has to agree now.";
    mail_space_approve_subject(name): "{name} demande à retrouver son accès", "{name} asks to get back in";
    mail_space_approve(name, mail): "{name} ({mail}) a perdu ses clés d’accès et a montré son code de secours. Appelez cette personne avant d’accepter.",
        "{name} ({mail}) lost their passkeys and showed their recovery code. Call this person before you agree.";
    mail_space_approve_open: "Pour décider :", "To decide:";
    mail_space_approved_subject: "Vous pouvez créer une nouvelle clé d’accès", "You can create a new passkey";
    mail_space_approved: "Une deuxième personne a accepté que vous retrouviez votre accès.", "A second person agreed that you get back in.";
    mail_space_refused_subject: "Votre demande d’accès est refusée", "Your request to get back in is refused";
    mail_space_refused: "Une deuxième personne n’a pas accepté que vous retrouviez votre accès par le code de secours.",
        "A second person did not agree that you get back in by the recovery code.";
    mail_space_recovered_subject: "Votre accès est rétabli", "You are back in";
    mail_space_recovered: "Une nouvelle clé d’accès a été créée par le code de secours. Toutes celles d’avant, et le code, ne valent plus rien.",
        "A new passkey was created by the recovery code. All those before, and the code, are worth nothing any more.";
    mail_space_roles_subject(team): "Vos rôles ont changé : {team}", "Your roles have changed: {team}";
    mail_space_roles(team): "Vos rôles pour {team} viennent de changer dans l’espace partenaires.", "Your roles for {team} have just changed in the partners’ space.";
    mail_space_left_subject(team): "Fin d’accès : {team}", "End of access: {team}";
    mail_space_left(team): "Vous n’avez plus de rôle pour {team} dans l’espace partenaires.", "You have no role for {team} in the partners’ space any more.";
    mail_space_accepted_subject(team): "Rattachement vérifié : {team}", "Belonging verified: {team}";
    mail_space_accepted(team): "L’exploitant a vérifié votre rattachement à {team} : vous pouvez déposer des demandes.",
        "The operator verified that you belong to {team}: you can hand requests in.";
}
