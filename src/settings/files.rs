//! Reads configuration files, with a limit on everything. Knows nothing of what is in them.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::{Place, Problem, Problems};

/// A thousand policies take about half of it.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// One file per team, generously.
const FILES_MAX: usize = 100;

/// The configuration files as they were read: equal when nothing changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawFiles {
    /// In the order in which they are merged.
    pub(super) files: Vec<RawFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawFile {
    /// The path as it was given or found.
    pub name: Arc<str>,
    pub text: String,
}

impl RawFiles {
    /// Tells two readings apart in a log. Compare the readings themselves to be sure.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.files.hash(&mut hasher);
        hasher.finish()
    }

    /// The names of the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.name)
    }

    /// A configuration that is part of the program; problems name it as `name`.
    pub fn embedded(name: &str, text: &str) -> Self {
        Self { files: vec![RawFile { name: name.into(), text: text.to_owned() }] }
    }

    /// A configuration that somebody handed over as text; problems name it as `name`.
    ///
    /// # Errors
    /// When it is too large.
    pub fn text(name: &str, text: String) -> Result<Self, Problems> {
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(Problem::new(Place::Path(name.into()), "larger than 1 MiB").into());
        }
        Ok(Self { files: vec![RawFile { name: name.into(), text }] })
    }

    #[cfg(test)]
    pub(super) fn of(texts: &[(&str, &str)]) -> Self {
        let file =
            |(name, text): &(&str, &str)| RawFile { name: (*name).into(), text: (*text).into() };
        Self { files: texts.iter().map(file).collect() }
    }
}

/// Reads one file, or every `*.toml` of a directory in the order of their names.
///
/// # Errors
/// When something cannot be read, is too large, is not text, or when a directory has no `*.toml`.
pub fn read(path: &Path) -> Result<RawFiles, Problems> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let paths = if metadata.is_dir() { list(path)? } else { vec![path.to_owned()] };
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for path in &paths {
        match read_one(path) {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    match Problems::new(problems) {
        Some(problems) => Err(problems),
        None => Ok(RawFiles { files }),
    }
}

/// The `*.toml` of a directory. Hidden ones are left out: editors and mounted Kubernetes volumes
/// keep their own there.
fn list(directory: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries = fs::read_dir(directory).map_err(|error| unreadable(directory, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(directory, &error))?.path();
        let is_hidden =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.extension().is_some_and(|extension| extension == "toml") && !is_hidden {
            paths.push(path);
        }
        if paths.len() > FILES_MAX {
            let message = format!("more than {FILES_MAX} configuration files");
            return Err(Problem::new(whole(directory), message));
        }
    }
    if paths.is_empty() {
        let problem = Problem::new(whole(directory), "no *.toml in this directory");
        return Err(problem.hint("name a file, or a directory with configuration files"));
    }
    paths.sort();
    Ok(paths)
}

fn read_one(path: &Path) -> Result<RawFile, Problem> {
    let place = whole(path);
    // A pipe or a device could be read for ever.
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(Problem::new(place, "not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Problem::new(place, "larger than 1 MiB"));
    }
    let name: Arc<str> = path.display().to_string().into();
    let at = |offset: usize| {
        let line = 1 + bytes[..offset].iter().filter(|byte| **byte == b'\n').count();
        Place::Line { file: Arc::clone(&name), line, column: 1 }
    };
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Problem::new(at(offset), "a NUL byte: this is not a text file"));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(RawFile { text: text.to_owned(), name }),
        Err(error) => {
            let problem = Problem::new(at(error.valid_up_to()), "not UTF-8");
            Err(problem.hint("TOML is UTF-8: save the file in that encoding"))
        }
    }
}

fn whole(path: &Path) -> Place {
    Place::Path(path.display().to_string().into())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new(whole(path), "no such file or directory"),
        _ => Problem::new(whole(path), format!("cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(path: &Path) -> String {
        let text = read(path).unwrap_err().to_string();
        text.replace(&*path.to_string_lossy(), "PATH")
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(problem(&directory.path().join("x.toml")), "PATH: no such file or directory");
    }

    #[test]
    fn a_directory_is_read_in_the_order_of_names() {
        let directory = tempfile::tempdir().unwrap();
        let hint = "hint: name a file, or a directory with configuration files";
        let expected = format!("PATH: no *.toml in this directory\n    {hint}");
        assert_eq!(problem(directory.path()), expected);
        for name in ["20.toml", "10.toml", ".hidden.toml", "README.md"] {
            fs::write(directory.path().join(name), name).unwrap();
        }
        let files = read(directory.path()).unwrap();
        let texts: Vec<&str> = files.files.iter().map(|file| file.text.as_str()).collect();
        assert_eq!(texts, ["10.toml", "20.toml"]);
        assert_eq!(read(directory.path()).unwrap(), files);
        fs::write(directory.path().join("20.toml"), "other").unwrap();
        let changed = read(directory.path()).unwrap();
        assert_ne!(changed, files);
        assert_ne!(changed.fingerprint(), files.fingerprint());
    }

    #[test]
    fn what_is_not_text_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.toml");
        fs::write(&path, b"a = 1\nb = \"\xff\"").unwrap();
        assert!(problem(&path).starts_with("PATH:2: not UTF-8\n    hint: "));
        fs::write(&path, b"a = 1\n\n\0").unwrap();
        assert_eq!(problem(&path), "PATH:3: a NUL byte: this is not a text file");
        fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(problem(&path), "PATH: larger than 1 MiB");
        fs::create_dir(directory.path().join("y.toml")).unwrap();
        fs::write(&path, "").unwrap();
        let text = read(directory.path()).unwrap_err().to_string();
        assert!(text.ends_with("y.toml: not a file"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_permission_is_a_problem_that_says_so() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.toml");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // The superuser may read everything.
        if File::open(&path).is_err() {
            assert!(problem(&path).starts_with("PATH: cannot be read: "));
        }
    }
}
