//! The texts of the homologation bench. What each check says stands in the domain, with the check.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    bench_title: "Banc d’homologation", "Homologation bench";
    bench_lead: "Le banc joue un fournisseur et un usager inventé : il conduit votre site par chaque vérification, avec des réponses justes et des réponses fausses, et dit ce qu’il faut corriger.",
        "The bench plays a provider and a made-up citizen: it leads your site through each check, with right answers and wrong ones, and says what to fix.";
    bench_open_title: "Ouvrir un passage", "Open a run";
    bench_start: "Adresse où la connexion commence sur votre site", "Address where a login begins on your site";
    bench_start_note: "Elle doit mener au fournisseur par une simple redirection, sans JavaScript.",
        "It must lead to the provider by a plain redirect, without JavaScript.";
    bench_page: "Adresse d’une page qui montre qui est connecté", "Address of a page that shows who is signed in";
    bench_shown: "Ce que cette page montre de l’usager", "What that page shows of the citizen";
    bench_family_name: "son nom de famille", "their family name";
    bench_given_name: "son prénom", "their given name";
    bench_email: "son adresse électronique", "their mail address";
    bench_subject: "son identifiant (sub)", "their identifier (sub)";
    bench_logout: "Adresse de déconnexion de votre site (facultatif)", "Address where a citizen signs out (optional)";
    bench_logout_by: "Elle s’appelle par", "It is asked for by";
    bench_post: "un formulaire (POST)", "a form (POST)";
    bench_get: "un lien (GET)", "a link (GET)";
    bench_open_button: "Ouvrir le passage", "Open the run";
    bench_wrong_address: "Donnez une adresse https complète, sans mot de passe ni #, sur un autre hôte que cette passerelle.",
        "Give a whole https address, without password or #, on another host than this gateway.";
    bench_elsewhere: "Le banc ne visite que les hôtes des adresses de retour, et d’une demande l’adresse du service.",
        "The bench visits the hosts of the redirect URIs and, of a request, that of the service’s address; no other.";
    bench_no_redirect: "Ce service n’a pas d’adresse de retour : il ne connecte personne.",
        "This service has no redirect URI: it signs nobody in.";
    bench_too_many: "Trop de passages sont ouverts en ce moment. Réessayez dans une heure au plus tard.",
        "Too many runs are open right now. Try again in an hour at the latest.";
    bench_runs: "Passages précédents", "Earlier runs";
    bench_no_runs: "Aucun passage pour ce service.", "No run for this service yet.";
    bench_set_up: "Réglez votre site de test avec ces valeurs, puis lancez les vérifications. Elles ne valent que pour ce passage, pendant une heure.",
        "Set your test site up with these values, then start the checks. They are good for this run alone, for one hour.";
    bench_issuer: "Émetteur", "Issuer";
    bench_client_id: "Identifiant du client", "Client id";
    bench_secret: "Secret du client", "Client secret";
    bench_drive_button: "Lancer les vérifications", "Start the checks";
    bench_under_way: "Les vérifications sont en cours. Cette page se met à jour toute seule.",
        "The checks are being made. This page renews itself.";
    bench_over: "Ce passage est terminé sans rapport. Ouvrez-en un autre.", "This run is over without a report. Open another one.";
    bench_stage_open: "ouvert", "open";
    bench_stage_under_way: "en cours", "under way";
    bench_passed: "réussi", "passed";
    bench_failed: "à corriger", "to be fixed";
    bench_not_made: "non vérifié", "not checked";
    bench_why: "Pourquoi", "Why";
    bench_fix: "À faire", "To do";
    bench_exchanges: "Requêtes et réponses", "Requests and answers";
    bench_hash(hash): "Empreinte du rapport (SHA-256) : {hash}", "Fingerprint of the report (SHA-256): {hash}";
    bench_run_title(when): "Passage du {when}", "Run of {when}";
    bench_notices: "Adresse où votre site reçoit les avis de déconnexion (facultatif)", "Address where your site takes logout notices (optional)";
    bench_count(passed, checks): "{passed} vérifications réussies sur {checks}", "{passed} of {checks} checks passed";
    bench_open_link: "Conduire le site par le banc", "Drive the site through the bench";
    bench_request_lead: "La production demande un rapport réussi, de moins de 90 jours, sur chaque hôte de retour ; ou le motif d’un instructeur pour s’en passer.",
        "The production asks for a report that passed, less than 90 days old, on each host citizens come back to; or a reviewer’s reason to do without.";
    bench_covered: "Le banc a réussi sur tous les hôtes de retour.", "The bench passed on every host citizens come back to.";
    bench_missing(host): "{host} : aucun passage", "{host}: no run";
    bench_lack_failed(host): "{host} : le dernier passage est à corriger", "{host}: the last run is to be fixed";
    bench_aged(host): "{host} : le dernier passage est trop ancien", "{host}: the last run is too old";
    bench_other_hosts: "Passages sur d’autres hôtes (ne comptent pas ici)", "Runs on other hosts (they do not count here)";
    bench_waived(when): "Accord sans le banc, motivé {when} :", "Agreed without the bench, with this reason of {when}:";
    bench_granted_on: "L’habilitation en vigueur a été accordée sur ces rapports :", "The habilitation in force was granted on these reports:";
    bench_without: "Motif pour se passer du banc", "Reason to do without the bench";
    bench_without_hint: "À remplir seulement pour accorder sans rapport réussi. Le motif reste avec l’habilitation.",
        "Only to agree without a report that passed. The reason stays with the habilitation.";
    bench_report: "Télécharger le rapport (JSON)", "Download the report (JSON)";
}
