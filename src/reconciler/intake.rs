//! Taking in facts from outside: pages of retirement notices. They are stored before they count, and
//! whoever brought them is told when they are durable.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::event::{Event, Receipt};
use super::{Effects, Reconciler};
use crate::plan::notice::{NoticePage, PageKey};
use crate::plan::words::count;

impl Reconciler {
    /// Stores what is new of `pages` and answers. Nothing is decided about any service here.
    pub(super) fn take_in(&mut self, pages: Vec<NoticePage>, answer: oneshot::Sender<Receipt>) {
        if let Some(why) = pages.iter().find_map(|page| self.foreign(page)) {
            // Nobody waits any more: the message will come again.
            let _ = answer.send(Receipt::Foreign(why));
            return;
        }
        // It would be written down, and a dry run writes nothing.
        if self.policies.dry_run {
            let _ = answer.send(Receipt::NotStored("this is a dry run".to_owned()));
            return;
        }
        if !self.role.acts() {
            let _ = answer.send(Receipt::NotStored("another replica acts".to_owned()));
            return;
        }
        let new: Vec<NoticePage> =
            pages.into_iter().filter_map(|page| self.news_of(page)).collect();
        if new.is_empty() {
            let _ = answer.send(Receipt::Stored);
            return;
        }
        let effects = self.effects.clone();
        self.role.write_begins();
        self.tasks.spawn(async move {
            let stored = store(&effects, &new).await;
            let receipt = match &stored {
                Ok(()) => Receipt::Stored,
                Err(error) => Receipt::NotStored(error.clone()),
            };
            let _ = answer.send(receipt);
            Event::Noticed { pages: new, stored }
        });
    }

    /// What a page adds to what is known. A copy from the backup Region has the same key and may
    /// have been published earlier, which is news: the cutoff is the earliest time known.
    fn news_of(&self, page: NoticePage) -> Option<NoticePage> {
        match self.ledger.notices.page(&page.key) {
            None => Some(page),
            Some(known) if page.cutoff() < known.cutoff() => {
                Some(NoticePage { published_at: page.published_at, ..known.clone() })
            }
            Some(_) => None,
        }
    }

    /// Takes in what was stored.
    pub(super) fn apply_noticed(&mut self, pages: Vec<NoticePage>, stored: Result<(), String>) {
        self.progress.made(self.now());
        self.role.write_ended();
        if let Err(error) = stored {
            tracing::error!(%error, "a retirement notice could not be stored; it will come again: {error}");
            return;
        }
        // One that came twice at once is known by now, and more may be known of it.
        self.role.stored(&pages);
        let new: Vec<_> = pages.into_iter().filter_map(|page| self.news_of(page)).collect();
        for page in &new {
            report(page, self.ledger.notices.notice(&page.key.event).is_some());
        }
        self.extend_notices(new);
    }

    /// Forgets pages that came before it was known which account and Region are watched, and turn out
    /// to be about others.
    pub(super) fn drop_foreign(&mut self) {
        let pages = self.ledger.notices.pages();
        let foreign: Vec<PageKey> = pages
            .filter(|page| self.foreign(page).is_some())
            .map(|page| page.key.clone())
            .collect();
        // A dry run writes nothing, and what is foreign makes nothing due.
        if foreign.is_empty() || self.policies.dry_run || !self.role.acts() {
            return;
        }
        for key in &foreign {
            tracing::info!(event = %key.event.arn, "forgotten: a notice about another account or Region");
            self.ledger.notices.remove(key);
        }
        let store = Arc::clone(&self.effects.store);
        self.tasks.spawn(async move {
            for key in foreign {
                if let Err(error) = store.remove_page(&key).await {
                    tracing::warn!(%error, "a notice could not be removed from the store: {error}");
                }
            }
            Event::Due
        });
    }

    /// Why a page is not about the account and Region whose clusters are watched, if it is not.
    /// Before any cluster was seen it is not known which those are.
    fn foreign(&self, page: &NoticePage) -> Option<String> {
        let mut homes = self.fleet.clusters().map(|(cluster, _)| cluster).peekable();
        homes.peek()?;
        let account = &*page.key.event.account;
        homes.all(|home| home.account() != account || home.region() != &*page.region).then(|| {
            format!("it concerns account {account} in {}, which is not watched", page.region)
        })
    }
}

async fn store(effects: &Effects, pages: &[NoticePage]) -> Result<(), String> {
    for page in pages {
        effects.store.save_page(page).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn report(page: &NoticePage, known: bool) {
    let (event, affected) = (&page.key.event.arn, page.entities.len());
    let deadline = match page.deadline {
        Some(deadline) => format!("from {} on", deadline.format("%a %Y-%m-%d %H:%M UTC")),
        None => "at a time that it does not say".to_owned(),
    };
    tracing::info!(
        %event, account = %page.key.event.account, region = %page.region, affected, update = known,
        "{} AWS retires tasks {deadline}, {} named",
        if known { "more of a retirement notice:" } else { "a retirement notice:" },
        count(affected as u64, "resource")
    );
}
