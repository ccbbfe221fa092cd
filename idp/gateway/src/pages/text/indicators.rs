//! The texts of the indicators: the public page, and the report to communes.

use domain::language::Language;

use super::{Shown, Texts};

texts! {
    // The page
    figures_title: "Le déploiement de l’identité certifiée", "The certified identity, rolled out";
    figures_lead: "Où en sont les communes, les agents et les citoyens.", "How far communes, agents and citizens have come.";
    figures_at(moment): "Chiffres du {moment} (heure de Paris).", "Figures of {moment} (Paris time).";
    figures_measures: "Où nous en sommes", "Where we are";
    figures_measure: "Indicateur", "Indicator";
    figures_value: "Valeur", "Value";
    figures_target: "Objectif", "Target";
    figures_progress: "Avancement", "Progress";
    figures_no_target: "aucun", "none";
    figures_withheld: "non communiqué", "not shown";
    figures_unknown: "pas encore mesurée", "not measured yet";
    figures_percent(share): "{share} %", "{share}%";
    figures_communes_enrolled: "Communes inscrites", "Communes enrolled";
    figures_communes_certifying: "Communes qui certifient", "Communes that certify";
    figures_departements: "Départements où une commune certifie", "Départements with a commune that certifies";
    figures_agents_trained: "Agents formés", "Agents trained";
    figures_identities_created: "Identités créées", "Identities created";
    figures_identities_certified: "Identités certifiées aujourd’hui", "Identities certified today";
    figures_median: "Durée médiane d’une certification en mairie, sur trois mois", "Median time of a certification at the desk, over three months";
    figures_seconds(seconds): "{seconds} s", "{seconds} s";
    figures_minutes(minutes, seconds): "{minutes} min {seconds} s", "{minutes} min {seconds} s";
    figures_months: "Certifications par mois", "Certifications by month";
    figures_months_about: "Une barre par mois, sur douze mois, le mois en cours compris.", "One bar for each of the last twelve months, this one included.";
    figures_chart(title): "Graphique : {title}", "Chart: {title}";
    figures_month: "Mois", "Month";
    figures_certifications: "Certifications", "Certifications";
    figures_by_departement: "Par département", "By département";
    figures_by_departement_about: "Une barre par département : en contour les communes inscrites, en barre pleine celles qui certifient.",
        "One bar for each département: outlined for communes enrolled, filled for those that certify.";
    figures_departement: "Département", "Département";
    figures_of(part, whole): "{part} sur {whole}", "{part} of {whole}";
    figures_nobody_yet: "Aucune commune n’est encore inscrite.", "No commune is enrolled yet.";
    figures_as_table: "Les mêmes chiffres en tableau", "The same figures as a table";
    figures_how: "Comment ces chiffres sont comptés", "How these figures are counted";
    figures_small: "Un nombre de personnes inférieur à cinq n’est pas montré, ni celui qui permettrait de le calculer : une commune où moins de cinq identités ont été certifiées n’a pas de chiffre. Il est alors écrit « non communiqué ».",
        "A number of persons below five is not shown, nor one that it could be computed from: a commune where fewer than five identities were certified has no figure. It then reads “not shown”.";
    figures_counted: "Une certification compte quand la carte et le code ont été montrés après l’accord de la mairie. La durée va de la lecture du code QR au guichet à cet accord.",
        "A certification counts once card and code were shown after the town hall agreed. The time goes from the scan of the QR code at the desk to that agreement.";
    figures_nobody: "Aucun de ces chiffres ne vient du nom ou de la carte d’une personne.", "None of these figures is made from the name or the card of a person.";
    figures_csv: "Télécharger les chiffres par département et par commune (CSV)", "Download the figures by département and commune (CSV, in French)";
    figures_csv_about: "Le fichier est en UTF-8, avec des points-virgules : un tableur français l’ouvre tel quel.",
        "The file is in UTF-8 with semicolons, as French spreadsheets open it.";

    // The report to a commune
    report_subject(commune, from, to): "Guichet de {commune} : rapport du {from} au {to}", "Desk of {commune}: report from {from} to {to}";
    report_lead(commune, from, to): "Voici les chiffres du guichet de {commune}, du {from} au {to}.", "These are the figures of the desk of {commune}, from {from} to {to}.";
    report_certified(number): "Identités certifiées : {number}", "Identities certified: {number}";
    report_refused(number): "Demandes refusées : {number}", "Requests refused: {number}";
    report_lapsed(number): "Passages non terminés : {number}", "Visits not finished: {number}";
    report_ever(number): "Identités certifiées depuis le début : {number}", "Identities certified since the beginning: {number}";
    report_agents(trained, agents): "Agents formés : {trained} sur {agents}", "Agents trained: {trained} of {agents}";
    report_median(time): "Durée médiane d’un passage au guichet : {time}", "Median time of a visit at the desk: {time}";
    report_median_around(time): "dans le département, sur trois mois : {time}", "in the département, over three months: {time}";
    report_median_country(time): "dans tout le pays, sur trois mois : {time}", "in the whole country, over three months: {time}";
    report_no_median: "pas assez de passages", "too few visits";
    report_not_yet: "Votre guichet ne certifie pas encore. Formez vos agents et demandez une date d’ouverture.", "Your desk does not certify yet. Have your agents trained and ask for a date.";
    report_attached: "Le détail jour par jour est dans le fichier joint, qu’un tableur ouvre.", "The figures day by day are in the file attached, for a spreadsheet.";
    report_yours: "Ces chiffres sont ceux de votre commune : ils ne sont pas publiés quand ils portent sur moins de cinq personnes. Merci de les garder pour vous.",
        "These figures are your commune’s own: where they are about fewer than five persons they are not published. Please keep them to yourselves.";
    report_everyone(address): "Les chiffres de tous : {address}", "Everyone’s figures: {address}";
}
