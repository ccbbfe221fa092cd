//! The texts of whoever has an identity on a card: the pages under `/carte`, and the mails about it.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    // What it is
    holder_title: "Se connecter avec sa carte d’identité", "Sign in with your identity card";
    holder_lead: "Votre carte nationale d’identité au format carte bancaire, votre téléphone et un code à six chiffres prouvent ensemble qui vous êtes. C’est la sécurité maximale.",
        "Your national identity card in bank card format, your phone and a six-digit code prove together who you are. This is maximum security.";
    holder_keeps: "Votre nom et votre date de naissance ne sont pas conservés ici : votre carte les donne chaque fois que vous la présentez.",
        "Your name and date of birth are not kept here: your card tells them each time you show it.";
    holder_steps: "Faire certifier votre identité, en trois étapes", "Have your identity certified, in three steps";
    holder_step_create_title: "Dans l’application", "In the app";
    holder_step_create: "Présentez votre carte au téléphone, tapez votre code, donnez une adresse électronique. Un message arrive à cette adresse : confirmez-la dans les 24 heures.",
        "Hold your card to the phone, type your code, give an e-mail address. A message comes to that address: confirm it within 24 hours.";
    holder_step_desk_title: "À la mairie", "At the town hall";
    holder_step_desk: "Demandez la certification dans l’application : vous recevez un code QR, valable un mois. Allez avec lui et votre carte dans une mairie qui certifie. L’agent lit la carte et vérifie que c’est la vôtre, par votre empreinte et votre photo.",
        "Ask for certification in the app: you receive a QR code that is valid for a month. Take it and your card to a town hall that certifies. The agent reads the card and checks that it is yours, by your fingerprint and your photo.";
    holder_step_end_title: "Au guichet ou chez vous, dans les 24 heures", "At the desk or at home, within 24 hours";
    holder_step_end: "Présentez encore une fois votre carte et votre code dans l’application. Votre identité est certifiée pour cinq ans, ou jusqu’à l’expiration de votre carte, si elle intervient avant.",
        "Show your card and your code in the app once more. Your identity is certified for five years, or until your card ends if that comes first.";
    holder_prints: "Votre empreinte ne quitte pas le lecteur de la mairie.", "Your fingerprint does not leave the reader of the town hall.";
    holder_lost_title: "Carte perdue ou volée ?", "Card lost or stolen?";
    holder_lost: "Dites-le ici tout de suite, même sans téléphone : votre identité est fermée aussitôt, et plus personne ne se connecte avec cette carte.",
        "Say so here at once, even without a phone: your identity is closed at once, and nobody signs in with that card any more.";
    holder_lost_go: "Déclarer ma carte perdue ou volée", "Say that my card is lost or stolen";
    holder_know: "Bon à savoir", "Good to know";
    holder_know_phone: "Vous changez de téléphone ? Il n’y a rien à refaire : c’est la carte qui compte.",
        "You change your phone? There is nothing to do again: it is the card that counts.";
    holder_know_code: "Vous changez le code de votre carte ? La certification prend fin : il faudra revenir à la mairie.",
        "You change the code of your card? The certification ends: you will have to come to the town hall again.";
    holder_know_leave: "Vous pouvez supprimer votre identité dans l’application, ou sans téléphone par la page des cartes perdues.",
        "You can delete your identity in the app, or without a phone by the page for lost cards.";
    holder_know_asked: "Personne ne vous demandera votre code par message, par téléphone ou au guichet.",
        "Nobody will ask for your code by message, by telephone or at the desk.";

    // What links of mails ask
    holder_confirm_title: "Confirmer votre adresse électronique", "Confirm your e-mail address";
    holder_confirm_lead: "Une identité a été créée avec une carte et cette adresse. Si c’est vous, confirmez que l’adresse est la vôtre.",
        "An identity was made with a card and this address. If it was you, confirm that the address is yours.";
    holder_confirm_stranger: "Vous n’avez rien demandé ? Fermez cette page : sans confirmation, l’identité est effacée au bout de 24 heures.",
        "You did not ask for this? Close this page: without confirmation the identity goes after 24 hours.";
    holder_confirm_go: "Confirmer mon adresse", "Confirm my address";
    holder_leave_title: "Fermer votre identité", "Close your identity";
    holder_leave_lead: "Une identité fermée ne revient pas. Vous pourrez en créer une autre avec une carte valable, et la faire certifier à la mairie.",
        "A closed identity does not come back. You can make another with a valid card, and have it certified at the town hall.";
    holder_leave_lost: "Votre carte est perdue ou volée : l’identité est fermée tout de suite.", "Your card is lost or stolen: the identity is closed at once.";
    holder_leave_lost_go: "Déclarer ma carte perdue ou volée", "Say that my card is lost or stolen";
    holder_leave_delete: "Vous avez votre carte, et vous ne voulez plus de cette identité : elle est fermée dans 48 heures. D’ici là, un lien que nous vous envoyons permet de la garder.",
        "You have your card, and do not want this identity any more: it is closed in 48 hours. Until then a link that we send you lets you keep it.";
    holder_leave_delete_go: "Supprimer mon identité", "Delete my identity";
    holder_stay_title: "Garder votre identité", "Keep your identity";
    holder_stay_lead: "Sa suppression a été demandée. Vous pouvez encore la garder, telle qu’elle est.", "Its deletion was asked for. You can still keep it as it is.";
    holder_stay_go: "Garder mon identité", "Keep my identity";

    // What was done
    holder_confirmed_title: "Votre adresse est confirmée", "Your address is confirmed";
    holder_confirmed: "Votre identité est prête. Pour la faire certifier, retournez dans l’application.", "Your identity is ready. To have it certified, go back to the app.";
    holder_closed_title: "Votre identité est fermée", "Your identity is closed";
    holder_closed: "Plus personne ne peut se connecter avec cette identité. Nous vous l’écrivons aussi.", "Nobody can sign in with this identity any more. We tell you by mail too.";
    holder_closed_authorities: "Déclarez aussi la perte à votre mairie, ou le vol à la police ou à la gendarmerie : c’est ainsi que la carte elle-même est annulée.",
        "Tell your town hall of the loss too, or the police of the theft: that is how the card itself is cancelled.";
    holder_leaves_title: "Votre identité sera supprimée", "Your identity will be deleted";
    holder_leaves(moment): "Elle le sera le {moment} (heure de Paris). Nous venons de vous envoyer un lien qui permet de la garder jusque-là.",
        "It will be on {moment} (Paris time). We have just sent you a link that lets you keep it until then.";
    holder_stays_title: "Vous gardez votre identité", "You keep your identity";
    holder_stays: "Elle ne sera pas supprimée.", "It will not be deleted.";
    holder_over_title: "Cette identité est déjà fermée", "This identity is closed already";
    holder_over: "Il n’y a plus rien à faire.", "There is nothing more to do.";
    holder_back: "Ma carte d’identité : l’essentiel", "My identity card: the essentials";

    // Loss and deletion without the phone
    loss_title: "Carte perdue, ou identité à supprimer", "Card lost, or identity to be deleted";
    loss_lead: "Vous n’avez besoin ni de la carte ni du téléphone. Nous envoyons un lien à l’adresse électronique de votre identité, et à aucune autre.",
        "You need neither the card nor the phone. We send a link to the e-mail address of your identity, and to no other.";
    loss_number: "Numéro de la carte", "Number of the card";
    loss_number_hint: "Neuf chiffres et lettres, en haut à droite de la carte. Il est aussi sur une photocopie.",
        "Nine digits and letters, at the top right of the card. It is on a photocopy too.";
    loss_mail: "Adresse électronique de votre identité", "E-mail address of your identity";
    loss_mail_hint: "Celle où vous recevez nos messages.", "The one where you receive our messages.";
    loss_go: "M’envoyer le lien", "Send me the link";
    loss_number_wrong: "Ce numéro ne peut pas être celui d’une carte : il a neuf chiffres et lettres.", "This cannot be the number of a card: it has nine digits and letters.";
    loss_mail_wrong: "Cette adresse est incomplète, par exemple sans arobase (@).", "This address is incomplete, for example without an at sign (@).";
    loss_sent_title: "Regardez vos messages", "Look at your messages";
    loss_sent: "Si une identité va avec cette carte et cette adresse, un message y arrive dans les minutes qui viennent. Son lien sert pendant une heure.",
        "If an identity goes with this card and this address, a message arrives there within minutes. Its link serves for an hour.";
    loss_sent_nothing_yet: "Rien n’est encore fermé : ouvrez le lien pour le faire.", "Nothing is closed yet: open the link to do so.";
    loss_sent_none: "Rien n’arrive ? Regardez dans les indésirables, vérifiez le numéro et l’adresse, puis recommencez.",
        "Nothing comes? Look in the junk folder, check number and address, then start again.";
    loss_sent_no_mailbox: "Vous n’avez plus accès à cette adresse ? Déclarez la perte à votre mairie, ou le vol à la police ou à la gendarmerie : la carte n’est plus acceptée ici dès qu’elle est annulée.",
        "You cannot reach that address any more? Tell your town hall of the loss, or the police of the theft: the card is not accepted here any more once it is cancelled.";

    // The request for certification
    request_title: "Votre demande de certification", "Your request for certification";
    request_lead: "Montrez ce code QR à la mairie, sur papier ou sur l’écran.", "Show this QR code at the town hall, on paper or on the screen.";
    request_until(day): "Valable jusqu’au {day}, une seule fois", "Valid until {day}, once";
    request_image: "Code QR de votre demande de certification", "QR code of your request for certification";
    request_bring: "À apporter", "What to bring";
    request_bring_card: "Votre carte d’identité, celle que vous avez utilisée dans l’application", "Your identity card, the one that you used in the app";
    request_bring_code: "Ce code QR", "This QR code";
    request_bring_self: "Vous-même : votre empreinte et votre photo sont comparées à celles de la carte", "Yourself: your fingerprint and your photo are compared with those of the card";
    request_not_code: "Le code à six chiffres de la carte ne se dit à personne, pas même au guichet.", "The six-digit code of the card is for nobody to hear, not even at the desk.";
    request_after: "Et après ?", "And then?";
    request_after_text: "Dans les 24 heures qui suivent le rendez-vous, présentez votre carte et votre code dans l’application. Sinon, la demande est à refaire.",
        "Within 24 hours of the appointment, show your card and your code in the app. Otherwise the request has to be made again.";
    request_secret: "Gardez cette feuille pour vous : elle sert à vous seul, avec votre carte.", "Keep this sheet to yourself: it serves you alone, with your card.";
    request_download: "Télécharger en PDF", "Download as PDF";

    // Problems of links
    problem_link_title: "Ce lien ne peut pas servir", "This link cannot be used";
    problem_link: "Il est incomplet, ou n’a pas été fait par nous.", "It is incomplete, or was not made by us.";
    problem_link_advice: "Ouvrez-le depuis le message lui-même, ou copiez-le en entier.", "Open it from the message itself, or copy all of it.";
    problem_link_late_title: "Ce lien n’est plus valable", "This link is no longer valid";
    problem_link_late: "Il a expiré. Rien n’a été fait.", "Its time is over. Nothing was done.";
    problem_link_late_advice: "Recommencez depuis l’application, ou depuis la page des cartes perdues.", "Start again from the app, or from the page for lost cards.";
    problem_asked_title: "Cette demande ne peut plus servir", "This request can no longer be used";
    problem_asked: "Elle a servi, elle a plus d’un mois, ou une autre l’a remplacée.", "It was used, it is older than a month, or another took its place.";
    problem_asked_advice: "Regardez dans l’application où en est votre identité. Vous pouvez y faire une nouvelle demande.", "Look in the app how your identity stands. You can make a new request there.";

    // Mails
    mail_card_hello: "Bonjour,", "Hello,";
    mail_card_confirm_subject: "Confirmez votre adresse électronique", "Confirm your e-mail address";
    mail_card_confirm(brand): "Une identité vient d’être créée chez {brand} avec une carte d’identité et cette adresse.", "An identity was just made at {brand} with an identity card and this address.";
    mail_card_confirm_open: "Si c’est vous, ouvrez cette adresse dans les 24 heures :", "If it was you, open this address within 24 hours:";
    mail_card_confirm_stranger: "Vous n’avez rien demandé ? N’ouvrez pas l’adresse : l’identité est effacée au bout de 24 heures.",
        "You did not ask for this? Do not open the address: the identity goes after 24 hours.";
    mail_card_requested_subject: "Votre demande de certification", "Your request for certification";
    mail_card_requested(until): "Vous avez demandé la certification de votre identité. Le code QR est dans l’application, en image et en PDF. Il sert une fois, jusqu’au {until}.",
        "You asked to have your identity certified. The QR code is in the app, as image and as PDF. It serves once, until {until}.";
    mail_card_requested_bring: "Allez dans une mairie qui certifie, avec ce code et votre carte d’identité.", "Go to a town hall that certifies, with that code and your identity card.";
    mail_card_approved_subject: "Encore une étape pour votre certification", "One more step to your certification";
    mail_card_approved(until): "La mairie a vérifié votre identité. Présentez maintenant votre carte et votre code dans l’application, avant le {until} (heure de Paris) : la certification commence alors.",
        "The town hall checked your identity. Now show your card and your code in the app, before {until} (Paris time): that is when the certification begins.";
    mail_card_failed_subject: "La certification n’a pas abouti", "The certification did not succeed";
    mail_card_failed: "La certification de votre identité n’a pas abouti. Votre identité reste en usage, sans certification.",
        "The certification of your identity did not succeed. Your identity stays in use, without certification.";
    mail_card_failed_again: "Vous pouvez réessayer : faites une nouvelle demande dans l’application, puis allez dans une mairie qui certifie avec le nouveau code QR et votre carte.",
        "You can try again: make a new request in the app, then go to a town hall that certifies with the new QR code and your card.";
    mail_card_lapsed_subject: "Votre demande de certification a expiré", "Your request for certification is over";
    mail_card_lapsed: "Votre demande de certification n’a pas été menée au bout. Votre identité reste en usage, sans certification.",
        "Your request for certification was not completed. Your identity stays in use, without certification.";
    mail_card_certified_subject: "Votre identité est certifiée", "Your identity is certified";
    mail_card_certified(until): "Votre identité est certifiée jusqu’au {until}. Vous pouvez vous connecter avec la sécurité maximale.",
        "Your identity is certified until {until}. You can sign in with maximum security.";
    mail_card_ends_soon_subject(days): "Votre certification prend fin dans {days} jours", "Your certification ends in {days} days";
    mail_card_ends_soon_day_subject: "Votre certification prend fin dans un jour", "Your certification ends in one day";
    mail_card_ends_soon(until): "La certification de votre identité prend fin le {until}. Ensuite, les services qui demandent la sécurité maximale ne s’ouvriront plus avec votre carte.",
        "The certification of your identity ends on {until}. After that, services that ask for maximum security no longer open with your card.";
    mail_card_ends_soon_ask: "Pour la renouveler, faites dès maintenant une nouvelle demande dans l’application, puis allez dans une mairie qui certifie. Votre certification reste valable jusqu’à son terme, quoi qu’il advienne de la demande.",
        "To renew it, make a new request in the app now, then go to a town hall that certifies. Your certification stays valid until its end, whatever becomes of the request.";
    mail_card_ends_soon_go_on: "Vous avez déjà demandé son renouvellement : présentez la demande dans une mairie qui certifie, puis votre carte et votre code dans l’application.",
        "You have asked for its renewal already: take the request to a town hall that certifies, then show your card and your code in the app.";
    mail_card_ends_soon_restore: "Votre identité est suspendue : rétablissez-la avec votre carte et votre code dans l’application, puis demandez le renouvellement.",
        "Your identity is suspended: restore it with your card and your code in the app, then ask for the renewal.";
    mail_card_ends_soon_new_card: "Elle s’arrête avec votre carte d’identité : demandez une nouvelle carte, puis créez et faites certifier une identité avec elle.",
        "It ends with your identity card: apply for a new card, then make an identity with it and have it certified.";
    mail_card_ended_subject: "Votre certification a pris fin", "Your certification has ended";
    mail_card_ended: "La certification de votre identité est arrivée à son terme.", "The certification of your identity has reached its term.";
    mail_card_code_subject: "Le code de votre carte a changé", "The code of your card was changed";
    mail_card_code: "Le code de votre carte a été changé : la certification de votre identité a pris fin.", "The code of your card was changed: the certification of your identity has ended.";
    mail_card_ended_again: "Votre identité reste en usage, sans certification. Pour la faire certifier de nouveau, faites une demande dans l’application.",
        "Your identity stays in use, without certification. To have it certified again, make a request in the app.";
    mail_card_suspended_subject: "Votre identité est suspendue", "Your identity is suspended";
    mail_card_suspended: "Votre identité certifiée est suspendue : elle ne permet plus de se connecter pour l’instant. Pour la rétablir, présentez votre carte et votre code dans l’application.",
        "Your certified identity is suspended: for now it signs nobody in. To restore it, show your card and your code in the app.";
    mail_card_restored_subject: "Votre identité est rétablie", "Your identity is restored";
    mail_card_restored: "Votre identité certifiée est rétablie, avec la carte et le code.", "Your certified identity is restored, with the card and the code.";
    mail_card_closed_subject: "Votre identité est fermée", "Your identity is closed";
    mail_card_closed_deleted: "Votre identité est supprimée, comme demandé.", "Your identity is deleted, as was asked.";
    mail_card_closed_lost: "Votre carte a été déclarée perdue ou volée : votre identité est fermée, et plus personne ne se connecte avec elle.",
        "Your card was declared lost or stolen: your identity is closed, and nobody signs in with it any more.";
    mail_card_closed_expired: "Votre carte a expiré ou a été remplacée : l’identité faite avec elle est fermée.", "Your card has expired or was replaced: the identity that was made with it is closed.";
    mail_card_closed_state: "Votre identité est fermée. Vous ne l’avez pas demandé : si vous pensez que c’est une erreur, contactez-nous.",
        "Your identity is closed. You did not ask for this: if you think that it is a mistake, contact us.";
    mail_card_closed_unconfirmed: "L’adresse n’a pas été confirmée à temps : l’identité est effacée.", "The address was not confirmed in time: the identity is gone.";
    mail_card_closed_again: "Une identité fermée ne revient pas. Vous pouvez en créer une autre dans l’application avec une carte valable.",
        "A closed identity does not come back. You can make another in the app with a valid card.";
    mail_card_loss_subject: "Carte perdue, ou identité à supprimer", "Card lost, or identity to be deleted";
    mail_card_loss: "Quelqu’un demande à fermer l’identité faite avec votre carte. Si c’est vous, ouvrez cette adresse dans l’heure :",
        "Somebody asks to close the identity that was made with your card. If it is you, open this address within the hour:";
    mail_card_loss_stranger: "Ce n’est pas vous ? N’ouvrez pas l’adresse : rien n’est fermé sans elle.", "Is it not you? Do not open the address: nothing is closed without it.";
    mail_card_leaves_subject: "Votre identité sera supprimée", "Your identity will be deleted";
    mail_card_leaves(until): "La suppression de votre identité a été demandée. Elle aura lieu le {until} (heure de Paris).", "The deletion of your identity was asked for. It takes place on {until} (Paris time).";
    mail_card_leaves_keep: "Ce n’était pas vous, ou vous changez d’avis ? Ouvrez cette adresse avant ce moment pour garder votre identité :",
        "It was not you, or you change your mind? Open this address before then to keep your identity:";
    mail_card_stays_subject: "Vous gardez votre identité", "You keep your identity";
    mail_card_stays: "La suppression de votre identité est annulée. Elle reste telle qu’elle était.", "The deletion of your identity is cancelled. It stays as it was.";
    mail_card_stranger(address): "Ce n’était pas vous ? Tapez vous-même l’adresse {address} et demandez à fermer votre identité.",
        "Was it not you? Type the address {address} yourself and ask to have your identity closed.";
    mail_card_support(support): "Assistance : {support}", "Support: {support}";
    mail_card_never_asked: "Nous ne vous demandons jamais le code de votre carte, ni par message ni par téléphone.", "We never ask for the code of your card, neither by message nor by telephone.";

    // At the address of the gateway itself
    request_about: "Votre identité sur carte : comment elle fonctionne, et que faire si la carte est perdue", "Your identity on a card: how it works, and what to do if the card is lost";
    front_title: "Se connecter aux services publics", "Signing in to public services";
    front_lead: "Ce site relie les services publics aux comptes avec lesquels vous prouvez qui vous êtes.",
        "This site connects public services with the accounts by which you prove who you are.";
    front_begin: "Pour vous connecter, commencez sur le site du service où vous voulez aller : il vous amène ici, puis vous ramène chez lui.",
        "To sign in, begin on the site of the service that you want to use: it brings you here, and takes you back.";
    front_ways: "Ce que vous pouvez faire ici", "What you can do here";
    front_card: "Mon identité sur carte : la créer, la faire certifier, la fermer si la carte est perdue",
        "My identity on a card: make it, have it certified, close it if the card is lost";
    front_figures: "Les chiffres publics de la certification", "The public figures of certification";
    front_desk: "L’espace des agents de mairie", "For agents of town halls";
    front_careful: "Nous ne vous écrivons jamais pour vous demander un mot de passe ou le code de votre carte.",
        "We never write to you to ask for a password or the code of your card.";

    // Days
    day(day, month, year): "{day} {month} {year}", "{day} {month} {year}";
}
