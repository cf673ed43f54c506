//! Pages of listings: a token names the entry that is next.

use crate::simulator::error::ApiError;

/// Listings give at most 100 entries a page; nobody can ask for fewer.
const PAGE: usize = 100;

/// One page of a list, and the token of the page behind it.
pub(crate) fn page<T>(
    list: impl Iterator<Item = T>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let told = match token.map(|token| token.strip_prefix("after-").map(str::parse)) {
        None => 0,
        Some(Some(Ok(told))) => told,
        Some(_) => {
            let message = "The next token is not valid";
            return Err(ApiError::client("InvalidNextTokenException", message));
        }
    };
    let mut rest = list.skip(told);
    let entries: Vec<T> = rest.by_ref().take(PAGE).collect();
    let next = rest.next().map(|_| format!("after-{}", told + PAGE));
    Ok((entries, next))
}
