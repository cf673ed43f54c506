//! The simulator against what AWS documents.
