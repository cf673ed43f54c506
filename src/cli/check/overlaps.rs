//! Which policies may select the same services, told from their patterns alone.

use crate::plan::policy::Policy;
use crate::plan::selector::{Pattern, Selector};

/// Who has more overlaps than this means it.
const SHOWN_MAX: usize = 20;

/// One sentence for each policy and the first one before it that may take services from it.
pub fn find(policies: &[Policy]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, later) in policies.iter().enumerate() {
        let before = &policies[..index];
        let Some(first) = before.iter().find(|first| may_share(&first.selector, &later.selector))
        else {
            continue;
        };
        found.push(format!(
            "policies \"{}\" and \"{}\" may overlap: a service of both belongs to the first, \"{}\"",
            first.name, later.name, first.name
        ));
        if found.len() == SHOWN_MAX {
            found.push("and more may overlap; `plan` knows exactly".to_owned());
            break;
        }
    }
    found
}

fn may_share(first: &Selector, later: &Selector) -> bool {
    let names = |selector: &Selector, pattern: &Pattern| {
        !pattern.is_literal() || selector.matches_name(pattern.text())
    };
    let share_names = first.names().is_empty()
        || later.names().is_empty()
        || any(first.names(), later.names(), |a, b| names(later, a) && names(first, b));
    let same_tags = first.tags().iter().all(|(key, value)| {
        let other = later.tags().get(key);
        other.is_none_or(|other| other == value || other == "*" || value == "*")
    });
    share_names && same_tags && any(first.clusters(), later.clusters(), |_, _| true)
}

/// Whether a pattern of each side is about the same names, and `also` holds of the two.
fn any(first: &[Pattern], later: &[Pattern], also: impl Fn(&Pattern, &Pattern) -> bool) -> bool {
    first.iter().any(|a| later.iter().any(|b| related(a, b) && also(a, b)))
}

/// A pattern that matches another's text takes `*` and `?` for letters, which is near enough.
fn related(a: &Pattern, b: &Pattern) -> bool {
    a.text() == b.text() || a.matches(b.text()) || b.matches(a.text())
}
