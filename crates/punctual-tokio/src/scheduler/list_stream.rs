//! Lists over all stores, item by item.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use punctual_core::Run;

use super::get_jobs::Jobs;
use super::list_runs::Ledger;
use super::merge::{Listed, Merge};
use crate::error::Error;
use crate::job::snapshot::JobSnapshot;

/// A list that is read when its items are asked for.
pub(super) struct Items<L: Listed> {
    state: State<L>,
    /// The number of items to come.
    left: usize,
}

type Filled<L> = Pin<Box<dyn Future<Output = Result<Merge<L>, Error>> + Send>>;

enum State<L: Listed> {
    Filled(Merge<L>),
    Filling(Filled<L>),
    Over,
}

impl<L: Listed> Items<L> {
    /// Returns up to `limit` items of a merge, or an error and nothing else.
    pub(super) fn new(merge: Result<Merge<L>, Error>, limit: usize) -> Self {
        Self {
            state: State::Filling(Box::pin(async { fill(merge?).await })),
            left: limit,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<L::Item, Error>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Poll::Ready(None),
                _ if self.left == 0 => return Poll::Ready(None),
                State::Filling(mut filling) => match filling.as_mut().poll(context) {
                    Poll::Pending => {
                        self.state = State::Filling(filling);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(merge)) => self.state = State::Filled(merge),
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                },
                State::Filled(merge) if !merge.is_filled() => {
                    self.state = State::Filling(Box::pin(fill(merge)));
                }
                State::Filled(mut merge) => {
                    let item = merge.pop();
                    if item.is_some() {
                        self.state = State::Filled(merge);
                        self.left -= 1;
                    }
                    return Poll::Ready(item.map(Ok));
                }
            }
        }
    }
}

async fn fill<L: Listed>(mut merge: Merge<L>) -> Result<Merge<L>, Error> {
    merge.fill().await?;
    Ok(merge)
}

macro_rules! streams {
    ($($(#[$doc:meta])* $name:ident of $listed:ty as $item:ty;)*) => {
        $(
            $(#[$doc])*
            ///
            /// The stream asks the stores when the items that it has read are used up. It ends after
            /// an error.
            pub struct $name(Items<$listed>);

            impl $name {
                pub(super) fn new(items: Items<$listed>) -> Self {
                    Self(items)
                }

                /// Returns the next item, or `None` after the last one.
                ///
                /// # Errors
                ///
                /// Returns an error if a store cannot be reached.
                ///
                /// # Cancel safety
                ///
                /// This method is cancel safe. No item is lost.
                pub async fn next(&mut self) -> Option<Result<$item, Error>> {
                    poll_fn(|context| self.0.poll(context)).await
                }
            }

            impl Stream for $name {
                type Item = Result<$item, Error>;

                fn poll_next(
                    mut self: Pin<&mut Self>,
                    context: &mut Context<'_>,
                ) -> Poll<Option<Self::Item>> {
                    self.0.poll(context)
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )*
    };
}

streams! {
    /// Jobs of all stores together, as [`GetJobs::stream`](crate::GetJobs::stream) returns them.
    JobStream of Jobs as JobSnapshot;
    /// Runs of all stores together, as [`Runs::stream`](crate::Runs::stream) returns them.
    RunStream of Ledger as Run;
}
