//! Images of Amazon ECR, and what a repository's lifecycle policy does with them.

use std::fmt;
use std::sync::Arc;

use crate::clock::Time;

/// A repository of the account's own registry, in its own Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    /// The account whose registry it is in.
    pub account: Arc<str>,
    pub name: Arc<str>,
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// By what an image is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageName {
    Tag(Arc<str>),
    /// `sha256:…`
    Digest(Arc<str>),
}

/// An image by its repository, and its tag or digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageId {
    pub repository: Repository,
    pub name: ImageName,
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            ImageName::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            ImageName::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

/// What DescribeImages tells about an image that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSeen {
    There(Image),
    /// The repository has no such image.
    Missing,
    /// There is no such repository.
    NoRepository,
}

/// One image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub digest: Arc<str>,
    pub status: ImageStatus,
    pub kind: ImageKind,
    pub tags: Box<[Arc<str>]>,
    pub pushed_at: Option<Time>,
    /// To within a day (Amazon ECR API reference, ImageDetail).
    pub last_pulled_at: Option<Time>,
}

/// `imageStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageStatus {
    Active,
    /// It is described still, and cannot be pulled.
    Archived,
    /// It is on its way back from the archive, and cannot be pulled yet.
    Activating,
    Unknown(Arc<str>),
}

/// What the media types say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// One image for one platform.
    Manifest,
    /// A list of images for several platforms.
    Index,
    /// Something else that a registry can hold, such as a chart, by its media type.
    NoImage(Arc<str>),
    /// The media type is absent or new.
    Unknown,
}

/// A repository's lifecycle policy; no rules: it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// By their priority, the first one first.
    pub rules: Vec<LifecycleRule>,
}

/// One rule (Amazon ECR user guide, "Lifecycle policy parameters").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleRule {
    /// `rulePriority`: its number.
    pub priority: u32,
    pub selects: TagSelection,
    pub limit: LifecycleLimit,
    pub action: LifecycleAction,
    /// When the images were pushed that a rule by count counts, the newest first; `None`: they were not
    /// listed, or are too many to be.
    pub counted: Option<Vec<Time>>,
}

/// Which images a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagSelection {
    Any,
    Untagged,
    /// All of the prefixes, or all of the patterns, have to match some tag; `*` is the wildcard.
    Tagged {
        prefixes: Vec<String>,
        patterns: Vec<String>,
    },
    /// Something that this version does not know, in words.
    Unknown(String),
}

/// From when on a rule acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LifecycleLimit {
    /// There are more than so many images.
    CountMoreThan(u32),
    /// The image was pushed more than so many days ago.
    SincePushedDays(u32),
    /// The image was pulled last more than so many days ago.
    SincePulledDays(u32),
    /// It is about images in the archive.
    Archived,
    /// Something that this version does not know, in words.
    Unknown(String),
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleAction {
    Expire,
    /// To the archive, from which nothing can be pulled.
    Archive,
    Unknown,
}

/// Prefixes of repositories that Amazon ECR fills from other registries when something is pulled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullThrough {
    /// `ROOT` stands for every repository.
    pub prefixes: Vec<Arc<str>>,
}
