//! Every text a citizen reads, in one table of two columns: French, then English.
//!
//! A row is a method of [`Texts`]. A row without one of its cells does not compile; a row with arguments names them in
//! braces in both cells. Plain words: the reader may be eighty, in a hurry, on an old telephone.
//!
//! ```text
//!     choose_lead: "Utilisez un compte…", "Use an account…";
//!     cancel_to(service): "Annuler et retourner à {service}", "Cancel and return to {service}";
//! ```
//!
//! In French a no-break space stands before `: ; ! ? »` and after `«`; a test holds it.

use std::fmt;

use domain::language::Language;
use domain::level::Level;

/// The texts in one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts(Language);

impl Texts {
    /// The texts in a language.
    pub(crate) const fn new(language: Language) -> Self {
        Self(language)
    }

    /// The language they are in.
    pub(crate) const fn language(self) -> Language {
        self.0
    }

    /// A level in words.
    pub(crate) const fn level(self, level: Level) -> &'static str {
        match level {
            Level::Low => self.level_low(),
            Level::Substantial => self.level_substantial(),
            Level::High => self.level_high(),
        }
    }
}

/// A text from outside, ready to be put into a sentence: without control characters and without the characters that
/// turn the reading direction (Unicode TR 9 §2), so that a name cannot rewrite the words around it. HTML escaping is
/// the template's, later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.chars().filter(|c| !is_invisible(*c)).try_for_each(|c| f.write_char(c))
    }
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{FEFF}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
}

macro_rules! texts {
    ($($name:ident $(($($argument:ident),+))? : $french:literal, $english:literal;)*) => {
        impl Texts {
            $(texts!(@row $name ($($($argument),+)?) $french, $english);)*
        }

        #[cfg(test)]
        pub(super) const ROWS: &[(&str, &str, &str)] = &[$((stringify!($name), $french, $english)),*];
    };
    (@row $name:ident () $french:literal, $english:literal) => {
        pub(crate) const fn $name(self) -> &'static str {
            match self.0 {
                Language::French => $french,
                Language::English => $english,
            }
        }
    };
    (@row $name:ident ($($argument:ident),+) $french:literal, $english:literal) => {
        pub(crate) fn $name(self, $($argument: &str),+) -> String {
            $(let $argument = Shown($argument);)+
            match self.0 {
                Language::French => format!($french),
                Language::English => format!($english),
            }
        }
    };
}

mod bench;
mod card;
mod desk;
mod figures;
mod habilitation;
mod indicators;
mod partners;
mod people;
mod requests;
mod services;

texts! {
    // Around every page
    skip_to_content: "Aller au contenu", "Skip to content";
    languages: "Langue", "Language";
    other_language: "English", "Français";
    footer(brand): "{brand} vous permet de vous connecter à un service avec un compte que vous avez déjà.",
        "{brand} lets you sign in to a service with an account you already have.";
    footer_passwords(brand): "{brand} ne vous demande jamais de mot de passe et ne connaît pas les vôtres.",
        "{brand} never asks for a password and does not know yours.";
    support: "Besoin d’aide ? Contacter l’assistance", "Need help? Contact support";
    step(number): "Étape {number} sur 3", "Step {number} of 3";
    back_to(service): "Retourner à {service}", "Return to {service}";
    resume_to(service): "Reprendre ma connexion à {service}", "Go on signing in to {service}";
    cancel_to(service): "Annuler et retourner à {service}", "Cancel and return to {service}";
    nothing_sent_to(service): "Rien n’a été envoyé à {service}.", "Nothing was sent to {service}.";
    nothing_sent: "Rien n’a été envoyé.", "Nothing was sent.";
    what_to_do: "Que faire ?", "What can you do?";
    choose_another: "Choisir un autre compte", "Choose another account";
    try_again: "Réessayer", "Try again";
    close_tab: "Vous pouvez fermer cette page.", "You can close this page.";

    // Levels, in words
    level_low: "sécurité simple", "basic security";
    level_substantial: "sécurité renforcée", "strong security";
    level_high: "sécurité maximale", "maximum security";

    // Step 1: choose
    choose_title(service): "Je choisis un compte pour me connecter à {service}", "Choose an account to sign in to {service}";
    choose_lead: "Utilisez un compte que vous avez déjà. Vous n’avez pas besoin d’en créer un nouveau.",
        "Use an account you already have. There is no need to create a new one.";
    choose_usable: "Les comptes possibles", "Accounts you can use";
    choose_none: "Aucun compte ne peut servir pour le moment", "No account can be used at the moment";
    choose_none_advice(service): "Réessayez dans quelques minutes. Si cela continue, demandez à {service} comment faire votre démarche autrement.",
        "Try again in a few minutes. If this goes on, ask {service} how to proceed in another way.";
    choose_shut: "Les comptes qui ne peuvent pas servir ici", "Accounts you cannot use here";
    choose_level_substantial(service): "{service} demande une sécurité renforcée : en plus du mot de passe, une deuxième preuve vous sera demandée, par exemple sur votre téléphone.",
        "{service} asks for strong security: besides your password you will be asked for a second proof, for example on your phone.";
    choose_level_high(service): "{service} demande la sécurité maximale : préparez votre carte d’identité et votre téléphone.",
        "{service} asks for maximum security: have your identity card and your phone ready.";
    shut_level: "Ce service demande une sécurité plus élevée que celle de ce compte.",
        "This service asks for stronger security than this account offers.";
    shut_service: "Ce service n’accepte pas ce compte.", "This service does not accept this account.";
    shut_unavailable: "Ce compte ne répond pas en ce moment. Réessayez dans quelques minutes.",
        "This account is not answering at the moment. Try again in a few minutes.";
    shut_blocked: "Vous avez bloqué ce compte dans vos préférences.", "You blocked this account in your preferences.";
    shut_switched_off: "Ce compte est suspendu pour le moment.", "This account is suspended for now.";
    first_time: "C’est la première fois ? Voici comment cela se passe", "Is this your first time? This is how it works";
    first_time_choose: "Vous choisissez un compte que vous avez déjà.", "You choose an account you already have.";
    first_time_prove: "Vous vous connectez à ce compte comme d’habitude, sur son propre site. Il ne sait pas vers quel service vous allez.",
        "You sign in to that account as usual, on its own site. It does not learn which service you are going to.";
    first_time_review(service): "Vous revenez ici. Vous lisez ce qui sera envoyé à {service}, puis vous continuez ou vous annulez.",
        "You come back here. You read what will be sent to {service}, then you continue or cancel.";
    no_account: "Je n’ai aucun de ces comptes", "I have none of these accounts";
    no_account_advice(service): "Demandez à {service} comment faire votre démarche autrement, par exemple au guichet ou par courrier.",
        "Ask {service} how to proceed in another way, for example at the counter or by post.";

    // What a banner on the chooser tells
    banner_cancelled(provider): "Vous avez annulé la connexion avec le compte « {provider} ».", "You cancelled signing in with “{provider}”.";
    banner_failed(provider): "La connexion avec le compte « {provider} » n’a pas abouti.", "Signing in with “{provider}” did not succeed.";
    banner_unreachable(provider): "Le compte « {provider} » ne répond pas en ce moment.", "“{provider}” is not answering at the moment.";
    banner_no_longer_offered: "Ce compte ne peut pas servir pour cette connexion.", "That account cannot be used for this sign-in.";
    banner_advice: "Réessayez, ou choisissez un autre compte.", "Try again, or choose another account.";
    banner_advice_other: "Choisissez un autre compte.", "Choose another account.";

    // Step 3: what will be sent
    inform_title(service): "Je vérifie ce qui sera envoyé à {service}", "Check what will be sent to {service}";
    inform_title_anonymous(service): "Je continue vers {service}", "Continue to {service}";
    inform_you_are: "Vous êtes", "You are";
    inform_with(provider): "avec le compte « {provider} »", "with the account “{provider}”";
    inform_receives(service): "{service} va recevoir", "{service} will receive";
    inform_nothing_else: "Ainsi qu’un numéro qui permet à ce service, et à lui seul, de vous reconnaître la prochaine fois. Rien d’autre n’est envoyé.",
        "As well as a number by which this service, and no other, can recognise you next time. Nothing else is sent.";
    inform_anonymous(service): "Aucune information personnelle n’est envoyée à {service} : ni votre nom, ni votre date de naissance, ni votre adresse électronique.",
        "No personal information is sent to {service}: not your name, not your date of birth, not your e-mail address.";
    inform_anonymous_number: "Ce service reçoit seulement un numéro qui lui permet, à lui seul, de vous reconnaître la prochaine fois.",
        "This service only receives a number by which it, and no other, can recognise you next time.";
    group_identity: "Votre identité", "Your identity";
    group_contact: "Pour vous joindre", "How to reach you";
    group_elsewhere(source): "À demander à : {source}", "To be requested from: {source}";
    group_elsewhere_note(service): "{service} pourra demander ces informations à cet organisme. Elles ne passent pas par nous.",
        "{service} will be able to request these from that body. They do not pass through us.";
    group_data_provider(provider): "À lire auprès de : {provider}", "To be read at: {provider}";
    group_data_provider_note(service): "{service} pourra y lire ces informations vous concernant. Elles ne passent pas par nous.",
        "{service} will be able to read this information about you there. It does not pass through us.";
    group_data_provider_bare(service): "{service} pourra y présenter cette connexion.", "{service} will be able to present this sign-in there.";
    group_data_provider_told(claims): "Pour vous retrouver, cet organisme apprend de nous : {claims}.", "To find you, that body learns from us: {claims}.";
    claim_amr: "La façon dont vous vous êtes connecté (mot de passe, téléphone, carte…)", "The way you signed in (password, phone, card…)";
    claim_none: "aucun", "none";
    claim_born_abroad: "aucun (naissance hors de France)", "none (born outside France)";
    country_france: "99100 (France)", "99100 (France)";
    gender_female: "féminin", "female";
    gender_male: "masculin", "male";
    gender_unspecified: "non déterminé", "not specified";
    inform_offline(service, days): "{service} demande à pouvoir relire ces informations plus tard, sans que vous soyez là, pendant {days} jours.",
        "{service} asks to read this information again later, while you are away, for {days} days.";
    inform_offline_day(service): "{service} demande à pouvoir relire ces informations plus tard, sans que vous soyez là, pendant un jour.",
        "{service} asks to read this information again later, while you are away, for one day.";
    inform_continue(service): "Continuer vers {service}", "Continue to {service}";
    inform_notice: "Vous recevrez un message qui vous signale cette connexion.", "You will receive a message that tells you of this sign-in.";
    consent_title: "Votre accord", "Your agreement";
    consent_lead(service): "{service} n’est pas un service public. Votre accord est nécessaire ; vous pouvez refuser.",
        "{service} is not a public service. Your agreement is needed; you may refuse.";
    consent_label(service): "J’accepte que ces informations soient envoyées à {service}.", "I agree that this information is sent to {service}.";
    consent_missing: "Pour continuer, cochez la case ci-dessous. Si vous n’êtes pas d’accord, annulez : rien ne sera envoyé.",
        "To continue, tick the box below. If you do not agree, cancel: nothing will be sent.";
    error_prefix: "Erreur :", "Error:";
    not_me: "Ce n’est pas vous, ou vous préférez un autre compte ?", "Not you, or would you rather use another account?";
    change_account: "Changer de compte", "Change account";

    // Waiting
    wait_title: "La vérification est en cours", "Checking is under way";
    wait_lead: "Nous vérifions votre identité. Cela prend en général quelques secondes.", "We are checking your identity. This usually takes a few seconds.";
    wait_continue: "Voir où en est ma connexion", "See how my sign-in is getting on";
    wait_restart: "Recommencer au choix du compte", "Start again from the choice of account";

    // A sign-in that is over
    ended_finished_title: "Cette connexion est déjà terminée", "This sign-in is already over";
    ended_finished: "Vous êtes allé au bout de cette connexion. Cette page ne sert plus.", "You completed this sign-in. This page is no longer of use.";
    ended_cancelled_title: "La connexion est annulée", "The sign-in was cancelled";
    ended_expired_title: "Le temps prévu est écoulé", "Time has run out";
    ended_expired: "Pour votre sécurité, une connexion ne reste pas ouverte longtemps.", "For your safety, a sign-in does not stay open for long.";
    ended_restart(service): "Retournez à {service} et appuyez à nouveau sur le bouton de connexion.", "Go back to {service} and press the sign-in button again.";
    ended_restart_somewhere: "Retournez au site du service et appuyez à nouveau sur le bouton de connexion.", "Go back to the site of the service and press its sign-in button again.";
    lost_title: "Nous ne retrouvons pas votre connexion", "We cannot find your sign-in";
    lost: "Votre navigateur ne nous a pas présenté le témoin (« cookie ») posé au début de la connexion.",
        "Your browser did not show us the cookie that was set when you began to sign in.";
    lost_restart: "Fermez les autres onglets de connexion, puis recommencez depuis le site du service.", "Close any other sign-in tabs, then start again from the site of the service.";
    lost_same_browser: "Restez dans le même navigateur du début à la fin.", "Stay in the same browser from start to end.";
    lost_cookies: "Si cela se reproduit, autorisez les cookies dans les réglages de votre navigateur.", "If it happens again, allow cookies in the settings of your browser.";

    // Problems
    problem_reference: "À donner à l’assistance", "To give to support";
    problem_send: "Envoyer ces références à l’assistance", "Send these references to support";
    problem_code: "Code", "Code";
    problem_occurrence: "Numéro", "Number";
    support_subject(brand, code): "{brand} : aide demandée, code {code}", "{brand}: help needed, code {code}";
    support_body(code, occurrence): "Bonjour,\n\nJ’ai rencontré un problème de connexion.\nCode : {code}\nNuméro : {occurrence}\n\nCe que je voulais faire :\n",
        "Hello,\n\nI had a problem signing in.\nCode: {code}\nNumber: {occurrence}\n\nWhat I wanted to do:\n";
    problem_unknown_service_title: "Ce service n’est pas connu", "This service is not known";
    problem_unknown_service(brand): "Le site d’où vous venez n’est pas enregistré auprès de {brand}. Vous n’avez rien fait de mal.",
        "The site you come from is not registered with {brand}. You did nothing wrong.";
    problem_unknown_service_advice: "Retournez sur ce site et prévenez-le. Vérifiez aussi son adresse : un faux site peut imiter un vrai.",
        "Go back to that site and let it know. Check its address too: a false site may imitate a real one.";
    problem_return_title: "L’adresse de retour n’est pas reconnue", "The return address is not recognised";
    problem_return: "Le site d’où vous venez a donné une adresse de retour qui n’est pas enregistrée. Par sécurité, nous nous arrêtons ici.",
        "The site you come from gave a return address that is not registered. To be safe, we stop here.";
    problem_request_title: "La demande du service n’est pas correcte", "The request of the service is not correct";
    problem_request: "Le site d’où vous venez a envoyé une demande que nous ne pouvons pas traiter. Vous n’avez rien fait de mal.",
        "The site you come from sent a request that we cannot handle. You did nothing wrong.";
    problem_request_advice: "Recommencez depuis ce site. Si cela se reproduit, prévenez-le en donnant le code ci-dessous.",
        "Start again from that site. If it happens again, let it know and give the code below.";
    problem_return_trip_title: "Nous n’attendions pas ce retour", "We were not expecting you back here";
    problem_return_trip: "Vous revenez de votre compte, mais aucune connexion n’attend ce retour. Cela arrive quand on utilise le bouton « page précédente » ou plusieurs onglets.",
        "You come back from your account, but no sign-in is waiting for you. This happens with the back button, or with several tabs.";
    problem_form_title: "Cette page n’est plus valable", "This page is no longer valid";
    problem_form: "Elle a pu rester ouverte trop longtemps, ou avoir été remplacée dans un autre onglet. Rien n’a été fait.",
        "It may have stayed open too long, or been replaced in another tab. Nothing was done.";
    problem_restart_advice: "Fermez les autres onglets de connexion, puis recommencez depuis le site du service.",
        "Close any other sign-in tabs, then start again from the site of the service.";
    problem_not_found_title: "Cette page n’existe pas", "This page does not exist";
    problem_not_found: "L’adresse est peut-être incomplète, ou la page a été déplacée.", "The address may be incomplete, or the page has moved.";
    problem_not_found_advice: "Si vous vouliez vous connecter, recommencez depuis le site du service.", "If you wanted to sign in, start again from the site of the service.";
    problem_method_title: "Cette page ne s’ouvre pas ainsi", "This page does not open this way";
    problem_method: "Elle s’ouvre seulement au cours d’une connexion.", "It only opens in the course of a sign-in.";
    problem_too_many_title: "Trop de demandes en peu de temps", "Too many requests in a short time";
    problem_too_many: "Beaucoup de connexions ont été demandées depuis votre réseau, par vous ou par d’autres personnes qui l’utilisent.",
        "Many sign-ins were asked for from your network, by you or by others who use it.";
    problem_too_many_advice: "Attendez une minute, puis recommencez depuis le site du service.", "Wait a minute, then start again from the site of the service.";
    problem_unavailable_title(brand): "{brand} ne peut pas répondre pour le moment", "{brand} cannot answer at the moment";
    problem_unavailable: "Le problème vient de nous. Rien n’a été envoyé.", "The problem is on our side. Nothing was sent.";
    problem_unavailable_advice: "Attendez quelques minutes, puis recommencez depuis le site du service.", "Wait a few minutes, then start again from the site of the service.";
    // Another person than expected
    refused_another_title: "Ce n’est pas la personne attendue", "This is not the person expected";
    refused_another(service): "{service} attend une autre personne que celle qui vient de se connecter.", "{service} expects another person than the one who has just signed in.";
    refused_another_advice: "Connectez-vous avec le compte de la personne attendue, ou retournez au service.", "Sign in with the account of the person expected, or go back to the service.";
    // The answer by POST
    form_post_title(service): "Retour à {service}", "Back to {service}";
    form_post_lead: "Votre connexion est prête. Si rien ne se passe, appuyez sur le bouton.", "Your sign-in is ready. If nothing happens, press the button.";
    form_post_go_on(service): "Continuer vers {service}", "Continue to {service}";
    // Refusals
    refused_identity_title: "Votre identité n’a pas pu être confirmée", "Your identity could not be confirmed";
    refused_single_echo(provider): "Le registre national d’état civil connaît une personne proche, mais une information diffère de celles du compte « {provider} ».",
        "The national civil registry knows someone close, but one piece of information differs from the account “{provider}”.";
    refused_several(provider): "Plusieurs personnes du registre national d’état civil ressemblent à ce que dit le compte « {provider} ». Nous ne pouvons pas choisir sans risque d’erreur.",
        "Several people in the national civil registry resemble what the account “{provider}” says. We cannot choose without risk of error.";
    refused_married_name(provider): "Le compte « {provider} » semble donner votre nom d’usage, par exemple celui de votre mariage. Il faut votre nom de naissance.",
        "The account “{provider}” seems to give the name you use, for example by marriage. Your name at birth is needed.";
    refused_not_found(provider): "Le registre national d’état civil ne connaît personne avec les nom, prénoms, date et lieu de naissance du compte « {provider} ».",
        "The national civil registry knows nobody with the names, date and place of birth of the account “{provider}”.";
    refused_rejected(provider): "Le registre national d’état civil n’a pas pu lire les informations du compte « {provider} ».",
        "The national civil registry could not read the information of the account “{provider}”.";
    refused_identity_advice(provider): "Vérifiez vos nom, prénoms, date et lieu de naissance sur le site du compte « {provider} », et faites-les corriger si besoin.",
        "Check your names, date and place of birth on the site of the account “{provider}”, and have them corrected if needed.";
    refused_identity_advice_other: "Vous pouvez aussi essayer avec un autre compte.", "You can also try with another account.";
    refused_married_name_advice(provider): "Sur le site du compte « {provider} », faites enregistrer votre nom de naissance.", "On the site of the account “{provider}”, have your name at birth recorded.";
    refused_deceased: "Les informations d’état civil dont nous disposons ne permettent pas de continuer en ligne. Il peut s’agir d’une erreur.",
        "The civil registry information we have does not allow us to continue online. It may be a mistake.";
    refused_deceased_advice: "S’il s’agit de vous, votre mairie peut faire vérifier votre état civil avec une pièce d’identité.",
        "If this is about you, your town hall can have your record checked with an identity document.";
    refused_deceased_advice_relative(service): "Si vous faites une démarche pour un proche, {service} vous dira comment procéder.",
        "If you are acting for someone close to you, {service} will tell you how to proceed.";
    refused_frozen_title: "Les connexions à votre nom sont suspendues", "Sign-ins in your name are suspended";
    refused_frozen: "Elles ont été suspendues à votre demande, ou pour vous protéger d’une usurpation d’identité.",
        "They were suspended at your request, or to protect you from identity theft.";
    refused_frozen_advice: "Contactez l’assistance pour les rétablir.", "Contact support to have them restored.";
    refused_blocked_title: "Vous avez bloqué ce compte", "You blocked this account";
    refused_blocked(provider): "Dans vos préférences, vous avez demandé que le compte « {provider} » ne serve plus à vous connecter.",
        "In your preferences you asked that the account “{provider}” no longer be used to sign you in.";
    refused_blocked_advice: "Choisissez un autre compte. Si ce n’est pas vous qui l’avez bloqué, contactez l’assistance.",
        "Choose another account. If it was not you who blocked it, contact support.";
    refused_invalid_title: "Les informations de votre compte sont incomplètes", "The information of your account is incomplete";
    refused_invalid(provider): "Le compte « {provider} » nous a transmis une identité incomplète ou incorrecte.", "The account “{provider}” gave us an identity that is incomplete or incorrect.";
    refused_level_title: "Cette connexion n’est pas assez sûre", "This sign-in is not secure enough";
    refused_level(service, level, provider): "{service} demande une {level}. Le compte « {provider} » ne l’a pas assurée cette fois.",
        "{service} asks for {level}. The account “{provider}” did not provide it this time.";
    refused_level_advice: "Choisissez un autre compte, ou recommencez et acceptez la deuxième preuve demandée.",
        "Choose another account, or start again and accept the second proof that is asked for.";
    refused_registry_title: "Le registre d’état civil ne répond pas", "The civil registry is not answering";
    refused_registry: "Nous devons lui faire confirmer votre identité avant de continuer, et il est indisponible pour le moment.",
        "It has to confirm your identity before we continue, and it is unavailable at the moment.";
    refused_registry_advice: "Attendez une minute, puis réessayez avec le même compte.", "Wait a minute, then try again with the same account.";
    refused_untrusted_title: "La réponse de votre compte n’a pas pu être vérifiée", "The answer of your account could not be verified";
    refused_untrusted(provider): "Le compte « {provider} » nous a envoyé une réponse que nous ne pouvons pas accepter. Le problème ne vient pas de vous.",
        "The account “{provider}” sent us an answer that we cannot accept. The problem is not on your side.";
    refused_try_again_advice: "Réessayez dans quelques minutes, ou choisissez un autre compte.", "Try again in a few minutes, or choose another account.";

    // Signing out
    logout_title: "Voulez-vous vous déconnecter ?", "Do you want to sign out?";
    logout_lead(brand): "Votre session {brand} va se fermer. Pour vous connecter à un autre service, vous choisirez à nouveau un compte.",
        "Your {brand} session will close. To sign in to another service you will choose an account again.";
    logout_asked(service): "{service} demande votre déconnexion.", "{service} asks to sign you out.";
    logout_yes: "Me déconnecter", "Sign out";
    logout_no: "Garder ma session ouverte", "Stay signed in";
    leaving_title: "Déconnexion en cours", "Signing you out";
    leaving_lead(provider): "Il reste à fermer la session de votre compte « {provider} ».", "Your session at “{provider}” is closed next.";
    leaving_continue(provider): "Continuer vers {provider}", "Continue to {provider}";
    logged_out_title: "La déconnexion a réussi", "You are signed out";
    logged_out(brand): "Votre session {brand} est fermée.", "Your {brand} session is closed.";
    logged_out_stayed_title: "Votre session reste ouverte", "You are still signed in";
    logged_out_stayed(brand): "Rien n’a changé dans votre session {brand}.", "Nothing changed in your {brand} session.";
    logged_out_shared: "Sur un ordinateur partagé, fermez aussi la session du compte que vous avez utilisé, puis fermez le navigateur.",
        "On a shared computer, also sign out of the account you used, then close the browser.";

    // The notice by e-mail
    mail_subject(service): "Connexion à {service}", "Sign-in to {service}";
    mail_greeting(citizen): "Bonjour {citizen},", "Hello {citizen},";
    mail_signed_in(brand): "Une connexion a eu lieu en votre nom avec {brand}.", "Someone signed in under your name with {brand}.";
    mail_service(service): "Service : {service}", "Service: {service}";
    mail_provider(provider): "Compte utilisé : {provider}", "Account used: {provider}";
    mail_level(level): "Niveau : {level}", "Level: {level}";
    mail_at(moment): "Date : {moment} (heure de Paris)", "Date: {moment} (Paris time)";
    mail_reference(reference): "Code de cette connexion : {reference}", "Code of this sign-in: {reference}";
    mail_it_was_you: "C’était vous ? Vous n’avez rien à faire.", "Was it you? There is nothing to do.";
    mail_it_was_not_you: "Ce n’était pas vous ?", "Was it not you?";
    mail_change_password(provider): "1. Changez tout de suite le mot de passe du compte « {provider} », en tapant vous-même l’adresse de son site.",
        "1. Change the password of the account “{provider}” at once, typing the address of its site yourself.";
    mail_contact(support, reference): "2. Prévenez l’assistance ({support}) en donnant le code {reference}.",
        "2. Tell support ({support}) and give the code {reference}.";
    mail_contact_service(reference): "2. Prévenez le service cité ci-dessus en donnant le code {reference}.",
        "2. Tell the service named above and give the code {reference}.";
    mail_never_asked: "Nous ne vous demandons jamais votre mot de passe, ni par message ni par téléphone.",
        "We never ask for your password, neither by message nor by telephone.";
    mail_automatic: "Message automatique, merci de ne pas y répondre.", "Automatic message, please do not reply.";

    // Dates and hours
    moment(weekday, day, month, year, hour, minute): "{weekday} {day} {month} {year} à {hour} h {minute}", "{weekday} {day} {month} {year} at {hour}:{minute}";
    first_of_month: "1er", "1";
    // The card
    simulator: "simulateur – non certifié", "simulator – not certified";
    card_title: "Je me connecte avec ma carte d’identité", "I sign in with my identity card";
    card_lead(service): "Prenez votre téléphone et votre carte d’identité pour vous connecter à {service}.",
        "Take your phone and your identity card to sign in to {service}.";
    card_other_device: "L’application est sur un autre appareil", "The application is on another device";
    card_scan: "Scannez ce code avec l’application. Il change chaque minute.",
        "Scan this code with the application. It changes every minute.";
    card_qr: "Code à scanner avec l’application de votre téléphone", "Code to scan with the application on your phone";
    card_pick_number: "Sur le téléphone, choisissez ce nombre :", "On the phone, pick this number:";
    card_same_device: "L’application est sur cet appareil", "The application is on this device";
    card_open_app: "Ouvrir l’application", "Open the application";
    card_scan_yourself: "Ne continuez que si vous avez vous-même commencé à vous connecter. Si quelqu’un vous a envoyé ce code ou ce lien, arrêtez-vous : il se connecterait à votre place.",
        "Go on only if you yourself began to sign in. If somebody sent you this code or link, stop: they would be signed in as you.";
    card_claimed: "Continuez sur votre téléphone. Cette page avancera toute seule.",
        "Go on with your phone. This page will move on by itself.";
    card_not_certified: "Votre identité n’est pas certifiée.", "Your identity is not certified.";
    card_how_to_certify: "Pour la faire certifier : demandez-le dans l’application, puis présentez-vous en mairie avec votre carte et le code reçu. En attendant, choisissez un autre compte.",
        "To have it certified: ask for it in the application, then go to a town hall with your card and the code you receive. Until then, choose another account.";
    card_code_changed: "Le code de votre carte a été changé : la certification a pris fin.",
        "The code of your card was changed: the certification has ended.";
    card_no_identity: "Aucune identité n’a été créée avec cette carte.", "No identity was made with this card.";
    card_how_to_create: "Créez-la dans l’application, ou choisissez un autre compte.",
        "Make one in the application, or choose another account.";
    card_not_confirmed: "L’adresse électronique de votre identité n’est pas confirmée.",
        "The e-mail address of your identity is not confirmed.";
    card_how_to_confirm: "Ouvrez le lien du message reçu, puis recommencez.", "Open the link in the message you received, then try again.";
    card_suspended: "Votre identité est suspendue.", "Your identity is suspended.";
    card_how_to_restore: "Rétablissez-la dans l’application, ou choisissez un autre compte.",
        "Take it up again in the application, or choose another account.";
    card_expired: "Votre carte n’est plus valable.", "Your card has expired.";
    card_withdrawn: "Cette carte ne peut plus être utilisée.", "This card cannot be used any more.";
    card_ask_town_hall: "Si c’est une erreur, adressez-vous à votre mairie. En attendant, choisissez un autre compte.",
        "If this is a mistake, ask your town hall. Until then, choose another account.";
    card_not_adult: "Ce moyen de connexion est réservé aux personnes majeures.", "This way to sign in is for adults.";
    card_authority_silent: "La validité de votre carte ne peut pas être vérifiée pour le moment.",
        "The validity of your card cannot be checked at the moment.";
    card_claimed_twice: "Deux téléphones ont lu le même code : la connexion a été arrêtée.",
        "Two phones read the same code: the sign-in was stopped.";
    card_wrong_number: "Le nombre choisi n’était pas celui de cette page : la connexion a été arrêtée.",
        "The number that was picked was not the one of this page: the sign-in was stopped.";
    card_too_late: "La lecture de la carte n’a pas abouti à temps.", "The card was not read in time.";
    card_not_read: "La carte n’a pas pu être vérifiée.", "The card could not be verified.";
    landing_title: "Cette adresse s’ouvre avec l’application", "This address opens with the application";
    landing_lead: "Elle sert à vous connecter avec votre carte d’identité et un téléphone qui lit les cartes sans contact.",
        "It serves to sign in with your identity card and a phone that reads contactless cards.";
    landing_install: "Installez l’application, puis scannez le code à nouveau depuis elle. Rien n’a été envoyé.",
        "Install the application, then scan the code again from there. Nothing was sent.";
}

/// The name of a month, 1 to 12.
pub(crate) const fn month(month: time::Month, language: Language) -> &'static str {
    use time::Month::{
        April, August, December, February, January, July, June, March, May, November, October, September,
    };
    let (french, english) = match month {
        January => ("janvier", "January"),
        February => ("février", "February"),
        March => ("mars", "March"),
        April => ("avril", "April"),
        May => ("mai", "May"),
        June => ("juin", "June"),
        July => ("juillet", "July"),
        August => ("août", "August"),
        September => ("septembre", "September"),
        October => ("octobre", "October"),
        November => ("novembre", "November"),
        December => ("décembre", "December"),
    };
    match language {
        Language::French => french,
        Language::English => english,
    }
}

/// The name of a day of the week.
pub(crate) const fn weekday(weekday: time::Weekday, language: Language) -> &'static str {
    use time::Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    let (french, english) = match weekday {
        Monday => ("lundi", "Monday"),
        Tuesday => ("mardi", "Tuesday"),
        Wednesday => ("mercredi", "Wednesday"),
        Thursday => ("jeudi", "Thursday"),
        Friday => ("vendredi", "Friday"),
        Saturday => ("samedi", "Saturday"),
        Sunday => ("dimanche", "Sunday"),
    };
    match language {
        Language::French => french,
        Language::English => english,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_row() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
        let own = ROWS.iter().chain(card::ROWS).chain(indicators::ROWS).chain(people::ROWS).chain(desk::ROWS);
        own.chain(partners::ROWS)
            .chain(habilitation::ROWS)
            .chain(requests::ROWS)
            .chain(bench::ROWS)
            .chain(figures::ROWS)
            .chain(services::ROWS)
    }

    #[test]
    fn no_cell_is_empty_and_both_name_the_same_arguments() {
        let braces = |cell: &str| {
            let mut names: Vec<String> =
                cell.split('{').skip(1).filter_map(|part| part.split('}').next().map(str::to_owned)).collect();
            names.sort();
            names
        };
        for (row, french, english) in every_row() {
            assert!(!french.trim().is_empty() && !english.trim().is_empty(), "{row}");
            assert_eq!(braces(french), braces(english), "{row}");
        }
    }

    #[test]
    fn french_punctuation_is_never_left_alone_at_the_start_of_a_line() {
        for (row, french, english) in every_row() {
            for mark in [":", ";", "!", "?", "»"] {
                assert!(!french.contains(&format!(" {mark}")), "{row}: an ordinary space before {mark}");
            }
            assert!(!french.contains("« "), "{row}: an ordinary space after «");
            assert!(!french.contains('\'') && !english.contains('\''), "{row}: a typewriter apostrophe");
        }
    }

    #[test]
    fn a_name_cannot_turn_the_reading_direction_or_start_a_line_of_its_own() {
        let hostile = "Ville\u{202E}\r\nBcc: x\u{2066}\u{200F}";
        let subject = Texts::new(Language::French).mail_subject(hostile);
        assert_eq!(subject, "Connexion à VilleBcc: x");
    }
}
