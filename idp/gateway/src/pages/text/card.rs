//! The texts of the identity on a card.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    // Mails
    card_mail_greeting: "Bonjour,", "Hello,";
    card_mail_confirm_subject: "Confirmez votre adresse électronique", "Confirm your e-mail address";
    card_mail_confirm: "Une identité vient d’être créée avec votre carte d’identité. Pour la terminer, ouvrez cette adresse dans les 24 heures :",
        "An identity was just created with your identity card. To finish it, open this address within 24 hours:";
    card_mail_confirm_stranger: "Vous n’avez rien demandé ? N’ouvrez pas cette adresse : sans elle, rien n’est gardé.",
        "You did not ask for this? Do not open the address: without it nothing is kept.";
    card_mail_requested_subject: "Votre demande de certification", "Your request for certification";
    card_mail_requested(moment): "Présentez-vous dans une mairie qui certifie, avec votre carte d’identité et le code QR de votre demande, avant le {moment} (heure de Paris).",
        "Go to a town hall that certifies, with your identity card and the QR code of your request, before {moment} (Paris time).";
    card_mail_approved_subject: "Il reste une étape pour certifier votre identité", "One step is left to certify your identity";
    card_mail_approved(moment): "La mairie a terminé. Montrez votre carte et votre code dans l’application avant le {moment} (heure de Paris) : sans cela, la certification n’a pas lieu.",
        "The town hall is done. Show your card and your code in the app before {moment} (Paris time): without that there is no certification.";
    card_mail_failed_subject: "Votre identité n’a pas été certifiée", "Your identity was not certified";
    card_mail_failed: "La certification n’a pas eu lieu. Votre identité reste utilisable comme avant, et vous pouvez refaire une demande.",
        "The certification did not take place. Your identity can be used as before, and you can make a new request.";
    card_mail_certified_subject: "Votre identité est certifiée", "Your identity is certified";
    card_mail_certified(moment): "Votre identité est certifiée jusqu’au {moment} (heure de Paris).", "Your identity is certified until {moment} (Paris time).";
    card_mail_ends_soon_subject(days): "Votre certification se termine dans {days} jours au plus", "Your certification ends within {days} days";
    card_mail_ends_soon(moment): "Votre identité est certifiée jusqu’au {moment} (heure de Paris). Pour continuer après, faites une nouvelle demande et passez en mairie.",
        "Your identity is certified until {moment} (Paris time). To go on after that, make a new request and go to a town hall.";
    card_mail_ended_subject: "Votre certification est terminée", "Your certification is over";
    card_mail_ended_term: "Elle a atteint sa fin. Votre identité reste, sans certification ; vous pouvez refaire une demande.",
        "It has reached its end. Your identity stays, uncertified; you can make a new request.";
    card_mail_ended_code: "Le code de votre carte a été changé : la certification s’arrête avec l’ancien code. Votre identité reste, sans certification ; vous pouvez refaire une demande.",
        "The code of your card was changed: the certification ends with the old code. Your identity stays, uncertified; you can make a new request.";
    card_mail_suspended_subject: "Votre identité est suspendue", "Your identity is suspended";
    card_mail_suspended: "Elle ne peut plus servir. Pour la reprendre, montrez votre carte et votre code dans l’application.",
        "It can no longer be used. To take it up again, show your card and your code in the app.";
    card_mail_restored_subject: "Votre identité est de nouveau utilisable", "Your identity can be used again";
    card_mail_restored: "La suspension est levée, avec votre carte et votre code.", "The suspension is lifted, with your card and your code.";
    card_mail_closed_subject: "Votre identité est fermée", "Your identity is closed";
    card_mail_closed: "Elle ne peut plus servir et ne sera pas rouverte.", "It can no longer be used and will not be reopened.";
    card_closed_deleted: "Vous l’avez supprimée.", "You deleted it.";
    card_closed_lost: "La carte est déclarée perdue, volée ou retirée.", "The card was declared lost, stolen or withdrawn.";
    card_closed_expired: "La carte n’est plus valable.", "The card is no longer valid.";
    card_closed_deceased: "Un décès est signalé.", "A death was reported.";
    card_closed_desk: "Une erreur a été constatée à la mairie.", "An error was found at the town hall.";
    card_closed_signer: "La signature de la carte n’est plus reconnue.", "The signature of the card is no longer recognised.";
    card_closed_fraud: "Une fraude a été constatée.", "A fraud was found.";
    card_closed_unconfirmed: "L’adresse électronique n’a pas été confirmée à temps.", "The e-mail address was not confirmed in time.";
    card_mail_stranger: "Ce n’était pas vous ? Prévenez tout de suite l’assistance.", "Was it not you? Tell support at once.";
}
