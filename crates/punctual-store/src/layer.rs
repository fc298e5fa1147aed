//! Stores in front of stores.

use std::fmt;
use std::sync::Arc;

use crate::call::calls;
use crate::{JobStore, StoreCall, StoreCapabilities, StoreFuture};

macro_rules! layer {
    ([] $($kind:ident $name:ident($($value:ident: $type:ty),*) -> $answer:ty;)*) => {
        /// A store in front of another one. [`Layered`] makes a [`JobStore`] of it.
        ///
        /// Every call goes on to the [inner](Self::inner) store unless the layer says otherwise. A
        /// method that the layer writes itself replaces one call. [`around`](Self::around) stands
        /// around all the others.
        ///
        /// ```
        /// use std::sync::Arc;
        /// use std::sync::atomic::{AtomicU64, Ordering};
        ///
        /// use punctual_store::{ClaimReply, ClaimRequest, JobStore, Layered, MemoryStore};
        /// use punctual_store::{StoreFuture, StoreLayer};
        ///
        /// #[derive(Debug)]
        /// struct Counted {
        ///     inner: Arc<dyn JobStore>,
        ///     claims: AtomicU64,
        /// }
        ///
        /// impl StoreLayer for Counted {
        ///     fn inner(&self) -> &dyn JobStore {
        ///         &*self.inner
        ///     }
        ///
        ///     fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
        ///         self.claims.fetch_add(1, Ordering::Relaxed);
        ///         self.inner.claim(request)
        ///     }
        /// }
        ///
        /// let inner = Arc::new(MemoryStore::new());
        /// let store = Layered(Counted { inner, claims: AtomicU64::new(0) });
        /// assert!(JobStore::capabilities(&store).answers_in_place);
        /// ```
        ///
        /// A layer whose claims wait for anything has to clear
        /// [`answers_in_place`](StoreCapabilities::answers_in_place) in its
        /// [`capabilities`](Self::capabilities).
        pub trait StoreLayer: fmt::Debug + Send + Sync + 'static {
            /// Returns the store behind the layer.
            fn inner(&self) -> &dyn JobStore;

            /// Makes a call that the layer does not write itself. The default makes it as it is.
            ///
            /// `work` makes the call. A layer that returns what `work` returns costs nothing. A
            /// layer that drops `work` keeps the call from the store.
            ///
            /// ```
            /// use punctual_store::{StoreCall, JobStore, MemoryStore, StoreFuture, StoreLayer};
            ///
            /// #[derive(Debug)]
            /// struct Told(MemoryStore);
            ///
            /// impl StoreLayer for Told {
            ///     fn inner(&self) -> &dyn JobStore {
            ///         &self.0
            ///     }
            ///
            ///     fn around<'a, T: Send + 'a>(
            ///         &'a self,
            ///         call: StoreCall,
            ///         work: impl FnOnce() -> StoreFuture<'a, T> + Send + 'a,
            ///     ) -> StoreFuture<'a, T> {
            ///         println!("{call}");
            ///         work()
            ///     }
            /// }
            /// ```
            fn around<'a, T: Send + 'a>(
                &'a self,
                call: StoreCall,
                work: impl FnOnce() -> StoreFuture<'a, T> + Send + 'a,
            ) -> StoreFuture<'a, T> {
                let _ = call;
                work()
            }

            /// Returns the properties of the store behind the layer.
            fn capabilities(&self) -> StoreCapabilities {
                self.inner().capabilities()
            }

            $(
                #[doc = concat!(
                    "Passes [`", stringify!($name), "`](JobStore::", stringify!($name),
                    ") on to the store behind the layer."
                )]
                fn $name<'a>(&'a self, $($value: $type),*) -> StoreFuture<'a, $answer> {
                    self.around(StoreCall::$kind, move || self.inner().$name($($value),*))
                }
            )*
        }
    };
}

calls!(layer!());

/// Implements every method of a [`JobStore`] by the method of the same name of another value, which
/// is a store or a layer.
macro_rules! forward {
    (|$this:ident| $inner:expr) => {
        fn capabilities(&self) -> $crate::StoreCapabilities {
            let $this = self;
            $inner.capabilities()
        }

        $crate::call::calls!(forward!(|$this| $inner));
    };
    (
        [|$this:ident| $inner:expr]
        $($kind:ident $name:ident($($value:ident: $type:ty),*) -> $answer:ty;)*
    ) => {
        $(
            fn $name<'a>(&'a self, $($value: $type),*) -> $crate::StoreFuture<'a, $answer> {
                let $this = self;
                $inner.$name($($value),*)
            }
        )*
    };
}

pub(crate) use forward;

/// The store that a [`StoreLayer`] makes of the store behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "it holds a layer and nothing else"
)]
pub struct Layered<L>(pub L);

impl<L: StoreLayer> JobStore for Layered<L> {
    forward!(|layered| layered.0);
}

impl<S: JobStore + ?Sized> JobStore for Arc<S> {
    forward!(|pointer| (**pointer));
}

impl<S: JobStore + ?Sized> JobStore for Box<S> {
    forward!(|pointer| (**pointer));
}
