//! What goes wrong, told to the citizen.

use crate::phone::Failure;
use crate::phone::reading::Fault;

/// Why a call came to nothing.
pub(super) fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) if refusal.detail.is_empty() => "Le service a refusé.".to_owned(),
        Failure::Refused(refusal) => refusal.detail.clone(),
        Failure::Wire(_) => "Le service ne répond pas. Vérifiez votre connexion.".to_owned(),
        Failure::Card(fault) => card_sentence(fault),
        Failure::Form(_) => "Le service a répondu de façon incomprise.".to_owned(),
        Failure::OtherText => {
            "Le service demande de signer autre chose que ce qui est affiché : rien n’a été signé.".to_owned()
        }
        Failure::Address => "Ce lien n’est pas un lien de ce service.".to_owned(),
    }
}

/// Why a card cannot be used.
pub(super) fn card_sentence(fault: &Fault) -> String {
    match fault {
        Fault::Password => "La carte ne reconnaît pas ce numéro à 6 chiffres (en bas à droite, au recto).".to_owned(),
        Fault::Code(0) | Fault::Blocked => "Code bloqué après trois essais : rendez-vous en mairie.".to_owned(),
        Fault::Code(1) => "Code incorrect. Il reste un seul essai.".to_owned(),
        Fault::Code(left) => format!("Code incorrect. Il reste {left} essais."),
        Fault::Refused { .. } | Fault::Form(_) | Fault::Token | Fault::Channel(_) => {
            "La carte n’a pas pu être lue. Replacez-la contre le téléphone.".to_owned()
        }
    }
}
