//! What a check found of every container, in one sentence.

use crate::plan::preflight::{Action, Found, Grade};
use crate::plan::words::count;

/// So many containers are named.
const NAMED_MAX: usize = 3;

/// What was found of all containers together, `None` being fine: the worst decides, and the sentence
/// names whom it is about. `fine` gets how many there are where nothing is wrong with any.
pub(super) fn together(
    found: impl Iterator<Item = Option<Found>>,
    action: Action,
    fine: impl FnOnce(usize) -> String,
) -> Found {
    let mut all = 0;
    let said: Vec<Found> = found.inspect(|_| all += 1).flatten().collect();
    // Where the policy requires to know, a warning about one container must not hide that nothing is known
    // of another.
    let weight = |grade: &Grade| match (grade, action) {
        (Grade::Bad, _) => 3,
        (Grade::Unknown, Action::Require) => 2,
        (Grade::Notable, _) => 1,
        (Grade::Unknown | Grade::Fine, _) => 0,
    };
    let Some(grade) = said.iter().map(|found| found.grade).max_by_key(weight) else {
        return Found::fine(fine(all));
    };
    let mut sentences: Vec<String> = Vec::new();
    let (mut hint, mut unknown, mut notable) = (None, 0_u32, 0_u32);
    for found in said {
        match found.grade {
            _ if found.grade == grade => {
                hint = hint.or(found.hint);
                // Containers of one repository share what cannot be read.
                if !sentences.contains(&found.sentence) {
                    sentences.push(found.sentence);
                }
            }
            Grade::Unknown => unknown += 1,
            Grade::Notable => notable += 1,
            Grade::Fine | Grade::Bad => {}
        }
    }
    let more = sentences.len().saturating_sub(NAMED_MAX);
    sentences.truncate(NAMED_MAX);
    let mut sentence = sentences.join("; ");
    for (number, what) in [
        (u32::try_from(more).unwrap_or(u32::MAX), "likewise"),
        (notable, "worth a warning"),
        (unknown, "not known"),
    ] {
        if number > 0 {
            sentence.push_str(&format!("; {what}: {} more", count(number, "container")));
        }
    }
    Found { grade, sentence, hint, until: None }
}
