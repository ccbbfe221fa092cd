//! The texts of what is habilitated, and of what is not any more.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    withdrawn_title: "Ce service ne peut pas vous connecter", "This service cannot sign you in";
    withdrawn(service): "{service} n’a plus l’autorisation de connecter ses usagers par cette plateforme.", "{service} is no longer authorised to sign its users in through this platform.";
    withdrawn_for_now(service): "La connexion à {service} est suspendue pour le moment.", "Signing in to {service} is suspended for now.";
    withdrawn_later: "Réessayez plus tard. Vous n’avez rien à faire d’autre.", "Try again later. There is nothing else for you to do.";
    withdrawn_ask(service): "Retournez à {service} et demandez comment faire votre démarche.", "Go back to {service} and ask how to go on.";
    mail_secret_subject(service): "Le secret de {service} arrive à échéance", "The secret of {service} is about to end";
    mail_secret_ends(service, moment): "Un secret par lequel {service} se connecte à cette plateforme ne sera plus accepté à partir du {moment}.", "A secret by which {service} connects to this platform will not be accepted any more from {moment}.";
    mail_secret_name(name): "Nom du secret : {name}", "Name of the secret: {name}";
    mail_secret_next: "Créez un deuxième secret, installez-le, puis retirez celui-ci. Les deux sont acceptés entre-temps.", "Make a second secret, install it, then retire this one. Both are accepted meanwhile.";
    withdrawn_otherwise(service): "{service} doit vous proposer un autre moyen de faire cette démarche.", "{service} has to offer you another way to do this.";
}
