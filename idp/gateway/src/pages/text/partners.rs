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

    // Accounts
    space_sign_up_title: "Créer un compte", "Create an account";
    space_sign_up_lead: "Tapez votre adresse électronique professionnelle. Vous y recevrez un lien, valable une heure.",
        "Type your work e-mail address. You will receive a link there, good for an hour.";
    space_sign_up_button: "Recevoir le lien", "Send me the link";
    space_sign_up_go: "Créer un compte", "Create an account";
    space_lost_go: "J’ai perdu toutes mes clés d’accès", "I lost all my passkeys";
    space_mail_sent_title: "Regardez votre messagerie", "Look at your mailbox";
    space_sent_lead: "Si ce que vous avez tapé est juste, la suite est dans le message que nous venons d’envoyer.",
        "If what you typed is right, what follows is in the message that we just sent.";
    space_sent_note: "Rien n’arrive ? Regardez dans les indésirables, puis recommencez dans quelques minutes.",
        "Nothing arrives? Look into your spam folder, then try again in a few minutes.";
    space_recovery_title: "Retrouver l’accès à votre compte", "Get back into your account";
    space_recovery_lead: "Vous avez perdu toutes vos clés d’accès ? Tapez votre adresse et votre code de secours. Une deuxième personne devra accepter : un autre administrateur de votre organisation, ou l’exploitant.",
        "You lost all your passkeys? Type your address and your recovery code. A second person will have to agree: another administrator of your organisation, or the operator.";
    space_recovery_button: "Demander à retrouver l’accès", "Ask to get back in";
    space_recovery_sent_title: "Votre demande est enregistrée", "Your request is noted";
    space_recover_title: "Créer une nouvelle clé d’accès", "Create a new passkey";
    space_mail: "Adresse électronique", "E-mail address";
    space_code: "Code de secours", "Recovery code";
    space_code_note: "Dix groupes de quatre lettres et chiffres.", "Ten groups of four letters and digits.";
    space_code_wrong: "Un code de secours a dix groupes de quatre lettres et chiffres.", "A recovery code has ten groups of four letters and digits.";
    space_code_title: "Votre code de secours", "Your recovery code";
    space_code_once: "Notez-le sur papier et gardez-le loin de vos clés. Il n’est montré qu’ici, cette fois.",
        "Write it down on paper and keep it away from your passkeys. It is shown here only, this once.";
    space_code_use: "Avec lui, et avec l’accord d’une deuxième personne, vous retrouvez votre accès si vous perdez toutes vos clés.",
        "With it, and with the word of a second person, you get back in when you lose all your passkeys.";
    space_code_kept: "Je l’ai noté", "I wrote it down";
    space_code_none: "Vous n’avez pas de code de secours.", "You have no recovery code.";
    space_code_held: "Vous avez un code de secours. En créer un nouveau annule l’ancien.", "You have a recovery code. To create a new one cancels the old one.";
    space_code_make: "Créer un code de secours", "Create a recovery code";
    space_sessions: "Mes sessions", "My sessions";
    space_session_own: "cette session", "this session";
    space_session_began(moment, passkey): "ouverte le {moment} avec « {passkey} »", "opened on {moment} with “{passkey}”";
    space_session_end: "Fermer cette session", "End this session";
    space_sessions_end: "Me déconnecter partout", "Sign out everywhere";
    space_done_passkey: "La clé d’accès est ajoutée.", "The passkey is added.";
    space_done_removed: "C’est retiré.", "It is removed.";
    space_done_session: "La session est fermée.", "The session is ended.";
    space_done_invited: "L’invitation est partie. Elle vaut sept jours et ne sert qu’une fois.", "The invitation is on its way. It is good for seven days, and once.";
    space_done_changed: "Les rôles sont changés.", "The roles are changed.";
    space_done_withdrawn: "L’invitation est annulée.", "The invitation is taken back.";
    space_done_approved: "C’est accepté : un lien est parti à son adresse.", "It is agreed to: a link is on its way to their address.";
    space_done_refused: "C’est refusé.", "It is refused.";
    space_done_created: "L’organisation est créée, et vous l’administrez.", "The organisation is created, and you administer it.";
    space_done_accepted: "Le rattachement est vérifié.", "The belonging is verified.";

    // Organisations
    space_new_title: "Ajouter une organisation", "Add an organisation";
    space_new_lead: "Tapez le numéro SIRET de votre commune ou de votre structure.", "Type the SIRET number of your commune or body.";
    space_siret: "SIRET", "SIRET";
    space_siret_note: "Quatorze chiffres, par exemple 216 901 231 00011.", "Fourteen digits, such as 216 901 231 00011.";
    space_siret_wrong: "Ce n’est pas un numéro SIRET : vérifiez les quatorze chiffres.", "This is not a SIRET number: check the fourteen digits.";
    space_new_look: "Chercher", "Look it up";
    space_new_confirm: "C’est bien elle", "This is the one";
    space_new_again: "Changer de numéro", "Change the number";
    space_organisation_known: "Cette organisation est déjà là. Demandez à son administrateur de vous inviter ; si c’est la vôtre et que personne de chez vous ne l’a inscrite, écrivez à l’exploitant, qui vous la rendra.",
        "This organisation is here already. Ask its administrator to invite you; if it is yours and nobody of yours brought it in, write to the operator, who will give it back to you.";
    space_unknown_body: "Ce numéro n’est pas celui d’une commune ni d’un groupement de notre répertoire. Dites-nous de qui il s’agit ; l’exploitant vérifiera.",
        "This number is neither that of a commune nor of a grouping in our register. Tell us who it is; the operator will verify.";
    space_looks_like(commune): "Il ressemble à celui de {commune} : vérifiez les chiffres.", "It looks like the one of {commune}: check the digits.";
    space_fact_name: "Nom", "Name";
    space_fact_departement: "Département", "Département";
    space_fact_commune: "Code commune (INSEE)", "Commune code (INSEE)";
    space_fact_kind: "Forme", "Form";
    space_fact_communes: "Communes regroupées", "Communes grouped";
    space_kind: "Ce qu’elle est", "What it is";
    space_commune: "Code INSEE de la commune du siège (facultatif)", "INSEE code of the commune of its seat (optional)";
    space_commune_wrong: "Ce n’est pas le code INSEE d’une commune.", "This is not the INSEE code of a commune.";
    kind_commune: "commune", "commune";
    kind_attached: "structure rattachée à des communes", "body attached to communes";
    kind_several: "opérateur de plusieurs communes", "operator of several communes";
    kind_editor: "éditeur de logiciel", "software editor";
    space_unverified_note: "Tant que l’exploitant n’a pas vérifié votre rattachement, vous pouvez écrire des brouillons et essayer le bac à sable, sans déposer de demande pour la production.",
        "Until the operator has verified that you belong to it, you can write drafts and try the sandbox, without handing in a request for production.";
    space_accept_lead: "Vous avez vérifié que ces personnes appartiennent à l’organisation ?", "You verified that these people belong to the organisation?";
    space_accept_button: "Vérifier le rattachement", "Verify the belonging";

    // People
    space_people_title: "Personnes", "People";
    space_people_lead(team): "Les personnes qui agissent pour {team}.", "The people who act for {team}.";
    space_since(day): "depuis le {day}", "since {day}";
    space_own: "vous", "you";
    space_role: "Rôle", "Role";
    space_role_save: "Changer le rôle", "Change the role";
    space_member_remove: "Retirer", "Remove";
    space_member_leave: "Quitter", "Leave";
    space_invitations: "Invitations en attente", "Invitations that wait";
    space_invited_until(moment): "valable jusqu’au {moment}", "good until {moment}";
    space_invitation_withdraw: "Annuler l’invitation", "Take the invitation back";
    space_invite_title: "Inviter une personne", "Invite somebody";
    space_invite_lead: "Elle reçoit un lien à cette adresse, valable sept jours et une seule fois.", "They receive a link at this address, good for seven days and once.";
    space_invite_button: "Envoyer l’invitation", "Send the invitation";
    space_mail_taken: "Une personne de cette adresse est déjà là, ou déjà invitée.", "Somebody of this address is here already, or invited already.";
    space_departement: "Préfecture : code du département (facultatif)", "Prefecture: code of the département (optional)";
    space_waiting: "Demandes d’accès à vérifier", "Requests to get back in";
    space_waiting_lead: "Ces personnes ont perdu leurs clés d’accès et montré leur code de secours. Appelez-les à un numéro que vous connaissez avant d’accepter.",
        "These people lost their passkeys and showed their recovery code. Call them at a number you know before you agree.";
    space_waiting_yes: "C’est bien elle : accepter", "It is them: agree";
    space_waiting_no: "Refuser", "Refuse";

    // Further refusals
    space_own_roles_title: "Personne ne décide de ses propres rôles", "Nobody decides on their own roles";
    space_own_roles: "Un autre administrateur doit le faire.", "Another administrator has to do it.";
    space_last_title: "Il faut un administrateur", "There has to be an administrator";
    space_last: "Sans cette personne, plus personne n’administrerait l’équipe.", "Without this person nobody would look after the team.";
    space_last_advice: "Donnez d’abord le rôle d’administrateur à quelqu’un d’autre.", "First give the administrator role to somebody else.";
    space_busy_title: "Réessayez dans une minute", "Try again in a minute";
    space_busy: "Trop de codes de secours sont vérifiés en même temps.", "Too many recovery codes are verified at once.";
    space_second_title: "Une autre personne doit décider", "Another person has to decide";
    space_second: "Ce n’est pas à vous d’accepter cette demande d’accès.", "It is not for you to agree to this request.";
    space_another_title: "Une autre personne doit décider", "Another person has to decide";
    space_another: "Personne ne décide sur ce qui le concerne, ni deux fois.", "Nobody decides on what is their own, nor twice.";
    space_often_title: "Trop de fois en peu de temps", "Too often in a short while";
    space_often: "Pour que personne ne remplisse les boîtes des autres, le nombre d’envois est limité.",
        "So that nobody fills the mailboxes of others, what can be sent is limited.";
    space_often_advice: "Rien n’a été fait. Réessayez dans une heure, ou demain.", "Nothing was done. Try again in an hour, or tomorrow.";
}
