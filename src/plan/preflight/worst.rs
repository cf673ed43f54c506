//! Several things that one check found, as one.

use super::{Action, Found, Grade};

/// As bad as the worst of them, with the sentences of all that are not fine, or of all where everything
/// is.
///
/// What cannot be told counts for less than a warning, but where the policy requires that it can: there a
/// warning would let the refresh start.
pub(super) fn worst(mut found: Vec<Found>, action: Action) -> Found {
    let weight = |found: &Found| match found.grade {
        Grade::Fine => 0,
        Grade::Unknown if action == Action::Require => 3,
        Grade::Unknown => 1,
        Grade::Notable => 2,
        Grade::Bad => 4,
    };
    found.sort_by_key(|found| std::cmp::Reverse(weight(found)));
    let Some(grade) = found.first().map(|first| first.grade) else {
        return Found::fine("there is nothing to look at");
    };
    let told = found.iter().filter(|one| grade == Grade::Fine || one.grade != Grade::Fine);
    let sentences: Vec<&str> = told.map(|one| one.sentence.as_str()).collect();
    let mut hints: Vec<&str> = Vec::new();
    for hint in found.iter().filter_map(|one| one.hint.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    let hint = (!hints.is_empty()).then(|| hints.join("; "));
    Found { grade, sentence: sentences.join("; "), hint, until: None }
}
