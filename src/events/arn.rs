//! ARNs of Amazon ECS, and the names in them.

/// The longest name that ECS allows for a cluster or a service.
const NAME_CHARS_MAX: usize = 255;

/// The ARN of something in Amazon ECS that an event can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub region: &'a str,
    pub account: &'a str,
    pub resource: Resource<'a>,
}

/// What an ARN names. ARNs from before the long form of 2018 do not name the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    Cluster(&'a str),
    Service { cluster: Option<&'a str>, name: &'a str },
    Task { cluster: Option<&'a str>, id: &'a str },
}

impl<'a> Arn<'a> {
    /// Reads the ARN of a cluster, service or task in any partition.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let known = scheme == "arn" && is_partition(partition) && service == "ecs";
        let placed = is_region(region) && is_account(account);
        let resource = Resource::read(resource)?;
        (known && placed).then_some(Self { region, account, resource })
    }

    /// The cluster that it names or is in.
    pub fn cluster(&self) -> Option<&'a str> {
        match self.resource {
            Resource::Cluster(name) => Some(name),
            Resource::Service { cluster, .. } | Resource::Task { cluster, .. } => cluster,
        }
    }
}

impl<'a> Resource<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (kind, path) = text.split_once('/')?;
        let (cluster, last) = match path.split_once('/') {
            Some((cluster, last)) => (Some(cluster), last),
            None => (None, path),
        };
        if !cluster.is_none_or(is_name) {
            return None;
        }
        match (kind, cluster) {
            ("cluster", None) => is_name(last).then_some(Self::Cluster(last)),
            ("service", _) => is_name(last).then_some(Self::Service { cluster, name: last }),
            ("task", _) => is_task_id(last).then_some(Self::Task { cluster, id: last }),
            _ => None,
        }
    }
}

/// Whether ECS allows this name for a cluster or a service.
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// Whether this is the id of a task: 32 hexadecimal digits, or as a UUID with dashes, as they were
/// before 2018.
pub fn is_task_id(text: &str) -> bool {
    let is_digit_or_dash = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 if text.len() == 36 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    matches!(text.len(), 32 | 36) && text.bytes().enumerate().all(is_digit_or_dash)
}

/// Whether this is the number of an account.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this can be the code of a Region: new ones appear, so that only its form is known.
pub fn is_region(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (2..=32).contains(&text.len()) && text.bytes().all(allowed)
}

/// `aws`, `aws-cn`, `aws-us-gov` and others to come.
fn is_partition(text: &str) -> bool {
    text.strip_prefix("aws").is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
