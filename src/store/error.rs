//! What can go wrong with a store, told to the person who can put it right.

use std::io;
use std::path::{Path, PathBuf};

use super::dynamodb::TableError;
use super::record::RECORD_BYTES_MAX;
use crate::plan::fleet::ProblemClass;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::AttemptId;

/// Why a store cannot be opened, read or written. Every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error(
        "another ecs-refresh has {path} open: stop it first; one file store serves one replica",
        path = .path.display()
    )]
    InUse { path: PathBuf },

    #[error(
        "there is no directory {directory}: create it or mount a volume there, or set store.path",
        directory = .directory.display()
    )]
    NoDirectory { directory: PathBuf },

    #[error("there is no ledger at {path} yet", path = .path.display())]
    Absent { path: PathBuf },

    #[error(
        "{path} is not a file: set store.path to the file to use, not to its directory",
        path = .path.display()
    )]
    NotAFile { path: PathBuf },

    #[error(
        "{path} may not be read and written: give the user that ecs-refresh runs as access to the \
         file and its directory",
        path = .path.display()
    )]
    Denied { path: PathBuf, source: io::Error },

    #[error(
        "{path} is on a read-only file system: mount a writable volume there, or set store.path",
        path = .path.display()
    )]
    ReadOnly { path: PathBuf, source: io::Error },

    #[error("no space is left for {path}: make room, it is tried again", path = .path.display())]
    Full { path: PathBuf, source: io::Error },

    #[error(
        "{path} is damaged or no ledger at all ({detail}); it was left as it is. Restore it, or \
         move it aside to start with an empty one: only the memory of attempts, and of retirement \
         notices that came through the queue, is lost",
        path = .path.display()
    )]
    Damaged { path: PathBuf, detail: String },

    #[error(
        "{path} was written by a newer ecs-refresh (format {found}, this version knows {known}); it \
         was left as it is. Run the newer version, or move the file aside to start with an empty \
         one: only the memory of attempts, and of retirement notices that came through the queue, \
         is lost",
        path = .path.display()
    )]
    Newer { path: PathBuf, found: u64, known: u64 },

    #[error(
        "{path} was not closed in order; the next start of the daemon puts that right",
        path = .path.display()
    )]
    Unclean { path: PathBuf },

    #[error(
        "the record of {service} would take {bytes} bytes, and a store takes {RECORD_BYTES_MAX} at \
         most"
    )]
    RecordTooLarge { service: ServiceKey, bytes: usize },

    #[error("the record of {service} cannot be written down: {reason}")]
    Unwritable { service: ServiceKey, reason: String },

    #[error(
        "the retirement notice {page} would take {bytes} bytes, and a store takes \
         {RECORD_BYTES_MAX} at most"
    )]
    PageTooLarge { page: String, bytes: usize },

    #[error("the retirement notice {page} cannot be written down: {reason}")]
    PageUnwritable { page: String, reason: String },

    #[error(
        "the evidence of attempt {attempt} would take {bytes} bytes, and a store takes \
         {RECORD_BYTES_MAX} at most"
    )]
    EvidenceTooLarge { attempt: AttemptId, bytes: usize },

    #[error("the evidence of attempt {attempt} cannot be written down: {reason}")]
    EvidenceUnwritable { attempt: AttemptId, reason: String },

    #[error("{item} was written by somebody else since it was read: it has to be read again")]
    Conflict {
        /// For people: the record of a service, or a page.
        item: String,
    },

    #[error(transparent)]
    Table(#[from] TableError),

    #[error("{path} cannot be used", path = .path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl StoreError {
    /// Whether it may go by itself: AWS cannot be reached yet, or is not ready.
    pub fn may_pass(&self) -> bool {
        use ProblemClass::{Credentials, Network, Server, Throttled, Timeout};
        match self {
            Self::Table(TableError::NotReady { .. }) => true,
            Self::Table(TableError::Unusable { problem, .. }) => {
                matches!(problem.class, Credentials | Network | Server | Throttled | Timeout)
            }
            _ => false,
        }
    }

    /// What the operating system said about the file at `path`, for people.
    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { path, source },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { path, source }
            }
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            // What redb says of a file that is not its own, or ends too early.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                Self::Damaged { path, detail: source.to_string() }
            }
            _ => Self::Io { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_becomes_advice() {
        use io::ErrorKind::*;
        for (kind, advice) in [
            (PermissionDenied, "give the user"),
            (ReadOnlyFilesystem, "mount a writable volume"),
            (StorageFull, "make room"),
            (QuotaExceeded, "make room"),
            (IsADirectory, "not to its directory"),
            (UnexpectedEof, "move it aside"),
            (InvalidData, "move it aside"),
            (TimedOut, "/data/ledger.redb cannot be used"),
        ] {
            let error = StoreError::from_io(Path::new("/data/ledger.redb"), kind.into());
            let text = error.to_string();
            assert!(text.contains(advice), "{kind:?}: {text}");
            assert!(text.contains("/data/ledger.redb"), "{kind:?}: {text}");
        }
    }

    #[test]
    fn only_what_aws_may_yet_put_right_is_waited_for() {
        use crate::clock::Time;
        use crate::plan::fleet::Problem;
        let unusable = |class| {
            let (operation, message) = ("DescribeTable".to_owned(), "no".to_owned());
            let problem = Problem { operation, class, message, at: Time::UNIX_EPOCH };
            StoreError::from(TableError::Unusable { table: "t".to_owned(), problem, advice: "" })
        };
        use ProblemClass::*;
        for class in [Credentials, Network, Server, Throttled, Timeout] {
            assert!(unusable(class).may_pass(), "{class:?}");
        }
        for class in [Denied, Invalid, NotFound] {
            assert!(!unusable(class).may_pass(), "{class:?}");
        }
        let (table, status) = ("t".to_owned(), "CREATING".to_owned());
        assert!(StoreError::from(TableError::NotReady { table, status }).may_pass());
        assert!(!StoreError::InUse { path: "p".into() }.may_pass());
    }
}
