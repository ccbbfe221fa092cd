//! The texts of services and what they prove themselves by.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    // The page of an organisation
    services_title: "Services", "Services";
    services_none: "Aucun service pour l’instant.", "No service yet.";
    services_next: "Ce qu’il reste à faire", "What is next";
    services_done: "Rien : tout est en ordre.", "Nothing: all is well.";
    services_next_verify: "Votre rattachement à cette organisation n’est pas encore vérifié : le bac à sable est ouvert, la production pas encore.",
        "That you belong to this organisation is not verified yet: the sandbox is open, the production is not.";
    services_next_sandbox: "Créez un service de bac à sable pour essayer la connexion avec des usagers fictifs.",
        "Create a sandbox service to try signing in with made-up citizens.";
    services_next_request: "Demandez une habilitation pour connecter de vrais usagers.", "Ask for a habilitation to sign real citizens in.";
    services_next_grant: "Une habilitation est accordée : créez son service de production.", "A habilitation is granted: create its production service.";
    services_next_due(name): "{name} : une échéance approche.", "{name}: something ends soon.";
    services_next_off(name): "{name} : les connexions sont refusées.", "{name}: sign-ins are refused.";
    services_next_two(name): "{name} : deux secrets sont valables ; retirez l’ancien dès que le nouveau est en place.",
        "{name}: two secrets are valid; retire the old one once the new one is in place.";
    services_new: "Nouveau service de bac à sable", "New sandbox service";
    services_make: "Créer le service de production", "Create the production service";
    services_more: "Autres pages", "Other pages";
    services_requests: "Demandes d’habilitation", "Requests for habilitations";

    // Its state
    service_sandbox: "bac à sable", "sandbox";
    service_production: "production", "production";
    service_in_force: "en service", "in force";
    service_disabled: "désactivé", "disabled";
    service_none: "sans habilitation", "no habilitation";
    service_suspended: "suspendu", "suspended";
    service_revoked: "révoqué", "revoked";
    service_obsolete: "remplacé", "replaced";
    service_not_yet: "pas encore ouvert", "not open yet";
    service_expired: "expiré", "expired";
    service_off: "coupé", "switched off";
    service_partly_off: "en partie coupé", "partly switched off";
    service_ends(day): "L’habilitation prend fin le {day}.", "The habilitation ends on {day}.";
    service_secret_ends(name, day): "Le secret {name} prend fin le {day}.", "The secret {name} ends on {day}.";

    // A new one
    service_new_title: "Nouveau service de bac à sable", "New sandbox service";
    service_new_lead: "Il marche tout de suite, pour un an, avec des usagers fictifs. Aucune donnée réelle n’y passe.",
        "It works at once, for a year, with made-up citizens. No real data goes through it.";
    service_name: "Nom du service", "Name of the service";
    service_name_note: "Tel que les usagers le liront.", "As citizens will read it.";
    service_redirects: "Adresses de retour après la connexion", "Where citizens come back to after signing in";
    service_redirects_note: "Une par ligne, au caractère près : sur votre machine (http://localhost:8080/retour) ou sous .test, .localhost ou .example.",
        "One a line, exact to the character: on your machine (http://localhost:8080/retour) or under .test, .localhost or .example.";
    service_logout_redirects: "Adresses de retour après la déconnexion (facultatif)", "Where citizens come back to after signing out (optional)";
    service_sent: "Envoi du secret", "How the secret is sent";
    service_sent_note: "Par défaut, celui de la plupart des bibliothèques.", "The default is that of most libraries.";
    service_sent_basic: "Dans l’en-tête (client_secret_basic)", "In the header (client_secret_basic)";
    service_sent_post: "Dans le corps (client_secret_post)", "In the body (client_secret_post)";
    service_make: "Créer le service", "Create the service";
    service_wrong_name: "Le nom a de 1 à 80 caractères, sur une ligne.", "The name has 1 to 80 characters in one line.";
    service_wrong_count: "Donnez de 1 à 10 adresses.", "Give 1 to 10 addresses.";
    service_wrong_not_test(place): "Adresse {place} : le bac à sable n’a que localhost, 127.0.0.1 et les noms sous .test, .localhost et .example.",
        "Address {place}: the sandbox has localhost, 127.0.0.1 and names under .test, .localhost and .example alone.";
    service_wrong_address(place): "Adresse {place} : cette adresse ne peut pas être enregistrée. Écrivez-la en entier, sans fragment ni caractère inhabituel.",
        "Address {place}: this address cannot be registered. Write it in full, without fragment or unusual characters.";
    service_wrong_not_granted: "Une adresse n’est pas dans l’habilitation.", "An address is not in the habilitation.";
    service_wrong_not_live: "L’habilitation n’est pas en vigueur.", "The habilitation is not in force.";
    service_wrong_keys: "Ces clés ne peuvent pas être utilisées : un JWKS de clés publiques est attendu, sans clé privée ni secret.",
        "These keys cannot be used: a JWKS of public keys is expected, without private keys or secrets.";
    service_wrong_keys_at: "L’adresse des clés doit être en https, sur un nom public.", "The address of the keys must be https, at a public name.";
    service_wrong_certificate: "Ce nom de certificat ne peut pas être utilisé.", "This name of a certificate cannot be used.";
    service_wrong_full: "Votre organisation a déjà 20 services de cet environnement : c’est le maximum.",
        "Your organisation has 20 services of this environment already, which is the most.";
    service_wrong_other: "Ce service ne peut pas être créé ainsi.", "This service cannot be made so.";

    // One of the production
    service_production_title: "Service de production", "Production service";
    service_production_lead(title): "L’habilitation « {title} » est accordée. Son service est créé avec ce qui y est écrit, rien de plus.",
        "The habilitation “{title}” is granted. Its service is created with what stands in it, nothing more.";
    service_production_redirects: "Adresses de retour accordées", "Addresses that were granted";
    service_proof: "Comment le service prouve qui il est", "How the service proves itself";
    service_proof_basic: "Un secret, envoyé dans l’en-tête (client_secret_basic)", "A secret, sent in the header (client_secret_basic)";
    service_proof_post: "Un secret, envoyé dans le corps (client_secret_post)", "A secret, sent in the body (client_secret_post)";
    service_proof_jwks: "Une clé, collée ci-dessous (private_key_jwt)", "A key, pasted below (private_key_jwt)";
    service_proof_jwks_uri: "Une clé, publiée à votre adresse (private_key_jwt)", "A key, published at your address (private_key_jwt)";
    service_proof_certificate: "Un certificat, à ce nom (tls_client_auth)", "A certificate, for this name (tls_client_auth)";
    service_keys: "Clés publiques (JWKS)", "Public keys (JWKS)";
    service_keys_at: "Adresse des clés publiques (jwks_uri)", "Address of the public keys (jwks_uri)";
    service_certificate: "Nom DNS du certificat", "DNS name of the certificate";

    // Its secret
    service_made_title: "Votre service est créé", "Your service is created";
    service_secret_title: "Votre secret", "Your secret";
    service_secret_once: "Copiez le secret maintenant : il n’est montré qu’ici, cette fois. Rangez-le dans la configuration de votre serveur, jamais dans le code ni dans un message.",
        "Copy the secret now: it is shown here alone, this once. Put it in the configuration of your server, never in code or in a message.";
    service_client_id: "Identifiant (client_id)", "Identifier (client_id)";
    service_secret: "Secret (client_secret)", "Secret (client_secret)";
    service_discovery: "Découverte", "Discovery";
    service_settings: "Configuration à copier", "Configuration to copy";
    service_go: "J’ai copié le secret", "I copied the secret";
    service_go_on: "Aller au service", "Go to the service";

    // One service
    service_facts: "Caractéristiques", "Facts";
    service_since: "Créé le", "Created on";
    service_level: "Niveau le plus haut", "Highest level";
    service_scopes: "Données (scopes)", "Data (scopes)";
    service_method: "Preuve d’identité du service", "How it proves itself";
    service_keys_refused(day): "Les clés publiées à votre adresse ne sont pas acceptées depuis le {day}", "The keys at your address are not accepted since {day}";
    service_keys_refused_note: "Aucune clé connue n’y est plus. Publiez la nouvelle clé à côté de l’ancienne, ou, si ce changement est bien le vôtre, comparez les empreintes (RFC 7638) et acceptez-le.", "No known key is there any more. Publish the new key beside the old one; or, if this change is yours, compare the thumbprints (RFC 7638) and accept it.";
    service_keys_accept: "Accepter ces clés", "Accept these keys";
    service_certificate_ends(name, day): "Le certificat de la clé {name} prend fin le {day}.", "The certificate of the key {name} ends on {day}.";
    service_key_old(name, day): "La clé {name} aura servi un an le {day}.", "The key {name} will have been used for a year on {day}.";
    service_act_habilitation: "Rouvrez la demande pour la renouveler", "Open the request again to renew it";
    service_act_secret: "Créez un deuxième secret, installez-le, puis retirez celui-ci", "Make a second secret, install it, then retire this one";
    service_act_certificate: "Enregistrez le certificat suivant à côté, puis retirez celui-ci.", "Register the next certificate beside it, then remove this one.";
    service_act_key: "Enregistrez une nouvelle clé à côté, puis retirez celle-ci.", "Register a new key beside it, then remove this one.";
    service_deadlines: "Échéances et prochaines actions", "What ends, and what to do";
    service_deadlines_none: "Aucune échéance.", "Nothing ends by itself.";
    service_soon: "bientôt", "soon";
    service_secrets: "Secrets", "Secrets";
    service_secrets_note: "Pour changer de secret sans coupure : créez le second, mettez-le en place, retirez le premier. Les deux valent entre-temps.",
        "To change secrets without interruption: create the second, put it in place, retire the first. Both count meanwhile.";
    service_keys_note: "Ce service prouve qui il est par une clé ou un certificat : il n’a pas de secret.",
        "This service proves itself by a key or a certificate: it has no secret.";
    service_secret_made(day): "Créé le {day}", "Created on {day}";
    service_secret_until(day): "Prend fin le {day}", "Ends on {day}";
    service_secret_over(day): "A pris fin le {day}", "Ended on {day}";
    service_secret_used(day): "Utilisé pour la dernière fois le {day}", "Last used on {day}";
    service_secret_unused: "Jamais utilisé", "Never used";
    service_secret_retire(name): "Retirer le secret {name}", "Retire the secret {name}";
    service_secret_add: "Créer un second secret", "Create a second secret";
    service_secret_days: "Durée", "How long it counts";
    service_days(days): "{days} jours", "{days} days";
    service_no_secrets: "Ce service n’a pas de secret.", "This service has no secret.";
    service_wrong_days: "Choisissez une des durées proposées.", "Choose one of the terms that are offered.";
    service_two_secrets: "Il y a déjà deux secrets : retirez-en un d’abord.", "There are two secrets already: retire one first.";
    service_last_secret: "C’est le seul secret : créez-en un second d’abord.", "It is the only secret: create a second one first.";
    service_gone_secret: "Ce secret n’existe plus.", "This secret is gone.";
    service_wrong_reason: "Dites pourquoi, en une ligne de 500 caractères au plus.", "Say why, in one line of 500 characters at most.";
    service_build: "Construire", "Build";
    service_button: "Le bouton", "The button";
    service_start: "Premières lignes de code", "First lines of code";
    service_bench: "Banc d’homologation", "Homologation bench";
    service_figures: "Chiffres", "Figures";
    service_stop_title: "Arrêt d’urgence", "Emergency stop";
    service_stop_note: "Coupe toutes les connexions à ce service en une seconde. Rien n’est perdu : vous pouvez le remettre en marche.",
        "Stops all sign-ins to this service within a second. Nothing is lost: you can turn it on again.";
    service_reason: "Raison (inscrite au journal ; ne nommez personne)", "Reason (it stands in the journal; name no person)";
    service_stop: "Couper le service", "Switch the service off";
    service_resume: "Remettre en marche", "Switch it on again";
    service_stopped(day): "Coupé le {day}", "Switched off on {day}";
    service_stopped_by(name): "par {name}", "by {name}";
    service_stopped_operator: "par l’exploitant", "by the operator";
    service_stopped_theirs: "Seul l’exploitant peut le remettre en marche.", "Only the operator can switch it on again.";

    // The button
    button_title: "Le bouton", "The button";
    button_lead: "Mettez ce bouton sur votre site : il mène à la page de votre site qui commence la connexion.",
        "Put this button on your site: it leads to the page of your site where signing in begins.";
    button_size: "Taille", "Size";
    button_small: "petite", "small";
    button_medium: "moyenne", "medium";
    button_large: "grande", "large";
    button_language: "Langue", "Language";
    button_french: "français", "French";
    button_english: "anglais", "English";
    button_show: "Montrer", "Show";
    button_preview: "Aperçu", "Preview";
    button_html: "HTML à copier", "HTML to copy";
    button_html_note: "Remplacez /connexion par l’adresse de votre site où la connexion commence.",
        "Put the address of your site where signing in begins in place of /connexion.";
    button_css: "CSS à copier", "CSS to copy";
    button_css_note(address): "Elle est aussi servie à {address} : copiée sur votre site, elle ne dépend de personne.",
        "It is served at {address} too: copied to your site, it depends on nobody.";

    // The first lines of a program
    start_title: "Premières lignes de code", "First lines of code";
    start_lead: "Avec la bibliothèque que les développeurs de votre langage utilisent déjà. L’identifiant et les adresses de ce service y sont ; le secret reste hors du code, dans la variable OIDC_CLIENT_SECRET.",
        "With the library that developers of your language use already. The identifier and the addresses of this service stand in it; the secret stays out of the code, in the variable OIDC_CLIENT_SECRET.";
    start_keys: "Ce service prouve qui il est par une clé ou un certificat : ces lignes, écrites pour un secret, sont à adapter (private_key_jwt, tls_client_auth).",
        "This service proves itself by a key or a certificate: these lines, written for a secret, have to be adapted (private_key_jwt, tls_client_auth).";
    start_language: "Langage", "Language";
    start_show: "Montrer", "Show";
    start_files: "Le code", "The code";
    start_checks: "La bibliothèque vérifie l’état, le nonce, la signature, l’émetteur et le destinataire ; ne retirez aucune de ces lignes.",
        "The library checks state, nonce, signature, issuer and audience; leave none of these lines out.";
}
