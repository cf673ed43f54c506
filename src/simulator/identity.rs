//! Where the simulated account is, and the ids that it hands out.
//!
//! Ids come from one seeded generator that is drawn from only when the world changes, never when
//! it is looked at: the same calls at the same times give the same ids.

use fastrand::Rng;

/// The account and Region that every ARN names.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Identity {
    /// An Amazon ECS ARN with the given resource part, e.g. `cluster/prd`.
    pub(crate) fn ecs_arn(&self, resource: &str) -> String {
        self.arn("ecs", resource)
    }

    /// An ARN of a service, e.g. `sqs`, with the given resource part.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// The resource part of an Amazon ECS ARN, or of anything else the text itself.
    pub(crate) fn resource_part(text: &str) -> &str {
        match text.strip_prefix("arn:") {
            Some(rest) => rest.splitn(5, ':').nth(4).unwrap_or(""),
            None => text,
        }
    }
}

/// The seeded source of all ids.
#[derive(Debug)]
pub(crate) struct Ids(Rng);

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Ids(Rng::with_seed(seed))
    }

    /// The digits of an `ecs-svc/<digits>` deployment id: always 19 of them.
    pub(crate) fn deployment(&mut self) -> u64 {
        self.0.u64(1_000_000_000_000_000_000..9_223_372_036_854_775_807)
    }

    /// A task id, which ECS writes as 32 hexadecimal digits.
    pub(crate) fn task(&mut self) -> u128 {
        self.0.u128(..)
    }

    /// A random UUID in its usual notation.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = format!("{:032x}", self.0.u128(..));
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// The id of a deployment of AWS CodeDeploy: `d-` and nine capital letters or digits.
    pub(crate) fn code_deployment(&mut self) -> String {
        let sign = |rng: &mut Rng| rng.alphanumeric().to_ascii_uppercase();
        let signs: String = (0..9).map(|_| sign(&mut self.0)).collect();
        format!("d-{signs}")
    }

    /// The digest of an image.
    pub(crate) fn digest(&mut self) -> String {
        format!("sha256:{:032x}{:032x}", self.0.u128(..), self.0.u128(..))
    }

    /// The id of a service deployment: 21 letters and digits.
    pub(crate) fn service_deployment(&mut self) -> String {
        (0..21).map(|_| self.0.alphanumeric()).collect()
    }
}
