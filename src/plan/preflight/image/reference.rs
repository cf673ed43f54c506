//! What the reference of a container's image says: which registry, which repository, which image of it.
//!
//! Total over any text. What is no reference, or none that Amazon ECR would take, is never asked for: one
//! malformed name fails the call for all images of its repository.

/// Where an image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    /// A private registry of Amazon ECR.
    Ecr(EcrImage<'a>),
    /// Another registry, by its host.
    Elsewhere { registry: &'a str, by_digest: bool },
    /// No reference at all.
    Unreadable,
}

/// An image of a private registry of Amazon ECR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EcrImage<'a> {
    pub account: &'a str,
    /// As written, in upper case too.
    pub region: &'a str,
    pub repository: &'a str,
    pub part: Part<'a>,
}

/// Which image of a repository is meant. Beside a digest a tag means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Tag(&'a str),
    Digest(&'a str),
}

/// The tag of a reference without any.
const DEFAULT_TAG: &str = "latest";

/// The registry of a reference without any.
const DEFAULT_REGISTRY: &str = "docker.io";

/// Amazon ECR API reference, CreateRepository: `repositoryName`.
const PATH_LENGTH_MAX: usize = 256;

/// The grammar of references (distribution/reference).
const TAG_LENGTH_MAX: usize = 128;

/// A host name and a port.
const HOST_LENGTH_MAX: usize = 253 + 6;

/// How the hosts of registries go on behind the account, and how they end behind the Region, in every
/// partition (amazon-ecr-credential-helper).
const ENDPOINTS: [(&str, &[&str]); 4] = [
    ("dkr.ecr.", SUFFIXES),
    ("dkr.ecr-fips.", SUFFIXES),
    ("dkr-ecr.", DUAL_STACK_SUFFIXES),
    ("dkr-ecr-fips.", DUAL_STACK_SUFFIXES),
];

const SUFFIXES: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

const DUAL_STACK_SUFFIXES: &[&str] =
    &["on.aws", "on.amazonwebservices.com.cn", "on.amazonwebservices.eu"];

impl<'a> Reference<'a> {
    /// Reads the reference of a container's image.
    pub(super) fn read(text: &'a str) -> Self {
        read(text).unwrap_or(Self::Unreadable)
    }
}

/// Whether it is a digest that Amazon ECR knows images by.
pub(super) fn is_sha256(digest: &str) -> bool {
    let hex = digest.strip_prefix("sha256:");
    hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_lower_hex))
}

fn read(text: &str) -> Option<Reference<'_>> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    // The colon of a port is followed by a slash, that of a tag is not.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    let (registry, path) = match name.split_once('/') {
        Some((host, path)) if is_registry(host) => (host, path),
        _ => (DEFAULT_REGISTRY, name),
    };
    let is_sound = is_host(registry)
        && is_path(path)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    if !is_sound {
        return None;
    }
    let Some((account, region)) = ecr_registry(registry) else {
        return Some(Reference::Elsewhere { registry, by_digest: digest.is_some() });
    };
    if digest.is_some_and(|digest| !is_sha256(digest)) {
        return None;
    }
    let part = digest.map_or(Part::Tag(tag.unwrap_or(DEFAULT_TAG)), Part::Digest);
    Some(Reference::Ecr(EcrImage { account, region, repository: path, part }))
}

/// Whether what comes before the first slash is a host, rather than a part of a name on Docker Hub.
fn is_registry(host: &str) -> bool {
    host.contains(['.', ':'])
        || host == "localhost"
        || host.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_label = |label: &str| {
        let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = label.as_bytes();
        end(bytes.first())
            && end(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_name = match address {
        Some(v6) => v6.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':'),
        None => host.split('.').all(is_label),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    text.len() <= HOST_LENGTH_MAX && is_name && port.is_none_or(is_port)
}

/// The account and the Region of a private registry's host. Whatever the case, it is the same host.
fn ecr_registry(host: &str) -> Option<(&str, &str)> {
    let host = host.strip_suffix(":443").unwrap_or(host);
    let (account, rest) = host.split_once('.')?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let region = ENDPOINTS.iter().find_map(|(prefix, suffixes)| {
        let begins = rest.get(..prefix.len())?.eq_ignore_ascii_case(prefix);
        let (region, end) = rest.get(prefix.len()..)?.split_once('.')?;
        let ends = suffixes.iter().any(|suffix| end.eq_ignore_ascii_case(suffix));
        (begins && ends).then_some(region)
    })?;
    is_account.then_some((account, region))
}

fn is_path(path: &str) -> bool {
    // Letters and digits, with separators between them.
    let is_component = |component: &str| {
        let is_inner =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        !component.is_empty()
            && component.bytes().all(is_inner)
            && !component.starts_with(['.', '_', '-'])
            && !component.ends_with(['.', '_', '-'])
            && !component.contains("..")
    };
    path.len() <= PATH_LENGTH_MAX && path.split('/').all(is_component)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= TAG_LENGTH_MAX
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || b".-".contains(&byte))
}

/// Whether it is a digest of any registry.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let is_algorithm = |byte: u8| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte);
    !algorithm.is_empty()
        && algorithm.bytes().all(is_algorithm)
        && (32..=128).contains(&hex.len())
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}
