//! The texts of the desk's five screens. Short: the reader has someone in front of them.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    // 1: scan
    scan_title: "Citoyen suivant", "Next citizen";
    scan_lead: "Scannez le code QR de la demande, sur le téléphone ou sur papier.",
        "Scan the QR code of the request, on the phone or on paper.";
    scan_field: "Code QR de la demande", "QR code of the request";
    scan_button: "Ouvrir le dossier", "Open the case";
    scan_reader_field: "Lecteur", "Reader";
    scan_no_reader: "Aucun lecteur n’est enregistré pour votre commune : demandez à son administrateur.",
        "No reader is registered for your commune: ask its administrator.";
    scan_unknown: "Ce code QR n’est pas celui d’une demande de certification. Demandez au citoyen d’ouvrir sa demande dans l’application, puis scannez de nouveau.",
        "This is not the QR code of a certification request. Ask the citizen to open the request in the application, then scan again.";
    scan_used: "Ce code QR a déjà servi. Le citoyen doit faire une nouvelle demande dans l’application.",
        "This QR code was already used. The citizen has to make a new request in the application.";
    scan_late: "Cette demande a plus d’un mois. Le citoyen doit en faire une nouvelle dans l’application.",
        "This request is more than a month old. The citizen has to make a new one in the application.";
    scan_own: "Personne ne certifie sa propre identité : demandez à un collègue d’ouvrir le dossier, avec une nouvelle demande.",
        "Nobody certifies their own identity: ask a colleague to open the case, with a new request.";
    scan_busy: "Ce lecteur attend déjà la carte ou le doigt d’un autre citoyen. Terminez ce dossier, ou choisissez un autre lecteur.",
        "This reader is already waiting for the card or finger of another citizen. Finish that case, or choose another reader.";
    scan_reader: "Choisissez un lecteur de votre commune, puis scannez de nouveau.",
        "Choose a reader of your commune, then scan again.";
    desk_median(time): "Durée médiane dans la commune, sur 30 jours : {time}", "Median time in the commune, over 30 days: {time}";
    desk_minutes(minutes, seconds): "{minutes} min {seconds} s", "{minutes} min {seconds} s";
    desk_seconds(seconds): "{seconds} s", "{seconds} s";
    desk_hour(hour, minute): "{hour} h {minute}", "{hour}:{minute}";
    desk_open: "En cours", "Under way";
    desk_resume: "Reprendre", "Resume";
    desk_look: "Regarder", "Look";
    desk_today: "Aujourd’hui", "Today";
    desk_today_none: "Aucun dossier terminé aujourd’hui.", "No case has ended today.";
    line_card: "attend la carte", "waits for the card";
    line_finger: "attend le doigt", "waits for the finger";
    line_face: "attend votre regard, ou celui d’un collègue", "waits for your eyes, or a colleague’s";
    line_second: "un collègue vous demande de regarder aussi", "a colleague asks you to look too";
    line_approved: "approuvé", "approved";
    line_refused: "échec", "failed";
    line_capture: "empreinte impossible à relever", "no fingerprint could be taken";
    line_lapsed: "abandonné", "abandoned";
    desk_simulator: "simulateur – non certifié", "simulator – not certified";

    // Where the agent is
    trail: "Étapes", "Steps";
    trail_scan: "Code QR", "QR code";
    trail_card: "Carte", "Card";
    trail_finger: "Empreinte", "Finger";
    trail_face: "Photo", "Photo";
    trail_end: "Fin", "End";

    // 2: the card
    card_screen_title: "Posez la carte sur le lecteur", "Lay the card on the reader";
    card_screen_lead: "Laissez-la posée : la page avance toute seule quand la puce est lue, en quelques secondes.",
        "Leave it there: the page goes on by itself when the chip is read, in a few seconds.";
    card_screen_other: "Cette carte n’est pas celle de la demande. Demandez au citoyen la carte avec laquelle il a fait sa demande.",
        "This is not the card of the request. Ask the citizen for the card that the request was made with.";
    card_screen_expired: "Cette carte est périmée.", "This card has expired.";
    card_screen_minor: "Le service est réservé aux adultes.", "The service is for adults.";
    card_screen_silent: "Le service qui dit si une carte est valable ne répond pas. Reposez la carte dans un instant.",
        "The service that says whether a card is valid does not answer. Lay the card down again in a moment.";
    card_screen_simulator: "C’est la carte d’un simulateur, qui n’est pas acceptée ici.", "This is a simulator’s card, which is not accepted here.";
    card_screen_not_genuine: "La puce n’a pas pu être vérifiée. Reposez la carte ; si cela recommence, refusez.",
        "The chip could not be verified. Lay the card down again; if it happens again, refuse.";
    card_screen_no_face: "La photo de la puce n’a pas pu être lue. Reposez la carte.", "The photo of the chip could not be read. Lay the card down again.";
    card_screen_again: "La carte n’a pas pu être lue. Reposez-la.", "The card could not be read. Lay it down again.";

    // 3: the finger
    finger_title: "Doigt sur le lecteur", "Finger on the reader";
    finger_lead: "Demandez au citoyen de poser l’index. Le lecteur compare et ne dit que oui ou non : l’empreinte n’en sort pas.",
        "Ask the citizen for an index finger. The reader compares and says only yes or no: the fingerprint does not leave it.";
    finger_impossible: "Doigt abîmé ou absent ? Le lecteur propose « empreinte impossible ».",
        "Finger damaged or missing? The reader offers “no fingerprint”.";

    // 4: photo and names
    face_title: "Est-ce la même personne ?", "Is it the same person?";
    face_lead: "Comparez la photo de la puce avec la personne devant vous.", "Compare the photo of the chip with the person in front of you.";
    face_second: "Un collègue ne doit pas décider seul ici : regardez à votre tour.",
        "A colleague is not to decide alone here: have a look yourself.";
    face_waiting: "Un collègue doit regarder aussi : il trouve ce dossier sur son accueil du guichet.",
        "A colleague has to look too: the case is on their desk home.";
    face_photo: "Photo de la puce", "Photo of the chip";
    face_surname: "Nom", "Surname";
    face_given_names: "Prénoms", "Given names";
    face_born: "Né(e) le", "Born on";
    face_place: "Lieu de naissance", "Place of birth";
    face_gender: "Sexe", "Sex";
    face_namesake: "Cette personne porte votre nom : après vous, un collègue devra regarder aussi.",
        "This person has your name: after you, a colleague will have to look too.";
    face_undeclared: "Vous n’avez pas encore déclaré qui vous êtes, sur la page « Mon compte » : après vous, un collègue devra regarder aussi.",
        "You have not yet declared who you are, on the page “My account”: after you, a colleague will have to look too.";
    face_household: "Cette personne est de ma famille ou de mon foyer : un collègue regardera aussi.",
        "This person is of my family or household: a colleague will look too.";
    face_yes: "C’est la même personne", "It is the same person";
    desk_no: "Refuser", "Refuse";
    desk_no_title: "Pourquoi refusez-vous ?", "Why do you refuse?";
    desk_no_note: "Le motif reste dans le dossier. Le citoyen ne le voit jamais.", "The reason stays in the file. The citizen never sees it.";
    desk_no_cancel: "Ne pas refuser", "Do not refuse";
    reason_person: "Ce n’est pas la même personne", "It is not the same person";
    reason_doubtful: "La carte semble falsifiée", "The card looks forged";
    reason_constraint: "La personne semble agir sous contrainte", "The person seems to act under constraint";
    reason_unreadable: "La carte ou la photo ne peut pas être lue", "The card or the photo cannot be read";
    reason_left: "La personne est partie, ou renonce", "The person left, or does not want to any more";
    reason_mistake: "Dossier ouvert par erreur", "Case opened by mistake";
    reason_finger: "L’empreinte n’est pas celle de la carte", "The finger is not the one of the card";
    reason_withdrawn: "La carte n’est plus valable", "The card is not valid any more";
    reason_tries: "La carte a été posée trop de fois", "The card was tried too often";
    reason_gone: "L’identité a changé pendant le dossier", "The identity changed during the case";
    reason_own: "L’agent ne peut pas certifier sa propre identité", "The agent cannot certify themselves";

    // 5: the outcome
    outcome_approved: "C’est approuvé", "Approved";
    outcome_approved_next(until): "Il reste une étape, sur le téléphone du citoyen : ouvrir l’application, présenter la carte et saisir le code, avant le {until}.",
        "One step is left, on the citizen’s phone: open the application, present the card and enter the code, before {until}.";
    outcome_approved_where: "Elle peut se faire ici même, ou chez soi d’ici là. Sans elle, il faudra une nouvelle demande et revenir.",
        "It can be done right here, or at home before then. Without it, a new request and another visit are needed.";
    outcome_failed: "La certification n’a pas abouti", "The certification did not take place";
    outcome_failed_next: "L’identité reste utilisable comme avant, sans certification. Le citoyen peut faire une nouvelle demande dans l’application.",
        "The identity stays usable as before, without certification. The citizen can make a new request in the application.";
    outcome_capture: "Pas de certification sans empreinte", "No certification without a fingerprint";
    outcome_capture_next: "Aucune empreinte n’a pu être relevée : c’est courant, et ce n’est pas une faute. L’identité reste utilisable comme avant, sans certification.",
        "No fingerprint could be taken: this is common, and nobody’s fault. The identity stays usable as before, without certification.";
    outcome_time(time): "Durée : {time}", "Time: {time}";
    outcome_next: "Citoyen suivant", "Next citizen";

    // Refused to an agent
    desk_refused_other_title: "Le dossier d’un collègue", "A colleague’s case";
    desk_refused_other: "Ce dossier est suivi par un autre agent de votre commune. Il peut vous demander de regarder aussi.",
        "This case is another agent’s of your commune. They can ask you to look too.";
    desk_refused_second_title: "Un collègue doit regarder", "A colleague has to look";
    desk_refused_second: "Vous avez déjà regardé : la confirmation est celle d’un autre agent de votre commune.",
        "You have looked already: the confirmation is that of another agent of your commune.";
    desk_refused_close: "Vous portez le nom de cette personne : la confirmation est celle d’un autre collègue.",
        "You have the name of this person: the confirmation is that of another colleague.";
    desk_refused_undeclared_title: "Déclarez d’abord qui vous êtes", "First declare who you are";
    desk_refused_undeclared: "Faites-le une fois, sur la page « Mon compte », puis revenez au dossier ; ou laissez un autre collègue confirmer.",
        "Do it once, on the page “My account”, then come back to the case; or let another colleague confirm.";
    desk_refused_unseen_title: "La photo n’a pas été affichée", "The photo was not shown";
    desk_refused_unseen: "Revenez au dossier, comparez la photo avec la personne devant vous, puis répondez.",
        "Go back to the case, compare the photo with the person in front of you, then answer.";
    desk_refused_own_title: "Votre propre identité", "Your own identity";
    desk_refused_over_title: "Ce dossier est terminé", "This case is over";
    desk_refused_over: "Il a été décidé, ou laissé plus d’une heure. Pour recommencer, le citoyen fait une nouvelle demande dans l’application.",
        "It was decided, or left for more than an hour. To start again, the citizen makes a new request in the application.";
    desk_refused_unknown_title: "Pas de dossier ici", "No case here";
    desk_refused_unknown: "L’adresse ne mène à aucun dossier de votre commune, ou il est à une autre étape.",
        "The address leads to no case of your commune, or it is at another step.";
}
