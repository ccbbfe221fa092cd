//! What goes wrong, told to the citizen.

use crate::phone::Failure;
use crate::phone::reading::Fault;

/// Why a call came to nothing.
pub(super) fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) => refused(&refusal.code),
        Failure::Wire(_) => "Le service ne répond pas. Vérifiez votre connexion.".to_owned(),
        Failure::Card(fault) => card_sentence(fault),
        Failure::Form(_) => "Le service a répondu de façon incomprise.".to_owned(),
        Failure::OtherText => {
            "Le service demande de signer autre chose que ce qui est affiché : rien n’a été signé.".to_owned()
        }
        Failure::Address => "Ce lien n’est pas un lien de ce service.".to_owned(),
    }
}

/// What the service says is for who writes the program: a citizen reads what its code means.
fn refused(code: &str) -> String {
    let known = match code {
        "" => "Le service a refusé.",
        "card.handle_unknown" => "Ce lien ou ce code QR a expiré. Prenez celui qui est affiché maintenant.",
        "card.claimed_twice" => "Un autre téléphone a répondu à cette demande. Recommencez.",
        "card.transaction_late" | "card.transaction_unknown" => "Le délai est dépassé. Recommencez.",
        "card.wrong_number" => "Ce n’est pas le nombre affiché par votre navigateur. Recommencez.",
        "card.not_authentic" | "card.chip_not_genuine" => "Cette carte n’est pas authentique.",
        "card.not_adult" => "Ce service est réservé aux personnes majeures.",
        "card.expired" => "Votre carte a expiré.",
        "card.withdrawn" => "Cette carte a été déclarée perdue ou volée, ou a été remplacée.",
        "card.unknown_to_authority" => "Cette carte est inconnue de l’autorité qui délivre les cartes.",
        "card.authority_silent" => "La carte ne peut pas être vérifiée pour l’instant. Réessayez plus tard.",
        "card.no_identity" => "Aucune identité n’a été créée avec cette carte.",
        "card.identity_exists" => "Une identité existe déjà pour cette carte.",
        "card.too_many_made" => "Trop d’identités ont été créées avec cette carte. Réessayez demain.",
        "card.address_not_confirmed" => "L’adresse n’est pas confirmée : ouvrez le lien du message reçu.",
        "card.not_certified" => "Votre identité n’est pas certifiée.",
        "card.certification_over" => "Votre certification a expiré.",
        "card.code_changed" => "Le code a changé depuis la certification : il faut la redemander.",
        "card.suspended" => "Votre identité est suspendue. Rétablissez-la d’abord.",
        "card.not_in_this_state" => "L’état de votre identité ne le permet pas.",
        "card.renewal_early" => "Votre certification ne peut être renouvelée que dans ses soixante derniers jours.",
        "card.renewal_with_card" => {
            "Votre certification s’arrête avec votre carte : demandez d’abord une nouvelle carte."
        }
        "card.other_card" => "Ce n’est pas la carte de cette identité.",
        "card.bad_address" => "Cette adresse ne peut pas recevoir de message.",
        "card.activation_late" => "L’accord de la mairie a expiré : il faut redemander la certification.",
        code => return format!("Refusé : {code}"),
    };
    known.to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_french_and_by_its_code_where_there_are_no_words() {
        assert_eq!(refused("card.expired"), "Votre carte a expiré.");
        assert_eq!(refused("card.malformed"), "Refusé : card.malformed");
        assert_eq!(refused(""), "Le service a refusé.");
    }
}
