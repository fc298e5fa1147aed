//! All mistakes of one attribute, reported together.

use proc_macro2::{Span, TokenStream};

/// Collects mistakes, so that one build shows them all.
#[derive(Default)]
pub(crate) struct Report(Option<syn::Error>);

impl Report {
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn fault(&mut self, span: Span, message: impl std::fmt::Display) {
        self.add(syn::Error::new(span, message));
    }

    /// The value, or a note of why it is missing.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// What the compiler shows, if there is anything to show.
    pub(crate) fn into_tokens(self) -> Option<TokenStream> {
        self.0.map(syn::Error::into_compile_error)
    }
}
