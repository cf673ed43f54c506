//! A notice of AWS Health about retired tasks, and the EventBridge event that tells it.
//!
//! Source: AWS Health User Guide, "AWS Health events Amazon EventBridge schema"; Amazon ECS
//! Developer Guide, "Task retirement and maintenance for AWS Fargate on Amazon ECS". The two, and
//! what AWS's own samples show, disagree in forms, all of which can be had here.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

pub(super) const TYPE_CODE: &str = "AWS_ECS_TASK_PATCHING_RETIREMENT";

/// How a notice names a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityForm {
    /// `cluster|service`, as production does.
    Pipe,
    /// `cluster | service`.
    SpacedPipe,
    /// `cluster/service`.
    Slash,
    /// The service's ARN with its cluster.
    Arn,
    /// The service's ARN in the format of before 2018, without its cluster.
    ShortArn,
}

/// Where a notice names what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityPlace {
    /// In `resources` and in `detail.affectedEntities`.
    Both,
    /// In `resources` only.
    Resources,
    /// In `detail.affectedEntities` only.
    Entities,
}

/// How a notice writes dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// `Fri, 03 Jun 2022 05:01:10 GMT`
    Padded,
    /// `Fri, 3 Jun 2022 05:01:10 GMT`
    Unpadded,
    /// `Fri,03Jun202205:01:10GMT`
    Squeezed,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entity {
    pub(super) value: String,
    /// `PENDING` or `RESOLVED`.
    pub(super) status: &'static str,
}

/// A notice that AWS is going to retire tasks, described by a builder.
#[derive(Debug, Clone)]
pub struct HealthNotice {
    pub(super) account: String,
    /// The Region that the notice is about.
    pub(super) region: String,
    pub(super) event_arn: String,
    communication: String,
    pub(super) updated: SystemTime,
    pub(super) start: SystemTime,
    pub(super) end: Option<SystemTime>,
    pub(super) status: String,
    pub(super) entities: Vec<Entity>,
    form: EntityForm,
    place: EntityPlace,
    dates: DateForm,
    page: usize,
    pages: usize,
    is_backup: bool,
    is_terse: bool,
}

impl HealthNotice {
    /// An upcoming retirement that starts at `start` and ends two days later, published at
    /// `published`, about nothing yet; services are named as `cluster|service`.
    pub fn new(account: &str, region: &str, published: SystemTime, start: SystemTime) -> Self {
        let seconds = |time: SystemTime| DateTime::<Utc>::from(time).timestamp();
        let id = hash(&format!("{account} {region} {} {}", seconds(published), seconds(start)));
        HealthNotice {
            account: account.to_owned(),
            region: region.to_owned(),
            event_arn: format!(
                "arn:aws:health:{region}::event/ECS/{TYPE_CODE}/{TYPE_CODE}_{}",
                &id[..10]
            ),
            communication: id,
            updated: published,
            start,
            end: Some(start + Duration::from_secs(2 * 86_400)),
            status: "upcoming".to_owned(),
            entities: Vec::new(),
            form: EntityForm::Pipe,
            place: EntityPlace::Both,
            dates: DateForm::Padded,
            page: 1,
            pages: 1,
            is_backup: false,
            is_terse: false,
        }
    }

    /// Sets the event's ARN, which updates and pages share.
    pub fn event_arn(mut self, arn: &str) -> Self {
        self.event_arn = arn.to_owned();
        self
    }

    /// Sets the communication id, to which the number of the page is appended.
    pub fn communication_id(mut self, id: &str) -> Self {
        self.communication = id.to_owned();
        self
    }

    /// Sets when the retirement ends; `None` leaves `endTime` out.
    pub fn end(mut self, end: Option<SystemTime>) -> Self {
        self.end = end;
        self
    }

    /// How services are named that are added from now on.
    pub fn form(mut self, form: EntityForm) -> Self {
        self.form = form;
        self
    }

    /// Where all entities are named.
    pub fn place(mut self, place: EntityPlace) -> Self {
        self.place = place;
        self
    }

    /// How all dates are written.
    pub fn dates(mut self, dates: DateForm) -> Self {
        self.dates = dates;
        self
    }

    /// Leaves out what the schema demands but AWS's sample for Amazon ECS does not have:
    /// `statusCode`, `affectedAccount`, `page`, `totalPages`, `backupEvent`.
    pub fn terse(mut self) -> Self {
        self.is_terse = true;
        self
    }

    /// Adds a service.
    pub fn service(self, cluster: &str, service: &str) -> Self {
        let arn = format!("arn:aws:ecs:{}:{}:service", self.region, self.account);
        let value = match self.form {
            EntityForm::Pipe => format!("{cluster}|{service}"),
            EntityForm::SpacedPipe => format!("{cluster} | {service}"),
            EntityForm::Slash => format!("{cluster}/{service}"),
            EntityForm::Arn => format!("{arn}/{cluster}/{service}"),
            EntityForm::ShortArn => format!("{arn}/{service}"),
        };
        self.entity(&value)
    }

    /// Adds anything else, as it is: a task's ARN, or what nobody understands.
    pub fn entity(mut self, value: &str) -> Self {
        self.entities.push(Entity { value: value.to_owned(), status: "PENDING" });
        self
    }

    /// Tells of a service that nothing remains to be done about it.
    pub fn resolved(mut self, cluster: &str, service: &str) -> Self {
        self = self.service(cluster, service);
        if let Some(entity) = self.entities.pop() {
            self.entities.retain(|other| other.value != entity.value);
            self.entities.push(Entity { status: "RESOLVED", ..entity });
        }
        self
    }

    /// An update of this notice: the same event with another status (`upcoming`, `open` or
    /// `closed`), told at `at` under a communication id of its own.
    pub fn update(mut self, status: &str, at: SystemTime) -> Self {
        let seconds = DateTime::<Utc>::from(at).timestamp();
        self.communication = hash(&format!("{} {status} {seconds}", self.communication));
        self.status = status.to_owned();
        self.updated = at;
        self
    }

    /// The copy that goes to the backup Region, us-west-2, or us-east-1 if that is the home.
    pub fn backup_copy(mut self) -> Self {
        self.is_backup = true;
        self
    }

    /// The notice in pages, each with its part of the entities, as AWS splits long ones.
    pub fn pages(&self, count: usize) -> Vec<HealthNotice> {
        let size = self.entities.len().div_ceil(count.max(1)).max(1);
        let parts: Vec<_> = self.entities.chunks(size).collect();
        let page = |(number, part): (usize, &&[Entity])| HealthNotice {
            entities: part.to_vec(),
            page: number,
            pages: parts.len(),
            ..self.clone()
        };
        (1..).zip(&parts).map(page).collect()
    }

    /// The event as EventBridge delivers it.
    pub fn body(&self) -> Value {
        let region = match (self.is_backup, self.region.as_str()) {
            (false, home) => home,
            (true, "us-west-2") => "us-east-1",
            (true, _) => "us-west-2",
        };
        let communication = format!("{}-{}", self.communication, self.page);
        let values = self.entities.iter().map(|entity| entity.value.as_str());
        let resources: Vec<&str> = match self.place {
            EntityPlace::Entities => Vec::new(),
            EntityPlace::Both | EntityPlace::Resources => values.collect(),
        };
        json!({
            "version": "0",
            "id": uuid(&format!("{communication} {region}")),
            "detail-type": "AWS Health Event",
            "source": "aws.health",
            "account": self.account,
            "time": rfc3339(self.updated),
            "region": region,
            "resources": resources,
            "detail": self.detail(&communication),
        })
    }

    fn detail(&self, communication: &str) -> Value {
        let mut detail = Map::new();
        let mut put = |key: &str, value: Value| detail.insert(key.to_owned(), value);
        put("eventArn", json!(self.event_arn));
        put("service", json!("ECS"));
        put("eventTypeCode", json!(TYPE_CODE));
        put("eventTypeCategory", json!("scheduledChange"));
        put("eventScopeCode", json!("ACCOUNT_SPECIFIC"));
        put("communicationId", json!(communication));
        put("startTime", json!(self.date(self.start)));
        if let Some(end) = self.end {
            put("endTime", json!(self.date(end)));
        }
        put("lastUpdatedTime", json!(self.date(self.updated)));
        put("eventRegion", json!(self.region));
        let text = "A software update has been deployed to Fargate which includes CVE patches or \
                    other critical patches. No action is required on your part.";
        put("eventDescription", json!([{ "language": "en_US", "latestDescription": text }]));
        if self.place != EntityPlace::Resources {
            let updated = self.date(self.updated);
            let shape = |entity: &Entity| match self.is_terse {
                true => json!({ "entityValue": entity.value }),
                false => json!({
                    "entityValue": entity.value,
                    "lastUpdatedTime": updated,
                    "status": entity.status,
                }),
            };
            put("affectedEntities", self.entities.iter().map(shape).collect());
        }
        if !self.is_terse {
            put("statusCode", json!(self.status));
            put("affectedAccount", json!(self.account));
            put("page", json!(self.page.to_string()));
            put("totalPages", json!(self.pages.to_string()));
            put("backupEvent", json!(self.is_backup.to_string()));
        }
        Value::Object(detail)
    }

    fn date(&self, time: SystemTime) -> String {
        let time = DateTime::<Utc>::from(time);
        match self.dates {
            DateForm::Padded => time.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            DateForm::Unpadded => time.format("%a, %-d %b %Y %H:%M:%S GMT").to_string(),
            DateForm::Squeezed => time.format("%a,%d%b%Y%H:%M:%SGMT").to_string(),
        }
    }
}

fn rfc3339(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// 32 hexadecimal digits that depend on a text alone.
pub(super) fn hash(text: &str) -> String {
    let digest: [u8; 16] = Md5::digest(text.as_bytes()).into();
    format!("{:032x}", u128::from_be_bytes(digest))
}

fn uuid(text: &str) -> String {
    let hex = hash(text);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
