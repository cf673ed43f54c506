//! A service, its task definition, what runs of it, and what was read of its images.
//!
//! The service was deployed eight days ago. Images are written `REPOSITORY:TAG` where they are of the
//! registry that is looked at, and digests by one character.

use std::sync::Arc;

use crate::clock::Time;
use crate::plan::evidence::Images;
use crate::plan::fleet::{ProblemClass, Running};
use crate::plan::preflight::{Found, Subject, subject};
use crate::plan::standing::Standing;
use crate::plan::surroundings::{
    ContainerImage, Image, ImageId, ImageKind, ImageName, ImageSeen, ImageStatus, Known, Lifecycle,
    LifecycleAction, LifecycleLimit, LifecycleRule, PullThrough, Repository, Surroundings,
    TagSelection, TaskDefinition,
};
use crate::plan::tests::fixture::{
    NOW, PolicyBuilder, ServiceBuilder, a_service, at, delta, key, nightly, problem, scenario,
};

pub const ACCOUNT: &str = "123456789012";
pub const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// The digest of one character.
pub fn digest(of: char) -> Arc<str> {
    format!("sha256:{}", of.to_string().repeat(64)).into()
}

/// As sentences name it.
pub fn short(of: char) -> String {
    of.to_string().repeat(12)
}

pub fn repository(name: &str) -> Repository {
    Repository { account: ACCOUNT.into(), name: name.into() }
}

/// `api:1`, or `api@a`.
pub fn id(text: &str) -> ImageId {
    match text.split_once('@') {
        Some((name, of)) => ImageId {
            repository: repository(name),
            name: ImageName::Digest(digest(of.chars().next().unwrap())),
        },
        None => {
            let (name, tag) = text.split_once(':').unwrap();
            ImageId { repository: repository(name), name: ImageName::Tag(tag.into()) }
        }
    }
}

/// An image that can be pulled, and was pushed nine days ago.
pub fn an_image(of: char) -> Image {
    Image {
        digest: digest(of),
        status: ImageStatus::Active,
        kind: ImageKind::Manifest,
        tags: ["1".into()].into(),
        pushed_at: Some(ago("9d")),
        last_pulled_at: None,
    }
}

pub fn there(of: char) -> ImageSeen {
    ImageSeen::There(an_image(of))
}

pub fn ago(age: &str) -> Time {
    at(NOW) - delta(age)
}

pub fn rule(priority: u32, selects: TagSelection, limit: LifecycleLimit) -> LifecycleRule {
    LifecycleRule { priority, selects, limit, action: LifecycleAction::Expire, counted: None }
}

pub fn prefixed(prefixes: &[&str]) -> TagSelection {
    let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    TagSelection::Tagged { prefixes, patterns: Vec::new() }
}

/// Nothing was read but the task definition, which has no containers.
pub fn case() -> Case {
    Case {
        policy: nightly(),
        service: a_service("api"),
        definition: Some(TaskDefinition::default()),
        running: None,
        known: Surroundings::default(),
    }
}

#[derive(Clone)]
pub struct Case {
    policy: PolicyBuilder,
    service: ServiceBuilder,
    definition: Option<TaskDefinition>,
    running: Option<Running>,
    known: Surroundings,
}

impl Case {
    pub fn policy(self, policy: PolicyBuilder) -> Self {
        Self { policy, ..self }
    }

    pub fn service(self, service: ServiceBuilder) -> Self {
        Self { service, ..self }
    }

    pub fn definition_unread(self) -> Self {
        Self { definition: None, ..self }
    }

    pub fn architecture(mut self, architecture: &str) -> Self {
        self.definition.as_mut().unwrap().architecture = Some(architecture.into());
        self
    }

    fn with(mut self, name: &str, image: &str, pinned: bool) -> Self {
        let container = ContainerImage { name: name.into(), image: image.into(), pinned };
        let definition = self.definition.as_mut().unwrap();
        definition.containers = definition.containers.iter().cloned().chain([container]).collect();
        self
    }

    /// A container whose image is written so.
    pub fn written(self, name: &str, image: &str) -> Self {
        self.with(name, image, true)
    }

    /// A container of this image, whose tag is resolved once per deployment.
    pub fn container(self, name: &str, image: &str) -> Self {
        self.with(name, &in_full(image), true)
    }

    /// A container of this image, whose tag is pulled anew for every task.
    pub fn unpinned(self, name: &str, image: &str) -> Self {
        self.with(name, &in_full(image), false)
    }

    /// Its newest task runs that.
    pub fn runs(mut self, name: &str, of: char) -> Self {
        let running = self.running.take();
        let mut images: Images = running.map(|one| (*one.images).clone()).unwrap_or_default();
        images.insert(name.into(), digest(of));
        self.running = Some(Running { created_at: ago("7d"), images: Arc::new(images) });
        self
    }

    /// That task was created so long ago.
    pub fn started(mut self, age: &str) -> Self {
        self.running.as_mut().unwrap().created_at = ago(age);
        self
    }

    pub fn seen(mut self, image: &str, seen: ImageSeen) -> Self {
        self.known.images.insert(id(image), read(seen));
        self
    }

    pub fn denied(mut self, image: &str) -> Self {
        self.known.images.insert(id(image), denied("DescribeImages"));
        self
    }

    pub fn lifecycle(mut self, name: &str, rules: &[LifecycleRule]) -> Self {
        let lifecycle = Lifecycle { rules: rules.to_vec() };
        self.known.lifecycles.insert(repository(name), read(lifecycle));
        self
    }

    pub fn lifecycle_denied(mut self, name: &str) -> Self {
        self.known.lifecycles.insert(repository(name), denied("GetLifecyclePolicy"));
        self
    }

    pub fn pull_through(mut self, prefixes: &[&str]) -> Self {
        let prefixes = prefixes.iter().map(|prefix| (*prefix).into()).collect();
        self.known.pull_through = Some(read(PullThrough { prefixes }));
        self
    }

    pub fn pull_through_denied(mut self) -> Self {
        self.known.pull_through = Some(denied("DescribePullThroughCacheRules"));
        self
    }

    /// What a check makes of it.
    pub fn ask<T>(&self, question: impl FnOnce(&Subject<'_>) -> T) -> T {
        let world = scenario().policy(self.policy.clone()).service(self.service.clone());
        let (policies, ledger) = (world.policies(), world.ledger());
        let standings = Standing::of_all(&policies, &ledger, at(NOW));
        let mut service = world.fleet().service(&key("api")).unwrap().clone();
        service.running = self.running.clone();
        let mut known = self.known.clone();
        if let Some(definition) = &self.definition {
            known.task_definitions.insert("app:7".into(), read(definition.clone()));
        }
        question(&subject(&policies, &service, &standings[0], None, &known, at(NOW)).unwrap())
    }

    pub fn find(&self, check: fn(&Subject<'_>) -> Found) -> Found {
        self.ask(check)
    }
}

fn in_full(image: &str) -> String {
    let ImageId { repository, name } = id(image);
    match name {
        ImageName::Tag(tag) => format!("{REGISTRY}/{repository}:{tag}"),
        ImageName::Digest(digest) => format!("{REGISTRY}/{repository}@{digest}"),
    }
}

fn read<T>(value: T) -> Known<T> {
    Known { read_at: at(NOW), value: Ok(value) }
}

fn denied<T>(operation: &str) -> Known<T> {
    let problem = problem(ProblemClass::Denied, at(NOW));
    let problem = crate::plan::fleet::Problem { operation: operation.to_owned(), ..problem };
    Known { read_at: at(NOW), value: Err(problem) }
}

/// What was found, in a line.
#[track_caller]
pub fn says(found: &Found, expected: &str) {
    let Found { grade, sentence, hint, .. } = found;
    let hint = hint.as_ref().map(|hint| format!(" | {hint}")).unwrap_or_default();
    assert_eq!(format!("{grade:?}: {sentence}{hint}"), expected);
}
