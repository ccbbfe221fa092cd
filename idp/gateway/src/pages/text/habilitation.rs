//! The texts of what is habilitated, and of what is not any more.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    withdrawn_title: "Ce service ne peut pas vous connecter", "This service cannot sign you in";
    withdrawn(service): "{service} n’a plus l’autorisation de connecter ses usagers par cette plateforme.", "{service} is no longer authorised to sign its users in through this platform.";
    withdrawn_for_now(service): "La connexion à {service} est suspendue pour le moment.", "Signing in to {service} is suspended for now.";
    withdrawn_later: "Réessayez plus tard. Vous n’avez rien à faire d’autre.", "Try again later. There is nothing else for you to do.";
    withdrawn_ask(service): "Retournez à {service} et demandez comment faire votre démarche.", "Go back to {service} and ask how to go on.";
    withdrawn_otherwise(service): "{service} doit vous proposer un autre moyen de faire cette démarche.", "{service} has to offer you another way to do this.";
}
