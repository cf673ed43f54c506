//! Everything that is known of retirements, for programs. Stable: fields are added, never renamed or
//! removed.
//!
//! Notices are as in `/api/v1/status`, and each of their services has its `evidence` besides: the
//! tasks before and after with their creation times, who replaced them, and whether AWS stopped one
//! that was newer than the notice. `unannounced` is evidence without a notice: AWS was seen to
//! replace tasks and had said nothing (`event_arn` is null), or its notice is long over. Without a
//! look (`looked_at` is null) a service that a policy may select is `unseen`.

use std::io::{self, Write};

use serde::Serialize;

use super::evidence::EvidenceView;
use super::known::{Known, Sources};
use crate::http::{AffectedView, NoticeView, Stamp};
use crate::plan::key::ServiceKey;
use crate::plan::notice::Retirement;
use crate::reconciler::status::VERSION;

/// Raised when a field is renamed or removed, or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// Writes the document.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::new(known))?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    version: &'static str,
    now: Stamp,
    looked_at: Option<Stamp>,
    sources: SourcesView<'a>,
    problems: Vec<&'a str>,
    notices: Vec<NoticeView<'a, ServiceView<'a>>>,
    unannounced: Vec<UnannouncedView<'a>>,
}

impl<'a> Document<'a> {
    fn new(known: &'a Known) -> Self {
        let problems = known.status.problems.iter().chain(&known.unseen);
        let notices = known.notices().into_iter().map(|notice| {
            let services = notice.services.iter().map(|affected| ServiceView {
                affected: AffectedView::new(affected),
                evidence: known.evidence(&notice.key, &affected.service).map(EvidenceView::new),
            });
            NoticeView::new(notice, services.collect())
        });
        let unannounced =
            known.unannounced().map(|(key, one)| UnannouncedView::new(known, key, one));
        Self {
            schema_version: SCHEMA_VERSION,
            version: VERSION,
            now: Stamp(known.now),
            looked_at: known.status.last_look_at.map(Stamp),
            sources: SourcesView::new(&known.sources),
            problems: problems.map(String::as_str).collect(),
            notices: notices.collect(),
            unannounced: unannounced.collect(),
        }
    }
}

#[derive(Serialize)]
struct SourcesView<'a> {
    queue_url: Option<&'a str>,
    health_api: bool,
}

impl<'a> SourcesView<'a> {
    fn new(sources: &'a Sources) -> Self {
        Self { queue_url: sources.queue_url.as_deref(), health_api: sources.health }
    }
}

#[derive(Serialize)]
struct ServiceView<'a> {
    #[serde(flatten)]
    affected: AffectedView<'a>,
    evidence: Option<EvidenceView>,
}

#[derive(Serialize)]
struct UnannouncedView<'a> {
    event_arn: Option<&'a str>,
    region: &'a str,
    account: &'a str,
    cluster: &'a str,
    service: &'a str,
    policy: Option<&'a str>,
    evidence: EvidenceView,
}

impl<'a> UnannouncedView<'a> {
    fn new(known: &'a Known, key: &'a ServiceKey, one: &'a Retirement) -> Self {
        let cluster = key.cluster();
        Self {
            event_arn: one.event.as_ref().map(|event| &*event.arn),
            region: cluster.region(),
            account: cluster.account(),
            cluster: cluster.name(),
            service: key.name(),
            policy: known.policy(key),
            evidence: EvidenceView::new(one),
        }
    }
}
