//! The attributes of the Punctual job scheduler.
//!
//! The crate `punctual` exports them. Use them from there, since the code that they generate names
//! `::punctual`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attributes;
mod caret;
mod expand;
mod from_context;
mod function;
mod policy;
mod report;
mod scheduled;
mod setting;
mod syntax;
mod task;
mod trigger;
mod unknown;

use proc_macro::TokenStream;

use crate::attributes::Kind;

/// Gives a function a stable name, so that stored jobs find it again after a restart.
///
#[doc = include_str!("../doc/job.md")]
#[proc_macro_attribute]
pub fn job(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Job, arguments.into(), item.into()).into()
}

/// Declares a job of the function below, with its trigger and all other settings that `add_job`
/// takes.
///
#[doc = include_str!("../doc/scheduled_job.md")]
#[proc_macro_attribute]
pub fn scheduled_job(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::ScheduledJob, arguments.into(), item.into()).into()
}

/// Makes a struct of parameters a parameter of tasks.
///
#[doc = include_str!("../doc/from_context.md")]
#[proc_macro_derive(FromContext, attributes(from_context))]
pub fn derive_from_context(input: TokenStream) -> TokenStream {
    from_context::expand(input.into()).into()
}
