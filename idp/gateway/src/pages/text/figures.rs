//! The texts of the figures of a service.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    service_figures_title: "Chiffres du service", "Figures of the service";
    service_figures_between(from, to): "Du {from} au {to}.", "From {from} to {to}.";
    service_figures_sum(started, finished): "{started} connexions commencées, {finished} abouties.", "{started} sign-ins begun, {finished} finished.";
    service_figures_days: "Connexions par jour", "Sign-ins by day";
    service_figures_days_about: "Une colonne par jour : en contour les connexions commencées, en plein celles qui ont abouti. Le trait du haut marque le plus grand nombre.",
        "One column a day: outlined the sign-ins that were begun, solid those that were finished. The line at the top marks the greatest number.";
    service_figures_day: "Jour", "Day";
    service_figures_started: "Connexions commencées", "Sign-ins begun";
    service_figures_finished: "Connexions abouties", "Sign-ins finished";
    service_figures_levels: "Par niveau de garantie", "By level of assurance";
    service_figures_levels_about: "Le niveau que les connexions abouties ont atteint.", "The level that finished sign-ins reached.";
    service_figures_level: "Niveau", "Level";
    service_figures_providers: "Par fournisseur d’identité", "By identity provider";
    service_figures_providers_about: "Connexions abouties, par mois terminé.", "Finished sign-ins, by months that are over.";
    service_figures_provider: "Fournisseur d’identité", "Identity provider";
    service_figures_others: "Autres fournisseurs", "Other providers";
    service_figures_no_month: "Ces chiffres arrivent à la fin du premier mois.", "These figures come when the first month is over.";
    service_figures_given_up: "Connexions abandonnées", "Sign-ins given up";
    service_figures_given_up_about: "À quelle étape l’usager a choisi de revenir au service sans se connecter.",
        "At which step citizens chose to go back to the service without signing in.";
    service_figures_step: "Étape", "Step";
    service_figures_number: "Nombre", "Number";
    service_figures_left: "Sans suite, ou en cours", "No more was heard, or under way";
    service_step_choice: "Choix du compte", "Choice of the account";
    service_step_provider: "Chez le fournisseur", "At the provider";
    service_step_information: "Données à envoyer", "What is to be sent";
    service_step_refusal: "Après un refus", "After a refusal";
    service_figures_failed: "Échecs", "Failures";
    service_figures_failed_about: "Ce qui n’a pas fonctionné, par motif. Après un échec, une connexion peut encore aboutir autrement.",
        "What did not work, by reason. After a failure, a sign-in may still be finished another way.";
    service_figures_reason: "Motif", "Reason";
    service_figures_none: "Aucun.", "None.";
    service_reason_cancelled: "Annulé chez le fournisseur", "Cancelled at the provider";
    service_reason_provider_failed: "Échec chez le fournisseur", "Failed at the provider";
    service_reason_provider_unavailable: "Fournisseur indisponible", "Provider unavailable";
    service_reason_identity: "Identité non admise", "Identity not admitted";
    service_reason_level: "Niveau non atteint", "Level not met";
    service_reason_unavailable: "Panne passagère", "Passing outage";
    service_reason_login: "Autre personne, ou personne", "Somebody else, or nobody";
    service_reason_habilitation: "Habilitation non valable", "Habilitation not in force";
    service_reason_request: "Demande mal formée", "Request at fault";
    service_reason_interrupted: "Interrompu à la fin", "Interrupted at the end";
    service_figures_nobody: "Ces chiffres comptent des connexions. Aucun ne dit qui s’est connecté.", "These figures count sign-ins. None says who signed in.";
    service_figures_few: "Le fournisseur d’identité d’une personne ne regarde qu’elle : il est donné par mois terminé, et pas en dessous de cinq connexions.",
        "Which provider somebody uses is their own matter: it is told by months that are over, and not below five sign-ins.";
    service_figures_counted: "Les jours vont de minuit à minuit en temps universel. Les derniers instants d’un serveur qui s’arrête brutalement peuvent manquer.",
        "Days go from midnight to midnight, universal time. The last moments of a server that stops abruptly may be missing.";
    service_figures_csv: "Télécharger ces chiffres (CSV)", "Download these figures (CSV, in French)";
}
