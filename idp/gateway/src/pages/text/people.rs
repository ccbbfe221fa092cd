//! The texts of the desk's door, and of those who look after its agents.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    // Mails to agents
    mail_invited_subject(commune): "Votre accès au guichet de {commune}", "Your access to the desk of {commune}";
    mail_invited(commune): "{commune} vous invite à son guichet de certification d’identité.",
        "{commune} invites you to its identity certification desk.";
    mail_invited_open(moment): "Ouvrez cette adresse sur l’ordinateur où vous travaillez, avant le {moment} (heure de Paris) :",
        "Open this address on the computer you work at, before {moment} (Paris time):";
    mail_invited_once: "Elle ne sert qu’une fois. Vous y enregistrez une clé d’accès : votre empreinte, votre visage, le code de l’ordinateur ou une clé de sécurité. Il n’y a pas de mot de passe.",
        "It works once. There you register a passkey: your fingerprint, your face, the code of the computer or a security key. There is no password.";
    mail_invited_stranger(commune): "Vous n’attendiez pas ce message ? N’ouvrez pas l’adresse, et prévenez {commune}.",
        "You were not expecting this message? Do not open the address, and tell {commune}.";
    mail_passkey_subject(commune): "Nouvelle clé d’accès au guichet de {commune}", "New passkey at the desk of {commune}";
    mail_passkey(commune): "Une clé d’accès vient d’être ajoutée à votre compte au guichet de {commune}.",
        "A passkey was just added to your account at the desk of {commune}.";
    mail_passkey_name(passkey): "Clé : {passkey}", "Passkey: {passkey}";
    mail_passkey_stranger: "Demandez tout de suite à l’administrateur de votre commune de retirer votre accès.",
        "Ask the administrator of your commune to remove your access at once.";

    // Around the pages of the desk
    desk_nav: "Guichet", "Desk";
    desk_home: "Accueil du guichet", "Desk home";
    desk_sign_out: "Se déconnecter", "Sign out";
    desk_back: "Retourner au guichet", "Back to the desk";
    desk_footer(brand): "{brand} : guichet de certification, réservé aux agents des communes.",
        "{brand}: certification desk, for agents of communes only.";

    // Signing in with a passkey
    sign_in_title: "Se connecter au guichet", "Sign in at the desk";
    sign_in_lead: "Appuyez sur le bouton, puis utilisez votre empreinte, votre visage, le code de l’ordinateur ou votre clé de sécurité.",
        "Press the button, then use your fingerprint, your face, the code of the computer or your security key.";
    sign_in_button: "Me connecter avec ma clé d’accès", "Sign in with my passkey";
    sign_in_go: "Aller à la connexion", "Go to the sign-in";
    sign_in_help: "Pas de clé d’accès, ou clé perdue ? L’administrateur de votre commune peut vous inviter à nouveau.",
        "No passkey, or lost it? The administrator of your commune can invite you again.";
    passkey_script: "Cette page a besoin de JavaScript pour parler à votre clé d’accès. Autorisez-le pour ce site, puis rechargez la page.",
        "This page needs JavaScript to speak to your passkey. Allow it for this site, then reload the page.";
    say_cancelled: "Rien n’a été signé : la demande a été annulée ou le délai est dépassé. Vous pouvez recommencer.",
        "Nothing was signed: it was cancelled, or time ran out. You can try again.";
    say_unsupported: "Ce navigateur ou cet appareil ne peut pas utiliser de clé d’accès vérifiée par une empreinte, un visage ou un code. Essayez un navigateur à jour, ou une clé de sécurité avec code.",
        "This browser or device cannot use a passkey that is verified by a fingerprint, a face or a code. Try an up-to-date browser, or a security key with a code.";
    say_known: "Cet appareil a déjà une clé d’accès pour votre compte. Utilisez un autre appareil ou une autre clé de sécurité.",
        "This device already has a passkey for your account. Use another device or another security key.";
    say_failed: "La clé d’accès n’a pas pu être vérifiée. Recommencez ; si cela continue, demandez à l’administrateur de votre commune.",
        "The passkey could not be verified. Try again; if this goes on, ask the administrator of your commune.";
    told_passkey_ready: "Votre clé d’accès est enregistrée. Connectez-vous maintenant avec elle.",
        "Your passkey is registered. Now sign in with it.";
    told_unknown: "Cette clé d’accès n’est pas, ou n’est plus, celle d’un agent. Choisissez-en une autre, ou demandez à l’administrateur de votre commune.",
        "This passkey is not, or no longer, that of an agent. Choose another, or ask the administrator of your commune.";
    told_too_late: "La page était restée ouverte trop longtemps, ou a déjà servi. Recommencez.",
        "The page had stayed open too long, or was used already. Try again.";

    // Making a passkey
    register_title(commune): "Votre accès au guichet de {commune}", "Your access to the desk of {commune}";
    register_lead(agent): "Bonjour {agent}. Créez une clé d’accès : elle remplace le mot de passe, et reste sur cet appareil ou sur votre clé de sécurité.",
        "Hello {agent}. Create a passkey: it takes the place of a password, and stays on this device or on your security key.";
    register_lead_again: "Une deuxième clé, sur un autre appareil ou sur une clé de sécurité, vous évite de rester à la porte si vous perdez la première.",
        "A second passkey, on another device or a security key, keeps you from being locked out when you lose the first.";
    register_button: "Créer ma clé d’accès", "Create my passkey";
    register_note: "Votre empreinte et votre visage ne quittent pas votre appareil.", "Your fingerprint and your face do not leave your device.";
    passkey_name: "Nom de la clé", "Name of the passkey";
    passkey_name_note: "Pour la reconnaître plus tard, par exemple « Poste du guichet 1 ».", "To recognise it later, such as “Computer at counter 1”.";
    passkey_proposed: "Mon poste", "My computer";

    // An agent's own page
    account_title: "Mon compte", "My account";
    account_note: "Vos rôles et vos dates sont fixés par l’administrateur de votre commune.", "Your roles and dates are set by the administrator of your commune.";
    declare_title: "Qui vous êtes", "Who you are";
    declare_lead: "Personne ne certifie sa propre carte. Déclarez votre nom de naissance et votre date de naissance, une seule fois : tant que vous ne l’avez pas fait, un collègue regarde chaque dossier après vous.",
        "Nobody certifies their own card. Declare your birth name and your date of birth, once: as long as you have not, a colleague looks at each case after you.";
    declare_note: "Ce que vous écrivez n’est pas conservé : seule une empreinte l’est, que personne ne peut relire.",
        "What you type is not kept: only a mark of it is, which nobody can read back.";
    declare_surname: "Nom de naissance, comme sur votre carte", "Birth name, as on your card";
    declare_birthdate: "Date de naissance", "Date of birth";
    declare_button: "Déclarer", "Declare";
    declare_done: "Déclaré.", "Declared.";
    correct_title: "C’était une erreur ?", "Was it wrong?";
    correct_lead: "Déclarez-le de nouveau : un autre administrateur de votre commune le confirme, au vu d’une pièce d’identité. Jusque-là, votre première déclaration compte.",
        "Declare it again: another administrator of your commune confirms it, having seen an identity paper. Until then, what you declared first counts.";
    correct_button: "Demander la correction", "Ask for the correction";
    correct_asked: "Vous avez demandé une correction. Un autre administrateur doit la confirmer.",
        "You have asked for a correction. Another administrator has to confirm it.";
    confirm_correction_title: "Correction de sa déclaration", "Correction of what they declared";
    confirm_correction_lead: "Cet agent s’était trompé en déclarant qui il est. Au vu de sa pièce d’identité, écrivez son nom de naissance et sa date de naissance : ils doivent être ceux qu’il a écrits, et que vous ne voyez pas ici.",
        "This agent had declared wrongly who they are. From their identity paper, type their birth name and date of birth: they must be the ones that the agent typed, which you do not see here.";
    confirm_correction_button: "Confirmer la correction", "Confirm the correction";
    refused_declaration_title: "Personne ne confirme sa propre déclaration", "Nobody confirms their own declaration";
    refused_declaration: "Une correction est confirmée par un autre administrateur, ou par l’exploitant.", "A correction is confirmed by another administrator, or by the operator.";
    refused_differs_title: "Ce n’est pas ce que l’agent a écrit", "It is not what the agent typed";
    refused_differs: "Le nom ou la date diffère de ce que l’agent a demandé. Rien n’a changé.", "The name or the date differs from what the agent asked for. Nothing has changed.";
    refused_differs_advice: "Regardez de nouveau sa pièce d’identité, ou demandez-lui de refaire sa demande.", "Look at their identity paper again, or have them ask once more.";
    refused_declared_title: "C’est déjà déclaré", "It is declared already";
    refused_declared: "Un agent déclare qui il est une seule fois.", "An agent declares who they are once.";
    refused_declared_advice: "En cas d’erreur, demandez une correction sur votre page.",
        "If it was wrong, ask for a correction on your page.";
    agent_name: "Nom et prénom", "Name";
    agent_mail: "Adresse électronique professionnelle", "Work e-mail address";
    agent_roles: "Rôles", "Roles";
    agent_trained: "Formation suivie le", "Trained on";
    agent_authorised: "Autorisation", "Authorisation";
    role_agent: "agent du guichet", "desk agent";
    role_admin: "administrateur de la commune", "commune administrator";
    role_agent_long: "Agent du guichet : certifie les cartes d’identité", "Desk agent: certifies identity cards";
    role_admin_long: "Administrateur de la commune : gère les agents et les lecteurs", "Commune administrator: looks after agents and readers";
    trained_never: "pas encore", "not yet";
    authorised_never: "aucune", "none";
    listed_never: "pas encore autorisé", "not authorised yet";
    listed_between(period): "autorisé {period}", "authorised {period}";
    authorised_between(from, until): "du {from} au {until}", "from {from} to {until}";
    passkeys_title: "Mes clés d’accès", "My passkeys";
    passkeys_lead: "Gardez-en deux, sur deux appareils : si l’une se perd, l’autre ouvre encore.", "Keep two, on two devices: if one is lost, the other still opens.";
    passkey_added(day): "ajoutée le {day}", "added on {day}";
    passkey_in_use: "utilisée pour cette session", "used for this session";
    passkey_last_used(day): "utilisée le {day}", "used on {day}";
    passkey_never_used: "jamais utilisée", "never used";
    passkey_withdraw: "Retirer cette clé", "Withdraw this passkey";
    passkey_add: "Ajouter une clé d’accès", "Add a passkey";

    // Agents
    agents_title: "Agents", "Agents";
    agents_lead(commune): "Les agents de {commune}, ce qu’ils peuvent faire et jusqu’à quand.", "The agents of {commune}, what they may do and until when.";
    agents_back: "Voir tous les agents", "See all agents";
    state_invited: "invité", "invited";
    state_active: "en fonction", "on post";
    state_outside: "hors dates", "outside dates";
    state_removed: "retiré", "removed";
    invite_title: "Inviter un agent", "Invite an agent";
    invite_lead: "Il reçoit un lien par courriel, valable 7 jours et une seule fois, pour créer sa clé d’accès.",
        "They receive a link by e-mail, good for 7 days and once, to create their passkey.";
    invite_button: "Envoyer l’invitation", "Send the invitation";
    trained_note: "Laissez vide tant que la formation n’est pas suivie : sans elle, l’agent ne certifie pas.",
        "Leave empty until the training is done: without it the agent does not certify.";
    authorised_note: "Du premier au dernier jour compris. Sans dates, l’agent n’entre pas.", "From the first to the last day, both included. Without dates the agent does not get in.";
    authorised_from: "Premier jour", "First day";
    authorised_until: "Dernier jour", "Last day";
    terms_button: "Enregistrer", "Save";
    own_terms_note: "Personne ne change ses propres rôles ni ses propres dates : demandez à un autre administrateur, ou à l’exploitant.",
        "Nobody changes their own roles or dates: ask another administrator, or the operator.";
    renew_title: "Nouvelle invitation", "New invitation";
    renew_lead: "L’agent a perdu ses clés ? Elles sont toutes retirées tout de suite, et un nouveau lien part à son adresse.",
        "The agent lost their passkeys? All are withdrawn at once, and a new link goes to their address.";
    renew_lead_invited: "Le lien précédent ne sert plus ; un nouveau part à son adresse.", "The previous link no longer works; a new one goes to their address.";
    renew_button: "Inviter à nouveau", "Invite again";
    remove_title: "Retirer l’accès", "Remove access";
    remove_lead: "L’accès et les sessions en cours s’arrêtent tout de suite. C’est définitif.", "Access and open sessions end at once. This is for good.";
    remove_button: "Retirer cet agent", "Remove this agent";
    link_title: "L’invitation est partie", "The invitation is on its way";
    link_lead(mail): "Un message avec un lien a été envoyé à {mail}.", "A message with a link was sent to {mail}.";
    link_also: "Si le message n’arrive pas, donnez ce lien à la personne, et à elle seule. Il n’est montré qu’ici, cette fois.",
        "If the message does not arrive, give this link to the person, and to nobody else. It is shown here only, this once.";
    link_note: "Qui a le lien peut créer la clé d’accès. Il vaut 7 jours et ne sert qu’une fois.", "Whoever has the link can create the passkey. It is good for 7 days, and once.";

    // Readers
    readers_title: "Lecteurs", "Readers";
    readers_lead: "Les lecteurs de carte et d’empreinte du guichet. Vous les proposez, l’exploitant les accepte : seuls ceux-là sont écoutés.",
        "The card and fingerprint readers of the desk. You propose them, the operator accepts them: only those are heard.";
    readers_none: "Aucun lecteur n’est proposé.", "No reader is proposed.";
    reader_registered: "accepté", "accepted";
    reader_proposed: "proposé", "proposed";
    reader_calls_first: "Mettez-le en service : son premier appel prouve que la clé est la sienne. L’exploitant l’accepte ensuite.",
        "Set it up: its first call proves that the key is its own. The operator accepts it after that.";
    reader_waits: "Sa clé est prouvée. Il sera écouté dès que l’exploitant l’aura accepté.",
        "Its key is proved. It will be heard as soon as the operator has accepted it.";
    reader_withdrawn: "retiré", "withdrawn";
    reader_thumbprint: "Empreinte de la clé", "Thumbprint of the key";
    reader_withdraw: "Retirer ce lecteur", "Withdraw this reader";
    reader_add_title: "Proposer un lecteur", "Propose a reader";
    reader_name: "Nom du lecteur", "Name of the reader";
    reader_key: "Clé publique du lecteur", "Public key of the reader";
    reader_key_note: "Au format JWK (P-256), telle que le lecteur la montre à sa mise en service.", "In JWK form (P-256), as the reader shows it when it is set up.";
    reader_add_button: "Proposer le lecteur", "Propose the reader";

    // What is wrong in a form
    wrong_name: "Donnez un nom de 1 à 100 caractères, sur une ligne.", "Give a name of 1 to 100 characters, on one line.";
    wrong_mail: "Donnez une adresse électronique, comme prenom.nom@exemple.fr.", "Give an e-mail address, such as first.last@example.org.";
    wrong_mail_taken: "Un agent de la commune a déjà cette adresse.", "An agent of the commune has this address already.";
    wrong_roles: "Cochez un rôle au moins.", "Tick one role at least.";
    wrong_day: "Donnez un jour, comme 2026-09-01.", "Give a day, such as 2026-09-01.";
    wrong_period: "Donnez les deux jours, le premier avant le dernier, ou aucun.", "Give both days, the first before the last, or neither.";
    wrong_key: "Ce n’est pas une clé publique P-256 au format JWK. Ne collez jamais une clé privée.", "This is no public P-256 key in JWK form. Never paste a private key.";
    wrong_key_known: "Cette clé est déjà enregistrée, ici ou ailleurs, ou a été retirée. Chaque lecteur a la sienne.",
        "This key is registered already, here or elsewhere, or was withdrawn. Each reader has its own.";

    // Refusals at the desk
    refused_invitation_title: "Cette invitation n’ouvre plus", "This invitation no longer opens";
    refused_invitation: "Elle a déjà servi, a plus de 7 jours, ou a été remplacée par une autre.", "It was used, is more than 7 days old, or was replaced by another.";
    refused_invitation_advice: "Si vous avez déjà créé votre clé d’accès, connectez-vous. Sinon, demandez une nouvelle invitation. Si quelqu’un d’autre a pu ouvrir ce lien, prévenez tout de suite l’administrateur de votre commune.",
        "If you created your passkey, sign in. Otherwise ask for a new invitation. If somebody else may have opened this link, tell the administrator of your commune at once.";
    refused_access_title: "Votre accès est fermé", "Your access is closed";
    refused_access: "Votre accès, ou la clé d’accès que vous avez utilisée, a été retiré.", "Your access, or the passkey you used, was withdrawn.";
    refused_dates_title: "Vous n’êtes pas autorisé à cette date", "You are not authorised at this date";
    refused_dates: "Votre autorisation n’a pas commencé, ou elle est terminée.", "Your authorisation has not begun, or is over.";
    refused_role_title: "Cette page n’est pas pour votre rôle", "This page is not for your role";
    refused_role: "Elle demande un rôle que vous n’avez pas.", "It asks for a role that you do not have.";
    refused_untrained_title: "Votre formation n’est pas enregistrée", "Your training is not recorded";
    refused_untrained: "Seuls les agents formés certifient.", "Only trained agents certify.";
    refused_commune_title: "Votre commune ne certifie pas encore", "Your commune does not certify yet";
    refused_commune: "Le guichet ouvrira à la date prévue pour votre commune.", "The desk opens on the date set for your commune.";
    refused_commune_advice: "Si la date est passée, l’exploitant peut la corriger.", "If the date has passed, the operator can correct it.";
    refused_ask_admin: "Demandez à l’administrateur de votre commune.", "Ask the administrator of your commune.";
    refused_unknown_title: "Introuvable dans votre commune", "Not found in your commune";
    refused_unknown: "Il n’y a pas, ou plus, d’agent ou de lecteur à cette adresse.", "There is no agent or reader at this address, or there is none any more.";
    refused_look_again: "Retournez à la page précédente, regardez ce qui a changé, puis recommencez si besoin.", "Go back to the page before, look at what changed, then try again if needed.";
    refused_own_title: "Personne ne s’autorise soi-même", "Nobody authorises themselves";
    refused_own: "Vos propres rôles et dates ne peuvent être changés que par quelqu’un d’autre.", "Your own roles and dates can only be changed by somebody else.";
    refused_own_advice: "Demandez à un autre administrateur de la commune, ou à l’exploitant.", "Ask another administrator of the commune, or the operator.";
    refused_last_title: "La commune garde un administrateur", "The commune keeps an administrator";
    refused_last: "Après cela, plus personne ne pourrait gérer les agents.", "After this nobody could look after the agents any more.";
    refused_last_advice: "Invitez d’abord un autre administrateur, et attendez qu’il soit venu.", "First invite another administrator, and wait until they have come.";
    refused_passkey_title: "C’est votre dernière clé d’accès", "This is your last passkey";
    refused_passkey: "Sans elle, vous ne pourriez plus entrer.", "Without it you could not get in any more.";
    refused_passkey_advice: "Ajoutez d’abord une autre clé.", "First add another passkey.";
    refused_many_title: "Vous avez déjà 8 clés d’accès", "You have 8 passkeys already";
    refused_many: "C’est le nombre le plus grand possible.", "That is as many as there may be.";
    refused_many_advice: "Retirez d’abord une clé qui ne sert plus.", "First withdraw one that is no longer used.";
    refused_meanwhile_title: "Quelqu’un a changé cela en même temps", "Somebody changed this at the same time";
    refused_meanwhile: "Rien n’a été enregistré : ce que vous aviez sous les yeux n’est plus à jour.", "Nothing was saved: what you saw is no longer up to date.";
}
