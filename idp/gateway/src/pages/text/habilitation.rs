//! The texts of what is habilitated, and of what is not any more.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    withdrawn_title: "Ce service ne peut pas vous connecter", "This service cannot sign you in";
    withdrawn(service): "{service} n’a plus l’autorisation de connecter ses usagers par cette plateforme.", "{service} is no longer authorised to sign its users in through this platform.";
    withdrawn_for_now(service): "La connexion à {service} est suspendue pour le moment.", "Signing in to {service} is suspended for now.";
    withdrawn_later: "Réessayez plus tard. Vous n’avez rien à faire d’autre.", "Try again later. There is nothing else for you to do.";
    withdrawn_ask(service): "Retournez à {service} et demandez comment faire votre démarche.", "Go back to {service} and ask how to go on.";
    mail_service_habilitation_subject(service): "L’habilitation de {service} prend bientôt fin", "The habilitation of {service} ends soon";
    mail_service_habilitation(service, moment): "L’habilitation de {service} prend fin le {moment}. Ensuite, plus personne ne s’y connectera.", "The habilitation of {service} ends on {moment}. Nobody will sign in to it after that.";
    mail_service_habilitation_next: "Rouvrez la demande, mettez-la à jour et renvoyez-la : l’habilitation actuelle reste en vigueur pendant l’étude.", "Open the request again, bring it up to date and hand it in: the habilitation stays in force while it is reviewed.";
    mail_service_certificate_subject(service): "Un certificat de {service} prend bientôt fin", "A certificate of {service} ends soon";
    mail_service_certificate(service, name, moment): "Le certificat de la clé {name} de {service} prend fin le {moment}. Ensuite, le service ne pourra plus s’authentifier avec elle.", "The certificate of the key {name} of {service} ends on {moment}. After that the service cannot authenticate with it any more.";
    mail_service_certificate_next: "Enregistrez le certificat suivant à côté de celui-ci, installez-le, puis retirez l’ancien.", "Register the next certificate beside this one, install it, then remove the old one.";
    mail_service_key_subject(service): "Une clé de {service} a un an", "A key of {service} is a year old";
    mail_service_key(service, name, moment): "La clé {name} de {service} sert depuis plus d’un an (un an atteint le {moment}). Elle fonctionne toujours.", "The key {name} of {service} has been used for more than a year (since {moment}). It still works.";
    mail_service_key_next: "Remplacez-la : enregistrez une nouvelle clé à côté, installez-la, puis retirez l’ancienne.", "Replace it: register a new key beside it, install that, then remove the old one.";
    mail_service_keys_subject(service): "Les clés publiées par {service} ne sont pas acceptées", "The keys published by {service} are not accepted";
    mail_service_keys(service, moment): "Le {moment}, l’adresse des clés de {service} a donné un ensemble sans aucune clé connue. Il n’est pas accepté ; les clés d’avant servent encore quelques heures.", "On {moment} the address of the keys of {service} gave a set without any known key. It is not accepted; the keys of before serve for some hours more.";
    mail_service_keys_next: "Publiez d’abord la nouvelle clé à côté de l’ancienne. Si ce changement est le vôtre, acceptez-le sur la page du service ; sinon, votre site est peut-être entre d’autres mains.", "Publish the new key beside the old one first. If this change is yours, accept it on the page of the service; if not, your site may be in other hands.";
    mail_secret_subject(service): "Le secret de {service} arrive à échéance", "The secret of {service} is about to end";
    mail_secret_ends(service, moment): "Un secret par lequel {service} se connecte à cette plateforme ne sera plus accepté à partir du {moment}.", "A secret by which {service} connects to this platform will not be accepted any more from {moment}.";
    mail_secret_name(name): "Nom du secret : {name}", "Name of the secret: {name}";
    mail_secret_next: "Créez un deuxième secret, installez-le, puis retirez celui-ci. Les deux sont acceptés entre-temps.", "Make a second secret, install it, then retire this one. Both are accepted meanwhile.";
    withdrawn_otherwise(service): "{service} doit vous proposer un autre moyen de faire cette démarche.", "{service} has to offer you another way to do this.";
}
