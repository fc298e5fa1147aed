//! The settings of a new job, as method calls.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Expr, Ident, LitStr};

/// A setting of a new job.
pub(crate) enum Setting {
    /// `name`, `tag`, `store` or `executor`, with a text.
    Text(&'static str, LitStr),
    /// `paused` or `run_at_start`.
    Flag(&'static str),
    /// A time, as the JSON of a date trigger.
    NextRunTime(String),
    ArgsJson(String),
    Args(Box<Expr>),
}

impl Setting {
    /// Returns the method call on the new job.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Self::Text(method, text) => {
                let method = Ident::new(method, Span::call_site());
                quote!(.#method(#text))
            }
            Self::Flag(method) => {
                let method = Ident::new(method, Span::call_site());
                quote!(.#method())
            }
            Self::NextRunTime(date) => quote!(.next_run_time(#date)),
            Self::ArgsJson(json) => quote!(.args(__punctual::args(#json))),
            Self::Args(expression) => quote!(.args(#expression)),
        }
    }
}
