//! Pages of listings: sizes within AWS's limits, and opaque continuation tokens.
//!
//! A token names the last entry given, so pages stay whole while entries come and go.

use crate::simulator::error::ApiError;

/// What page a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The last entry of the page before.
    pub(crate) after: Option<String>,
    pub(crate) size: usize,
}

impl Page {
    /// Reads `nextToken` and `maxResults`; pages never exceed `max`.
    pub(crate) fn parse(
        token: Option<&str>,
        max_results: Option<i64>,
        default: usize,
        max: usize,
    ) -> Result<Page, ApiError> {
        let size = match max_results {
            None => default,
            Some(asked) => usize::try_from(asked)
                .ok()
                .filter(|size| (1..=max).contains(size))
                .ok_or_else(|| {
                    ApiError::invalid_parameter(format!("maxResults must be between 1 and {max}."))
                })?,
        };
        let after = token.map(decode).transpose()?;
        Ok(Page { after, size })
    }

    /// Takes one page from entries that follow `after`, and the token of the page behind it.
    pub(crate) fn take<T>(
        &self,
        entries: impl Iterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let mut taken: Vec<T> = entries.take(self.size + 1).collect();
        if taken.len() <= self.size {
            return (taken, None);
        }
        taken.truncate(self.size);
        let token = taken.last().map(|last| encode(&key(last)));
        (taken, token)
    }
}

fn encode(key: &str) -> String {
    key.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect()
}

fn decode(token: &str) -> Result<String, ApiError> {
    let invalid = || ApiError::invalid_parameter("Invalid token.");
    let pairs = token.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| {
            let digits = std::str::from_utf8(pair).ok().filter(|digits| digits.len() == 2)?;
            u8::from_str_radix(digits, 16).ok().map(|byte| byte ^ 0x5a)
        })
        .collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)
}
