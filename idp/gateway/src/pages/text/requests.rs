//! The texts of requests for habilitations: for an agent who has ten minutes, and for whoever must say yes or no.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    // Lists
    requests_title: "Demandes d’habilitation", "Requests for habilitations";
    requests_none: "Aucune demande pour l’instant.", "No request yet.";
    request_new: "Nouvelle demande", "New request";
    request_new_lead: "Une demande par service : la cantine, l’état civil, la médiathèque… Comptez dix minutes ; chaque partie s’enregistre à part.",
        "One request a service: school meals, civil status, library… Allow ten minutes; each part is saved by itself.";
    request_new_button: "Commencer une demande", "Begin a request";
    request_unnamed: "Service sans nom", "Service without a name";
    request_in_force: "habilitation en vigueur", "habilitation in force";
    import_title: "Reprendre une demande exportée", "Take in an exported request";
    import_label: "Collez ici le contenu du fichier", "Paste the content of the file here";
    import_button: "Créer la demande", "Make the request";
    import_not_json: "Ce texte n’est pas une demande exportée : il faut le contenu entier du fichier JSON.",
        "This text is not an exported request: the whole content of the JSON file is needed.";
    import_version: "Ce fichier vient d’une version que ce service ne connaît pas.", "This file is of a version that this service does not know.";
    import_fields(names): "Rien n’a été créé. Champs inconnus ou qui ne conviennent pas : {names}.",
        "Nothing was made. Fields that are unknown or do not fit: {names}.";

    // Steps
    request_draft: "brouillon", "draft";
    request_submitted: "à l’étude", "under review";
    request_changes: "à compléter", "changes requested";
    request_granted: "accordée", "granted";
    request_refused: "refusée", "refused";
    request_revoked: "révoquée", "revoked";
    request_archived: "classée", "archived";

    // One request
    request_form: "Le dossier", "The form";
    request_submit: "Envoyer la demande", "Hand in the request";
    request_acts: "Suivi", "More";
    request_review: "Instruire la demande", "Review the request";
    request_reopen: "Rouvrir pour la modifier", "Open again to change it";
    request_give_up: "Abandonner la modification", "Give up the change";
    request_archive: "Classer la demande", "Put the request away";
    request_export: "Exporter (JSON)", "Export (JSON)";
    request_events: "Ce qui s’est passé", "What happened";
    request_back: "Retour à la demande", "Back to the request";
    request_reopened: "Ce qui a été accordé reste en vigueur pendant la modification.", "What was granted stays in force meanwhile.";
    request_unverified: "Votre organisation n’est pas encore vérifiée : vous pouvez préparer la demande, l’envoi sera possible ensuite.",
        "Your organisation is not verified yet: you can prepare the request, it can be handed in afterwards.";
    reason_title: "Motif", "Reason";
    next_fill: "Complétez les parties ci-dessous, dans l’ordre que vous voulez.", "Fill in the parts below, in any order.";
    next_submit: "Tout est rempli : vous pouvez envoyer la demande.", "Everything is filled in: you can hand in the request.";
    next_wait: "La demande est à l’étude. Vous recevrez un message dès qu’une décision est prise.",
        "The request is under review. You will get a message as soon as a decision is taken.";
    next_change: "Des compléments sont demandés : corrigez, puis renvoyez la demande.", "Changes are asked for: make them, then hand the request in again.";
    next_granted: "L’habilitation est accordée.", "The habilitation is granted.";
    next_refused: "La demande est refusée. Vous pouvez la rouvrir et la corriger.", "The request is refused. You can open it again and correct it.";
    next_revoked: "L’habilitation a été révoquée : le service ne reçoit plus de données.", "The habilitation was revoked: the service receives no more data.";
    next_archived: "La demande est classée.", "The request is put away.";
    unread(count): "{count} non lus", "{count} unread";
    refusal_other: "Cette demande est celle d’une autre organisation.", "This request is another organisation’s.";
    refusal_incomplete: "Rien n’a été envoyé : des réponses manquent ou sont à corriger.", "Nothing was handed in: answers are missing or have to be corrected.";
    refusal_unchanged: "Rien n’a changé depuis l’accord : il n’y a rien à envoyer.", "Nothing changed since it was granted: there is nothing to hand in.";
    refusal_own: "Personne ne décide d’une demande à laquelle il a participé, ou de celle de sa propre organisation.",
        "Nobody decides on a request they wrote in, or on one of their own organisation.";
    refusal_same: "Vous avez déjà donné le premier accord : une autre personne doit donner le second.", "You agreed first: another person must agree too.";
    refusal_brought_in: "Le premier accord vient d’un compte que vous avez invité, ou qui vous a invité : une autre personne doit donner le second.",
        "The first agreement is of an account that you invited, or that invited you: another person must agree too.";
    refusal_unchecked: "Tous les points n’ont pas été vérifiés.", "Not every point was looked at.";
    refusal_bench: "Le banc n’a pas réussi sur les hôtes de la demande : donnez un motif pour vous en passer.",
        "The bench has not passed on the hosts of the request: give a reason to do without.";
    refusal_nothing: "Rien n’a été accordé auparavant.", "Nothing was granted before.";

    // What happened
    happened_opened: "Demande commencée", "Request begun";
    happened_written: "Dossier modifié", "Form changed";
    happened_submitted: "Demande envoyée", "Request handed in";
    happened_changes: "Compléments demandés", "Changes requested";
    happened_looked: "Points vérifiés", "Points looked at";
    happened_once: "Premier accord donné", "First agreement";
    happened_granted: "Habilitation accordée", "Habilitation granted";
    happened_refused: "Demande refusée", "Request refused";
    happened_reopened: "Demande rouverte", "Request opened again";
    happened_kept: "Modification abandonnée : l’habilitation reste telle quelle", "Change given up: the habilitation stays as it was";
    happened_revoked: "Habilitation révoquée", "Habilitation revoked";
    happened_archived: "Demande classée", "Request put away";

    // Blocks
    block_service: "Le service", "The service";
    block_scopes: "Les données demandées", "The data asked for";
    block_level: "Le niveau de garantie", "The level of assurance";
    block_legal: "Le cadre juridique", "The legal basis";
    block_data: "La conservation des données", "What becomes of the data";
    block_contacts: "Les contacts", "The contacts";
    block_addresses: "Les adresses techniques", "The technical addresses";
    block_alternative: "L’autre accès et les engagements", "The other way in, and what is attested";
    lead_service: "Ce que les citoyens liront avant de s’identifier.", "What citizens will read before they sign in.";
    lead_scopes: "Ne cochez que ce dont le service a besoin, et dites pourquoi. Moins il y a de données, plus vite la demande est étudiée.",
        "Tick only what the service needs, and say what for. The less data, the quicker the review.";
    lead_level: "Le niveau faible convient à la plupart des services : un compte avec un mot de passe. Demandez plus quand une erreur sur la personne aurait des conséquences graves.",
        "Level low suits most services: an account with a password. Ask for more when a mistake about the person would have grave consequences.";
    lead_legal: "Pour identifier vos usagers, l’arrêté du 8 novembre 2018 suffit. Pour les données d’une autre administration, citez la délibération ou le texte qui fonde votre service.",
        "To identify your users, the order of 8 November 2018 is enough. For data of another administration, cite the deliberation or text that your service rests on.";
    lead_data: "Qui voit les données, et combien de temps vous les gardez.", "Who sees the data, and how long you keep them.";
    lead_contacts: "Trois personnes, ou trois fois la même dans une petite mairie.", "Three people, or the same one three times in a small town hall.";
    lead_addresses: "Votre éditeur de logiciel vous les donne : ce sont les adresses où revient le citoyen, une par ligne.",
        "Your software maker gives them to you: the addresses that citizens come back to, one a line.";
    lead_alternative: "S’identifier ici n’est jamais obligatoire : le même service doit rester accessible autrement.",
        "Signing in here is never compulsory: the same service must stay open in another way.";
    block_position(at, of): "Partie {at} sur {of}", "Part {at} of {of}";
    block_done: "complet", "complete";
    block_one_open: "1 réponse à revoir", "1 answer to look at";
    block_open(count): "{count} réponses à revoir", "{count} answers to look at";
    block_wrong: "Enregistré. Il reste à corriger :", "Saved. There is still to correct:";
    save: "Enregistrer", "Save";
    save_next: "Enregistrer et continuer", "Save and go on";
    choose_one: "Choisissez", "Choose";
    need_label: "À quoi sert cette donnée ?", "What is this data for?";
    conflict_banner: "Quelqu’un d’autre a modifié les mêmes réponses pendant que vous écriviez. Rien n’est perdu : les deux textes sont ci-dessous. Corrigez le vôtre si besoin, puis enregistrez.",
        "Somebody else changed the same answers while you were writing. Nothing is lost: both texts are below. Correct yours if needed, then save.";
    conflict_title: "Modifié par quelqu’un d’autre.", "Changed by somebody else.";
    conflict_theirs: "Enregistré en ce moment :", "Saved at the moment:";
    conflict_mine: "Votre texte est dans le champ ; il remplacera l’autre si vous enregistrez.", "Your text is in the field; it will take the place of the other if you save.";

    // Choices and hints
    level_choice_low: "Faible (eidas1)", "Low (eidas1)";
    level_choice_substantial: "Substantiel (eidas2)", "Substantial (eidas2)";
    level_choice_high: "Élevé (eidas3)", "High (eidas3)";
    nature_law: "Loi", "Act";
    nature_decree: "Décret", "Decree";
    nature_order: "Arrêté", "Order";
    nature_deliberation: "Délibération", "Deliberation";
    nature_agreement: "Convention", "Agreement";
    nature_other: "Autre texte", "Another text";
    hint_title: "Exemple : Inscription à la cantine scolaire", "Example: Registration for school meals";
    hint_description: "Qui utilise ce service, et pour faire quoi ?", "Who uses this service, and to do what?";
    hint_service_uri: "L’adresse de la page du service, qui commence par https://", "The address of the page of the service, which begins with https://";
    hint_editor: "Laissez vide si la commune a son propre logiciel.", "Leave empty if the commune has its own software.";
    hint_legal: "Exemple : Arrêté du 8 novembre 2018 relatif au téléservice", "Example: Order of 8 November 2018 on the online service";
    hint_basis: "La délibération ou le texte propre à cette donnée. Vide : le texte ci-dessus, pour l’identité seulement.",
        "The deliberation or text for this data alone. Empty: the text above, for identity only.";
    hint_recipients: "Exemple : les agents du service scolaire", "Example: the agents of the school service";
    hint_retention: "Au-delà de 36 mois, une raison est demandée.", "Above 36 months, a reason is asked for.";
    hint_retention_reason: "Le texte ou la nécessité qui impose une durée plus longue.", "The text or the need that makes it longer.";
    hint_level_reason: "Demandé pour les niveaux substantiel et élevé.", "Asked for the levels substantial and high.";
    hint_phone: "Le contact technique donne un mobile : il est joint en cas d’incident.", "The technical contact gives a mobile: they are called when something breaks.";
    hint_redirects: "Adresses https de votre site. Exemple : https://www.ville.fr/retour", "https addresses of your site. Example: https://www.ville.fr/retour";
    hint_sandbox: "Pour les essais : http://localhost:8080/retour, ou une adresse en .test", "To try things out: http://localhost:8080/retour, or an address under .test";
    hint_alternative: "Exemple : au guichet de la mairie, ou par courrier", "Example: at the counter of the town hall, or by post";

    // What is wrong
    why_missing: "une réponse est attendue", "an answer is needed";
    why_number(from, to): "un nombre entier de {from} à {to} est attendu", "a whole number from {from} to {to} is needed";
    why_day: "une date est attendue, année-mois-jour", "a date is needed, year-month-day";
    why_mail: "ce n’est pas une adresse électronique", "this is not a mail address";
    why_phone: "ce n’est pas un numéro de téléphone", "this is not a telephone number";
    why_mobile: "un numéro de mobile français est attendu", "a French mobile number is needed";
    why_uri: "une adresse publique qui commence par https:// est attendue", "a public address that begins with https:// is needed";
    why_address(line, fault): "ligne {line} : {fault}", "line {line}: {fault}";
    why_too_many(most): "{most} adresses au plus", "{most} addresses at most";
    why_nothing_asked: "cochez au moins une donnée", "tick one at least";
    why_own_basis: "cette donnée d’une autre administration demande son propre texte", "this data of another administration needs a text of its own";
    unfit_long(seen, most): "{seen} caractères, {most} au plus : rien n’a été coupé, raccourcissez et enregistrez",
        "{seen} characters, {most} at most: nothing was cut, shorten it and save";
    unfit_control: "ce texte contient un caractère invisible : retapez-le", "this text holds an invisible character: type it again";
    unfit_choice: "choisissez dans la liste", "choose from the list";

    // Thread
    exchange_title: "Échanges", "Messages";
    exchange_none: "Aucun message.", "No message.";
    exchange_label: "Votre message", "Your message";
    exchange_send: "Envoyer", "Send";
    exchange_wrong: "Un message a de 1 à 5000 caractères.", "A message has 1 to 5000 characters.";
    side_review: "instruction", "review";
    side_applicant: "demandeur", "applicant";
    someone: "Une personne sans compte", "Someone without an account";

    // Review
    queue_title: "Demandes à instruire", "Requests to review";
    queue_states: "États", "States";
    queue_none: "Rien n’attend ici.", "Nothing waits here.";
    queue_two: "deux accords", "two must agree";
    queue_next: "Page suivante", "Next page";
    waits_today: "depuis aujourd’hui", "since today";
    waits_day: "depuis hier", "since yesterday";
    waits_days(days): "depuis {days} jours", "for {days} days";
    review_others(count): "{count} autres demandes de cette organisation", "{count} other requests of this organisation";
    review_two: "Cette demande exige l’accord de deux personnes.", "This request takes the agreement of two people.";
    review_first(name): "Premier accord : {name}.", "First agreement: {name}.";
    review_differences: "Ce qui a changé", "What changed";
    review_same: "Rien n’a changé.", "Nothing changed.";
    review_asked: "Données demandées", "Data asked for";
    review_points: "Points à vérifier", "Points to look at";
    review_points_lead: "L’accord n’est possible qu’une fois tous les points vérifiés.", "Agreeing is possible once every point was looked at.";
    review_points_save: "Enregistrer les points", "Save the points";
    review_decide: "Décision", "Decision";
    review_approve: "Accorder l’habilitation", "Grant the habilitation";
    review_approve_first: "Donner le premier accord", "Give the first agreement";
    review_unchecked: "Vérifiez d’abord tous les points ci-dessus.", "First look at every point above.";
    review_reason: "Motif, lu par le demandeur", "Reason, read by the applicant";
    review_reason_hint: "Dites ce qui manque et comment le corriger.", "Say what is missing and how to put it right.";
    review_reason_wrong: "Un motif de 1 à 4000 caractères est obligatoire.", "A reason of 1 to 4000 characters is needed.";
    review_changes: "Demander des compléments", "Ask for changes";
    review_refuse: "Refuser la demande", "Refuse the request";
    review_prepared: "Textes préparés", "Prepared texts";
    review_revoke_title: "Révoquer l’habilitation", "Revoke the habilitation";
    review_revoke_lead: "L’effet est immédiat : plus aucune donnée ne part vers ce service.", "It takes effect at once: no more data goes to this service.";
    review_revoke: "Révoquer", "Revoke";
    difference_ticked(field): "{field} : coché", "{field}: ticked";
    difference_unticked(field): "{field} : décoché", "{field}: no longer ticked";
    difference_added(field, now): "{field} : ajouté « {now} »", "{field}: added “{now}”";
    difference_removed(field, was): "{field} : retiré « {was} »", "{field}: removed “{was}”";
    difference_changed(field, was, now): "{field} : « {was} » devient « {now} »", "{field}: “{was}” becomes “{now}”";
    point_organisation: "L’organisation existe, est ouverte, et son nom correspond", "The organisation exists, is open, and its name matches";
    point_belonging: "La personne qui demande lui appartient", "Who asks belongs to it";
    point_addresses: "Le site et les adresses de retour sont les siens", "The site and the redirect URIs are its own";
    point_readable: "Le nom et la description sont clairs pour un citoyen", "Name and description are clear to a citizen";
    point_legal: "Le texte cité est lisible et s’applique", "The text that is cited is readable and applies";
    point_foreign: "Les données d’autres administrations ont leur propre texte", "The data of other administrations have a text of their own";
    point_minimal: "Chaque donnée est utile au service", "Each piece of data is needed by the service";
    point_level: "Le niveau de garantie est proportionné", "The level of assurance is proportionate";
    point_retention: "La durée de conservation est justifiée", "The retention has a good reason";
    point_contacts: "Les contacts sont joignables", "The contacts can be reached";
    point_alternative: "Un autre accès au service existe", "There is another way to the service";
    point_duplicate: "Ce service n’a pas déjà une habilitation", "The service has no habilitation already";
    yes: "oui", "yes";

    // Templates
    templates_title: "Textes préparés", "Prepared texts";
    templates_lead: "Pour répondre vite et toujours de la même façon.", "To answer quickly and always in the same way.";
    templates_none: "Aucun texte préparé.", "No prepared text.";
    template_new: "Ajouter un texte", "Add a text";
    template_answer: "Pour quelle réponse", "For which answer";
    template_title: "Titre, 50 caractères au plus", "Title, 50 characters at most";
    template_text: "Texte", "Text";
    template_hint: "{service}, {organisation} et {request} sont remplacés.", "{service}, {organisation} and {request} are replaced.";
    template_add: "Ajouter", "Add";
    template_drop: "Supprimer", "Delete";
    template_title_wrong: "Un titre a de 1 à 50 caractères.", "A title has 1 to 50 characters.";
    template_text_wrong: "Choisissez une réponse, et écrivez un texte de 1 à 4000 caractères.", "Choose an answer, and write a text of 1 to 4000 characters.";
    template_place_wrong: "Seuls {service}, {organisation} et {request} sont remplacés : retirez les autres accolades.",
        "Only {service}, {organisation} and {request} are replaced: take the other braces out.";
    answer_approval: "Accord", "Approval";
    answer_changes: "Compléments", "Changes";
    answer_refusal: "Refus", "Refusal";

    form_too_long_title: "Ce formulaire est trop long", "This form is too long";
    form_too_long: "Rien n’a été enregistré. Raccourcissez vos réponses, ou enregistrez partie par partie.",
        "Nothing was saved. Shorten your answers, or save part by part.";

    // Mails
    mail_request_subject(what, service): "{what} : {service}", "{what}: {service}";
    mail_request_about(service, organisation): "Service « {service} », {organisation}.", "Service “{service}”, {organisation}.";
    mail_request_reason: "Motif :", "Reason:";
    mail_request_link: "Voir la demande :", "See the request:";
    mail_request_review: "Une demande attend d’être instruite.", "A request waits to be reviewed.";
    mail_request_named: "Vous êtes désigné dans cette demande comme responsable de traitement ou délégué à la protection des données. L’habilitation vient d’être accordée.",
        "You are named in this request as controller or data protection officer. The habilitation was just granted.";
    mail_request_said: "Un nouveau message vous attend", "A new message waits for you";
    mail_request_remind: "Un brouillon attend depuis quinze jours", "A draft has been waiting for a fortnight";
    mail_request_warn: "Une demande sera classée dans quinze jours si rien ne change", "A request will be put away in a fortnight unless something changes";
}
