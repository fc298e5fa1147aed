//! Merges the lists of several stores into one, piece by piece.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::error::Error;
use crate::stores::NamedStore;

/// The number of items in the first piece that is read of a store.
pub(super) const PIECE: usize = 1_000;

/// The maximum number of items in a piece. Pieces grow, since some stores look at all of their jobs
/// for each piece.
const LONGEST: usize = 16_000;

/// What is listed, and by which filter.
pub(super) trait Listed: Send + Sync + 'static {
    type Item: Send + 'static;
    /// A place in the list of one store.
    type Place: Clone + Send + 'static;

    /// Reads up to `count` items of a store, those that follow a place.
    fn read(
        &self,
        named: &NamedStore,
        after: Option<Self::Place>,
        count: usize,
    ) -> impl Future<Output = Result<Piece<Self>, Error>> + Send;

    /// Compares the places of two items, also of two stores.
    fn compare(one: &Self::Place, other: &Self::Place) -> Ordering;
}

/// A part of the list of one store.
pub(super) struct Piece<L: Listed + ?Sized> {
    pub(super) items: Vec<(L::Place, L::Item)>,
    /// The place where the next piece begins, if there is one.
    pub(super) next: Option<L::Place>,
}

/// The lists of several stores as one.
///
/// The first items of all lists are compared, so each list stays in the order of its store.
pub(super) struct Merge<L: Listed> {
    listed: Arc<L>,
    sources: Vec<Source<L>>,
    /// The places that a cursor told, with those of stores that are not listed.
    before: BTreeMap<String, L::Place>,
}

/// The list of one store.
struct Source<L: Listed> {
    named: NamedStore,
    /// Items that were read and not returned.
    ready: VecDeque<(L::Place, L::Item)>,
    /// The place up to which the list was read.
    read: Option<L::Place>,
    /// The place up to which items were returned.
    returned: Option<L::Place>,
    is_over: bool,
    piece: usize,
    longest: usize,
}

impl<L: Listed> Merge<L> {
    /// Begins to merge the lists of these stores, each after its place.
    pub(super) fn new(
        listed: Arc<L>,
        stores: Vec<NamedStore>,
        before: BTreeMap<String, L::Place>,
    ) -> Self {
        let source = |named: NamedStore| Source {
            read: before.get(&*named.alias).cloned(),
            named,
            ready: VecDeque::new(),
            returned: None,
            is_over: false,
            piece: PIECE,
            longest: LONGEST,
        };
        Self {
            sources: stores.into_iter().map(source).collect(),
            listed,
            before,
        }
    }

    /// Reads pieces of at most this number of items.
    pub(super) fn in_pieces_of(mut self, items: usize) -> Self {
        for source in &mut self.sources {
            (source.piece, source.longest) = (items, items);
        }
        self
    }

    /// Reads pieces for a list of at most `limit` items. If only some of the items that a store
    /// answers belong to the list, the pieces are as for a list without a limit.
    pub(super) fn in_pieces_for(self, is_filtered_here: bool, limit: usize) -> Self {
        if is_filtered_here {
            self.whole_in_process()
        } else {
            self.in_pieces_of(limit.clamp(1, PIECE))
        }
    }

    /// Reads the lists of stores in this process as a whole. Such a store looks at all of its jobs
    /// for each piece, and lets claims pass in between.
    pub(super) fn whole_in_process(mut self) -> Self {
        let sources = self.sources.iter_mut();
        for source in sources.filter(|own| own.named.store.capabilities().answers_in_place) {
            (source.piece, source.longest) = (usize::MAX, usize::MAX);
        }
        self
    }

    /// Returns true if the next item, or the end, is known without a store.
    pub(super) fn is_filled(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.all(|source| source.is_over || !source.ready.is_empty())
    }

    /// Reads the next piece of each list that has nothing left to compare.
    pub(super) async fn fill(&mut self) -> Result<(), Error> {
        for source in &mut self.sources {
            while !source.is_over && source.ready.is_empty() {
                source.fill(&*self.listed).await?;
            }
        }
        Ok(())
    }

    /// Returns the next item of a merge that [is filled](Self::is_filled). Of equal places, the one
    /// in the store that was added first comes first.
    pub(super) fn pop(&mut self) -> Option<L::Item> {
        let heads = self.sources.iter().enumerate();
        let heads = heads.filter_map(|(index, source)| Some((index, &source.ready.front()?.0)));
        let (index, _) = heads.min_by(|one, other| L::compare(one.1, other.1))?;
        let source = &mut self.sources[index];
        let (place, item) = source.ready.pop_front()?;
        source.returned = Some(place);
        Some(item)
    }

    /// Returns up to `limit` items.
    pub(super) async fn take(&mut self, limit: usize) -> Result<Vec<L::Item>, Error> {
        let mut items = Vec::new();
        while items.len() < limit {
            self.fill().await?;
            let Some(item) = self.pop() else {
                break;
            };
            items.push(item);
        }
        Ok(items)
    }

    /// Returns how far the list of each store was returned, if more follows.
    pub(super) async fn rest(mut self) -> Result<Option<BTreeMap<String, L::Place>>, Error> {
        self.fill().await?;
        if self.sources.iter().all(|source| source.ready.is_empty()) {
            return Ok(None);
        }
        for source in self.sources {
            if let Some(place) = source.returned {
                self.before.insert(source.named.alias.to_string(), place);
            }
        }
        Ok(Some(self.before))
    }
}

impl<L: Listed> Source<L> {
    async fn fill(&mut self, listed: &L) -> Result<(), Error> {
        let after = self.read.clone();
        let piece = listed.read(&self.named, after, self.piece).await?;
        self.ready.extend(piece.items);
        self.is_over = piece.next.is_none();
        self.read = piece.next;
        self.piece = self.piece.saturating_mul(2).min(self.longest);
        Ok(())
    }
}
