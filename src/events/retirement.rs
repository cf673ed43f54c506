//! Events of AWS Health about the retirement of Fargate tasks.
//!
//! Decided by its form and code, not by its source: AWS refuses events that somebody else puts
//! under `aws.health`, and rules have to be tried before AWS retires something.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::arn::{is_account, is_region};
use super::entity::{self, Entities};
use super::field::Fields;
use super::fragment::{Fragments, harmless};
use super::{AffectedEntity, Entity, EventStatus, Fragment, Message, RetirementPage};

/// Far longer than any event ARN that was seen, and short enough for the key of any store.
const EVENT_ARN_BYTES_MAX: usize = 512;

/// The same for communication ids.
const COMMUNICATION_ID_BYTES_MAX: usize = 256;

/// Reads an event of AWS Health.
pub fn read(event: &Fields, codes: &[String]) -> Message {
    let message = event.inner("detail").and_then(|detail| notice(event, &detail, codes));
    message.unwrap_or_else(Message::NotUnderstood)
}

/// Reads an event whose code is one of `codes`; any other is ignored.
fn notice(event: &Fields, detail: &Fields, codes: &[String]) -> Result<Message, Fragment> {
    let mut fragments = Fragments::default();
    let code = detail.text("eventTypeCode")?;
    let service = fragments.keep(detail.text("service"));
    let is_ecs = service.is_none_or(|service| service.eq_ignore_ascii_case("ECS"));
    if code.is_none() && is_ecs {
        return Err(detail.unexpected("eventTypeCode", "a code"));
    }
    let code = code.unwrap_or("an event without a code");
    match codes.iter().find(|known| known.eq_ignore_ascii_case(code)) {
        Some(code) if is_ecs => page(event, detail, code, fragments).map(Message::Retirement),
        _ => {
            let (code, service) = (harmless(code), harmless(service.unwrap_or("no service")));
            Ok(Message::Ignored(format!("{code} of {service} tells of no retirement of ECS tasks")))
        }
    }
}

/// Reads a page; fails where it could not be told from others, or not be attributed.
fn page(
    event: &Fields,
    detail: &Fields,
    code: &str,
    mut fragments: Fragments,
) -> Result<RetirementPage, Fragment> {
    let account = account(event, detail)?;
    let region = region(event, detail)?;
    let event_arn = key(detail, "eventArn", EVENT_ARN_BYTES_MAX)?
        .ok_or_else(|| detail.unexpected("eventArn", "an identifier"))?;
    let communication_id = communication_id(event, detail, &mut fragments)?;
    let (published_at, updated_at) = times(event, detail, &mut fragments)?;
    let status = fragments.keep(detail.text("statusCode"));
    let starts_at = fragments.keep(detail.date("startTime"));
    let entities = Reader { account: &account, region: &region, fragments: &mut fragments }
        .entities(event, detail);
    Ok(RetirementPage {
        account,
        region,
        event_arn,
        communication_id,
        event_type_code: code.to_owned(),
        status: status.map_or(EventStatus::Unstated, event_status),
        starts_at,
        published_at,
        updated_at,
        entities,
        not_understood: fragments.finish(),
    })
}

/// Whose tasks they are. In an organisation's view `account` is the one that the event was sent
/// to, so that it stands in only where no affected account is stated at all.
fn account(event: &Fields, detail: &Fields) -> Result<String, Fragment> {
    let (fields, name) = match detail.text("affectedAccount")? {
        Some(_) => (detail, "affectedAccount"),
        None => (event, "account"),
    };
    let account = fields.text(name)?.filter(|account| is_account(account));
    account.map(str::to_owned).ok_or_else(|| fields.unexpected(name, "an account's number"))
}

/// Where the tasks are. `region` is where the event was delivered, which is another one for copies
/// in the backup Region.
fn region(event: &Fields, detail: &Fields) -> Result<String, Fragment> {
    let is_copy = match detail.get("backupEvent") {
        Some(Value::String(text)) => text.trim().eq_ignore_ascii_case("true"),
        Some(value) => value.as_bool().unwrap_or(false),
        None => false,
    };
    let (fields, name) = match detail.text("eventRegion")? {
        None if !is_copy => (event, "region"),
        _ => (detail, "eventRegion"),
    };
    let region = fields.text(name)?.filter(|region| is_region(region));
    region.map(str::to_owned).ok_or_else(|| fields.unexpected(name, "a Region"))
}

/// Names the communication, else the delivery, which is not the same for copies of it.
fn communication_id(
    event: &Fields,
    detail: &Fields,
    fragments: &mut Fragments,
) -> Result<String, Fragment> {
    let page = fragments.keep(detail.count("page"));
    let id = fragments.keep(key(detail, "communicationId", COMMUNICATION_ID_BYTES_MAX));
    match id {
        Some(id) => Ok(with_page(id, page)),
        None => key(event, "id", COMMUNICATION_ID_BYTES_MAX)?
            .ok_or_else(|| detail.unexpected("communicationId", "an identifier")),
    }
}

/// AWS documents that the id ends in the page's number. Where it does not, the pages after the
/// first one are told apart all the same, so that none of them replaces another.
fn with_page(id: String, page: Option<u64>) -> String {
    match page {
        Some(page) if page > 1 && !id.ends_with(&format!("-{page}")) => format!("{id}-{page}"),
        _ => id,
    }
}

/// A text that can be part of a key: short, and of printable ASCII.
fn key(fields: &Fields, name: &str, bytes_max: usize) -> Result<Option<String>, Fragment> {
    let Some(text) = fields.text(name)? else { return Ok(None) };
    let fits = text.len() <= bytes_max && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| Some(text.to_owned())).ok_or_else(|| fields.unexpected(name, "an identifier"))
}

/// The earliest publication time that it tells of, and when it was updated.
fn times(
    event: &Fields,
    detail: &Fields,
    fragments: &mut Fragments,
) -> Result<(DateTime<Utc>, DateTime<Utc>), Fragment> {
    let sent = fragments.keep(event.date("time"));
    let updated = fragments.keep(detail.date("lastUpdatedTime"));
    match sent.into_iter().chain(updated).min() {
        Some(published) => Ok((published, updated.unwrap_or(published))),
        None if detail.get("lastUpdatedTime").is_some() => {
            Err(detail.unexpected("lastUpdatedTime", "a date"))
        }
        None => Err(event.unexpected("time", "a date")),
    }
}

fn event_status(text: &str) -> EventStatus {
    match text.to_ascii_lowercase().as_str() {
        "upcoming" => EventStatus::Upcoming,
        "open" => EventStatus::Open,
        "closed" => EventStatus::Closed,
        _ => EventStatus::Unknown(harmless(text)),
    }
}

/// Reads the affected entities of a page.
struct Reader<'a> {
    account: &'a str,
    region: &'a str,
    fragments: &'a mut Fragments,
}

impl Reader<'_> {
    /// The union of both lists: in AWS's own examples they disagree.
    fn entities(mut self, event: &Fields, detail: &Fields) -> Vec<AffectedEntity> {
        let mut entities = Entities::default();
        for (at, value) in self.fragments.keep(event.list("resources")).iter().enumerate() {
            if let Some(entity) = self.entity(&format!("resources[{at}]"), value) {
                entities.add(entity, None);
            }
        }
        let list = self.fragments.keep(detail.list("affectedEntities"));
        for (at, value) in list.iter().enumerate() {
            let place = format!("detail.affectedEntities[{at}]");
            let fields = match Fields::of(value, &place) {
                Ok(fields) => fields,
                Err(fragment) => {
                    self.fragments.push(fragment);
                    continue;
                }
            };
            // Without a value the whole entity is shown, because something in it may name it.
            let named = fields.get("entityValue").unwrap_or(value);
            if let Some(entity) = self.entity(&fields.place("entityValue"), named) {
                entities.add(entity, self.resolved(&fields));
            }
        }
        entities.finish()
    }

    fn entity(&mut self, place: &str, value: &Value) -> Option<Entity> {
        let text = value.as_str().unwrap_or_default();
        let entity = entity::read(text, self.account, self.region);
        if entity.is_none() {
            let expected = format!("a service or task of {} in {}", self.account, self.region);
            self.fragments.push(Fragment::of_value(place, &expected, Some(value)));
        }
        entity
    }

    /// Whether an entity is stated to be resolved; a state that is not understood is not.
    fn resolved(&mut self, entity: &Fields) -> Option<bool> {
        let stated = entity.text("status").and_then(|status| match status {
            None => entity.text("statusCode"),
            stated => Ok(stated),
        });
        match stated {
            Ok(status) => status.map(|status| status.eq_ignore_ascii_case("RESOLVED")),
            Err(fragment) => {
                self.fragments.push(fragment);
                Some(false)
            }
        }
    }
}
