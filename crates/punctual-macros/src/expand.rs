//! The code that the attributes generate. It is small and only calls `punctual::__private`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use serde_json::Value as Json;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Ident, ItemFn, Path, parse_quote};

use crate::attributes::{self, Declared, Kind};
use crate::function;
use crate::report::Report;
use crate::scheduled::{Job, When};
use crate::setting::Setting;

pub(crate) fn expand(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let unread = item.clone();
    let mut function: ItemFn = match syn::parse2(item) {
        Ok(function) => function,
        Err(error) => {
            let message = "expected a function below `#[job]` or `#[scheduled_job]`";
            let error = syn::Error::new(error.span(), message).into_compile_error();
            return quote!(#error #unread);
        }
    };
    let mut report = Report::default();
    let declared = attributes::take(kind, arguments, &mut function, &mut report);
    function::check(&function, &mut report);
    check_schema(&declared, &function, &mut report);
    if function.sig.receiver().is_some() {
        // Between methods nothing but the errors may stand.
        let errors = report.into_tokens();
        return quote!(#function #errors);
    }
    let name = stand_in(&function);
    if let Some(errors) = report.into_tokens() {
        // The function stays, so that code which calls or lists it gets no errors of its own.
        let nothing = nothing(&facade(&declared), &function);
        return quote!(#function #name #nothing #errors);
    }
    let declaration = declaration(&declared, &function);
    quote!(#function #name #declaration)
}

fn check_schema(declared: &Declared, function: &ItemFn, report: &mut Report) {
    let Some(span) = declared.task.schema else {
        return;
    };
    if !cfg!(feature = "schemars") {
        let message = "schema: needs the feature `with-schemars-1` of the crate `punctual`";
        report.fault(span, message);
    }
    if function::arguments(function).is_none() {
        let message = "schema: the function has no parameter `Args<T>` that it could describe";
        report.fault(span, message);
    }
}

/// Returns a type of the function's name, by which `jobs![function]` finds the declaration.
fn stand_in(function: &ItemFn) -> TokenStream {
    let (visibility, ident) = (&function.vis, &function.sig.ident);
    quote! {
        #[doc(hidden)]
        #[allow(
            dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub,
            reason = "it stands for a function and has its name"
        )]
        #visibility enum #ident {}
    }
}

fn declaration(declared: &Declared, function: &ItemFn) -> TokenStream {
    let ident = &function.sig.ident;
    let facade = facade(declared);
    let name = match &declared.task.name {
        Some(name) => quote!(#name),
        None => {
            let ident = ident.unraw().to_string();
            quote!(::core::concat!(::core::module_path!(), "::", #ident))
        }
    };
    let task = task(declared, function, &facade);
    let jobs = declared.jobs.iter().map(job);
    quote! {
        const _: () = {
            use #facade::__private as __punctual;
            const __PUNCTUAL_NAME: &::core::primitive::str = #name;
            fn __punctual_task() -> __punctual::DeclaredTask {
                #task
            }
            fn __punctual_jobs() -> ::std::vec::Vec<#facade::__private::NewJob> {
                ::std::vec![#(#jobs),*]
            }
            impl __punctual::Declared for #ident {
                const DECLARATION: #facade::__private::Declaration = #facade::__private::Declaration::new(
                    __PUNCTUAL_NAME,
                    ::core::module_path!(),
                    (::core::file!(), ::core::line!()),
                    __punctual_task,
                    __punctual_jobs,
                );
            }
            __punctual::submit! { <#ident as __punctual::Declared>::DECLARATION }
        };
    }
}

/// Returns a declaration in place of one that could not be read.
fn nothing(facade: &Path, function: &ItemFn) -> TokenStream {
    let ident = &function.sig.ident;
    quote! {
        const _: () = {
            impl #facade::__private::Declared for #ident {
                const DECLARATION: #facade::__private::Declaration = #facade::__private::Declaration::new(
                    "", "", ("", 0), || ::core::unreachable!(), ::std::vec::Vec::new,
                );
            }
        };
    }
}

fn facade(declared: &Declared) -> Path {
    let own = declared.task.facade.clone();
    own.unwrap_or_else(|| parse_quote!(::punctual))
}

/// Returns the task of the function.
///
/// Each parameter is made at its own place in the source, so that the compiler points there if the
/// parameter cannot be made.
fn task(declared: &Declared, function: &ItemFn, facade: &Path) -> TokenStream {
    let ident = &function.sig.ident;
    let is_async = function::is_async(function);
    let kinds = function::parameters(function);
    let names: Vec<Ident> = (0..kinds.len())
        .map(|index| format_ident!("__parameter_{index}"))
        .collect();
    let makes = names.iter().zip(&kinds).map(|(name, kind)| {
        let span = kind.span();
        let made = if is_async {
            quote_spanned!(span=> __punctual::made::<#kind>(&__context).await)
        } else {
            quote_spanned!(span=> __punctual::wait(__punctual::made::<#kind>(&__context)))
        };
        quote! {
            let #name = match #made {
                ::core::result::Result::Ok(__made) => __made,
                ::core::result::Result::Err(__error) => return __punctual::failed(&__error),
            };
        }
    });
    let checks = kinds.iter().map(|kind| {
        let check = quote_spanned!(kind.span()=> __punctual::check::<#kind>);
        quote!(#check(__context)?)
    });
    let called = if is_async {
        quote!(#ident(#(#names),*).await)
    } else {
        quote!(#ident(#(#names),*))
    };
    let span = function::result_span(function);
    let ended = quote_spanned!(span=> __ended);
    let (constructor, keyword) = if is_async {
        (
            quote_spanned!(ident.span()=> asynchronous),
            quote!(async move),
        )
    } else {
        (quote!(blocking), quote!())
    };
    let schema = declared.task.schema.and(function::arguments(function));
    let schema = schema.map(|kind| quote!(.schema(|| __punctual::schema::<#kind>())));
    quote! {
        let __task = __punctual::Task::#constructor(
            |__context: #facade::JobContext| #keyword {
                #(#makes)*
                ::core::mem::drop(__context);
                let #ended = #called;
                #facade::__private::IntoOutcome::into_outcome(#ended)
            },
            |__context| __punctual::check_args(__context, &[#(#checks),*]),
        );
        __punctual::DeclaredTask::new(#ident, __task)#schema
    }
}

fn job(job: &Job) -> TokenStream {
    let made = match &job.trigger {
        When::Json(json) => quote!(__punctual::job(__PUNCTUAL_NAME, #json)),
        When::Expression(expression) => {
            quote_spanned!(expression.span()=> __punctual::job_of(__PUNCTUAL_NAME, #expression))
        }
    };
    let id = match &job.id {
        Some(id) => quote!(#id),
        None => quote!(__PUNCTUAL_NAME),
    };
    let settings = job.settings.iter().map(Setting::tokens);
    let made = quote!(#made.id(#id)#(#settings)*);
    if job.policies.is_empty() {
        return made;
    }
    let json = Json::Object(job.policies.clone()).to_string();
    quote!(__punctual::with_policies(#made, #json))
}
