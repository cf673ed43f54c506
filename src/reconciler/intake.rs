//! Taking in facts from outside: pages of retirement notices. They are stored before they count, and
//! whoever brought them is told when they are durable.

use tokio::sync::oneshot;

use super::event::{Event, Receipt};
use super::{Effects, Reconciler};
use crate::plan::notice::NoticePage;

impl Reconciler {
    /// Stores what is new of `pages` and answers. Nothing is decided about any service here.
    pub(super) fn take_in(&mut self, pages: Vec<NoticePage>, answer: oneshot::Sender<Receipt>) {
        if let Some(why) = pages.iter().find_map(|page| self.foreign(page)) {
            // Nobody waits any more: the message will come again.
            let _ = answer.send(Receipt::Foreign(why));
            return;
        }
        let new: Vec<NoticePage> = pages
            .into_iter()
            .filter(|page| self.ledger.notices.page(&page.key).is_none())
            .collect();
        if new.is_empty() {
            let _ = answer.send(Receipt::Stored);
            return;
        }
        let effects = self.effects.clone();
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
